"""Seeds of a kind, of the fixtures. Usage: seeds.py KIND FIXTURES_DIR TO_DIR"""
import gzip
import sys
import zlib
from pathlib import Path

kind, fixtures, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
found = []
if kind == "messages":
    found = [path.read_bytes() for path in fixtures.glob("t5x-*/checkpoint_*/checkpoint")]
elif kind == "arrays":
    found = [path.read_bytes() for path in fixtures.glob("t5x-*/checkpoint_*/target*/.zarray")]
elif kind == "chunks":
    data = bytes(range(200)) * 2
    size = len(data).to_bytes(2, "big")
    found = [b"\0" + size + gzip.compress(data), b"\0" + size + zlib.compress(data)]
    found += [b"\1\1\0" + path.read_bytes() for path in fixtures.glob("t5x-zstd/checkpoint_*/target*/0*")][:40]
elif kind == "tables":
    for path in fixtures.glob("mesh-*/*.index"):
        found += [b"\1" + path.read_bytes(), b"\0" + path.read_bytes()]
else:
    found = [path.read_bytes()[:4096] for path in fixtures.glob("mesh-snappy/*.index")]
for number, data in enumerate(found):
    (out / str(number)).write_bytes(data)
