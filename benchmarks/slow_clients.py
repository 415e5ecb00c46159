"""A client that asks every tenth of a second, each time over a new connection, while slowhttptest holds a thousand slow ones.

Slow heads (slowloris), slow bodies and slow reading, one after the other, each between spells of peace, so that both are seen in
one run. The last attack is of our own: connections from many addresses, more than the server takes in all. Slow clients come
from 127.0.0.1 and the client from 127.0.0.2, for what one address may have is limited. Exits with 1 when the client was refused,
more than now and then in the last attack, or slowed down more than `--slowdown` and 50 ms allow.

    benchmarks/slow_clients.py [--seconds 30] [--connections 1000] [--binary .build/release/switchyard]
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BODY = json.dumps({"prompt": "A man is walking.", "temperature": 0, "max_tokens": 16}).encode()
REQUEST = (b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
           b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
OPEN = "switchyard_http_connections_open"
ATTACKS = {
    "slow heads": ["-H", "-i", "5", "-x", "24"],
    "slow bodies": ["-B", "-i", "5", "-s", "8192", "-x", "24", "-t", "POST", "-f", "application/json"],
    "slow reading": ["-X", "-k", "3", "-w", "512", "-y", "1024", "-n", "5", "-z", "32"],
}


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def ask(port, address="127.0.0.2"):
    """Seconds of one completion over a connection of its own, and what came back."""
    started = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=15, source_address=(address, 0)) as connection:
            connection.sendall(REQUEST)
            data = b""
            while part := connection.recv(65536):
                data += part
        outcome = data[9:12].decode() if data else "nothing"
    except OSError as error:
        outcome = type(error).__name__
    return time.monotonic() - started, outcome


def spell(port, seconds):
    """Asks ten times a second for a while."""
    latencies, outcomes, lock, threads = [], Counter(), threading.Lock(), []

    def one():
        taken, outcome = ask(port)
        with lock:
            latencies.append(taken)
            outcomes[outcome] += 1

    stop, due = time.monotonic() + seconds, time.monotonic()
    while due < stop:
        time.sleep(max(0, due - time.monotonic()))
        threads.append(threading.Thread(target=one))
        threads[-1].start()
        due += 0.1
    for thread in threads:
        thread.join()
    return latencies, outcomes


class Slowhttptest:
    """The attack, begun again whenever the server has closed all of its connections."""

    def __init__(self, port, connections, seconds, flags):
        path = "/openapi.yaml" if "-X" in flags else "/v1/completions"
        self.words = ["slowhttptest", *flags, "-c", str(connections), "-r", "300", "-l", str(seconds + 15), "-p", "5",
                      "-u", f"http://127.0.0.1:{port}{path}"]
        self.stopping, self.process, self.rounds = threading.Event(), None, 0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping.is_set():
            self.rounds += 1
            self.process = subprocess.Popen(self.words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while self.process.poll() is None and not self.stopping.wait(0.1):
                pass
        self.process.terminate()
        self.process.wait()

    def stop(self):
        self.stopping.set()
        self.thread.join()


class ManyAddresses:
    """Opens connections from many addresses, and again as they are closed, a byte of a head in each every few seconds."""

    def __init__(self, port, connections):
        self.port, self.stopping = port, threading.Event()
        each = connections // 8
        self.threads = [threading.Thread(target=self.hold, args=(f"127.0.1.{number}", each)) for number in range(1, 9)]
        for thread in self.threads:
            thread.start()

    def hold(self, address, count):
        held = []
        while not self.stopping.is_set():
            alive = []
            for connection in held:
                try:
                    connection.send(b"X")
                    alive.append(connection)
                except OSError:
                    connection.close()
            held = alive
            while len(held) < count and not self.stopping.is_set():
                try:
                    connection = socket.create_connection(("127.0.0.1", self.port), timeout=2, source_address=(address, 0))
                    connection.setblocking(False)
                    connection.send(b"GET / HTTP/1.1\r\nX-A: ")
                    held.append(connection)
                except OSError:
                    break
            self.stopping.wait(2)
        for connection in held:
            connection.close()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def gauge(port, name):
    with socket.create_connection(("127.0.0.1", port), timeout=15, source_address=("127.0.0.2", 0)) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        data = b""
        while part := connection.recv(65536):
            data += part
    found = re.search(rb"^" + re.escape(name.encode()) + rb" (\S+)$", data, re.MULTILINE)
    return float(found[1]) if found else float("nan")


def describe(name, latencies, outcomes, note=""):
    print(f"{name:>24}: {len(latencies)} requests, median {percentile(latencies, 0.5) * 1e3:6.1f} ms, "
          f"99 % {percentile(latencies, 0.99) * 1e3:6.1f} ms, {dict(outcomes)} {note}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--slowdown", type=float, default=2)
    parser.add_argument("--binary", default=os.environ.get("SWITCHYARD_BINARY", str(ROOT / ".build/release/switchyard")))
    options = parser.parse_args()
    if not shutil.which("slowhttptest"):
        sys.exit("slowhttptest is not installed")
    process = subprocess.Popen(
        [options.binary, "serve", str(ROOT / "models/en-de"), "--port", "0", "--log-level", "error"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    port = int(process.stdout.readline().rsplit(":", 1)[1])
    problems = []
    try:
        for _ in range(20):
            ask(port)
        attacks = {name: lambda flags=flags: Slowhttptest(port, options.connections, options.seconds, flags)
                   for name, flags in ATTACKS.items()}
        attacks["many addresses"] = lambda: ManyAddresses(port, options.connections * 3 // 2)
        for name, begin in attacks.items():
            peace, outcomes = spell(port, options.seconds)
            describe("in peace", peace, outcomes)
            attack = begin()
            try:
                time.sleep(5)
                held = []
                watchers = [threading.Timer(options.seconds * part / 5, lambda: held.append(gauge(port, OPEN))) for part in range(1, 5)]
                for watcher in watchers:
                    watcher.start()
                war, outcomes = spell(port, options.seconds)
                for watcher in watchers:
                    watcher.join()
            finally:
                attack.stop()
            describe(name, war, outcomes, f"with up to {max((count for count in held if count == count), default=0):.0f} connections open")
            if outcomes["200"] < len(war) * (0.8 if name == "many addresses" else 1):
                problems.append(f"{name}: {dict(outcomes)}")
            if percentile(war, 0.99) > percentile(peace, 0.99) * options.slowdown + 0.05:
                problems.append(f"{name}: 99 % went from {percentile(peace, 0.99) * 1e3:.0f} to {percentile(war, 0.99) * 1e3:.0f} ms")
            deadline = time.monotonic() + 60
            while gauge(port, OPEN) > 3 and time.monotonic() < deadline:
                time.sleep(0.5)
        print(f"connections left: {gauge(port, OPEN):.0f} (this one counts)")
    finally:
        process.terminate()
        status = process.wait(60)
    if status:
        problems.append(f"exit status {status}")
    for problem in problems:
        print(f"WRONG: {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
