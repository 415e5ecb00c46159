#!/bin/sh
# mixture-of-experts 0.2.3 (torch 2.13.0): a layer in eval mode gives another output each time it is called.
#
# Seen: MoE(dim=16, num_experts=4).eval(), 64 tokens, called twice with the same input: 9 of 64 tokens have another output.
# Whether a token goes to its second expert is drawn, with the second gate's share, in evaluation as in training.
# (st-moe-pytorch 0.1.8, by the same author, gives the same output twice.)
# A good guess: eval() turns drawing off, as it does dropout; policies of training are not those of evaluation.
. "$(dirname "$0")/environment.sh"
install torch==2.13.0 mixture-of-experts==0.2.3 st-moe-pytorch==0.1.8 numpy==2.4.6
"$python" - <<'PYTHON'
import importlib.metadata

import mixture_of_experts
import st_moe_pytorch
import torch

torch.manual_seed(0)
rows = torch.randn(1, 64, 16)
changed = {}
for package, module in (("mixture-of-experts", mixture_of_experts), ("st-moe-pytorch", st_moe_pytorch)):
    layer = module.MoE(dim=16, num_experts=4).eval()
    with torch.no_grad():
        first, second = layer(rows)[0], layer(rows)[0]
    changed[package] = int((first != second).any(-1).sum())
    print(f"{package} {importlib.metadata.version(package)}: {changed[package]} of 64 tokens change when the layer is "
          "called again - guessed: 0")
if not changed["mixture-of-experts"] or changed["st-moe-pytorch"]:
    raise SystemExit("The behaviour changed: the first package draws no longer in evaluation, or the second does.")
PYTHON
