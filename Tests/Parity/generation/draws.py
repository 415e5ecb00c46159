"""The server's random numbers in place of torch's: Sources/Generation/Sampling/RandomSource.swift, and picks by them.

Every pick walks the running sum of probabilities in order of beam and token, in double precision, and takes the first
that passes a uniform number. A pick that is not put back leaves the others' probabilities in proportion.
"""
from contextlib import contextmanager

import torch

MASK = (1 << 64) - 1
STRIDE = 0x9E3779B97F4A7C15


class LeftToChance(Exception):
    """Fewer continuations have a probability than are to be drawn: which others torch takes is chance."""


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
    if not running[-1] > 0:
        raise LeftToChance
    index = int(torch.searchsorted(running, number * running[-1], right=True))
    return index if index < len(weights) else int(weights.nonzero()[-1])


def several(weights, count, seed, step):
    """Without putting back; the k-th has a number of its own."""
    weights, picked = weights.clone(), []
    for draw in range(count):
        picked.append(pick(weights, uniform(seed, draw, step)))
        weights[picked[-1]] = 0
    return picked


@contextmanager
def injected(seed):
    """`torch.multinomial` as the server draws: rows are continuations, or all beams are one row of many picks."""
    original, step = torch.multinomial, 0

    def draw(probabilities, num_samples, **_):
        nonlocal step
        rows = probabilities.double()
        if num_samples == 1:
            picked = [[pick(row, uniform(seed, index, step))] for index, row in enumerate(rows)]
        else:
            picked = [several(row, num_samples, seed, step) for row in rows]
        step += 1
        return torch.tensor(picked)

    torch.multinomial = draw
    try:
        yield
    finally:
        torch.multinomial = original
