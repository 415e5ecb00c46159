"""Offers a server several times what it can do, and watches it.

First measures the capacity with as many clients as the server decodes together. Then requests arrive at random, at `--factor`
times that rate, whether or not earlier ones were answered, for `--minutes`. At last a crowd of obedient clients comes at once:
each that is refused waits as it was told and tries again.

Reports what was admitted and refused, the latency of both, memory and descriptors over time, and how far clients can trust
`Retry-After`. Exits with 1 when an accepted request was lost, the server's counts differ from the clients', something leaks, or
the latency of admitted requests is not bounded by the queue.

    benchmarks/overload.py [--factor 10] [--minutes 2] [--tokens 128] [--queue 64] [--binary .build/release/switchyard]
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUBJECTS = ["A man", "Two dogs", "A woman in a red dress", "A group of children", "An old man with a white beard"]
ACTIONS = ["is walking.", "play in the snow.", "sits on a bench near a lake and reads.", "are running along the beach."]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


class Lost(Exception):
    """An answer broke off."""


class Clients:
    """Sends requests over kept connections, opening one when none is idle."""

    def __init__(self, host, port, tokens):
        self.host, self.port, self.tokens = host, port, tokens
        self.idle = deque()
        self.connections = 0
        self.chance = random.Random(7)
        self.complete = self.refused = 0

    def request(self):
        prompt = f"{self.chance.choice(SUBJECTS)} {self.chance.choice(ACTIONS)}"
        stream = self.chance.random() < 0.5
        body = {"prompt": prompt, "max_tokens": self.tokens, "ignore_eos": True, "temperature": 0, "stream": stream}
        data = json.dumps(body).encode()
        return stream, (b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        b"Content-Length: %d\r\n\r\n" % len(data) + data)

    async def ask(self):
        """Status, seconds, and the `Retry-After` of a refusal."""
        stream, data = self.request()
        started = time.monotonic()
        reader, writer = await self.connection()
        writer.write(data)
        try:
            line = await reader.readline()
            if not line:
                raise Lost("closed before an answer")
            status, headers = int(line.split(b" ")[1]), {}
            while (line := await reader.readline()) != b"\r\n":
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            body = await self.body(reader, headers)
        except (OSError, EOFError, ValueError, IndexError) as error:
            self.leave(writer)
            raise Lost(repr(error)) from error
        if headers.get("connection", "").lower() == "close":
            self.leave(writer)
        else:
            self.idle.append((reader, writer))
        seconds = time.monotonic() - started
        if status == 200:
            whole = body.endswith(b"data: [DONE]\n\n") and b'"error"' not in body if stream else b'"finish_reason":"length"' in body
            if not whole:
                raise Lost(body[-200:])
            self.complete += 1
        return status, seconds, float(headers.get("retry-after", "nan"))

    async def connection(self):
        """One that is idle and that the server has not closed meanwhile, or a new one."""
        while self.idle:
            reader, writer = self.idle.pop()
            if not reader.at_eof():
                return reader, writer
            self.leave(writer)
        self.connections += 1
        return await asyncio.open_connection(self.host, self.port)

    @staticmethod
    async def body(reader, headers):
        if headers.get("transfer-encoding") != "chunked":
            return await reader.readexactly(int(headers["content-length"]))
        data = b""
        while size := int(await reader.readline(), 16):
            data += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return data

    def open(self):
        """Connections that neither side has closed."""
        return self.connections - sum(reader.at_eof() for reader, _ in self.idle)

    def leave(self, writer):
        self.connections -= 1
        writer.close()

    def close(self):
        while self.idle:
            self.leave(self.idle.pop()[1])

    async def get(self, path):
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        text = (await reader.read()).decode()
        writer.close()
        return text.partition("\r\n\r\n")[2]

    async def metrics(self):
        lines = (await self.get("/metrics")).splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line and line[0] != "#"}


def usage(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    field = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if ":" in line and len(line.split()) > 1}
    return int(field["VmRSS"]) / 1024, len(os.listdir(f"/proc/{process.pid}/fd")), int(field["Threads"])


async def capacity(clients, streams, seconds):
    """Requests a second when as many clients ask as are decoded together."""
    stop, counts = time.monotonic() + seconds, Counter()

    async def work():
        while time.monotonic() < stop:
            status, _, _ = await clients.ask()
            counts[status] += 1

    started = time.monotonic()
    await asyncio.gather(*(work() for _ in range(streams)))
    assert set(counts) == {200}, counts
    return counts[200] / (time.monotonic() - started)


async def open_loop(clients, process, rate, seconds):
    """Arrivals of a Poisson process; returns counts, latencies by status, and samples of the process."""
    counts, latencies, samples, advice = Counter(), {}, [], []
    running = set()

    async def one():
        try:
            status, taken, wait = await clients.ask()
        except (Lost, OSError) as error:
            counts[f"lost: {error}"[:120]] += 1
            return
        counts[status] += 1
        latencies.setdefault(status, []).append(taken)
        if status != 200:
            advice.append(wait)

    started = time.monotonic()
    due, sample_due = started, started
    while (now := time.monotonic()) < started + seconds:
        if now >= sample_due:
            samples.append((now - started, *usage(process), len(running), clients.open()))
            sample_due += max(5, seconds / 60)
        if due > now:
            await asyncio.sleep(due - now)
        due += clients.chance.expovariate(rate)
        task = asyncio.create_task(one())
        running.add(task)
        task.add_done_callback(running.discard)
    offered = time.monotonic() - started
    await asyncio.gather(*running)
    samples.append((time.monotonic() - started, *usage(process), len(running), clients.open()))
    return counts, latencies, samples, advice, offered


async def obedient(clients, crowd, attempts=8):
    """Everyone comes at once; who is refused waits as told. Returns attempts needed by each, and advice that was kept."""
    needed, told = [], Counter()

    async def one():
        for attempt in range(1, attempts + 1):
            status, _, wait = await clients.ask()
            if attempt > 1:
                told["in" if status == 200 else "refused again"] += 1
            if status == 200:
                return needed.append(attempt)
            # What clients add so that they do not all come back in the same instant.
            await asyncio.sleep(wait * (1 + clients.chance.random() / 4))
        needed.append(attempts + 1)

    started = time.monotonic()
    await asyncio.gather(*(one() for _ in range(crowd)))
    return Counter(needed), told, time.monotonic() - started


def answered(metrics, code):
    return sum(value for name, value in metrics.items() if name.startswith("switchyard_http_requests_total")
               and 'route="/v1/completions"' in name and f'code="{code}"' in name)


async def settled(clients):
    for _ in range(200):
        metrics = await clients.metrics()
        if not any(metrics[f"switchyard_{name}"] for name in ("requests_running", "requests_waiting", "kv_cache_bytes")):
            return metrics
        await asyncio.sleep(0.1)
    return metrics


async def run(options, process, host, port):
    clients, problems = Clients(host, port, options.tokens), []
    await clients.ask()
    rate = await capacity(clients, options.streams, options.capacity_seconds)
    print(f"capacity: {rate:.1f} requests of {options.tokens} tokens a second with {options.streams} clients", flush=True)
    before = await settled(clients)
    already = clients.complete
    counts, latencies, samples, advice, seconds = await open_loop(clients, process, options.factor * rate, options.minutes * 60)
    after = await settled(clients)
    total = sum(counts.values())
    print(f"offered {total} requests in {seconds:.0f} s, {total / seconds / rate:.1f} times the capacity: {dict(counts)}")
    for status, values in sorted(latencies.items()):
        print(f"  {status}: {len(values)} answers, {len(values) / seconds:.1f} a second; median {percentile(values, 0.5) * 1e3:.1f} ms, "
              f"99 % {percentile(values, 0.99) * 1e3:.1f} ms, slowest {max(values) * 1e3:.1f} ms")
    if advice:
        print(f"  Retry-After: {min(advice):.0f} to {max(advice):.0f} s, median {percentile(advice, 0.5):.0f} s")
    print("  seconds, resident MiB, descriptors, threads, requests under way, connections of the clients:")
    for sample in samples[:: max(1, len(samples) // 15)] + samples[-1:]:
        print("  " + "  ".join(f"{value:.0f}" if isinstance(value, int) else f"{value:.1f}" for value in sample))

    lost = {key: count for key, count in counts.items() if not isinstance(key, int)}
    if lost:
        problems.append(f"answers broke off: {lost}")
    served = answered(after, 200) - answered(before, 200)
    if served != counts[200]:
        problems.append(f"the server counts {served} answers, the clients {counts[200]}")
    finished = sum(value - before[name] for name, value in after.items() if name.startswith("switchyard_requests_finished_total"))
    if finished != counts[200]:
        problems.append(f"the engine finished {finished} requests, the clients have {counts[200]} answers")
    if set(counts) - {200, 429, 503} - set(lost):
        problems.append(f"other answers: {counts}")
    # A queue of so many lasts as long as they take at the rate of this very run: on a shared machine that is its own.
    bound = (options.queue + 2 * options.streams) / min(rate, counts[200] / seconds) * 2
    if percentile(latencies[200], 0.99) > bound:
        problems.append(f"99 % of the admitted took up to {percentile(latencies[200], 0.99):.1f} s, more than {bound:.1f} s")
    if options.factor > 1.5 and not counts[503] + counts[429]:
        problems.append("nothing was refused")
    # The first tenth of the time is for memory to reach its level.
    early = [sample for sample in samples if sample[0] >= samples[-1][0] / 10][0]
    late = samples[-2] if len(samples) > 2 else samples[-1]
    print(f"  resident {early[1]:.1f} MiB after a tenth of the time, {late[1]:.1f} at the end; descriptors that are no connections "
          f"{early[2] - early[5]} and {late[2] - late[5]}")
    if late[1] > early[1] * 1.1 + 16:
        problems.append(f"memory grew from {early[1]:.1f} to {late[1]:.1f} MiB")
    if late[2] - late[5] > early[2] - early[5] + 4:
        problems.append(f"descriptors that are no connections grew from {early[2] - early[5]} to {late[2] - late[5]}")

    crowd = 6 * options.queue
    needed, told, seconds = await obedient(clients, crowd)
    inside = sum(count for attempt, count in needed.items() if attempt <= 8)
    print(f"{crowd} obedient clients at once: {inside} answered within {seconds:.0f} s; attempts needed {dict(sorted(needed.items()))}; "
          f"of those who waited as told {told['in'] / max(1, sum(told.values())):.0%} got in")
    if inside < crowd * 0.95:
        problems.append("clients that waited as told were not let in")
    clients.close()
    await asyncio.sleep(1)
    print(f"clients gone: {usage(process)[0]:.1f} MiB, {usage(process)[1]} descriptors, {already} answers before")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--factor", type=float, default=10)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--streams", type=int, default=64)
    parser.add_argument("--queue", type=int, default=64)
    parser.add_argument("--capacity-seconds", type=float, default=15)
    parser.add_argument("--binary", default=os.environ.get("SWITCHYARD_BINARY", str(ROOT / ".build/release/switchyard")))
    parser.add_argument("--model", default=str(ROOT / "models" / "en-de"))
    options = parser.parse_args()
    process = subprocess.Popen(
        [options.binary, "serve", options.model, "--port", "0", "--log-level", "error", "--max-sequences", str(options.streams),
         "--max-queued-requests", str(options.queue), "--max-connections-per-address", "1024"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = process.stdout.readline().split()[-1]
        host, port = address.removeprefix("http://").split(":")
        problems = asyncio.run(run(options, process, host, int(port)))
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
        print(f"exit status after SIGTERM: {status}")
        if status:
            problems.append("exit status")
    finally:
        if process.poll() is None:
            process.kill()
    for problem in problems:
        print(f"WRONG: {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
