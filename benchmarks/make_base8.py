#!/usr/bin/env python3
"""Writes a random checkpoint with the shapes of Switch-base-8, one tensor in memory at a time.

    make_base8.py OUT_DIR [--experts 8] [--layers 12] [--bf16]

619 M parameters, 2.5 GB of float32, unless told otherwise; from the ninth on experts repeat the numbers of the first
eight. Its outputs mean nothing; its speed is that of the real one.
"""
import argparse
import json
import re
import struct
from pathlib import Path

import numpy

CONFIG = {
    "architectures": ["SwitchTransformersForConditionalGeneration"], "model_type": "switch_transformers",
    "d_model": 768, "d_ff": 3072, "d_kv": 64, "num_heads": 12, "num_layers": 12, "num_decoder_layers": 12,
    "num_sparse_encoder_layers": 6, "num_sparse_decoder_layers": 6, "encoder_sparse_step": 2, "decoder_sparse_step": 2,
    "num_experts": 8, "expert_capacity": 64, "router_bias": False, "router_dtype": "float32", "vocab_size": 32128,
    "relative_attention_num_buckets": 32, "relative_attention_max_distance": 128, "layer_norm_epsilon": 1e-06,
    "dense_act_fn": "relu", "tie_word_embeddings": True, "is_encoder_decoder": True, "dtype": "float32",
    "decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0,
}
GENERATION = {"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}


def attention(prefix, model, inner):
    for name in "qkv":
        yield f"{prefix}.{name}.weight", (inner, model), model**-0.5 * (inner**-0.25 if name == "q" else 1)
    yield f"{prefix}.o.weight", (model, inner), inner**-0.5


def feed_forward(prefix, model, hidden):
    yield f"{prefix}.wi.weight", (hidden, model), model**-0.5
    yield f"{prefix}.wo.weight", (model, hidden), hidden**-0.5


def block(prefix, index, c, cross):
    """Name, shape and standard deviation (None: all ones) of each tensor of one block."""
    model, inner = c["d_model"], c["num_heads"] * c["d_kv"]
    layer = f"{prefix}.layer.0"
    yield from attention(f"{layer}.SelfAttention", model, inner)
    if index == 0:
        shape = (c["relative_attention_num_buckets"], c["num_heads"])
        yield f"{layer}.SelfAttention.relative_attention_bias.weight", shape, 1.0
    yield f"{layer}.layer_norm.weight", (model,), None
    if cross:
        yield from attention(f"{prefix}.layer.1.EncDecAttention", model, inner)
        yield f"{prefix}.layer.1.layer_norm.weight", (model,), None
    layer = f"{prefix}.layer.{2 if cross else 1}"
    yield f"{layer}.layer_norm.weight", (model,), None
    if index % c["encoder_sparse_step"] != 1:
        yield from feed_forward(f"{layer}.mlp", model, c["d_ff"])
        return
    yield f"{layer}.mlp.router.classifier.weight", (c["num_experts"], model), 2.5 * model**-0.5
    for expert in range(c["num_experts"]):
        yield from feed_forward(f"{layer}.mlp.experts.expert_{expert}", model, c["d_ff"])


def tensors(c):
    yield "shared.weight", (c["vocab_size"], c["d_model"]), 1.0
    for stack, count in (("encoder", c["num_layers"]), ("decoder", c["num_decoder_layers"])):
        for index in range(count):
            yield from block(f"{stack}.block.{index}", index, c, cross=stack == "decoder")
        yield f"{stack}.final_layer_norm.weight", (c["d_model"],), None


def stored(values, is_bf16):
    """The bytes of values, rounded to bfloat16 by cutting off where asked for."""
    return (values.view(numpy.uint32) >> 16).astype(numpy.uint16).data if is_bf16 else values.data


def write(path, entries, is_bf16, seed=8):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, shape, _ in entries:
        end = offset + (2 if is_bf16 else 4) * int(numpy.prod(shape))
        header[name] = {"dtype": "BF16" if is_bf16 else "F32", "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    random = numpy.random.default_rng(seed)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        first = {}
        for name, shape, deviation in entries:
            expert = re.search(r"expert_(\d+)\.", name)
            key = name.replace(expert[0], f"expert_{int(expert[1]) % 8}.") if expert else name
            if key in first:
                file.write(first[key])
                continue
            if deviation is None:
                values = numpy.ones(shape, dtype=numpy.float32)
            else:
                values = random.standard_normal(shape, dtype=numpy.float32) * numpy.float32(deviation)
            if expert and len(first) > 16:
                first.clear()
            data = stored(values, is_bf16)
            if expert:
                first[key] = data
            file.write(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--experts", type=int, default=CONFIG["num_experts"])
    parser.add_argument("--layers", type=int, default=CONFIG["num_layers"], help="of each stack, half of them sparse")
    parser.add_argument("--bf16", action="store_true", help="write bfloat16")
    arguments = parser.parse_args()
    out = arguments.out
    config = CONFIG | {
        "num_experts": arguments.experts, "num_layers": arguments.layers, "num_decoder_layers": arguments.layers,
        "num_sparse_encoder_layers": arguments.layers // 2, "num_sparse_decoder_layers": arguments.layers // 2,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (out / "generation_config.json").write_text(json.dumps(GENERATION, indent=2) + "\n")
    write(out / "model.safetensors", sorted(tensors(config)), arguments.bf16)


if __name__ == "__main__":
    main()
