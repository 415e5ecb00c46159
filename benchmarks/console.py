"""Decoding and requests a second with the page's view of the load open in a browser and closed, in turn; needs wrk and chromium.

Run by an interpreter that has what Tests/Console/requirements.txt names.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "Tests/Console/Support"), str(ROOT / "Tests/EndToEnd/Support")]

from console_page import Page
from http_throughput import wrk
from switchyard_server import MODEL, Server


def decoded_a_second(server, tokens=400, rows=1):
    body = {"prompt": "A man is riding a bicycle.", "max_tokens": tokens, "ignore_eos": True, "temperature": 1, "seed": 1, "n": rows}
    begin = time.monotonic()
    server.http.post("/v1/completions", json=body).raise_for_status()
    return rows * tokens / (time.monotonic() - begin)


MEASURES = {
    "tokens a second, 1 row": lambda server: statistics.median(decoded_a_second(server) for _ in range(5)),
    "tokens a second, 32 rows": lambda server: statistics.median(decoded_a_second(server, rows=32) for _ in range(3)),
    "requests a second, 100 connections": lambda server: wrk("http", server.port, 100, 3)[0],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    found = {name: [] for name in MEASURES}
    with Server(MODEL) as server, Page(server.url) as page:
        decoded_a_second(server)
        for turn in range(arguments.rounds):
            for name, measure in MEASURES.items():
                rates = {}
                # One right after the other, in turns first, as the machine is not the same for long.
                for state in ("closed", "open")[:: 1 if turn % 2 else -1]:
                    if state == "open":
                        page.open("load").ready()
                        page.until(lambda: page.all(".heat .cell"))
                    else:
                        page.driver.get("about:blank")
                    time.sleep(1)
                    rates[state] = measure(server)
                found[name].append(rates)
    for name, rounds in found.items():
        closed, opened = (statistics.median(rates[state] for rates in rounds) for state in ("closed", "open"))
        ratios = sorted(rates["open"] / rates["closed"] for rates in rounds)
        print(f"{name}: closed {closed:.0f}, open {opened:.0f}; ratios of rounds, median {statistics.median(ratios):.3f}, "
              f"from {ratios[0]:.3f} to {ratios[-1]:.3f}")


if __name__ == "__main__":
    main()
