#!/bin/sh
# transformers 5.23.0: SwitchTransformersConfig(num_sparse_encoder_layers=N) does not make N sparse layers.
#
# Seen: asked for 0 of 4 layers, one is sparse (the comment in the source says "this will create 0 sparse layers"); for 5
# of 12, 6; for 7 of 12, all 12. The count only gives a step, num_layers // N, and every step-th layer from the second is
# sparse, or every layer at step 1. Nothing warns; the model trains, with seven layers' experts or twelve.
# A good guess: as many sparse layers as asked for, none for 0, and an error where they cannot be spread evenly.
. "$(dirname "$0")/environment.sh"
install torch==2.13.0 transformers==5.23.0
"$python" - <<'PYTHON'
import torch
import transformers
from transformers import SwitchTransformersConfig, SwitchTransformersEncoderModel

print("transformers", transformers.__version__, "torch", torch.__version__)
SEEN = {(4, 0): 1, (12, 5): 6, (12, 6): 6, (12, 7): 12}
found = {}
for layers, asked in SEEN:
    config = SwitchTransformersConfig(vocab_size=16, d_model=8, d_kv=4, d_ff=8, num_heads=2, num_experts=2,
                                      num_layers=layers, num_sparse_encoder_layers=asked)
    blocks = SwitchTransformersEncoderModel(config).encoder.block
    found[layers, asked] = sum(block.layer[-1].is_sparse for block in blocks)
    print(f"{layers} layers, num_sparse_encoder_layers={asked}: {found[layers, asked]} sparse - guessed: {asked}")
if found != SEEN:
    raise SystemExit("The behaviour changed: the number of sparse layers is another one.")
PYTHON
