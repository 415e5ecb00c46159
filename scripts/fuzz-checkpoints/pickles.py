"""Takes the pickles out of weight files. Usage: pickles.py FROM_DIR TO_DIR"""
import sys
import zipfile
from pathlib import Path

for path in Path(sys.argv[1]).rglob("*.bin"):
    data = path.read_bytes()
    try:
        with zipfile.ZipFile(path) as archive:
            data = next(archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))
    except Exception:  # Not an archive, or one that nobody can read.
        continue
    (Path(sys.argv[2]) / path.stem).write_bytes(data)
