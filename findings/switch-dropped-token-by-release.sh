#!/bin/sh
# transformers 4.51.3, 4.57.6, 5.0.0 and 5.23.0: what a sparse layer of a Switch Transformer gives for a token whose expert is
# full depends on the release, for the same weights.
#
# Seen, where an expert has room for two of four equal tokens: 4.51.3 gives the other two their own normed input times the
# gate; 4.57.6 and 5.23.0 nothing, so that only the residual remains; 5.0.0 drops none, as if expert_capacity were not there.
# A good guess: a token over capacity gets nothing from the layer but its residual, in all of them, as in the paper.
. "$(dirname "$0")/environment.sh"
install torch==2.13.0 numpy==2.4.6
cat >"$folder/drop.py" <<'PYTHON'
import sys

import torch
import transformers
from transformers import SwitchTransformersConfig
from transformers.models.switch_transformers import modeling_switch_transformers as switch

torch.manual_seed(0)
config = SwitchTransformersConfig(vocab_size=16, d_model=8, d_kv=4, d_ff=8, num_heads=2, num_experts=2, expert_capacity=2)
layer = switch.SwitchTransformersSparseMLP(config).eval()
row = torch.randn(8)
with torch.no_grad():
    output = layer(row.repeat(2, 4, 1))
    output = (output[0] if isinstance(output, tuple) else output).reshape(2, 4, 8)
    gate = torch.softmax(layer.router.classifier(row), -1).max()


def kind(given):
    for name, value in (("expert", output[0, 0]), ("zero", torch.zeros(8)), ("gate*input", gate * row), ("input", row)):
        if torch.allclose(given, value, atol=1e-6):
            return name
    return "other"


found = "; ".join(" ".join(kind(token) for token in sequence) for sequence in output)
print(f"transformers {transformers.__version__}: {found} - guessed: expert expert zero zero, in both")
if found != sys.argv[1]:
    raise SystemExit("The behaviour changed: this release was seen to give " + sys.argv[1])
PYTHON
# The releases before 5 and after want other versions of what they stand on, so each has a folder of its own.
try() {
    "$python" -m pip install -q --disable-pip-version-check --target "$folder/$1" "transformers==$1"
    PYTHONPATH=$folder/$1 "$python" "$folder/drop.py" "$2"
}
echo "two sequences of four equal tokens, two of which an expert has room for:"
try 4.51.3 "expert expert gate*input gate*input; expert expert gate*input gate*input"
try 4.57.6 "expert expert zero zero; expert expert zero zero"
try 5.0.0 "expert expert expert expert; expert expert expert expert"
try 5.23.0 "expert expert zero zero; expert expert zero zero"
