#!/bin/sh
# peft 0.21.2 with transformers 5.23.0: merging an adapter multiplies the logits of a Switch Transformer by the root of its width.
#
# Seen: LoRA on the queries with modules_to_save=["shared"], before any step: merge_and_unload() leaves every weight as it was
# to the bit, and logits become sqrt(d_model) times as large, 27.7 times in Switch-base. The merge sets the configuration's
# `tie_word_embeddings` to False, and the model divides the decoder's output by that root only where it is True. Greedy
# answers stay, probabilities and beams do not; saved, the model stays so.
# A good guess: a merge of an adapter that was not trained changes nothing, as it does for every other choice of modules.
. "$(dirname "$0")/environment.sh"
install torch==2.7.1 transformers==5.23.0 peft==0.21.2
"$python" - <<'PYTHON'
import warnings

import peft
import torch
import transformers
from peft import LoraConfig, get_peft_model
from transformers import SwitchTransformersConfig, SwitchTransformersForConditionalGeneration

warnings.simplefilter("ignore")
print("peft", peft.__version__, "transformers", transformers.__version__, "torch", torch.__version__)
WIDTH = 64
torch.manual_seed(0)
config = SwitchTransformersConfig(vocab_size=16, d_model=WIDTH, d_kv=8, d_ff=16, num_heads=2, num_layers=2, num_experts=2,
                                  num_decoder_layers=2, num_sparse_encoder_layers=1, num_sparse_decoder_layers=1)
model = SwitchTransformersForConditionalGeneration(config).eval()
weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
inputs = {"input_ids": torch.tensor([[5, 6, 7, 1]]), "decoder_input_ids": torch.tensor([[0, 5, 6]])}
with torch.no_grad():
    before = model(**inputs).logits
    merged = get_peft_model(model, LoraConfig(r=2, target_modules=["q"], modules_to_save=["shared"])).merge_and_unload()
    after = merged.eval()(**inputs).logits
same = all(torch.equal(tensor, weights[name]) for name, tensor in merged.state_dict().items())
ratio = (after / before).median().item()
print(f"weights as before: {same}; logits times {ratio:.3f} at width {WIDTH} - guessed: times 1")
if not same or abs(ratio - WIDTH**0.5) > 1e-3:
    raise SystemExit("The behaviour changed: a merge leaves logits alone.")
PYTHON
