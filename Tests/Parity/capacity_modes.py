#!/usr/bin/env python3
"""What transformers has done with tokens whose expert is full, in its three ways, beside --capacity-mode.

    capacity_modes.py CHECKPOINT... [--binary .build/debug/switchyard]

Greedy tokens of a dozen prompts long enough for the encoder's capacity to bind. `residual` is transformers as it is;
`passthrough` adds what versions up to 4.51 added, the gated input; `none` is a capacity nothing reaches. Exits with 1
when a token differs, or when the ways do not differ from each other.
"""
import argparse
import json
import random
import subprocess
import sys
from pathlib import Path

import torch
from transformers import DynamicCache, EncoderDecoderCache
from transformers.models.switch_transformers import modeling_switch_transformers as switch

from reference import load, truncated

PROMPTS, TOKENS = 12, 24
DROPPING = switch.SwitchTransformersExperts.forward


def passing(self, hidden_states, selected_experts, routing_weights):
    dropped = selected_experts.sum(dim=(-1, -2)) == 0
    computed = DROPPING(self, hidden_states, selected_experts, routing_weights)
    return torch.where(dropped[:, None], hidden_states * routing_weights, computed)


@torch.no_grad()
def answers(directory, mode, prompts):
    switch.SwitchTransformersExperts.forward = passing if mode == "passthrough" else DROPPING
    model = load(directory)
    for module in model.modules():
        if mode == "none" and hasattr(module, "expert_capacity"):
            module.expert_capacity = 1 << 20
    ends = model.generation_config.eos_token_id
    found = []
    for prompt in prompts:
        inputs = torch.tensor([prompt])
        out = model.generate(
            inputs, attention_mask=torch.ones_like(inputs), do_sample=False, max_new_tokens=TOKENS,
            past_key_values=EncoderDecoderCache(DynamicCache(), DynamicCache()))
        found.append(truncated(out[0][1:], ends if isinstance(ends, list) else [ends]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("--binary", default=".build/debug/switchyard")
    arguments = parser.parse_args()
    failures = 0
    for directory in arguments.checkpoints:
        choice = random.Random(3)
        vocabulary = json.loads((directory / "config.json").read_text())["vocab_size"]
        prompts = [[choice.randrange(3, vocabulary) for _ in range(choice.randrange(20, 60))] + [1]
                   for _ in range(PROMPTS)]
        found = {}
        for mode in ("residual", "passthrough", "none"):
            found[mode] = answers(directory, mode, prompts)
            done = subprocess.run(
                [arguments.binary, "generate", directory, "--weights", "f32", "--max-tokens", str(TOKENS),
                 "--capacity-mode", mode, "--json"],
                input="".join(" ".join(map(str, prompt)) + "\n" for prompt in prompts), capture_output=True, text=True,
                check=True)
            ours = [json.loads(line)[0]["token_ids"] for line in done.stdout.splitlines()]
            same = sum(one == other for one, other in zip(ours, found[mode], strict=True))
            failures += same < PROMPTS
            print(f"{directory.name} --capacity-mode {mode}: {same} of {PROMPTS} the same")
        failures += found["residual"] == found["passthrough"] or found["residual"] == found["none"]
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
