#!/usr/bin/env python3
"""The default number of threads beside every other, under a quota of processor time.

    quota.py MODEL_DIR [--quotas 1 1.5] [--threads 1 2] [--streams 1 32] [--tokens 64] [--rounds 5] [--weights bf16]
             [--binary .build/release/switchyard]

For each quota a server without `--threads` and one for each number of them, each in a control group of its own; they
take turns in every round, and whoever has no turn is idle. Of each: tokens a second, the median of the rounds and their
range; tokens for each second of a processor, which a busy machine disturbs less; the share of the quota's periods in
which threads were held up. At last the default beside the best of the others: the least, over them, of the median over
rounds of the ratio.

Needs root, and control groups of version 1 or 2 that may be written. The standard library is all else.
"""
import argparse
import contextlib
import http.client
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PERIOD = 100_000


class Group:
    """A control group with a quota, gone again at the end."""

    def __init__(self, name, processors):
        self.is_second = (CGROUPS / "cgroup.controllers").exists()
        top = CGROUPS if self.is_second else CGROUPS / "cpu"
        if self.is_second:
            (top / "cgroup.subtree_control").write_text("+cpu")
        self.path = top / f"switchyard-{os.getpid()}-{name}"
        self.path.mkdir()
        quota = int(processors * PERIOD)
        if self.is_second:
            (self.path / "cpu.max").write_text(f"{quota} {PERIOD}")
        else:
            (self.path / "cpu.cfs_period_us").write_text(str(PERIOD))
            (self.path / "cpu.cfs_quota_us").write_text(str(quota))

    def enter(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def periods(self):
        """Periods so far, and those of them in which threads were held up."""
        counts = dict(line.split() for line in (self.path / "cpu.stat").read_text().splitlines())
        return int(counts["nr_periods"]), int(counts["nr_throttled"])

    def remove(self):
        for _ in range(100):
            with contextlib.suppress(OSError):
                return self.path.rmdir()
            time.sleep(0.05)


class Server:
    def __init__(self, arguments, quota, threads):
        self.name = "default" if threads is None else f"--threads {threads}"
        self.group = Group(threads or "default", quota)
        flags = [] if threads is None else ["--threads", str(threads)]
        words = [arguments.binary, "serve", arguments.model, "--weights", arguments.weights, "--port", "0", *flags]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SWITCHYARD_")}
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        preexec_fn=self.group.enter, env=environment)
        found = re.search(r":(\d+)$", self.process.stdout.readline().strip())
        if not found:
            raise SystemExit(f"the server with {self.name} did not start")
        self.port = int(found[1])
        self.rates, self.efficiencies, self.throttled = {}, {}, {}

    def metric(self, name):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])

    def ask(self, vocabulary, tokens):
        prompt = [random.randrange(2, vocabulary) for _ in range(32)]
        body = {"prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True}
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status

    def measure(self, vocabulary, streams, tokens, is_counted):
        spent, periods = self.metric("process_cpu_seconds_total"), self.group.periods()
        threads = [threading.Thread(target=self.ask, args=(vocabulary, tokens)) for _ in range(streams)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - start
        spent = self.metric("process_cpu_seconds_total") - spent
        every, held = (new - old for new, old in zip(self.group.periods(), periods))
        if is_counted:
            self.rates.setdefault(streams, []).append(streams * tokens / seconds)
            self.efficiencies.setdefault(streams, []).append(streams * tokens / spent)
            self.throttled.setdefault(streams, []).append(held / max(every, 1))

    def line(self, streams):
        rates = self.rates[streams]
        return (f"  {self.name:<12} {statistics.median(rates):8.1f} tokens/s ({min(rates):.1f} – {max(rates):.1f}), "
                f"{statistics.median(self.efficiencies[streams]):8.1f} for each second of a processor, "
                f"held up in {statistics.median(self.throttled[streams]):4.0%} of periods")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.group.remove()


def compare(arguments, quota, vocabulary):
    servers = []
    try:
        for threads in [None, *arguments.threads]:
            servers.append(Server(arguments, quota, threads))
        default, others = servers[0], servers[1:]
        found = (f"{default.metric('switchyard_threads'):g} threads by default, "
                 f"{default.metric('switchyard_usable_processors'):g} processors found")
        # The first round warms up and is not counted.
        for round_number in range(arguments.rounds + 1):
            for streams in arguments.streams:
                for server in random.sample(servers, len(servers)):
                    server.measure(vocabulary, streams, arguments.tokens, round_number > 0)
        for streams in arguments.streams:
            print(f"a quota of {quota:g}, {streams} streams: {found}")
            for server in servers:
                print(server.line(streams))
            ratios = {other.name: statistics.median(a / b for a, b in zip(default.rates[streams], other.rates[streams]))
                      for other in others}
            best = min(ratios, key=ratios.get)
            print(f"  default / best: {ratios[best]:.2f} (beside {best})", flush=True)
    finally:
        for server in servers:
            server.stop()


def end(*_):
    """Ends as if all had been measured: servers and groups go, too."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--quotas", type=float, nargs="+", default=[1, 1.5], help="in processors")
    parser.add_argument("--threads", type=int, nargs="+", default=range(1, len(os.sched_getaffinity(0)) + 1))
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--weights", default="bf16")
    parser.add_argument("--binary", default=".build/release/switchyard")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, end)
    with open(f"{arguments.model}/config.json") as file:
        vocabulary = json.load(file)["vocab_size"]
    for quota in arguments.quotas:
        compare(arguments, quota, vocabulary)


if __name__ == "__main__":
    main()
