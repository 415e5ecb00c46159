"""Writes gzip bodies to start from: of every block type, with every field of the header, several members, and a dense one."""

import gzip
import sys
import zlib
from pathlib import Path

directory = Path(sys.argv[1])
text = b'{"prompt": "A man is riding a bicycle.", "temperature": 0}'
plain = gzip.compress(text, mtime=0)
fields = plain[:3] + bytes([0x1F]) + plain[4:10] + b"\x02\x00ab" + b"name\0" + b"comment\0"
with_fields = fields + (zlib.crc32(fields) & 0xFFFF).to_bytes(2, "little") + plain[10:]


def packed(data, strategy):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31, 8, strategy)
    return packer.compress(data) + packer.flush()


seeds = {
    "plain": plain,
    "stored": gzip.compress(text, 0, mtime=0),
    "fixed": packed(text, zlib.Z_FIXED),
    "runs": packed(text * 20, zlib.Z_RLE),
    "fields": with_fields,
    "empty": gzip.compress(b"", mtime=0),
    "members": plain + gzip.compress(b"", mtime=0) + plain,
    "dense": gzip.compress(bytes(60_000), mtime=0),
    "cut": plain[:-5],
    "trailer": plain + b"\0",
}
for name, data in seeds.items():
    (directory / name).write_bytes(data)
