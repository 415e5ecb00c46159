#!/bin/sh
# tensorstore 0.1.86 and zarr 3.1.6: what the one writes as bfloat16, the other cannot open, in neither zarr format.
#
# Seen: arrays of zarr 2 (as T5X checkpoints hold their weights) and of zarr 3 with the type bfloat16 are written and read
# by tensorstore; zarr.open raises "No Zarr data type found" for both, also with ml_dtypes there. The bytes are plain: named
# as uint16 in the metadata, both are opened, and widening by 16 zero bits gives the numbers.
# A good guess: the format's own Python library opens what the other large implementation writes; at least in zarr 3.
. "$(dirname "$0")/environment.sh"
install tensorstore==0.1.86 zarr==3.1.6 numcodecs==0.16.6 ml_dtypes==0.6.0 numpy==2.4.6
"$python" - "$folder" <<'PYTHON'
import importlib.metadata
import json
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import tensorstore
import zarr

folder = Path(sys.argv[1])
values = np.arange(-8, 8).reshape(4, 4).astype(ml_dtypes.bfloat16)
METADATA = {
    "zarr": {"shape": [4, 4], "chunks": [2, 2], "dtype": "bfloat16", "compressor": None, "fill_value": None},
    "zarr3": {"shape": [4, 4], "data_type": "bfloat16",
              "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 2]}}},
}
print("tensorstore", importlib.metadata.version("tensorstore"), "zarr", zarr.__version__)
changed = []
for driver, metadata in METADATA.items():
    path = folder / driver
    array = tensorstore.open({"driver": driver, "kvstore": {"driver": "file", "path": str(path)}, "create": True,
                              "metadata": metadata}).result()
    array.write(values).result()
    assert (array.read().result() == values).all()
    try:
        print(f"{driver}: zarr.open gives {zarr.open(str(path), mode='r').dtype} - guessed: that it opens")
        changed.append(driver)
    except ValueError as error:
        print(f"{driver}: zarr.open raises ValueError: {error} - guessed: that it opens")
    file = path / (".zarray" if driver == "zarr" else "zarr.json")
    described = json.loads(file.read_text())
    described |= {"dtype": "<u2"} if driver == "zarr" else {"data_type": "uint16", "fill_value": 0}
    file.write_text(json.dumps(described))
    bits = zarr.open(str(path), mode="r")[:].astype(np.uint32) << 16
    if not (bits.view(np.float32) == values.astype(np.float32)).all():
        changed.append(driver + " as uint16")
if changed:
    raise SystemExit(f"The behaviour changed: {', '.join(changed)}.")
PYTHON
