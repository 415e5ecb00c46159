#!/usr/bin/env python3
"""How long a T5X checkpoint takes to be ready, beside the same weights as safetensors and beside zlib alone.

    read_t5x.py SWITCHYARD HF_DIR T5X_PLAIN_DIR T5X_GZIP_DIR [--rounds 3] [--port 22100]

Each is served with --weights f32 and asked until it is ready, page cache warm, one after the other in turns; the median counts. zlib
alone unpacks all chunks of the parameters on as many processes as there are processors. Then convert's largest resident memory.
"""
import argparse
import json
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
import zlib
from pathlib import Path


def chunks(directory):
    return [file for file in Path(directory).rglob("target.*/*") if file.is_file() and file.name != ".zarray"]


def warm(directory):
    for file in Path(directory).rglob("*"):
        if file.is_file():
            with open(file, "rb") as data:
                while data.read(1 << 24):
                    pass


def unpack(file):
    # Into one piece of the size that is known, as the server does.
    return len(zlib.decompress(file.read_bytes(), 47, 64 << 20))


def alone(directory):
    files = sorted(chunks(directory), key=lambda file: -file.stat().st_size)
    with multiprocessing.Pool(os.cpu_count()) as pool:
        started = time.perf_counter()
        total = sum(pool.imap_unordered(unpack, files))
    return time.perf_counter() - started, total


def ready(program, directory, port):
    started = time.perf_counter()
    words = [program, "serve", directory, "--weights", "f32", "--port", str(port), "--cache-memory", "256M"]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            assert server.poll() is None, directory
            try:
                if urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).status == 200:
                    return time.perf_counter() - started
            except OSError:
                pass
            time.sleep(0.01)
    finally:
        server.terminate()
        server.wait()


def peak(program, directory):
    out = tempfile.mkdtemp(dir=Path(directory).parent)
    os.rmdir(out)
    started = time.perf_counter()
    process = subprocess.Popen([program, "convert", directory, out], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    shutil.rmtree(out)
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("program", "safetensors", "plain", "gzip"):
        parser.add_argument(name)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=22100)
    arguments = parser.parse_args()
    seconds = {}
    for name in ("safetensors", "plain", "gzip"):
        warm(getattr(arguments, name))
    for _ in range(arguments.rounds):
        for name in ("safetensors", "plain", "gzip"):
            seconds.setdefault(name, []).append(ready(arguments.program, getattr(arguments, name), arguments.port))
        seconds.setdefault("zlib alone", []).append(alone(arguments.gzip)[0])
    median = {name: round(statistics.median(values), 2) for name, values in seconds.items()}
    convert = {name: peak(arguments.program, getattr(arguments, name)) for name in ("plain", "gzip")}
    print(json.dumps({
        "ready, seconds": median,
        "plain/safetensors": round(median["plain"] / median["safetensors"], 2),
        "gzip/zlib alone": round(median["gzip"] / median["zlib alone"], 2),
        "convert": {name: f"{seconds:.1f} s, {megabytes:.0f} MiB" for name, (seconds, megabytes) in convert.items()},
    }, indent=1))


if __name__ == "__main__":
    main()
