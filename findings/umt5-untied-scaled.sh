#!/bin/sh
# transformers 5.23.0: an umT5 with a head of its own has logits divided by the root of its width; a T5 and an mT5 have not.
#
# Seen: UMT5Config(tie_word_embeddings=False) says True at once and is saved so, and the decoder's output is divided by
# sqrt(d_model) before the head, whether or not the head is the embedding. T5Config and MT5Config say True as well, but of
# them an untied head is not scaled. The published umT5s are untied: at width 768 their logits are 27.7 times too small, greedy
# answers stay, and what is drawn at temperature 1 is nearly noise. Nothing warns.
# A good guess: the three models, which differ in where position biases are, treat the head alike.
. "$(dirname "$0")/environment.sh"
install torch==2.7.1 transformers==5.23.0
"$python" - <<'PYTHON'
import torch
import transformers
from transformers import (MT5Config, MT5ForConditionalGeneration, T5Config, T5ForConditionalGeneration, UMT5Config,
                          UMT5ForConditionalGeneration)

print("transformers", transformers.__version__, "torch", torch.__version__)
SEEN = {"t5": (True, 1.0), "mt5": (True, 1.0), "umt5": (True, 8.0)}
found = {}
for config, family in ((T5Config, T5ForConditionalGeneration), (MT5Config, MT5ForConditionalGeneration),
                       (UMT5Config, UMT5ForConditionalGeneration)):
    torch.manual_seed(0)
    asked = config(vocab_size=16, d_model=64, d_kv=8, d_ff=16, num_heads=2, num_layers=1, tie_word_embeddings=False)
    model = family(asked).eval()
    model.lm_head.weight = torch.nn.Parameter(torch.randn(16, 64))
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        out = model(input_ids=ids, decoder_input_ids=ids, output_hidden_states=True)
        whole = model.lm_head(out.decoder_hidden_states[-1])
    ratio = round((whole / out.logits).median().item(), 4)
    found[config.model_type] = (model.config.tie_word_embeddings, ratio)
    print(f"{config.model_type}: asked for tie_word_embeddings False, has {model.config.tie_word_embeddings}; "
          f"logits divided by {ratio} - guessed: False, 1.0")
if found != SEEN:
    raise SystemExit("The behaviour changed: an untied umT5 is scaled as its relatives are.")
PYTHON
