#!/bin/sh
# gguf 0.19.0: a tensor of -1, 0 and 1 does not come back from GGUF's formats of four, five and eight bits.
#
# Seen, quantized and read again: Q4_0 gives five values. It has eight steps for the sign of a block's first largest weight
# and seven for the other, so in one block 1 stays and -1 becomes -0.875, in the next the other way round: a third of all
# weights change. Q5_0 does the same with 0.9375. Q4_1 and Q5_1 have no zero: 0 becomes -0.067 and 0.032. Q8_0 makes one
# 0.9999. MXFP4 (at this scale) and the ternary TQ1_0 and TQ2_0 change nothing.
# A good guess: what has sixteen or more even steps holds three even values as they are.
# Why it matters: weights that were trained to three values lose that, unevenly, in a file of twice the bits they need.
. "$(dirname "$0")/environment.sh"
install gguf==0.19.0 numpy==2.4.6
"$python" - <<'PYTHON'
import importlib.metadata

import numpy as np
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize

print("gguf", importlib.metadata.version("gguf"))
weights = np.random.default_rng(0).integers(-1, 2, (64, 256)).astype(np.float32)
SEEN = {"Q4_0": [-1, -0.875, 0, 0.875, 1], "Q5_0": [-1, -0.9375, 0, 0.9375, 1], "Q4_1": [-1, -0.0669, 0.9995],
        "Q5_1": [-1, 0.0322, 0.9999], "Q8_0": [-0.9999, 0, 0.9999], "MXFP4": [-1, 0, 1], "TQ1_0": [-1, 0, 1],
        "TQ2_0": [-1, 0, 1]}
changed = []
for name, values in SEEN.items():
    read = dequantize(quantize(weights, GGMLQuantizationType[name]), GGMLQuantizationType[name])
    found = [round(float(value), 4) for value in np.unique(read)]
    print(f"{name}: {found}, {(read != weights).mean():.0%} of the weights changed - guessed: [-1.0, 0.0, 1.0], 0%")
    if found != values:
        changed.append(name)
if changed:
    raise SystemExit(f"The behaviour changed: {', '.join(changed)}.")
PYTHON
