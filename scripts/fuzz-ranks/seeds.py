#!/usr/bin/env python3
"""Messages that can be read, for the fuzzer to begin with: calls of three rows for two experts, of each precision; a card."""
import struct
import sys
from pathlib import Path

COLUMNS, ROWS = 64, 3
ELEMENT_BYTES = {0: 4, 1: 2, 2: 1}


def call(precision):
    row = bytes(COLUMNS * ELEMENT_BYTES[precision])
    # Rows of int8 have a number of outliers behind them, all a scale.
    row += (struct.pack("<I", 0) if precision == 2 else b"") + struct.pack("<f", 1)
    head = struct.pack("<8I", 3, 1, 2, 2, 5, 1, 7, ROWS - 1)
    return bytes([precision]) + head + row * ROWS


def text(value):
    return struct.pack("<I", len(value)) + value.encode()


folder = Path(sys.argv[1])
for precision in ELEMENT_BYTES:
    (folder / f"call-{precision}").write_bytes(call(precision))
facts = {"the model": "abc", "the precision of weights": "bf16"}
card = text("host") + struct.pack("<I", len(facts)) + b"".join(text(name) + text(value) for name, value in facts.items())
(folder / "card").write_bytes(card)
