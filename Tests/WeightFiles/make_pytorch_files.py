#!/usr/bin/env python3
"""Makes small PyTorch weight files of every kind, and `expected.json` with what they hold.

    make_pytorch_files.py OUT_DIR

Made with Python 3.11 and torch 2.7.1. In `expected.json` a tensor is its shape and its values as float32, or when a model
cannot compute with it the name safetensors gives its type; `refused` holds what a reader must say of the other files.
"""
import io
import json
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch

UNUSABLE = {torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
            torch.bool: "BOOL"}


class Block(torch.nn.Module):
    """A module of two types, so that its state has `_metadata`."""

    def __init__(self):
        super().__init__()
        self.wi = torch.nn.Linear(3, 4, dtype=torch.bfloat16)
        self.router = torch.nn.Linear(3, 2, bias=False)


def views():
    base = torch.arange(24, dtype=torch.float32)
    cube = base.reshape(2, 3, 4)
    brain = torch.arange(12, dtype=torch.bfloat16).reshape(3, 4)
    return {
        "whole": base, "transposed": base.reshape(4, 6).t(), "tail": base[20:], "every_third": base[1::3],
        "cut": cube[:, 1:, 2:], "turned": cube.permute(2, 0, 1), "four": base.reshape(2, 3, 2, 2).permute(3, 1, 2, 0),
        "far": base.as_strided((2, 1, 2), (1, 2**63 - 1, 1)), "far_column": base.as_strided((3, 1), (2, 2**62)),
        "expanded": base[5:8].expand(4, 3),
        "column": base.reshape(4, 6)[:, 5:], "one_row": base.reshape(4, 6).t()[2:3], "scalar": base[7],
        "empty": base[3:3], "empty_matrix": torch.zeros(0, 5), "brain": brain.t(), "half": brain.half()[:, ::2],
    }


def tied():
    shared = torch.randn(5, 3)
    return {"shared.weight": shared, "encoder.embed_tokens.weight": shared, "lm_head.weight": shared,
            "other.weight": torch.randn(2)}


def integers():
    numbers = {str(t).removeprefix("torch."): torch.tensor([1, 0, 1]).to(t) for t in UNUSABLE}
    return numbers | {"double": torch.tensor([0.1, -3.0], dtype=torch.float64), "float": torch.tensor([0.5])}


def saved(value, **options):
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def without_source(value):
    """As written where the source of a module's class is not at hand: neither its text nor where it lies is stored."""
    def missing(_):
        raise OSError("no source")

    found = torch.serialization.get_source_lines_and_file
    torch.serialization.get_source_lines_and_file = missing
    try:
        return saved(value, _use_new_zipfile_serialization=False)
    finally:
        torch.serialization.get_source_lines_and_file = found


class Pipe(io.RawIOBase):
    """Cannot be sought, so that zipfile puts sizes behind the members."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, piece):
        self.data += bytes(piece)
        return len(piece)


def rezipped(data, target, method, comment=b""):
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w", method) as copy:
        for member in source.infolist():
            copy.writestr(member.filename, source.read(member))
        copy.comment = comment
    return bytes(target.data) if isinstance(target, Pipe) else target.getvalue()


def zip64(data):
    """The same archive with every number that may be wide made wide."""
    limits = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
    zipfile.ZIP64_LIMIT = zipfile.ZIP_FILECOUNT_LIMIT = 1
    try:
        return rezipped(data, io.BytesIO(), zipfile.ZIP_STORED)
    finally:
        zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limits


def described(tensor):
    tensor = tensor.detach()
    if tensor.dtype in UNUSABLE:
        return {"type": UNUSABLE[tensor.dtype]}
    return {"shape": list(tensor.shape), "values": tensor.float().flatten().tolist()}


def readable():
    torch.manual_seed(1)
    block = Block()
    state, half = block.state_dict(), {"a": torch.randn(3, 2).half(), "b": torch.tensor([6e-8, 65504.0]).half()}
    parameters = OrderedDict(a=torch.nn.Parameter(torch.randn(2, 2)), b=torch.nn.Parameter(torch.randn(3).bfloat16(),
                                                                                          requires_grad=False))
    plain, tie = saved(views()), tied()
    legacy = dict(_use_new_zipfile_serialization=False)
    return {
        "mixed": (saved(state), state), "half": (saved(half), half), "integers": (saved(integers()), integers()),
        "aliases": (saved(tie), tie), "views": (plain, views()), "parameters": (saved(parameters), parameters),
        "nested": (saved({"step": 3, "state_dict": state, "args": {"rate": 0.5}}), state),
        "nested-model": (saved({"model": dict(half), "epoch": [1, (2,)], "name": "x"}), half),
        "surplus": (saved({"a": half["a"], "b": half["b"], "list": [half["a"]], "none": None, 7: half["a"]}), half),
        "protocol-3": (saved(state, pickle_protocol=3), state), "protocol-4": (saved(state, pickle_protocol=4), state),
        "protocol-5": (saved(views(), pickle_protocol=5), views()),
        "legacy": (saved(state, **legacy), state), "legacy-views": (saved(views(), **legacy), views()),
        "legacy-aliases": (saved(tie, **legacy), tie), "legacy-integers": (saved(integers(), **legacy), integers()),
        "legacy-protocol-4": (saved(half, pickle_protocol=4, **legacy), half),
        "deflated": (rezipped(plain, io.BytesIO(), zipfile.ZIP_DEFLATED), views()),
        "streamed": (rezipped(plain, Pipe(), zipfile.ZIP_STORED, b"a comment PK\5\6 with a record"), views()),
        "streamed-deflated": (rezipped(plain, Pipe(), zipfile.ZIP_DEFLATED), views()),
        "zip64": (zip64(plain), views()),
    }


def refused():
    foreign = "'{file}' asks for '%s', which a weight file has no use for"
    return {
        "module": (saved(torch.nn.Linear(2, 2)), foreign % "torch.nn.modules.linear.Linear"),
        "module-legacy": (without_source(Block()), foreign % "__main__.Block"),
        "uint16": (saved({"a": torch.zeros(2, dtype=torch.uint16)}), foreign % "torch._utils._rebuild_tensor_v3"),
        "complex": (saved({"a": torch.zeros(2, dtype=torch.complex64)}), foreign % "torch.ComplexFloatStorage"),
        "sparse": (saved({"a": torch.eye(2).to_sparse()}), foreign % "torch._utils._rebuild_sparse_tensor"),
        "negated": (saved({"a": torch.complex(torch.ones(2), torch.ones(2)).conj().imag}),
                    "'{file}' gives the pickle instruction 'reduce' before byte 173 values it cannot take"),
        "tensor": (saved(torch.zeros(2)), "'{file}' holds no tensors by name; expected a state_dict"),
    }


def shards(directory):
    """Five files with an index as transformers wrote it before it kept totals."""
    directory.mkdir(exist_ok=True)
    tensors = {f"block.{i}.weight": torch.full((2, i + 1), float(i)) for i in range(12)}
    tensors["shared.weight"] = tensors["lm_head.weight"] = torch.arange(6).reshape(2, 3).bfloat16()
    files = {name: f"pytorch_model-{i % 5 + 1:05}-of-00005.bin" for i, name in enumerate(sorted(tensors))}
    for file in set(files.values()):
        torch.save({name: tensors[name] for name in tensors if files[name] == file}, directory / file)
    (directory / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": files}, indent=1) + "\n")
    return {name: described(tensor) for name, tensor in tensors.items()}


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    expected = {"files": {}, "refused": {}}
    for name, (data, tensors) in readable().items():
        (out / f"{name}.bin").write_bytes(data)
        expected["files"][name] = {key: described(tensor) for key, tensor in tensors.items()}
    for name, (data, message) in refused().items():
        (out / f"{name}.bin").write_bytes(data)
        expected["refused"][name] = message
    expected["sharded"] = shards(out / "sharded")
    (out / "expected.json").write_text(json.dumps(expected, indent=None, sort_keys=True) + "\n")


main()
