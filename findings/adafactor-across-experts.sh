#!/bin/sh
# optax 0.2.8 (jax 0.10.2): adafactor's second moments of a stack of experts are factored over its two largest dimensions,
# so the number of experts decides whether an expert's step depends on the gradients of the others.
#
# Seen: experts of 256 x 128. A stack of 8 keeps statistics [8, 128] and [8, 256], each expert by itself; a stack of 512
# keeps [256, 128] and [512, 128], rows over experts. With clipping and scaling by the parameter off, gradients ten times
# as large in half the rows of the other experts change the first expert's step in the stack of 512 by six times its largest
# entry, and not by one bit in the stack of 8.
# A good guess: the last two dimensions are factored, as for one matrix, and the leading one is a batch of experts.
. "$(dirname "$0")/environment.sh"
install optax==0.2.8 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu "$python" - <<'PYTHON'
import jax
import jax.numpy as jnp
import numpy as np
import optax

print("optax", optax.__version__, "jax", jax.__version__)
optimizer = optax.adafactor(1e-2, multiply_by_parameter_scale=False, clipping_threshold=None)


def statistics(experts):
    leaves = jax.tree_util.tree_leaves(optimizer.init(jnp.zeros((experts, 256, 128))))
    return sorted(leaf.shape for leaf in leaves if leaf.ndim > 1)


def first_step(experts, others):
    """The first expert's step, where half the rows of the others' gradients are multiplied by `others`."""
    gradient = np.random.default_rng(1).standard_normal((experts, 256, 128)).astype(np.float32)
    gradient[1:, :128] *= others
    weights = jnp.zeros(gradient.shape)
    steps, _ = optimizer.update(jnp.asarray(gradient), optimizer.init(weights), weights)
    return np.asarray(steps[0])


changes = {}
for experts in (8, 512):
    one, ten = first_step(experts, 1), first_step(experts, 10)
    changes[experts] = float(np.abs(ten - one).max() / np.abs(one).max())
    print(f"{experts} experts: statistics {statistics(experts)}; the first expert's step changes by "
          f"{changes[experts]:.2f} of its largest entry when the others' gradients grow - guessed: 0.00")
if changes[8] != 0 or changes[512] < 0.1 or statistics(512) != [(256, 128), (512, 128)]:
    raise SystemExit("The behaviour changed: the number of experts no longer decides what adafactor's statistics span.")
PYTHON
