"""Decoding and requests a second with the page's view of the load open in a browser and closed, in turn; needs wrk and chromium.

Run by an interpreter that has what Tests/Console/requirements.txt names.
"""

import argparse
import json
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
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    found = {name: {"open": [], "closed": []} for name in MEASURES}
    with Server(MODEL) as server:
        decoded_a_second(server)
        for round in range(2 * arguments.rounds):
            state = ("closed", "open")[round % 2]
            page = Page(server.url).open("load").ready() if state == "open" else None
            time.sleep(2)
            for name, measure in MEASURES.items():
                found[name][state].append(measure(server))
            if page:
                assert page.all(".heat .cell")
                page.driver.quit()
    for name, states in found.items():
        closed, opened = (statistics.median(states[state]) for state in ("closed", "open"))
        print(f"{name}: closed {closed:.1f}, open {opened:.1f}, ratio {opened / closed:.3f}; "
              + json.dumps({state: [round(value, 1) for value in values] for state, values in states.items()}))


if __name__ == "__main__":
    main()
