#!/usr/bin/env python3
"""What `switchyard convert` makes of every layout, beside the Hugging Face directory it was written of.

    compare.py SWITCHYARD LAYOUTS_DIR TWINS_DIR

Every tensor has to be the twin's, bit for bit, and transformers has to answer the same logits for both; what is to be refused is
refused with its sentence. One conversion is killed on the way, and has to go on.
"""
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import (
    SwitchTransformersForConditionalGeneration, T5ForConditionalGeneration, UMT5ForConditionalGeneration)

REFUSED = {
    "ocdbt": "OCDBT", "orbax": "checkpoint of Orbax, which", "blosc": "blosc", "st-moe": "ST-MoE", "keras": "TensorFlow 2's objects",
}
CLASSES = {"switch_transformers": SwitchTransformersForConditionalGeneration, "t5": T5ForConditionalGeneration,
           "umt5": UMT5ForConditionalGeneration}


def weights(directory):
    tensors = {}
    for file in directory.glob("*.safetensors"):
        tensors |= load_file(file)
    for file in directory.glob("*.bin"):
        tensors |= torch.load(file, weights_only=True)
    return tensors


def same(converted, twin):
    for name in ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"):
        for tensors in (converted, twin):
            tensors.setdefault(name, tensors["shared.weight"])
    assert converted.keys() == twin.keys(), converted.keys() ^ twin.keys()
    for name, tensor in twin.items():
        assert converted[name].dtype == tensor.dtype and torch.equal(converted[name], tensor), name


@torch.no_grad()
def logits(directory):
    config = json.loads((directory / "config.json").read_text())
    model = CLASSES[config["model_type"]].from_pretrained(directory, dtype=torch.float32).eval()
    ids = torch.tensor([[5, 17, 33, 2, 30, 9, 1]])
    return model(input_ids=ids, decoder_input_ids=torch.tensor([[0, 7, 21, 11]])).logits


def main():
    program, layouts, twins = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    work = Path(tempfile.mkdtemp())
    counts = {"equal": 0, "refused": 0, "logits": 0}
    for source in sorted(path for path in layouts.iterdir() if path.is_dir()):
        out = work / source.name
        run = subprocess.run([program, "convert", source, out], capture_output=True, text=True)
        if source.name.startswith("refused-"):
            sentence = REFUSED[source.name.removeprefix("refused-")]
            assert run.returncode == 1 and sentence in run.stderr, (source.name, run.stderr)
            counts["refused"] += 1
            continue
        assert run.returncode == 0, (source.name, run.stderr)
        twin = twins / source.name.split("@")[1]
        same(weights(out), weights(twin))
        counts["equal"] += 1
        card = (out / "README.md").read_text()
        assert ("cannot run this model" in card) == (twin.name == "switch-gated"), card
        # transformers has no gated experts, and scales umT5's output whatever the file says.
        if twin.name not in ("switch-gated", "umt5") and not list(twin.glob("*.bin")):
            # Sums may run in another order where a tensor begins at another address.
            ours, theirs = logits(out), logits(twin)
            assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max(), source.name
            counts["logits"] += 1
        shutil.rmtree(out)
    interrupt(program, next(layouts.glob("t5x-gzip@switch-deep")), twins / "switch-deep", work)
    shutil.rmtree(work)
    print(counts)


def interrupt(program, source, twin, work):
    """Kills conversions ever later, until one ends; what is there then is the same."""
    out = work / "interrupted"
    for attempt in range(1000):
        run = subprocess.Popen([program, "convert", source, out], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            errors = run.communicate(timeout=0.002 * (attempt + 1))[1]
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.communicate()
            continue
        # The one before may have been killed behind its last word.
        assert run.returncode == 0 or b"no conversion was interrupted" in errors, errors
        same(weights(out), weights(twin))
        assert not list(out.glob("*.partial")) and not (out / "conversion.json").exists()
        return
    raise AssertionError("no conversion came to its end")


if __name__ == "__main__":
    main()
