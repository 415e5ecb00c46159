"""Steps told by ranks_model.py beside steps measured: one process and jobs of several ranks, on the same machine, in turns.

The host is measured by `bench --json` and the link by `exchange` within the same rounds. A step is measured as the server
counts it: decoder passes of one request with so many prompts, less what a request of one token takes.
"""

import json
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ranks_model as model

MPIRUN = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
TOKENS = 64
PROMPT = 32
COUNTED = {
    "seconds": 'switchyard_engine_step_seconds_sum{phase="decode"}', "steps": 'switchyard_engine_step_seconds_count{phase="decode"}',
    "rows": "switchyard_batch_size_sum", "wait": "switchyard_exchange_wait_seconds_total",
    "sent": "switchyard_exchange_sent_bytes_total",
}


def add_arguments(parser):
    parser.add_argument("model")
    parser.add_argument("--binary", default=".build/release/switchyard")
    parser.add_argument("--weights", choices=model.WEIGHT_BYTES, default="bf16")
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 4], help="of these, up to the number of processors are held")
    parser.add_argument("--serve", choices=["first", "all"], default="first")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=0.15, help="how far told may be from measured")
    parser.add_argument("--save", help="a folder to keep what was measured of host, link and routing in")


class Server:
    """One process, or a job of ranks of one thread each."""

    def __init__(self, options, ranks):
        self.ranks = ranks
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        serving = ranks if options.serve == "all" else 1
        self.urls = [f"http://127.0.0.1:{port + rank}" for rank in range(serving)]
        prefix = [*MPIRUN, "-n", str(ranks)] if ranks > 1 else []
        flags = ["--ranks-serve", options.serve] if ranks > 1 else []
        command = [*prefix, options.binary, "serve", options.model, "--port", str(port), "--threads", "1", "--weights",
                   options.weights, "--cache-memory", "1G", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for url in self.urls:
            while not self.is_ready(url):
                if self.process.poll() is not None:
                    sys.exit(f"{' '.join(command)} ended")
                time.sleep(0.1)

    @staticmethod
    def is_ready(url):
        try:
            return urllib.request.urlopen(url + "/readyz", timeout=2).status == 200
        except OSError:
            return False

    def counts(self):
        """Of the first rank."""
        text = urllib.request.urlopen(self.urls[0] + "/metrics").read().decode()
        values = dict(re.findall(r"^(\S+) (\S+)$", text, re.M))
        return {name: float(values[metric]) for name, metric in COUNTED.items()}

    def ask(self, rows, tokens, draw):
        prompts = [[[draw.randrange(5, 32000) for _ in range(PROMPT)] for _ in range(rows)] for _ in self.urls]

        def post(url, prompts):
            body = {"prompt": prompts, "temperature": 0, "max_tokens": tokens, "ignore_eos": True}
            request = urllib.request.Request(url + "/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
            urllib.request.urlopen(request).read()

        with ThreadPoolExecutor(len(self.urls)) as pool:
            list(pool.map(post, self.urls, prompts))

    def passed(self, rows, tokens, draw):
        before = self.counts()
        self.ask(rows, tokens, draw)
        return {name: value - before[name] for name, value in self.counts().items()}

    def step(self, rows, draw):
        """Seconds of a step, the share of waiting in it, and bytes out of the first rank."""
        short, long = self.passed(rows, 1, draw), self.passed(rows, TOKENS, draw)
        difference = {name: long[name] - short[name] for name in COUNTED}
        steps = difference["steps"]
        if difference["rows"] / steps < 0.95 * rows:
            print(f"only {difference['rows'] / steps:.1f} rows a step of {rows}", file=sys.stderr)
        seconds = difference["seconds"] / steps
        return seconds, difference["wait"] / steps / seconds, difference["sent"] / steps

    def stop(self):
        self.process.terminate()
        self.process.wait()


def printed(command, file):
    """Runs what prints JSON into a file."""
    with file.open("w") as output:
        subprocess.run(command, check=True, stdout=output, stderr=subprocess.DEVNULL)
    return file


def machine(options, folder, number, threads):
    """What the machine does in this round, with so many threads."""
    sizes = [word for rows in options.rows for word in ("--sequences", str(rows))]
    command = [options.binary, "bench", options.model, "--weights", options.weights, "--threads", str(threads), "--rounds", "3",
               "--encode", "1", *sizes, "--json"]
    return printed(command, folder / f"bench-{number}-{threads}.json")


def together(files):
    """One report of those of several rounds: the median of each figure."""
    reports = [json.loads(file.read_text()) for file in files]
    first = reports[0]
    for place, result in enumerate(first["results"]):
        for name, value in result.items():
            values = [report["results"][place].get(name) for report in reports]
            if isinstance(value, float) and all(isinstance(each, float) for each in values):
                result[name] = statistics.median(values)
    file = files[0].with_name(f"bench-{first['threads']}.json")
    file.write_text(json.dumps(first))
    return file


def measure(options, folder):
    """Of each number of ranks and rows what was measured, in rounds; and the files that hosts are read from."""
    draw = random.Random(4)
    processors = max(each for each in options.ranks)
    threads = sorted({1, min(2, processors)})
    servers = [Server(options, ranks) for ranks in options.ranks]
    found, benches = {}, {count: [] for count in threads}
    try:
        for server in servers:
            server.ask(2, 4, draw)
        for number in range(options.rounds):
            for count in threads:
                benches[count].append(machine(options, folder, number, count))
            for rows in options.rows:
                for server in servers:
                    found.setdefault((server.ranks, rows), []).append(server.step(rows, draw))
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        experts = urllib.request.urlopen(servers[0].urls[0] + "/v1/experts").read()
    finally:
        for server in servers:
            server.stop()
    (folder / "experts.json").write_bytes(experts)
    return found, [together(files) for files in benches.values()]


def compare(options):
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.save or temporary)
        folder.mkdir(exist_ok=True)
        link = None
        if max(options.ranks) > 1:
            command = [*MPIRUN, "-n", "2", options.binary, "exchange"]
            link = model.MeasuredLink.of(printed(command, folder / "link.json"), options.serve)
        found, benches = measure(options, folder)
        return table(options, found, benches, link, folder / "experts.json")


def table(options, found, benches, link, experts):
    shape = model.Shape.of(options.model)
    held = len(json.loads(benches[-1].read_text()) and benches)
    wrong = 0
    print("| ranks | rows | told ms (dense · experts · exchange) | measured ms (least – most) | | waiting told · measured | MB told · measured |")
    print("|---|---|---|---|---|---|---|")
    for (ranks, rows), steps in sorted(found.items()):
        host = model.Host.of(benches, 1, ranks)
        told = model.Job(shape, options.weights, host, link, ranks, options.serve).step(rows, model.Routing(str(experts), shape), 100)
        times = sorted(step[0] for step in steps)
        measured = statistics.median(times)
        wait, sent = (statistics.median(step[place] for step in steps) for place in (1, 2))
        off = told.seconds / measured - 1
        wrong += ranks <= held and abs(off) > options.limit
        print(f"| {ranks} | {rows} | {told.seconds * 1e3:.2f} ({told.dense * 1e3:.2f} · {told.experts * 1e3:.2f} · "
              f"{told.exchange * 1e3:.2f}) | {measured * 1e3:.2f} ({times[0] * 1e3:.2f} – {times[-1] * 1e3:.2f}) | {off:+.0%} | "
              f"{told.wait / told.seconds:.0%} · {wait:.0%} | {told.sent / 1e6:.3f} · {sent / 1e6:.3f} |")
    if wrong:
        print(f"{wrong} of these are more than {options.limit:.0%} from what was measured", file=sys.stderr)
    return min(wrong, 1)
