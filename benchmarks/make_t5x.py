#!/usr/bin/env python3
"""Writes a Hugging Face checkpoint as T5X leaves it, by tensorstore: with gzip, and without a compressor.

    make_t5x.py HF_DIR OUT_DIR --compressor gzip|none

For benchmarks of reading: the weights are those of HF_DIR, cut into chunks of at most 64 MiB as T5X cuts. Needs the packages of
Tests/Formats/requirements.txt.
"""
import argparse
import json
import struct
import sys
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Tests/Formats"))
import t5x


def read(path):
    """Every tensor of a safetensors file in float32, where it is mapped."""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
    data = numpy.memmap(path, numpy.uint8, "r", 8 + length)
    return {name: data[slice(*entry["data_offsets"])].view("<f4").reshape(entry["shape"])
            for name, entry in header.items() if name != "__metadata__"}


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("source", type=Path)
parser.add_argument("out", type=Path)
parser.add_argument("--compressor", choices=["gzip", "none"], default="none")
arguments = parser.parse_args()
tensors = read(arguments.source / "model.safetensors")
t5x.add.experts = json.loads((arguments.source / "config.json").read_text())["num_experts"]
compressor = t5x.GZIP if arguments.compressor == "gzip" else None
t5x.write(arguments.out, t5x.flax_names(tensors), compressor=compressor, limit=1 << 24)
