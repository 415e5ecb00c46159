#!/usr/bin/env python3
"""Makes the models that other layouts are written of, as Hugging Face directories with what transformers computes for them.

    twins.py OUT_DIR

OUT/NAME is the directory, OUT/NAME/reference.json the answers, OUT/NAME.npz every weight in float32 by its Hugging Face name.
Made with torch 2.7.1 and transformers 5.23.0.
"""
import subprocess
import sys
from pathlib import Path

import numpy
import torch
from safetensors.torch import load_file

PARITY = Path(__file__).resolve().parent.parent / "Parity"
sys.path.insert(0, str(PARITY))
import make_checkpoints

# Checkpoints of other layouts do not say the capacity: it is the family's.
USUAL = dict(expert_capacity=64, d_kv=6)
T5 = dict(d_kv=6, format="pickle", layout="own-head", family="t5")
TWINS = {
    # Small enough to be kept in the repository.
    "tiny": make_checkpoints.TINY | dict(expert_capacity=64, num_experts=3),
    "switch": USUAL,
    "switch-brain": USUAL | dict(dtype="bfloat16"),
    "switch-deep": USUAL | dict(num_layers=4, num_decoder_layers=4, num_experts=4),
    # As Switch-C, and as Switch-XXL.
    "switch-untied": USUAL | dict(encoder_sparse_step=1, decoder_sparse_step=1, tie_word_embeddings=False, num_layers=3),
    "switch-gated": USUAL | dict(dense_act_fn="gelu_new", is_gated=True, tie_word_embeddings=False, num_experts=4),
    "t5": dict(family="t5", feed_forward_proj="relu", d_kv=6),
    "t5-gated": T5 | dict(feed_forward_proj="gated-gelu", num_layers=3),
    "t5-silu": T5 | dict(feed_forward_proj="gated-silu"),
    # A head of its own and unscaled, as the published ones were trained.
    "umt5": T5 | dict(family="umt5", feed_forward_proj="gated-gelu", num_layers=3),
}
SEEDS = {"switch-untied": 1, "t5": 2}


def weights(directory):
    tensors = {}
    for file in directory.glob("*.safetensors"):
        tensors |= load_file(file)
    for file in directory.glob("*.bin"):
        tensors |= torch.load(file, weights_only=True)
    aliases = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"]
    if "lm_head.weight" in tensors and torch.equal(tensors["lm_head.weight"], tensors["shared.weight"]):
        aliases.append("lm_head.weight")
    return {name: tensor.float().numpy() for name, tensor in tensors.items() if name not in aliases}


def main():
    out = Path(sys.argv[1])
    torch.set_num_threads(1)
    for name, spec in TWINS.items():
        directory = out / name
        if (directory / "reference.json").exists():
            continue
        make_checkpoints.CHECKPOINTS[name] = spec
        make_checkpoints.SEEDS[name] = SEEDS.get(name, 0)
        model, spec = make_checkpoints.build(name)
        # transformers 5.23.0 has three embeddings where the head is not tied; the models have always had one.
        for stack in (model.encoder, model.decoder):
            stack.embed_tokens.weight.data.copy_(model.shared.weight.data)
        make_checkpoints.save(model, spec, directory)
        numpy.savez(out / f"{name}.npz", **weights(directory))
        small = ["--small"] if name == "tiny" else []
        answers = directory / "reference.json"
        subprocess.run([sys.executable, PARITY / "reference.py", directory, answers, *small], check=True)
        print(name, flush=True)


if __name__ == "__main__":
    main()
