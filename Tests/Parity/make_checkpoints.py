#!/usr/bin/env python3
"""Makes small random Switch Transformers checkpoints that differ in everything a server could get wrong.

    make_checkpoints.py OUT_DIR [--only NAME]...

Weights are scaled so that outputs vary: routers spread their tokens, logits have clear winners, attention looks around.
The same name always gives the same weights. Made with torch 2.7.1 and transformers 5.23.0.
"""
import argparse
import json
import zlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    GenerationConfig, MT5Config, MT5ForConditionalGeneration, SwitchTransformersConfig,
    SwitchTransformersForConditionalGeneration, T5Config, T5ForConditionalGeneration, UMT5Config,
    UMT5ForConditionalGeneration)

import language_model
import plant_outliers
from gated_experts import gate_experts

END_BOOST = 1.7
BASE = dict(
    vocab_size=96, d_model=32, d_kv=8, d_ff=48, num_heads=4, num_layers=2, num_decoder_layers=2, num_experts=8,
    expert_capacity=4, encoder_sparse_step=2, decoder_sparse_step=2, router_bias=False, tie_word_embeddings=True,
    relative_attention_num_buckets=32, relative_attention_max_distance=128, start=0, eos=1, pad=0,
    dtype="float32", shard=None, layout="plain", family="switch", format="safetensors", exact=(), plant=None,
)
# What config.json says in place of the truth, as those of the largest published checkpoints do.
CLAIMS = {
    "like-xxl": dict(num_layers=6, num_decoder_layers=1, dense_act_fn="gelu", is_gated_act=False,
                     feed_forward_proj="gated-gelu", tie_word_embeddings=True),
    "like-c": dict(num_decoder_layers=2, encoder_sparse_step=1, decoder_sparse_step=0, tie_word_embeddings=True),
    "tiny-xxl": dict(num_layers=6, num_decoder_layers=1, dense_act_fn="gelu", is_gated_act=False,
                     feed_forward_proj="gated-gelu", tie_word_embeddings=True),
    "no-start": dict(decoder_start_token_id=None),
    "umt5-published": dict(tie_word_embeddings=False),
    "sparse-by-tensors": dict(encoder_sparse_step=1, decoder_sparse_step=3, num_experts=4, router_bias=False),
}
FAMILIES = {
    "switch": (SwitchTransformersConfig, SwitchTransformersForConditionalGeneration),
    "t5": (T5Config, T5ForConditionalGeneration), "mt5": (MT5Config, MT5ForConditionalGeneration),
    "umt5": (UMT5Config, UMT5ForConditionalGeneration),
    "language-model": (SwitchTransformersConfig, language_model.LanguageModel),
}
SWITCH_ONLY = ("num_experts", "expert_capacity", "encoder_sparse_step", "decoder_sparse_step", "router_bias")
TINY = dict(vocab_size=40, d_model=16, d_ff=18, d_kv=6, num_heads=2, num_experts=5)

CHECKPOINTS = {
    "tiny-f32-tied": TINY | dict(expert_capacity=2, relative_attention_num_buckets=8, relative_attention_max_distance=20),
    "tiny-bf16-untied": TINY | dict(
        num_experts=8, expert_capacity=1, tie_word_embeddings=False, dtype="bfloat16", start=3, eos=[1, 7], pad=2,
        encoder_sparse_step=1, num_layers=2),
    "tiny-f16-bias": TINY | dict(
        num_layers=3, num_decoder_layers=2, encoder_sparse_step=3, decoder_sparse_step=1, router_bias=True,
        expert_capacity=3, dtype="float16", d_kv=5),
    "plain": {},
    "all-sparse": dict(encoder_sparse_step=1, decoder_sparse_step=1, expert_capacity=2),
    "capacity-one": dict(encoder_sparse_step=1, decoder_sparse_step=1, expert_capacity=1),
    "capacity-three": dict(encoder_sparse_step=1, decoder_sparse_step=1, expert_capacity=3, tie_word_embeddings=False),
    "capacity-64": dict(encoder_sparse_step=1, decoder_sparse_step=1, expert_capacity=64, num_experts=2),
    "dense-decoder": dict(num_layers=4, encoder_sparse_step=1, decoder_sparse_step=0, expert_capacity=1),
    "dense-encoder": dict(num_decoder_layers=4, encoder_sparse_step=0, decoder_sparse_step=2),
    "step-three": dict(num_layers=6, num_decoder_layers=5, encoder_sparse_step=3, decoder_sparse_step=2, num_experts=6),
    "deep-encoder": dict(num_layers=8, num_decoder_layers=1, decoder_sparse_step=1, expert_capacity=3),
    "deep-decoder": dict(num_layers=1, num_decoder_layers=7, encoder_sparse_step=1, decoder_sparse_step=3),
    "many-experts": dict(num_experts=64, expert_capacity=1, d_ff=24, num_layers=4, num_decoder_layers=4),
    "odd-widths": dict(d_model=37, d_kv=7, num_heads=3, d_ff=53, num_experts=11, vocab_size=101),
    "wide-heads": dict(d_model=40, d_kv=24, num_heads=5, d_ff=64, tie_word_embeddings=False),
    "one-head": dict(num_heads=1, d_kv=32, num_experts=5, relative_attention_num_buckets=4,
                     relative_attention_max_distance=9),
    "near-buckets": dict(relative_attention_num_buckets=10, relative_attention_max_distance=12, num_layers=3),
    "far-buckets": dict(relative_attention_num_buckets=64, relative_attention_max_distance=50, expert_capacity=3),
    "untied": dict(tie_word_embeddings=False, num_layers=4, num_decoder_layers=4, expert_capacity=2),
    "untied-sharded-bf16": dict(tie_word_embeddings=False, dtype="bfloat16", shard="40KB", num_experts=12, start=5,
                                eos=4, pad=3),
    "router-bias": dict(router_bias=True, num_experts=16, expert_capacity=2, tie_word_embeddings=False),
    "half": dict(dtype="float16", d_model=48, num_layers=4),
    "brain": dict(dtype="bfloat16", d_model=64, d_kv=16, d_ff=96, num_decoder_layers=4),
    "sharded": dict(shard="60KB", num_experts=20, d_ff=32, encoder_sparse_step=1),
    "many-ends": dict(eos=[1, 9, 33], start=2, pad=9, vocab_size=64),
    "all-aliases": dict(layout="aliases"),
    "head-only": dict(layout="head-only"),
    "large-vocabulary": dict(vocab_size=1000, d_model=64, d_kv=16, num_experts=10, expert_capacity=4),
    "gelu": dict(dense_act_fn="gelu", num_experts=6),
    "silu": dict(dense_act_fn="silu", num_experts=6),
    "like-xxl": dict(dense_act_fn="gelu_new", is_gated=True, tie_word_embeddings=False, layout="decoder-head",
                     num_layers=3, num_decoder_layers=4, dtype="bfloat16"),
    "like-c": dict(encoder_sparse_step=1, decoder_sparse_step=1, tie_word_embeddings=False, layout="decoder-head",
                   num_layers=3, num_decoder_layers=3, d_model=40, num_heads=3, d_kv=12, num_experts=16, dtype="bfloat16"),
    "no-start": dict(),
    "sparse-by-tensors": dict(num_layers=6, num_decoder_layers=4, encoder_sparse_step=3, decoder_sparse_step=2,
                              router_bias=True),
    "t5": dict(family="t5", feed_forward_proj="relu"),
    "t5-sharded-half": dict(family="t5", feed_forward_proj="relu", shard="40KB", dtype="float16", num_layers=3),
    "t5-gated": dict(family="t5", feed_forward_proj="gated-gelu", layout="own-head"),
    "t5-gated-planted": dict(family="t5", feed_forward_proj="gated-gelu", layout="own-head", plant="units"),
    "t5-gated-gate": dict(family="t5", feed_forward_proj="gated-gelu", layout="own-head", plant="gate"),
    "t5-silu": dict(family="t5", feed_forward_proj="gated-silu", num_decoder_layers=4),
    "mt5": dict(family="mt5", feed_forward_proj="gated-gelu", layout="own-head", vocab_size=120, d_model=40),
    "mt5-tied": dict(family="mt5", feed_forward_proj="gated-gelu"),
    "umt5": dict(family="umt5", feed_forward_proj="gated-gelu", num_layers=3, num_decoder_layers=4),
    # As the published ones: a head of their own, of a model that is trained without scaling.
    "umt5-published": dict(family="umt5", feed_forward_proj="gated-gelu", layout="own-head", format="pickle"),
    # ByT5's ids are bytes plus three, and its encoder is three times as deep; MADLAD's and UL2's tokens and activations.
    "byt5": dict(family="t5", feed_forward_proj="gated-gelu", layout="own-head", vocab_size=384, num_layers=6),
    "madlad": dict(family="t5", feed_forward_proj="gated-gelu", layout="own-head", start=0, eos=2, pad=1),
    "ul2": dict(family="t5", feed_forward_proj="gated-silu", layout="own-head", num_layers=4),
    "pickle": dict(format="pickle"),
    "pickle-mixed": dict(format="pickle", dtype="bfloat16", exact=["router"], num_experts=12),
    "pickle-untied": dict(format="pickle", tie_word_embeddings=False, dtype="float16"),
    "pickle-before-1.6": dict(format="legacy", dtype="bfloat16", exact=["layer_norm", "router"]),
    "pickle-five-shards": dict(format="shards", num_experts=10, router_bias=True),
    "pickle-t5": dict(format="pickle", family="t5", feed_forward_proj="gated-gelu", layout="own-head"),
    "tiny-xxl": TINY | dict(dense_act_fn="gelu_new", is_gated=True, tie_word_embeddings=False, layout="decoder-head",
                            num_layers=3, num_decoder_layers=2, dtype="bfloat16", exact=["router"], format="pickle"),
    "tiny-t5-gated": TINY | dict(family="t5", feed_forward_proj="gated-gelu", layout="own-head"),
    "language-model-one": dict(family="language-model", decoder_sparse_step=1, expert_capacity=1, num_decoder_layers=3),
    "language-model-three": dict(family="language-model", decoder_sparse_step=1, expert_capacity=3, router_bias=True),
    "language-model-64": dict(family="language-model", decoder_sparse_step=2, expert_capacity=64, num_experts=2,
                              num_decoder_layers=4),
    "tiny-language-model": TINY | dict(family="language-model", decoder_sparse_step=1, expert_capacity=2,
                                       dtype="bfloat16"),
}

# Picked so that outputs vary, some end early, and no choice is closer than rounding could decide.
SEEDS = {
    "tiny-f32-tied": 37, "tiny-bf16-untied": 10, "tiny-f16-bias": 37, "plain": 2, "all-sparse": 1, "dense-decoder": 8,
    "dense-encoder": 0, "step-three": 6, "deep-encoder": 1, "deep-decoder": 1, "many-experts": 17, "odd-widths": 7,
    "wide-heads": 0, "one-head": 10, "near-buckets": 1, "far-buckets": 1, "untied": 0, "untied-sharded-bf16": 1,
    "router-bias": 12, "half": 3, "brain": 1, "sharded": 0, "many-ends": 0, "all-aliases": 6, "head-only": 2,
    "large-vocabulary": 9, "gelu": 0, "silu": 0, "like-xxl": 0, "like-c": 0, "no-start": 0, "sparse-by-tensors": 0,
    "umt5": 0, "umt5-published": 0, "byt5": 0, "madlad": 0, "ul2": 2, "pickle": 0, "pickle-mixed": 0,
    "pickle-untied": 0, "pickle-before-1.6": 0, "pickle-five-shards": 0, "pickle-t5": 0, "tiny-xxl": 0, "tiny-t5-gated": 0,
    "capacity-one": 0, "capacity-three": 0, "capacity-64": 0, "language-model-one": 0, "language-model-three": 0,
    "language-model-64": 0, "tiny-language-model": 4,
    "t5": 0, "t5-sharded-half": 0, "t5-gated": 0, "t5-gated-planted": 1, "t5-gated-gate": 0, "t5-silu": 0, "mt5": 0, "mt5-tied": 0,
}


def build(name):
    """The model `name`, in float32, with weights that give varied outputs."""
    spec = BASE | CHECKPOINTS[name]
    torch.manual_seed(zlib.crc32(name.encode()) + SEEDS[name])
    end = spec["eos"]
    not_config = ("start", "eos", "pad", "dtype", "shard", "layout", "family", "is_gated", "format", "exact", "plant")
    config_type, model_type = FAMILIES[spec["family"]]
    if spec["family"] in ("t5", "mt5", "umt5"):
        not_config += SWITCH_ONLY + ("tie_word_embeddings",)
    if spec["family"] == "language-model":
        spec |= dict(is_encoder_decoder=False, is_decoder=True, tie_word_embeddings=False)
    config = config_type(
        **{key: spec[key] for key in spec if key not in not_config},
        decoder_start_token_id=spec["start"], eos_token_id=end, pad_token_id=spec["pad"],
    )
    if spec["layout"] == "own-head" and spec["family"] == "t5":
        config.scale_decoder_outputs = False
    if spec["family"] == "switch":
        assert (config.encoder_sparse_step, config.decoder_sparse_step) == (
            spec["encoder_sparse_step"], spec["decoder_sparse_step"])
    gate_experts(spec.get("is_gated", False))
    model = model_type(config).eval()
    scale(model, config)
    model.generation_config = GenerationConfig(
        decoder_start_token_id=spec["start"], eos_token_id=end, pad_token_id=spec["pad"])
    return model, spec


@torch.no_grad()
def scale(model, config):
    width = config.d_model
    scales = {
        "router.classifier.weight": 2.5 * width**-0.5, "router.classifier.bias": 0.4,
        "relative_attention_bias.weight": 2.0, "layer_norm.weight": None,
        ".q.weight": 2.5 * (width * config.d_kv) ** -0.5, ".k.weight": 2.5 * width**-0.5, ".v.weight": 2 * width**-0.5,
        ".o.weight": 6 * (config.num_heads * config.d_kv) ** -0.5,
        ".wi.weight": 2 * width**-0.5, ".wi_0.weight": 2 * width**-0.5, ".wi_1.weight": 2 * width**-0.5, ".wo.weight": 8 * config.d_ff**-0.5,
        "embed_tokens.weight": 1.0, "lm_head.weight": 2.5 * width**-0.5,
        # mT5 does not scale the decoder's output down before a tied head.
        "shared.weight": 2.5 * width**-0.5 if config.model_type == "mt5" else 1.7,
    }
    for key, weight in model.named_parameters():
        deviation = next(scales[end] for end in scales if key.endswith(end))
        if deviation is None:
            weight.uniform_(0.6, 1.4)
        else:
            weight.normal_(0, deviation)
    # Longer rows win more often: some outputs end early.
    ends = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    model.lm_head.weight[ends] *= END_BOOST


def save(model, spec, directory):
    exact = {name: weight.clone() for name, weight in model.state_dict().items() if any(p in name for p in spec["exact"])}
    model = model.to(getattr(torch, spec["dtype"]))
    if spec["family"] == "language-model":
        language_model.save(model, directory)
        return
    sharding = {"max_shard_size": spec["shard"]} if spec["shard"] else {}
    model.save_pretrained(directory, **sharding)
    rewrite_layout(spec["layout"], directory / "model.safetensors")
    if spec["plant"]:
        plant(directory / "model.safetensors", spec["plant"])
    if spec["format"] != "safetensors":
        pickle(directory, spec["format"], exact)
    claim(directory)


def plant(path, kind):
    tensors = load_file(path)
    plant_outliers.plant(tensors, argparse.Namespace(kind=kind, share=0.05, factor=10_000, seed=0))
    save_file(tensors, path, {"format": "pt"})


def pickle(directory, format, exact):
    """Stores the weights as PyTorch does: aliases of the tied embedding share its storage, and some tensors keep float32."""
    tensors = load_file(directory / "model.safetensors") | exact
    (directory / "model.safetensors").unlink()
    for name in ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"]:
        tensors.setdefault(name, tensors["shared.weight"])
    if "decoder.lm_head.weight" not in tensors:
        tensors.setdefault("lm_head.weight", tensors["shared.weight"])
    if format != "shards":
        torch.save(tensors, directory / "pytorch_model.bin", _use_new_zipfile_serialization=format == "pickle")
        return
    names, shards = sorted(tensors), 5
    files = {name: f"pytorch_model-{index * shards // len(names) + 1:05}-of-{shards:05}.bin"
             for index, name in enumerate(names)}
    for file in set(files.values()):
        torch.save({name: tensors[name] for name in names if files[name] == file}, directory / file)
    index = {"metadata": {"total_size": sum(t.nbytes for t in tensors.values())}, "weight_map": files}
    (directory / "pytorch_model.bin.index.json").write_text(json.dumps(index))


def claim(directory):
    """Leaves the truth in truth/config.json, for the reference, and what a publisher said instead in config.json."""
    claims = CLAIMS.get(directory.name)
    if not claims:
        return
    (directory / "truth").mkdir(exist_ok=True)
    for file in ["config.json", "generation_config.json"]:
        text = (directory / file).read_text()
        (directory / "truth" / file).write_text(text)
        said = {key: value for key, value in (json.loads(text) | claims).items() if value is not None}
        if file == "config.json":
            (directory / file).write_text(json.dumps(said, indent=2))
        elif "decoder_start_token_id" in claims:
            (directory / file).unlink()


def rewrite_layout(layout, path):
    """Stores the tied embedding as older writers did: under all its names, or only as the head; or gives the head a name
    or numbers of its own."""
    if layout == "plain":
        return
    tensors = load_file(path)
    names = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"]
    metadata = {"format": "pt"}
    if layout == "decoder-head":
        tensors["decoder.lm_head.weight"] = tensors.pop("lm_head.weight")
    elif layout == "own-head":
        head = torch.randn(tensors["shared.weight"].shape, generator=torch.Generator().manual_seed(5))
        tensors["lm_head.weight"] = head.to(tensors["shared.weight"].dtype) * 2.5 * head.shape[1] ** -0.5
    elif layout == "aliases":
        tensors |= {name: tensors["shared.weight"].clone() for name in names}
    else:
        tensors["lm_head.weight"] = tensors.pop("shared.weight")
        metadata |= {name: "lm_head.weight" for name in ["shared.weight"] + names[:2]}
    save_file(tensors, path, metadata)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", action="append", choices=sorted(CHECKPOINTS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.only or CHECKPOINTS:
        model, spec = build(name)
        save(model, spec, arguments.out / name)
        print(json.dumps({"name": name, "parameters": sum(p.numel() for p in model.parameters())}))


if __name__ == "__main__":
    main()
