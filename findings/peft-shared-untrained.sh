#!/bin/sh
# peft 0.21.2 with transformers 5.23.0: a T5 whose embedding is to be trained beside its adapter trains everything but that.
#
# Seen: LoRA on the queries with modules_to_save=["shared"] makes a trainable copy of the embedding, counts it, writes it into
# every adapter - and its gradient is None: the stacks look tokens up in `encoder.embed_tokens` and `decoder.embed_tokens`,
# which still are the frozen original. Nothing warns. A Switch Transformer does the same.
# A good guess: the embedding gets gradients. It is the way to teach a model new tokens, and works for a decoder-only model,
# whose one embedding is the one it looks tokens up in.
. "$(dirname "$0")/environment.sh"
install torch==2.7.1 transformers==5.23.0 peft==0.21.2
"$python" - <<'PYTHON'
import peft
import torch
import transformers
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

print("peft", peft.__version__, "transformers", transformers.__version__, "torch", torch.__version__)
ids = torch.tensor([[5, 6, 7, 8]])


def embedding_gradient(model, adapter, **inputs):
    """How large the gradient of the copied embedding is after one step back; None where it has none."""
    model = get_peft_model(model, adapter)
    model(input_ids=ids, labels=ids, **inputs).loss.backward()
    (copy,) = [weight for name, weight in model.named_parameters() if "modules_to_save" in name and weight.requires_grad]
    return None if copy.grad is None else copy.grad.abs().max().item()


t5 = T5ForConditionalGeneration(T5Config(vocab_size=16, d_model=8, d_kv=4, d_ff=8, num_heads=2, num_layers=1,
                                         decoder_start_token_id=0))
llama = LlamaForCausalLM(LlamaConfig(vocab_size=16, hidden_size=8, intermediate_size=8, num_hidden_layers=1,
                                     num_attention_heads=2, num_key_value_heads=2))
found = embedding_gradient(t5, LoraConfig(r=2, target_modules=["q"], modules_to_save=["shared"]))
other = embedding_gradient(llama, LoraConfig(r=2, target_modules=["q_proj"], modules_to_save=["embed_tokens"]))
print(f"gradient of T5's copied embedding: {found} - guessed: a number; of a Llama's: {other:.2g}")
if found is not None or not other:
    raise SystemExit("The behaviour changed: the copied embedding is in use.")
PYTHON
