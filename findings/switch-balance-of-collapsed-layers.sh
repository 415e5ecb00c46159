#!/bin/sh
# transformers 5.23.0: the load-balancing loss of a Switch Transformer is at its least where every layer has collapsed.
#
# Seen: two sparse encoder layers of two experts, each layer sending every token to one expert. Where both choose expert 0 the
# loss is 2.00, its largest; where one chooses 0 and the other 1 it is 1.00, what a perfect balance has. The layers' routers
# are laid end to end, as if their tokens were one layer's, before the loss of Fedus and others (2021) is taken.
# A good guess: the mean (or the sum) of each layer's loss: 2.00 in both cases, since half of all experts get nothing.
. "$(dirname "$0")/environment.sh"
install torch==2.13.0 transformers==5.23.0
"$python" - <<'PYTHON'
import torch
import transformers
from transformers import SwitchTransformersConfig, SwitchTransformersForConditionalGeneration

print("transformers", transformers.__version__, "torch", torch.__version__)
torch.manual_seed(0)
config = SwitchTransformersConfig(vocab_size=64, d_model=32, d_kv=8, d_ff=32, num_heads=4, num_experts=2, router_bias=True,
                                  num_layers=4, num_sparse_encoder_layers=2, num_decoder_layers=2,
                                  num_sparse_decoder_layers=1, pad_token_id=0, decoder_start_token_id=0)
model = SwitchTransformersForConditionalGeneration(config).eval()
routers = [block.layer[-1].mlp.router.classifier for block in model.encoder.block if block.layer[-1].is_sparse]
losses = {}
for choices in ((0, 0), (0, 1)):
    for router, choice in zip(routers, choices, strict=True):
        router.weight.data.zero_()
        router.bias.data.zero_()
        router.bias.data[choice] = 10
    output = model(input_ids=torch.randint(2, 64, (1, 16)), labels=torch.randint(2, 64, (1, 8)), output_router_logits=True)
    losses[choices] = float(output.encoder_aux_loss)
    print(f"every token to experts {choices} of the two layers: loss {losses[choices]:.4f} - guessed: 2.00")
if losses[0, 0] < 1.99 or losses[0, 1] > 1.01:
    raise SystemExit("The behaviour changed: the loss no longer takes layers for one.")
PYTHON
