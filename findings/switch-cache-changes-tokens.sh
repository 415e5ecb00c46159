#!/bin/sh
# transformers 5.23.0: use_cache changes what a Switch Transformer generates, greedily and in Float32.
#
# Seen: ten random models whose experts have room for 4 tokens, 24 greedy tokens: use_cache=True and False give other tokens
# in 6 of ten. Without the cache the whole target is routed again at every step, and an expert drops its fifth token; with it
# each step routes one token, and no expert is ever full. With room for 64 all ten agree.
# A good guess: a cache changes the time and, at most, last bits; teacher-forced logits are those of generation.
. "$(dirname "$0")/environment.sh"
install torch==2.13.0 transformers==5.23.0
"$python" - <<'PYTHON'
import torch
import transformers
from transformers import SwitchTransformersConfig, SwitchTransformersForConditionalGeneration

print("transformers", transformers.__version__, "torch", torch.__version__)
differ = {}
for capacity in (4, 64):
    differ[capacity] = 0
    for seed in range(10):
        torch.manual_seed(seed)
        config = SwitchTransformersConfig(
            vocab_size=64, d_model=32, d_kv=8, d_ff=64, num_heads=4, num_experts=4, expert_capacity=capacity, num_layers=2,
            num_sparse_encoder_layers=1, num_decoder_layers=2, num_sparse_decoder_layers=1, pad_token_id=0, eos_token_id=1,
            decoder_start_token_id=0, initializer_factor=5.0)
        model = SwitchTransformersForConditionalGeneration(config).eval()
        prompt = torch.randint(2, 64, (1, 12))
        cached, whole = (model.generate(prompt, max_new_tokens=24, do_sample=False, use_cache=cache)[0].tolist()
                         for cache in (True, False))
        differ[capacity] += cached != whole
    print(f"capacity {capacity}: {differ[capacity]} of 10 models generate other tokens without the cache - guessed: 0")
if not differ[4] or differ[64]:
    raise SystemExit("The behaviour changed: the cache no longer changes tokens where experts are full, and only there.")
PYTHON
