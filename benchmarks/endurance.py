"""Many mixed requests from keep-alive clients, a tenth of which leave midway.

Reports errors, memory and descriptors after the first thousand requests and at the end, and whether the gauges return to 0.
Exits with 1 when something is wrong.

    benchmarks/endurance.py [--requests 10000] [--clients 64] [--binary .build/release/switchyard] [--limit-seconds 1800]
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
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUBJECTS = ["A man", "Two dogs", "A woman in a red dress", "A group of children", "An old man with a white beard"]
ACTIONS = ["is walking.", "play in the snow.", "sits on a bench near a lake and reads.", "are running along the beach."]


def body(chance):
    """A request of one of three kinds, and its kind."""
    kind = chance.choices(["greedy", "sampled", "beams"], [4, 4, 2])[0]
    stream = kind != "beams" and chance.random() < 0.5
    request = {
        "prompt": f"{chance.choice(SUBJECTS)} {chance.choice(ACTIONS)}",
        "max_tokens": chance.choice([4, 8, 16, 32]), "stream": stream,
    }
    if kind == "greedy":
        request |= {"temperature": 0, "logprobs": chance.choice([None, 2])}
    elif kind == "sampled":
        request |= {"temperature": 1.2, "top_p": 0.9, "seed": chance.randrange(1 << 32), "n": chance.choice([1, 1, 3])}
    else:
        request |= {"num_beams": 4, "n": chance.choice([1, 4])}
    return request, kind + (" streamed" if stream else "")


class Client:
    def __init__(self, host, port):
        self.host, self.port, self.writer = host, port, None

    async def open(self):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)

    def leave(self):
        if self.writer is not None:
            self.writer.transport.abort()
            self.writer = None

    async def send(self, request):
        await self.open()
        data = json.dumps(request).encode()
        self.writer.write(
            b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(data) + data)
        await self.writer.drain()

    async def head(self):
        status = int((await self.reader.readline()).split(b" ")[1])
        headers = {}
        while (line := await self.reader.readline()) != b"\r\n":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return status, headers

    async def rest(self, headers):
        if headers.get("transfer-encoding") != "chunked":
            return await self.reader.readexactly(int(headers["content-length"]))
        data = b""
        while size := int(await self.reader.readline(), 16):
            data += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readline()
        return data


def wrong(status, data, request):
    """What is wrong with an answer, or nothing."""
    if status != 200:
        return f"{status} {data[:200]!r}"
    if request["stream"]:
        return None if data.endswith(b"data: [DONE]\n\n") and b'"error"' not in data else f"stream ends with {data[-200:]!r}"
    choices = json.loads(data)["choices"]
    if len(choices) != request.get("n", 1) or any(choice["finish_reason"] not in ("stop", "length") for choice in choices):
        return f"choices {choices!r}"[:200]
    return None


async def work(client, numbers, seed, counts, errors, finished):
    for number in numbers:
        chance = random.Random(seed * 1_000_003 + number)
        request, kind = body(chance)
        leaves = chance.random() < 0.1
        try:
            await client.send(request)
            if leaves:
                counts["left midway" + (" streamed" if request["stream"] else "")] += 1
                if request["stream"]:
                    await client.head()
                    await client.reader.readline()
                else:
                    await asyncio.sleep(chance.random() * 0.05)
                client.leave()
            else:
                status, headers = await client.head()
                problem = wrong(status, await client.rest(headers), request)
                counts[kind] += 1
                if problem:
                    errors[problem] += 1
                if headers.get("connection", "").lower() == "close":
                    client.leave()
        except (OSError, EOFError, ValueError, IndexError, KeyError) as error:
            errors[f"{kind}: {type(error).__name__}: {error}"] += 1
            client.leave()
        finished()


async def get(host, port, path):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    text = (await reader.read()).decode()
    writer.close()
    return text.partition("\r\n\r\n")[2]


async def gauges(host, port):
    lines = (await get(host, port, "/metrics")).splitlines()
    values = {line.split(" ")[0]: float(line.split(" ")[1]) for line in lines if line and line[0] != "#" and "{" not in line}
    return {name: values[f"switchyard_{name}"] for name in ("requests_running", "requests_waiting", "kv_cache_bytes")}


def usage(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    threads = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("Threads"))
    return {"resident_MiB": round(resident / 1024, 1), "descriptors": len(os.listdir(f"/proc/{process.pid}/fd")), "threads": threads}


async def run(options, process, host, port):
    counts, errors, done = Counter(), Counter(), 0
    checkpoints = {}

    def finished():
        nonlocal done
        done += 1
        if done in (min(1000, options.requests), options.requests // 2):
            checkpoints[done] = usage(process)
            print(f"after {done}: {checkpoints[done]}", flush=True)

    numbers = iter(range(options.requests))  # shared: each client takes the next
    clients = [Client(host, port) for _ in range(options.clients)]
    started = time.monotonic()
    await asyncio.wait_for(
        asyncio.gather(*(work(client, numbers, options.seed, counts, errors, finished) for client in clients)),
        options.limit_seconds)
    seconds = time.monotonic() - started
    busy = usage(process)
    print(f"after {done}, clients still connected: {busy}")
    for client in clients:
        client.leave()
    for _ in range(100):
        final = await gauges(host, port)
        if not any(final.values()):
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    print(f"after {done}, clients gone: {usage(process)}")
    print(f"{done} requests in {seconds:.1f} s, {done / seconds:.1f} requests/s: {dict(sorted(counts.items()))}")
    print(f"gauges: {final}")
    print(f"unexpected errors: {sum(errors.values())}")
    for error, count in errors.most_common(10):
        print(f"  {count} × {error}")
    early = checkpoints[min(1000, options.requests)]
    # A descriptor for each client that connects again is not a leak; one for each that left would be hundreds.
    leaked = busy["descriptors"] - early["descriptors"] > options.clients // 4
    grown = busy["resident_MiB"] > early["resident_MiB"] * 1.2 + 16
    if leaked or grown:
        print("descriptors leak" if leaked else "memory grows")
    return not errors and not any(final.values()) and not leaked and not grown


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit-seconds", type=float, default=1800)
    parser.add_argument("--binary", default=os.environ.get("SWITCHYARD_BINARY", str(ROOT / ".build/release/switchyard")))
    parser.add_argument("--model", default=str(ROOT / "models" / "en-de"))
    options = parser.parse_args()
    process = subprocess.Popen(
        [options.binary, "serve", options.model, "--port", "0", "--log-level", "error"], stdout=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().split()[-1]
        host, port = address.removeprefix("http://").split(":")
        print(f"at the start: {usage(process)}")
        good = asyncio.run(run(options, process, host, int(port)))
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
        print(f"exit status after SIGTERM: {status}")
    finally:
        if process.poll() is None:
            process.kill()
    sys.exit(0 if good and status == 0 else 1)


if __name__ == "__main__":
    main()
