"""Starts the real binary on a free port and speaks plain HTTP to it."""

import json
import os
import queue
import random
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[3]
MODEL = ROOT / "models" / "en-de"
JSON = {"Content-Type": "application/json"}


def binary():
    if "SWITCHYARD_BINARY" in os.environ:
        return os.environ["SWITCHYARD_BINARY"]
    release = ROOT / ".build" / "release" / "switchyard"
    return str(release if release.exists() else ROOT / ".build" / "debug" / "switchyard")


def clean_environment(extra=None):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SWITCHYARD_")}
    environment.update(extra or {})
    return environment


def lines_of_words():
    """Text for a language model that is trained in a moment: 400 lines of six words each."""
    choice = random.Random(5)
    words = ["to", "be", "or", "not", "that", "is", "the", "question", "whether"]
    return "".join(" ".join(choice.choices(words, k=6)) + ".\n" for _ in range(400))


def run_binary(*arguments, environment=None, timeout=10):
    """Runs the binary until it exits by itself; a run longer than `timeout` seconds is a failure."""
    return subprocess.run(
        [binary(), *map(str, arguments)], capture_output=True, text=True, errors="replace",
        timeout=timeout, env=clean_environment(environment),
    )


class Server:
    def __init__(self, model=MODEL, *flags, environment=None, port=0, prefix=(), **popen):
        """`prefix` is a command to run the binary under; `popen` goes to `subprocess.Popen`."""
        arguments = [*prefix, binary(), "serve", str(model), *map(str, flags)]
        if port is not None:
            arguments += ["--port", str(port)]
        self.process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, text=True, errors="replace", env=clean_environment(environment),
            **{"stderr": subprocess.PIPE} | popen,
        )
        self.log = []
        lines = queue.Queue()
        self._drain(self.process.stdout, lines.put)
        if self.process.stderr:
            self._drain(self.process.stderr, self.log.append)
        try:
            line = lines.get(timeout=30)
        except queue.Empty:
            line = ""
        match = re.fullmatch(r"listening on (https?://(.+):(\d+))\n", line)
        if not match:
            self.process.kill()
            raise RuntimeError(f"no address in {line!r}; log: {''.join(self.log)}")
        self.url, self.host, self.port = match[1], match[2], int(match[3])
        # Certificates of tests are trusted by nobody; who checks them says so itself.
        self.http = httpx.Client(base_url=self.url, timeout=60, verify=False)
        deadline = time.monotonic() + 30
        while self.http.get("/readyz").status_code != 200:
            if time.monotonic() > deadline:
                raise RuntimeError("never ready")
            time.sleep(0.05)

    @staticmethod
    def _drain(stream, sink):
        threading.Thread(target=lambda: [sink(line) for line in stream], daemon=True).start()

    def post(self, path, **body):
        return self.http.post(path, json=body)

    def complete(self, prompt="A man is walking.", **body):
        body = {"temperature": 0, "max_tokens": 32, **body}
        answer = self.post("/v1/completions", prompt=prompt, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def connect(self, timeout=20):
        return socket.create_connection((self.host, self.port), timeout=timeout)

    def metric(self, name):
        for line in self.http.get("/metrics").text.splitlines():
            if line.split(" ")[0] == name:
                return float(line.split(" ")[1])
        raise KeyError(name)

    def idle(self, within=10):
        """True once nothing runs and nothing waits."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if self.metric("switchyard_requests_running") == self.metric("switchyard_requests_waiting") == 0:
                return True
            time.sleep(0.05)
        return False

    def alive(self):
        return self.process.poll() is None and self.http.get("/livez").status_code == 200

    def stop(self, within=40):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()
        if self.process.poll() is None:
            self.stop(within=10)


def raw_request(method, path, body=b"", headers=()):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_response(stream):
    """Status, lower-case headers and body of one response from a buffered socket file."""
    status = int(stream.readline().split(b" ")[1])
    headers = {}
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(stream.readline(), 16):
            body += stream.read(size)
            stream.readline()
        stream.readline()
    else:
        body = stream.read(int(headers.get("content-length", 0)))
    return status, headers, body


def events(text):
    """The JSON of each server-sent event; the last must be [DONE]."""
    data = [line[len("data: "):] for line in text.splitlines() if line.startswith("data: ")]
    assert data[-1] == "[DONE]"
    return [json.loads(item) for item in data[:-1]]


def one_sentence(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines and len(lines) <= 3 and all(len(line) < 600 for line in lines)
