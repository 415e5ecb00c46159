#!/bin/sh
# transformers 5.23.0: whether the experts of a Switch Transformer see the router's jitter depends on the model's precision.
#
# Seen: with router_jitter_noise=0.1 in training, the router multiplies its input by noise in place. A Float32 model hands
# it the very tensor that goes to the experts: they get 0.90 to 1.10 for an input of ones. A bfloat16 model hands it a copy
# (the router computes in Float32): they get ones.
# A good guess: one or the other in both; by its name and the configuration's words, noise for the router alone.
. "$(dirname "$0")/environment.sh"
install torch==2.13.0 transformers==5.23.0
"$python" - <<'PYTHON'
import torch
import transformers
from transformers import SwitchTransformersConfig, SwitchTransformersEncoderModel

print("transformers", transformers.__version__, "torch", torch.__version__)
torch.manual_seed(0)
noise = {}
for dtype in (torch.float32, torch.bfloat16):
    config = SwitchTransformersConfig(vocab_size=16, d_model=32, d_kv=8, d_ff=32, num_heads=4, num_experts=2,
                                      num_layers=2, num_sparse_encoder_layers=1, router_jitter_noise=0.1, dropout_rate=0)
    layer = SwitchTransformersEncoderModel(config).to(dtype).train().encoder.block[1].layer[-1].mlp
    seen = []
    for expert in layer.experts.values():
        expert.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach().clone()))
    layer(torch.ones(1, 8, 32, dtype=dtype))
    rows = torch.cat([part.flatten() for part in seen]).float()
    noise[dtype] = float((rows - 1).abs().max())
    print(f"{dtype}: experts see {rows.min():.3f} to {rows.max():.3f} for an input of ones - guessed: 1.000 to 1.000")
if noise[torch.float32] < 0.01 or noise[torch.bfloat16] != 0:
    raise SystemExit("The behaviour changed: precision no longer decides whether experts see the jitter.")
PYTHON
