#!/bin/sh
# orbax-checkpoint 0.12.8 (jax 0.10.2): a weight restored for a NumPy array has the stored shape, whatever shape was asked for.
#
# Seen: [4, 3] is stored. Restored into a tree that asks for bfloat16 [2, 3] by a JAX array: ValueError, "Requested shape …
# is not compatible". By a NumPy array: bfloat16, as asked, but [4, 3], without a word. With a bare ShapeDtypeStruct it depends
# on who saved: refused where the stored one was a JAX array, ignored where it was NumPy's.
# A good guess: a shape that does not fit is an error for both kinds, since type and tree are taken from what was asked.
# Why it matters: a vocabulary or a number of experts of another model is not noticed until a product fails, or broadcasts.
. "$(dirname "$0")/environment.sh"
install orbax-checkpoint==0.12.8 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6 ml_dtypes==0.6.0
JAX_PLATFORMS=cpu "$python" - "$folder" <<'PYTHON'
import importlib.metadata
import logging
import sys

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import orbax.checkpoint as orbax

logging.disable(logging.WARNING)
print("orbax-checkpoint", importlib.metadata.version("orbax-checkpoint"), "jax", jax.__version__)
checkpointer = orbax.StandardCheckpointer()
weights = np.arange(12, dtype=np.float32).reshape(4, 3)
for name, array in (("numpy", weights), ("jax", jnp.asarray(weights))):
    checkpointer.save(f"{sys.argv[1]}/{name}", {"w": array})
checkpointer.wait_until_finished()
ASKED = {
    "a NumPy array": np.zeros((2, 3), ml_dtypes.bfloat16),
    "a JAX array": jnp.zeros((2, 3), jnp.bfloat16),
    "a ShapeDtypeStruct": jax.ShapeDtypeStruct((2, 3), jnp.bfloat16),
}
found = {}
for asked, array in ASKED.items():
    for saved in ("numpy", "jax"):
        try:
            restored = checkpointer.restore(f"{sys.argv[1]}/{saved}", {"w": array})["w"]
            found[asked, saved] = f"{restored.dtype} {list(restored.shape)}"
        except ValueError as error:
            found[asked, saved] = "ValueError"
        print(f"[4, 3] saved by {saved}, bfloat16 [2, 3] asked for by {asked}: {found[asked, saved]} - guessed: ValueError")
ignored, refused = "bfloat16 [4, 3]", "ValueError"
if list(found.values()) != [ignored, ignored, refused, refused, ignored, refused]:
    raise SystemExit("The behaviour changed: shapes asked for by NumPy arrays are no longer ignored, or those of JAX are.")
PYTHON
