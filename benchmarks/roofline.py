#!/usr/bin/env python3
"""Draws a roofline from what `switchyard bench --json` printed: `roofline.py OUT.svg BENCH.json ...`

Work done for each byte read against operations per second, both logarithmic. The roofs are the medians that the bench
measured between its rounds: the slope is the read bandwidth, each flat part the arithmetic of a precision. A point is a
measurement; its distance below its roof is what is left on the table.
"""
import json
import math
import statistics
import sys
from pathlib import Path

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 520, 80, 190, 40, 60
COLORS = {"f32": "#1b6ca8", "bf16": "#c0392b", "int8": "#2e8b57", "int4": "#8e44ad"}


def main():
    out, reports = Path(sys.argv[1]), [json.loads(Path(path).read_text()) for path in sys.argv[2:]]
    points = [(report["weights"], one) for report in reports for one in report["results"]]
    intensity = [one["operations"] / one["bytes"] for _, one in points]
    low, high = math.floor(math.log10(min(intensity))), math.ceil(math.log10(max(intensity) * 1.3))
    rates = [one["operations"] / one["seconds"] for _, one in points] + [one["arithmetic"] for _, one in points if "arithmetic" in one]
    bottom, top = math.floor(math.log10(min(rates))), math.log10(max(rates) * 1.5)

    def x(value):
        return LEFT + (math.log10(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(value):
        return HEIGHT - BOTTOM - (math.log10(value) - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM)

    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for power in range(low, high + 1):
        at = x(10.0**power)
        lines.append(f'<line x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>'
                     f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{10.0**power:g}</text>')
    for power in range(bottom, math.floor(top) + 1):
        at = y(10.0**power)
        lines.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power / 1e9:g}</text>')
    lines.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 18}" text-anchor="middle">operations per byte read</text>'
                 f'<text x="20" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 20 {HEIGHT / 2})">'
                 'billion operations per second</text>')
    for report in reports:
        weights, results = report["weights"], report["results"]
        color = COLORS[weights]
        roof = statistics.median_high(one["arithmetic"] for one in results if "arithmetic" in one)
        bandwidth = sorted(one["read_bandwidth"] for one in results)[len(results) // 2]
        ridge = roof / bandwidth
        start = max(10.0**low, 10.0**bottom / bandwidth)
        lines.append(f'<polyline fill="none" stroke="{color}" stroke-width="1.5" points="{x(start):.1f},'
                     f'{y(start * bandwidth):.1f} {x(ridge):.1f},{y(roof):.1f} {x(10.0**high):.1f},{y(roof):.1f}"/>'
                     f'<text x="{WIDTH - RIGHT + 8}" y="{y(roof) + 4:.1f}" fill="{color}">{weights}: {roof / 1e9:.0f} GOP/s, '
                     f'{bandwidth / 1e9:.0f} GB/s</text>')
        for one in results:
            rate = one["operations"] / one["seconds"]
            at = x(one["operations"] / one["bytes"]), y(rate)
            shape = (f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="4" fill="{color}"/>' if one["task"] == "decode" else
                     f'<rect x="{at[0] - 4:.1f}" y="{at[1] - 4:.1f}" width="8" height="8" fill="{color}"/>')
            lines.append(f'{shape}<text x="{at[0] + 7:.1f}" y="{at[1] + 14:.1f}" fill="{color}">{one["size"]}</text>')
    lines.append(f'<text x="{LEFT}" y="24">circles: sequences decoded together; squares: tokens of the prompt encoded</text></svg>')
    out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
