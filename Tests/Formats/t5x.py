#!/usr/bin/env python3
"""Writes models in the layouts that T5X's checkpoints have had, by TensorStore, Flax and Orbax themselves.

    t5x.py TWINS_DIR OUT_DIR

The weights are those of TWINS/NAME.npz. Only what belongs to the model is written by hand: names and transposes, as Flaxformer
has them.
"""
import json
import shutil
import sys
from pathlib import Path

import ml_dtypes
import numpy
import tensorstore
from flax import serialization, traverse_util

STEP = 500100
BFLOAT16 = numpy.dtype(ml_dtypes.bfloat16)
PROJECTIONS = {"q": "query", "k": "key", "v": "value", "o": "out"}
GZIP = {"id": "gzip", "level": 1}


class Spec:
    """A leaf that Flax writes as this object and not as the map its lists would become."""

    def __init__(self, json):
        self.json = json


serialization.register_serialization_state(Spec, lambda spec: spec.json, lambda spec, state: Spec(state))


def layer_count(tensors, side):
    return 1 + max((int(name.split(".")[2]) for name in tensors if name.startswith(f"{side}.block.")), default=-1)


def flax_names(tensors):
    """Flaxformer's names and shapes."""
    flat = {"token_embedder/embedding": tensors["shared.weight"]}
    if "lm_head.weight" in tensors:
        flat["decoder/logits_dense/kernel"] = tensors["lm_head.weight"].T
    own_bias = any(".block.1." in name and "relative" in name for name in tensors)
    for side in ("encoder", "decoder"):
        flat[f"{side}/{side}_norm/scale"] = tensors[f"{side}.final_layer_norm.weight"]
        names = {"encoder": ["attention", "mlp"], "decoder": ["self_attention", "encoder_decoder_attention", "mlp"]}[side]
        for layer in range(layer_count(tensors, side)):
            for index, name in enumerate(names):
                there, here = f"{side}.block.{layer}.layer.{index}.", f"{side}/layers_{layer}/"
                norm = "cross_attention" if name == "encoder_decoder_attention" else name
                flat[f"{here}pre_{norm}_layer_norm/scale"] = tensors[there + "layer_norm.weight"]
                for key, value in tensors.items():
                    if key.startswith(there) and "layer_norm" not in key:
                        add(flat, key[len(there):].split("."), value, here, name, side, own_bias)
    return {name: numpy.ascontiguousarray(value) for name, value in flat.items()}


def add(flat, parts, value, here, name, side, own_bias):
    if parts[1] == "relative_attention_bias":
        flat[f"{here if own_bias else side + '/'}relpos_bias/rel_embedding"] = value.T
    elif name != "mlp":
        flat[f"{here}{name}/{PROJECTIONS[parts[1]]}/kernel"] = value.T
    elif parts[1] == "router":
        flat[f"{here}mlp/router/router_weights/w/kernel"] = value.T
    elif parts[1] == "experts":
        key, expert = f"{here}mlp/expert/{parts[3]}/kernel", int(parts[2].split("_")[1])
        stack = flat.setdefault(key, {})
        stack[expert] = value.T
        if sorted(stack) == list(range(len(stack))) and len(stack) == add.experts:
            flat[key] = numpy.stack([stack[expert] for expert in range(len(stack))])
    else:
        flat[f"{here}mlp/{parts[1]}/kernel"] = value.T


def scanned(flat, tensors, heads=None):
    """Layers stacked on axis 1: each step of the scan is a block whose last layer is sparse; every layer has its bias.

    With `heads`, attention keeps them apart, as scalable T5 does.
    """
    out = {name: value for name, value in flat.items() if "/layers_" not in name and "relpos" not in name}
    for side in ("encoder", "decoder"):
        count = layer_count(tensors, side)
        sparse = sum(f"{side}/layers_{layer}/mlp/router/router_weights/w/kernel" in flat for layer in range(count))
        step = count // sparse if sparse else 1
        for first in range(step):
            prefix = f"{side}/layers_{first}/"
            target = f"{side}/{side}/subblock_{first}/" if sparse else f"{side}/{side}/"
            names = {name[len(prefix):] for name in flat if name.startswith(prefix)}
            for name in names:
                values = [flat[f"{side}/layers_{layer}/{name}"] for layer in range(first, count, step)]
                if heads and "ttention/" in name and name.endswith("kernel"):
                    values = [apart(value, heads, name) for value in values]
                out[target + name] = numpy.stack(values, axis=1)
            shared = flat.get(f"{side}/relpos_bias/rel_embedding")
            if shared is not None:
                out[target + "relpos_bias/rel_embedding"] = numpy.stack([shared] * (count // step), axis=1)
    return out


def apart(value, heads, name):
    if name.split("/")[-2] == "out":
        return value.reshape(heads, -1, value.shape[-1])
    return value.reshape(value.shape[0], heads, -1)


def chunks_of(shape, limit):
    """T5X halves the largest dimension until a chunk is small enough."""
    chunks = list(shape)
    while numpy.prod(chunks) > limit:
        largest = int(numpy.argmax(chunks))
        chunks[largest] //= next(d for d in range(2, chunks[largest] + 1) if chunks[largest] % d == 0)
    return chunks


def write(directory, flat, *, version=3, dtype=None, compressor=GZIP, limit=400, form="file", inline=(), metadata=None,
          settings=None, step=STEP):
    """`form` is how the index names a stored array; `inline` are the ranks of arrays that lie in it."""
    shutil.rmtree(directory, ignore_errors=True)
    checkpoint = Path(directory) / f"checkpoint_{step}"
    checkpoint.mkdir(parents=True)
    index = {}
    for name, array in flat.items():
        if array.ndim in inline:
            index[name] = array if dtype is None else array.astype(dtype)
            continue
        values, kind = (array, "float32") if dtype is None else (array.astype(dtype), "bfloat16")
        if version == 2:
            values, kind = values.view(numpy.uint16), "uint16"
        layout = {"compressor": compressor, "shape": list(array.shape), "chunks": chunks_of(array.shape, limit)}
        layout |= metadata(array) if metadata else {}
        index[name] = store(checkpoint, "target." + name.replace("/", "."), kind, layout, values, form)
    # What belongs to the optimizer is there to be passed by.
    slot = numpy.ones(8, numpy.float32)
    layout = {"compressor": GZIP, "shape": [8], "chunks": [8]}
    spec = store(checkpoint, "state.param_states.token_embedder.embedding.v_row", "float32", layout, slot, "file")
    state = {"step": numpy.asarray(step, numpy.int32),
             "param_states": {"token_embedder": {"embedding": {"v_row": spec, "v": slot[:1], "m": None}}}}
    tree = {"target": traverse_util.unflatten_dict(index, sep="/"), "state": state}
    whole = tree | {"flax_mutables": None} if form == "placeholder" else {"version": version, "optimizer": tree}
    (checkpoint / "checkpoint").write_bytes(serialization.to_bytes(whole))
    if settings:
        (Path(directory) / "config.gin").write_text(settings)
    return checkpoint


def store(checkpoint, path, kind, layout, values, form):
    spec = {"driver": "zarr", "dtype": kind, "kvstore": {"driver": "file", "path": str(checkpoint / path)}, "metadata": layout}
    tensorstore.open(tensorstore.Spec(spec), create=True, open=True).result().write(values).result()
    named = {"driver": "zarr", "dtype": kind, "kvstore": {"driver": "gfile", "path": path + "/"}, "metadata": layout}
    if form == "placeholder":
        return "PLACEHOLDER://" + path
    if form == "gcs":  # As tensorstore before 0.1.14.
        named = named | {"kvstore": {"driver": "gcs", "bucket": "t5x-dummy-bucket"}, "path": path}
    return Spec(named)


def ragged(array):
    return {"chunks": [max(1, size * 2 // 3) for size in array.shape], "dimension_separator": "/"}


def alone(array):
    """One expert to a chunk."""
    return {"chunks": [1, *array.shape[1:]]} if array.ndim == 3 else {}


def orbax(directory, flat, ocdbt):
    import orbax.checkpoint

    shutil.rmtree(directory, ignore_errors=True)
    tree = {"target": traverse_util.unflatten_dict(flat, sep="/"), "state": {"step": numpy.asarray(STEP, numpy.int32)}}
    handler = orbax.checkpoint.PyTreeCheckpointHandler(use_ocdbt=ocdbt)
    target = Path(directory).resolve() / f"checkpoint_{STEP}" / "state"
    orbax.checkpoint.Checkpointer(handler).save(target, args=orbax.checkpoint.args.PyTreeSave(tree))


def settings(activations):
    return f"""# Parameters for dense.MlpBlock:
# ==============================================================================
NAMES = {activations!r}  # A macro, and a value over two lines:
dense.MlpBlock.activations = %NAMES
dense.MlpBlock.intermediate_dim = \\
    %MLP_DIM
relative_position_biases.RelativePositionBiases.max_distance = 128
"""


def load(twins, name):
    with numpy.load(Path(twins) / f"{name}.npz") as arrays:
        tensors = {key: arrays[key] for key in arrays.files}
    experts = {int(part[7:]) for key in tensors for part in key.split(".") if part.startswith("expert_")}
    add.experts = len(experts)
    heads = tensors["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"].shape[1]
    return tensors, heads


def main():
    twins, out = sys.argv[1], Path(sys.argv[2])
    out.mkdir(exist_ok=True)
    for name in ("switch", "switch-deep", "switch-untied", "switch-gated", "t5", "t5-gated", "t5-silu", "umt5"):
        tensors, heads = load(twins, name)
        flat = flax_names(tensors)
        at = lambda layout: out / f"t5x-{layout}@{name}"
        said = settings(("swish", "linear")) if name == "t5-silu" else None
        write(at("gzip"), flat, settings=said)
        write(at("scan"), scanned(flat, tensors), settings=said)
        if name in ("t5", "umt5", "t5-gated"):
            write(at("heads"), scanned(flat, tensors, heads=heads))
        if name != "switch":
            continue
        write(at("zlib"), flat, compressor={"id": "zlib", "level": 6})
        write(at("zstd"), flat, compressor={"id": "zstd", "level": 3})
        write(at("plain"), flat, compressor=None)
        write(at("alone"), flat, metadata=alone, limit=1 << 20)
        write(at("gcs"), flat, form="gcs")
        write(at("placeholder"), flat, form="placeholder")
        write(at("ragged"), flat, metadata=ragged)
        write(at("fortran"), flat, metadata=lambda array: {"order": "F"} if array.ndim > 1 else {})
        write(at("mixed"), flat, inline=(1,))
        whole, serialization.MAX_CHUNK_SIZE = serialization.MAX_CHUNK_SIZE, 1024
        write(at("inline"), flat, inline=(1, 2, 3))
        serialization.MAX_CHUNK_SIZE = whole
        for ocdbt in (False, True):
            orbax(out / f"refused-{'ocdbt' if ocdbt else 'orbax'}", flat, ocdbt)
    tensors, _ = load(twins, "tiny")
    tiny = flax_names(tensors)
    write(out / "t5x-mixed@tiny", tiny, inline=(1,), limit=600, settings=settings(("relu",)))
    write(out / "t5x-zstd@tiny", scanned(tiny, tensors), compressor={"id": "zstd", "level": 3}, inline=(1,), limit=600)
    tensors, _ = load(twins, "switch-brain")
    flat = flax_names(tensors)
    write(out / "t5x-bfloat16@switch-brain", flat, dtype=BFLOAT16)
    write(out / "t5x-bits@switch-brain", flat, dtype=BFLOAT16, version=2)
    write(out / "t5x-inline@switch-brain", flat, dtype=BFLOAT16, inline=(1, 2, 3))
    write(out / "refused-blosc", flat, compressor={"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1})
    write(out / "refused-st-moe", flat | {"encoder/layers_1/extra_mlp/wi/kernel": flat["encoder/layers_0/mlp/wi/kernel"]})
    print(len(list(out.glob("t5x-*"))), "directories of T5X")


if __name__ == "__main__":
    main()
