"""The server's random numbers in place of torch's: Sources/Generation/Sampling/RandomSource.swift, and picks by them.

Every pick walks the running sum of probabilities in order of beam and token, in double precision, and takes the first
that passes a uniform number. A pick that is not put back leaves the others' probabilities in proportion.

Where fewer continuations have a probability than are to be drawn, the others are chance. They matter only where an answer
depends on them: they are taken from one end or the other, and both must give the same.
"""
from contextlib import contextmanager
from dataclasses import dataclass

import torch

MASK = (1 << 64) - 1
STRIDE = 0x9E3779B97F4A7C15


def mixed(value):
    """The finalizer of SplitMix64 (Steele, Lea, Flood 2014)."""
    z = value & MASK
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def uniform(seed, draw, step):
    """From 0 up to 1, exclusive."""
    key = mixed(seed + mixed(draw + STRIDE))
    return (mixed(key + step * STRIDE) >> 11) * 2.0**-53


def pick(weights, number):
    """The index at which the running sum of float64 `weights` passes `number` times their sum."""
    running = weights.cumsum(0)
    index = int(torch.searchsorted(running, number * running[-1], right=True))
    return index if index < len(weights) else int(weights.nonzero()[-1])


def several(weights, count, seed, step):
    """Without putting back; the k-th has a number of its own. Ends where nothing with a probability is left."""
    weights, picked = weights.clone(), []
    while len(picked) < count and weights.sum() > 0:
        picked.append(pick(weights, uniform(seed, len(picked), step)))
        weights[picked[-1]] = 0
    return picked


@dataclass
class Draws:
    from_the_end: bool
    """Where those without a probability are taken from."""
    ran_out: bool = False


@contextmanager
def injected(seed, draws):
    """`torch.multinomial` as the server draws: rows are continuations, or all beams are one row of many picks."""
    original, step = torch.multinomial, 0

    def filled(picked, size, count):
        draws.ran_out |= len(picked) < count
        others = range(size - 1, -1, -1) if draws.from_the_end else range(size)
        others = (index for index in others if index not in picked)
        return picked + [next(others) for _ in range(count - len(picked))]

    def draw(probabilities, num_samples, **_):
        nonlocal step
        rows = probabilities.double()
        if num_samples == 1:
            picked = [[pick(row, uniform(seed, index, step))] for index, row in enumerate(rows)]
        else:
            picked = [filled(several(row, num_samples, seed, step), len(row), num_samples) for row in rows]
        step += 1
        return torch.tensor(picked)

    torch.multinomial = draw
    try:
        yield
    finally:
        torch.multinomial = original
