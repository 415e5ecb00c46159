#!/bin/sh
# bitsandbytes 0.50.2 (torch 2.13.0), NF4: blocks of 64 run on over the ends of rows, so a row's weights depend on other rows.
#
# Seen: 8 rows of 96 normal numbers have 12 blocks, not 16: every third is the end of one row and the start of the next.
# Where the end of row 0 holds one weight of 50, the start of row 1 is rounded to that weight's steps: its mean error is
# 10.6 times that of the same row quantized alone. At 128 columns it is the same. Of two experts of 7 x 96 in one tensor
# the second gets other nibbles for 207 of 672 weights than alone: its blocks start in the middle of its own.
# A good guess: blocks end with the row, the last one shorter, or such a width is refused, as gguf does; what an expert
# becomes does not depend on the stack it is in.
. "$(dirname "$0")/environment.sh"
install torch==2.13.0 bitsandbytes==0.50.2 numpy==2.4.6
"$python" - <<'PYTHON'
import bitsandbytes
import torch
from bitsandbytes.functional import get_4bit_type, quantize_4bit

print("bitsandbytes", bitsandbytes.__version__, "torch", torch.__version__)
VALUES = get_4bit_type("nf4", device="cpu")


def quantized(weights):
    """The nibbles, the rounded weights in their shape, and the number of blocks."""
    # Read by hand: at such a width dequantize_4bit takes other scales on processors with AVX-512.
    packed, state = quantize_4bit(weights.contiguous(), blocksize=64, quant_type="nf4")
    nibbles = torch.stack([packed.flatten() >> 4, packed.flatten() & 15], -1).flatten().long()
    scales = state.absmax.repeat_interleave(64)[: nibbles.numel()]
    return nibbles.reshape(weights.shape), (VALUES[nibbles] * scales).reshape(weights.shape), state.absmax.numel()


ratios = {}
for width in (96, 128):
    torch.manual_seed(0)
    matrix = torch.randn(8, width)
    matrix[0, -6] = 50
    (_, inside, blocks), (_, alone, _) = quantized(matrix), quantized(matrix[1:2])
    errors = [float((given - matrix[1])[:32].abs().mean()) for given in (inside[1], alone[0])]
    ratios[width] = errors[0] / errors[1]
    print(f"8 rows of {width}: {blocks} blocks; the start of row 1, behind a weight of 50, has {ratios[width]:.1f} times the "
          "error it has alone - guessed: 1.0")
experts = torch.randn(2, 7, 96)
changed = int((quantized(experts)[0][1] != quantized(experts[1])[0]).sum())
print(f"the second of two experts of 7 x 96: {changed} of 672 nibbles are others in the stack than alone - guessed: 0")
if ratios[96] < 4 or ratios[128] != 1 or changed < 100:
    raise SystemExit("The behaviour changed: a row's weights no longer depend on the rows around it.")
PYTHON
