#!/usr/bin/env python3
"""Draws how several runs of `switchyard train` learnt: `learning_curves.py [--loss] OUT.svg NAME=RUN_DIR ...`

BLEU of the validation sources, or with --loss the validation loss in nats a token, over the minutes that steps took. Prints the
last of each run.
"""
import json
import math
import statistics
import sys
from pathlib import Path

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 400, 60, 150, 30, 50
COLORS = ["#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad"]


def curve(folder, measure):
    """Minutes and values; a run's minutes are those of all its tokens at its median speed, whatever else ran beside it."""
    log = [json.loads(line) for line in (Path(folder) / "log.jsonl").read_text().splitlines()]
    found = {line["step"]: line["validation"] for line in log if "validation" in line}
    speed = statistics.median(line["tokens_per_second"] for line in log if "tokens_per_second" in line)
    [*_, last] = sorted(Path(folder).glob("checkpoints/step-????????/progress.json"))
    progress = json.loads(last.read_text())
    minutes = progress["tokens"] / speed / progress["step"] / 60
    return [(step * minutes, value[measure]) for step, value in sorted(found.items())]


def ticks(top):
    """Four to eight round numbers from 0 to at most `top`."""
    power = 10.0 ** math.floor(math.log10(top))
    step = next(power * share for share in (0.2, 0.5, 1) if top / (power * share) < 8)
    return [step * index for index in range(math.floor(top / step) + 1)]


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--loss"]
    measure = "loss" if "--loss" in sys.argv else "bleu"
    out, runs = Path(arguments[0]), [argument.split("=", 1) for argument in arguments[1:]]
    curves = {name: curve(folder, measure) for name, folder in runs}
    points = [point for points in curves.values() for point in points]
    right, top = max(at for at, _ in points), max(value for _, value in points) * 1.05

    def place(at, value):
        return LEFT + at / right * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for value in ticks(top):
        _, y = place(0, value)
        lines.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    for at in ticks(right):
        x, _ = place(at, 0)
        lines.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{at:g}</text>')
    for row, (color, (name, points)) in enumerate(zip(COLORS, curves.items())):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        lines.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'
                     f'<text x="{WIDTH - RIGHT + 12}" y="{TOP + 12 + 18 * row}" fill="{color}">{name}</text>')
        print(f"{name}: last {points[-1][1]:.2f} after {points[-1][0]:.1f} minutes")
    lines.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 10}" text-anchor="middle">minutes</text></svg>')
    out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
