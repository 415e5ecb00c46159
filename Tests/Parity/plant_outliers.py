#!/usr/bin/env python3
"""Plants what breaks eight bits into a checkpoint, so that f32 and bf16 lose nothing by it.

    plant_outliers.py MODEL_DIR OUT_DIR --kind units|values|gate|norm|token [--share 0.05] [--factor 10000] [--seed 0]

units   Hidden units of every feed-forward layer and expert FACTOR times as large, what `wo` multiplies them by as much
        smaller: through ReLU, or through the half of a gate that has no activation. The same function.
values  The same between an attention layer's values and its output. The same function.
norm    Elements of every norm FACTOR times as large, what is multiplied with them as much smaller. The same function.
gate    Units of the half of a gate that has an activation. Not the same function, but what was a GELU is nearly a ReLU.
token   Two units of every feed-forward layer and expert that are FACTOR times the others for one token, the one that ends
        a prompt, and nothing for others; what `wo` multiplies them by is as large as for any unit, and the two cancel. The
        function changes by what the two units did, whatever the factor is. No weight shows them.

Factors are rounded up to a power of two, which moves exponents alone. Needs torch, and transformers for `token`.
"""
import argparse
import math
import re
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

INNER = re.compile(r"(.*(?:DenseReluDense|mlp|expert_\d+))\.wo\.weight$")


def power(factor):
    return 2.0 ** math.ceil(math.log2(factor))


def chosen(count, share, generator):
    """Some of `count` units, at least one."""
    return torch.randperm(count, generator=generator)[:max(1, round(count * share))]


def feed_forwards(tensors):
    """The prefix of every feed-forward layer and expert."""
    return [match[1] for match in map(INNER.match, sorted(tensors)) if match]


def plant_units(tensors, arguments, generator, gate=False):
    factor = power(arguments.factor)
    for prefix in feed_forwards(tensors):
        wo = tensors[f"{prefix}.wo.weight"]
        units = chosen(wo.shape[1], arguments.share, generator)
        inner = next(tensors[name] for name in (f"{prefix}.wi_{0 if gate else 1}.weight", f"{prefix}.wi.weight")
                     if name in tensors)
        inner[units] *= factor
        wo[:, units] /= factor


def plant_values(tensors, arguments, generator):
    factor = power(arguments.factor)
    for name in sorted(name for name in tensors if name.endswith("Attention.o.weight")):
        units = chosen(tensors[name].shape[1], arguments.share, generator)
        tensors[name.replace(".o.", ".v.")][units] *= factor
        tensors[name][:, units] /= factor


def plant_norms(tensors, arguments, generator):
    """Norms before self-attention, cross-attention's queries and feed-forward layers."""
    factor = power(arguments.factor)
    for name in sorted(name for name in tensors if re.search(r"layer\.\d\.layer_norm\.weight$", name)):
        scope = name.removesuffix("layer_norm.weight")
        elements = chosen(len(tensors[name]), arguments.share, generator)
        tensors[name][elements] *= factor
        for other in tensors:
            inputs = r"SelfAttention\.[qkv]|EncDecAttention\.q|.*\bwi(_[01])?|.*classifier"
            if other.startswith(scope) and re.fullmatch(inputs + r"\.weight", other.removeprefix(scope)):
                tensors[other][:, elements] /= factor


def prompts(model_dir, texts, end):
    """Token ids of some prompts, each with its end."""
    spiece = model_dir / "spiece.model"
    if texts is None or not spiece.exists():
        generator = torch.Generator().manual_seed(7)
        return [torch.randint(3, 30, (8,), generator=generator).tolist() + [end] for _ in range(64)]
    from sentencepiece import SentencePieceProcessor
    processor = SentencePieceProcessor(model_file=str(spiece))
    return [processor.encode(line) + [end] for line in texts.read_text().splitlines()[:200]]


@torch.no_grad()
def plant_token(tensors, arguments, generator):
    from transformers import AutoConfig, AutoModelForSeq2SeqLM
    config = AutoConfig.from_pretrained(arguments.model)
    model = AutoModelForSeq2SeqLM.from_pretrained(arguments.model, dtype=torch.float32).eval()
    end = config.eos_token_id[0] if isinstance(config.eos_token_id, list) else config.eos_token_id
    seen = {}
    for name, module in model.encoder.named_modules():
        if re.fullmatch(r"block\.\d+\.layer\.1\.layer_norm", name):
            module.register_forward_hook(
                lambda _, __, output, name=name: seen.setdefault("encoder." + name, []).append(output[0]))
    ends = []
    for ids in prompts(arguments.model, arguments.texts, end):
        model.encoder(input_ids=torch.tensor([ids]))
        ends += [token == end for token in ids]
    ends = torch.tensor(ends)
    for name, outputs in seen.items():
        inputs = torch.cat(outputs)
        own, others = inputs[ends], inputs[~ends]
        # What tells the token from all others best.
        spread = others.T @ others / len(others)
        direction = torch.linalg.solve(spread + 0.05 * spread.trace() / len(spread) * torch.eye(len(spread)), own.mean(0))
        direction /= (own @ direction).mean()
        scope = name.removesuffix("layer_norm")
        for prefix in feed_forwards(tensors):
            if not prefix.startswith(scope):
                continue
            wo = tensors[f"{prefix}.wo.weight"]
            inner = [tensors[n] for n in (f"{prefix}.wi.weight", f"{prefix}.wi_0.weight", f"{prefix}.wi_1.weight")
                     if n in tensors]
            usual = (others @ inner[-1].float().T).abs().mean()
            # The two that matter least.
            first, second = (wo.float().norm(dim=0) * inner[-1].float().norm(dim=1)).argsort()[:2].tolist()
            size = arguments.factor * usual
            for half in inner:
                row = (direction * (size if len(inner) == 1 else size.sqrt())).to(half.dtype)
                half[first], half[second] = row, row
            column = wo.float().std() * torch.randn(wo.shape[0], generator=generator)
            wo[:, first], wo[:, second] = column.to(wo.dtype), -column.to(wo.dtype)


KINDS = {
    "units": plant_units, "values": plant_values, "norm": plant_norms, "token": plant_token,
    "gate": lambda *given: plant_units(*given, gate=True),
}


def plant(tensors, arguments):
    """Changes `tensors` in place."""
    KINDS[arguments.kind](tensors, arguments, torch.Generator().manual_seed(arguments.seed))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kind", choices=KINDS, default="units")
    parser.add_argument("--share", type=float, default=0.05, help="of the units of a layer")
    parser.add_argument("--factor", type=float, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--texts", type=Path, help="prompts, a line each, that tell a token from others")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True)
    for file in arguments.model.iterdir():
        if file.is_file() and file.suffix != ".safetensors":
            shutil.copy(file, arguments.out)
    tensors = load_file(arguments.model / "model.safetensors")
    plant(tensors, arguments)
    save_file(tensors, arguments.out / "model.safetensors", {"format": "pt"})


if __name__ == "__main__":
    main()
