"""Faults of clients and of the machine: each harms nobody else, and leaves nothing behind.

FAULTS_SCALE multiplies the sizes; `make faults` runs with a large one.
"""

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import psutil
import pytest

from switchyard_server import MODEL, ROOT, Server, binary, clean_environment, events, raw_request, read_response

SCALE = int(os.environ.get("FAULTS_SCALE", "1"))
CANCELLED = 'switchyard_requests_finished_total{reason="cancelled"}'
PROMPT = "A man is walking."
WALK = json.dumps({"prompt": PROMPT, "temperature": 0}).encode()
WALK_STREAM = json.dumps({"prompt": PROMPT, "temperature": 0, "stream": True, "max_tokens": 4}).encode()
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def long_body(tokens, **members):
    return json.dumps({"prompt": PROMPT, "temperature": 0, "max_tokens": tokens, "ignore_eos": True} | members).encode()


def completion(body, headers=()):
    return raw_request("POST", "/v1/completions", body, headers)


def reset(connection):
    """Closes with a reset instead of an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def eventually(condition, within=10):
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Unharmed:
    """Around a fault: afterwards the server answers as before, and holds no more descriptors or requests than before."""

    def __init__(self, server):
        self.server, self.process = server, psutil.Process(server.process.pid)

    def answer(self):
        answer = self.server.post("/v1/completions", **json.loads(WALK))
        assert answer.status_code == 200, answer.text
        return answer.json()["choices"]

    def __enter__(self):
        self.expected, self.descriptors = self.answer(), self.process.num_fds()
        return self

    def __exit__(self, kind, *_):
        if kind:
            return
        assert self.server.alive()
        assert self.answer() == self.expected
        assert self.server.idle(), "requests of clients that are gone still run"
        assert eventually(lambda: self.process.num_fds() <= self.descriptors + 1), self.process.open_files()
        assert eventually(lambda: self.server.metric("switchyard_http_connections_open") == 1)
        assert not [line for line in self.server.log if "Fatal" in line or " error " in line or "crash" in line.lower()]


@pytest.fixture(scope="module")
def faulty():
    with Server(MODEL, "--max-output-tokens", "100000") as running:
        yield running


# Clients


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_half_the_clients_are_killed_in_mid_stream(faulty, tmp_path):
    count = 8 * SCALE
    body = long_body(1000, stream=True).decode()
    before = faulty.metric(CANCELLED)
    with Unharmed(faulty):
        clients = []
        for number in range(count):
            output = (tmp_path / str(number)).open("wb")
            clients.append(subprocess.Popen(
                ["curl", "-sN", "-m", "300", "-H", "Content-Type: application/json", "-d", body, faulty.url + "/v1/completions"],
                stdout=output))
        assert eventually(lambda: all((tmp_path / str(n)).stat().st_size > 500 for n in range(count)), within=60)
        for victim in clients[::2]:
            assert victim.poll() is None, "the stream was over before the kill"
            victim.kill()
        assert [client.wait(300) for client in clients[1::2]] == [0] * (count // 2)
        assert eventually(lambda: faulty.metric(CANCELLED) == before + count // 2)
    texts = set()
    for number in range(1, count, 2):
        streamed = events((tmp_path / str(number)).read_text())
        texts.add("".join(choice["text"] for event in streamed for choice in event["choices"]))
        assert streamed[-1]["choices"][0]["finish_reason"] == "length"
    assert len(texts) == 1


def in_threads(work, items):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, items))


@pytest.mark.parametrize("body", [WALK, WALK_STREAM], ids=["whole", "streamed"])
def test_a_reset_at_every_byte_of_a_request(faulty, body):
    request = completion(body)

    def cut(offset):
        connection = faulty.connect()
        connection.sendall(request[:offset])
        reset(connection)

    with Unharmed(faulty):
        for _ in range(SCALE):
            in_threads(cut, range(len(request) + 1))


@pytest.mark.parametrize("body", [WALK, WALK_STREAM], ids=["whole", "streamed"])
def test_a_reset_at_every_byte_of_a_response(faulty, body):
    request = completion(body, ["Connection: close"])

    def read(limit):
        """Reads no more than `limit` bytes, and says how many there were."""
        connection = faulty.connect()
        connection.sendall(request)
        got = 0
        while got < limit and (data := connection.recv(limit - got)):
            got += len(data)
        reset(connection)
        return got

    with Unharmed(faulty):
        length = read(1 << 20)
        assert length > 300
        in_threads(read, list(range(length + 1)) * SCALE)


def test_an_orderly_end_at_every_byte_of_a_request(faulty):
    """A client that says it will send no more, in the middle of a request, is let go."""
    request = completion(WALK)

    def cut(offset):
        with faulty.connect() as connection:
            connection.sendall(request[:offset])
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    with Unharmed(faulty):
        in_threads(cut, range(len(request)))


def test_the_gauge_of_memory_survives_many_departures(faulty):
    with Unharmed(faulty) as around:
        for round_ in range(3):
            connections = [faulty.connect() for _ in range(40)]
            for connection in connections:
                connection.sendall(completion(long_body(5000, n=2, seed=round_, temperature=1)))
            time.sleep(0.3)
            for connection in connections:
                reset(connection)
            assert eventually(lambda: faulty.metric("switchyard_kv_cache_bytes") == 0)
            if round_ == 0:
                resident = around.process.memory_info().rss
        assert around.process.memory_info().rss < resident * 1.2 + (32 << 20)


# Logs


def some_traffic(server, count=50):
    for _ in range(count):
        assert server.complete()["choices"][0]["text"].startswith("Ein Mann")
        assert server.http.get("/nothing").status_code == 404


LOUD = ("--log-level", "trace")


def test_logs_to_a_full_device():
    with open("/dev/full", "w") as full, Server(MODEL, *LOUD, stderr=full) as server:
        some_traffic(server)
        assert server.stop() == 0


@ROOT_ONLY
def test_logs_to_a_disk_that_fills_and_is_emptied(tmp_path):
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("no tmpfs may be mounted here")
    try:
        ballast, log = tmp_path / "ballast", tmp_path / "log"
        with log.open("a") as file, Server(MODEL, *LOUD, stderr=file) as server:
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as full:
                while full.write(b"x" * 512):
                    pass
            size = log.stat().st_size
            some_traffic(server)
            ballast.unlink()
            some_traffic(server, 1)
            assert server.stop() == 0
        assert log.stat().st_size > size and log.read_text().splitlines()[-1]
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)


def test_logs_to_a_pipe_nobody_reads_any_more():
    reading, writing = os.pipe()
    with Server(MODEL, *LOUD, stderr=writing) as server:
        os.close(writing)
        os.close(reading)
        some_traffic(server)
        assert server.stop() == 0


@pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-", "<&-"])
def test_closed_standard_streams(closed):
    """Nothing the server opens may take the number of a closed stream: log lines would go into it."""
    with Server(MODEL, *LOUD, prefix=["sh", "-c", f'exec "$@" {closed}', "sh"]) as server:
        some_traffic(server)
        targets = {number: os.readlink(f"/proc/{server.process.pid}/fd/{number}") for number in (0, 1, 2)}
        assert not any("socket" in target or ".safetensors" in target or "anon_inode" in target
                       for target in targets.values()), targets
        assert server.stop() == 0


# Signals


def metrics_of(text):
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line and line[0] != "#"}


class Caller(threading.Thread):
    """Asks for completions, whole and streamed, on kept connections until nobody listens."""

    def __init__(self, server, number, counts):
        super().__init__(daemon=True)
        self.server, self.number, self.counts, self.problems = server, number, counts, []

    def run(self):
        asked = 0
        while asked < 100_000:
            try:
                connection = self.server.connect(timeout=60)
            except OSError:
                self.counts["connection refused"] += 1
                return
            with connection, connection.makefile("rb") as stream:
                while True:
                    asked += 1
                    body = json.loads(WALK) | {"stream": (asked + self.number) % 2 == 0, "max_tokens": 4 + asked % 30}
                    outcome = self.ask(connection, stream, body)
                    self.counts[outcome] += 1
                    if outcome != "complete":
                        break
            if outcome == "broken":
                return

    def ask(self, connection, stream, body):
        try:
            connection.sendall(completion(json.dumps(body).encode()))
            if not stream.peek(1):
                return "closed before an answer"
        except OSError:
            return "closed before an answer"
        try:
            status, headers, data = read_response(stream)
        except (OSError, ValueError, IndexError) as error:
            self.problems.append(repr(error))
            return "broken"
        if status != 200:
            if status != 503 or int(headers["retry-after"]) < 1:
                self.problems.append((status, data))
            return str(status)
        complete = events(data.decode())[-1]["choices"] if body["stream"] else json.loads(data)["choices"]
        assert complete[0]["finish_reason"] in ("stop", "length")
        return "complete" if headers.get("connection") != "close" else "complete, then closed"


def test_sigterm_under_full_load_completes_every_accepted_request():
    with Server(MODEL, "--drain-timeout", "60") as server:
        counts = Counter()
        callers = [Caller(server, number, counts) for number in range(48)]
        for caller in callers:
            caller.start()
        time.sleep(2 * SCALE)
        # The last to finish, with a scrape behind it on the same connection, which so sees the end of the drain.
        last = server.connect(timeout=60)
        last.sendall(completion(long_body(500, stream=True)) + raw_request("GET", "/metrics"))
        stream = last.makefile("rb")
        assert stream.readline().startswith(b"HTTP/1.1 200")
        stream.readline()
        before = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        for caller in callers:
            caller.join(60)
        while stream.readline() != b"\r\n":
            pass
        while size := int(stream.readline(), 16):
            stream.read(size + 2)
        stream.readline()
        status, _, text = read_response(stream)
        assert status == 200
        metrics = metrics_of(text.decode())
        assert server.process.wait(60) == 0 and time.monotonic() - before < 60
        assert not any(caller.problems for caller in callers), [caller.problems for caller in callers if caller.problems][:3]
        complete = counts["complete"] + counts["complete, then closed"]
        answered = sum(value for name, value in metrics.items() if name.startswith("switchyard_http_requests_total")
                       and 'route="/v1/completions"' in name and 'code="200"' in name)
        finished = sum(value for name, value in metrics.items() if name.startswith("switchyard_requests_finished_total"))
        assert complete > 100 and not counts["broken"], counts
        assert answered == finished == complete + 1, (answered, finished, counts)
        for reason in ("cancelled", "deadline", "error"):
            assert metrics[f'switchyard_requests_finished_total{{reason="{reason}"}}'] == 0
        print(dict(counts))


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(second):
    with Server(MODEL, "--drain-timeout", "60", "--max-output-tokens", "100000") as server:
        with server.connect() as connection:
            connection.sendall(completion(long_body(100_000, stream=True)))
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert server.process.poll() is None
            started = time.monotonic()
            server.process.send_signal(second)
            server.process.wait(10)
            assert time.monotonic() - started < 2


def test_a_stopped_process_goes_on_where_it_was():
    """SIGSTOP for longer than a head may take: what arrived meanwhile is answered, and streams go on."""
    with Server(MODEL, "--max-output-tokens", "100000") as server:
        with server.connect(timeout=60) as streaming, server.connect(timeout=60) as idle, server.connect(timeout=60) as kept:
            streaming.sendall(completion(long_body(2000, stream=True), ["Connection: close"]))
            stream = streaming.makefile("rb")
            assert stream.readline().startswith(b"HTTP/1.1 200")
            kept.sendall(raw_request("GET", "/livez"))
            answers = kept.makefile("rb")
            assert read_response(answers)[0] == 200
            server.process.send_signal(signal.SIGSTOP)
            idle.sendall(completion(WALK))
            time.sleep(11)
            server.process.send_signal(signal.SIGCONT)
            assert read_response(idle.makefile("rb"))[0] == 200
            kept.sendall(raw_request("GET", "/livez"))
            assert read_response(answers)[0] == 200
            assert b"data: [DONE]" in stream.read()
        assert server.idle() and server.alive()


# Clocks


@pytest.fixture(scope="module")
def jumping_clock(tmp_path_factory):
    """A library that moves a process's wall clock, and only that one."""
    compiler = shutil.which("cc") or shutil.which("clang")
    if not compiler:
        pytest.skip("no C compiler")
    library = tmp_path_factory.mktemp("clock") / "jumping_clock.so"
    source = ROOT / "Tests/EndToEnd/Support/jumping_clock.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return library


@pytest.mark.parametrize("jump", [400 * 86400, -1200])
def test_a_jump_of_the_wall_clock_moves_no_wait(tmp_path, jumping_clock, jump):
    offset = tmp_path / "offset"
    environment = {"LD_PRELOAD": str(jumping_clock), "JUMPING_CLOCK_FILE": str(offset)}
    with Server(MODEL, "--max-output-tokens", "100000", "--request-timeout", "60", "--header-timeout", "10", environment=environment) as server:
        with server.connect(timeout=60) as streaming, server.connect(timeout=60) as kept, server.connect(timeout=60) as half:
            streaming.sendall(completion(long_body(1000, stream=True), ["Connection: close"]))
            stream = streaming.makefile("rb")
            assert stream.readline().startswith(b"HTTP/1.1 200")
            half.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n")
            kept.sendall(raw_request("GET", "/livez"))
            answers = kept.makefile("rb")
            before = read_response(answers)[1]["date"]
            offset.write_text(f"{jump}\n")
            time.sleep(1.5)
            kept.sendall(raw_request("GET", "/livez"))
            moved = (parsedate_to_datetime(read_response(answers)[1]["date"]) - parsedate_to_datetime(before)).total_seconds()
            assert abs(moved - jump) < 10, "the clock did not jump"
            half.sendall(b"\r\n")
            assert read_response(half.makefile("rb"))[0] == 200
            assert b"data: [DONE]" in stream.read()
        late = server.post("/v1/completions", prompt=PROMPT, max_tokens=100_000, ignore_eos=True, temperature=0, timeout=0.3)
        assert late.status_code == 504
        # A head that never ends is still given up after its ten seconds, and not before.
        with server.connect(timeout=20) as silent:
            silent.sendall(b"GET /livez HTTP/1.1\r\n")
            started = time.monotonic()
            offset.write_text("0\n")
            assert silent.recv(100).startswith(b"HTTP/1.1 408")
            assert 9 < time.monotonic() - started < 13
        assert server.idle() and server.stop() == 0


# Limits of the machine


def test_too_few_descriptors_pause_accepting_and_nothing_else():
    """A hundred clients where there are descriptors for a few dozen: those who are in are served, the rest wait."""
    with Server(MODEL, "--max-connections", "1000") as server:
        process = psutil.Process(server.process.pid)
        limit = process.num_fds() + 70
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        crowd = [server.connect() for _ in range(100)]
        time.sleep(1)
        spent = process.cpu_times()
        time.sleep(1)
        later = process.cpu_times()
        assert later.user + later.system - spent.user - spent.system < 0.3, "accepting spins"
        for _ in range(20):
            assert server.http.get("/livez").status_code == 200  # a connection it already had
        assert server.complete()["choices"][0]["text"].startswith("Ein Mann")
        for connection in crowd[:80]:
            reset(connection)
        answered = 0
        for connection in crowd[80:]:
            connection.sendall(raw_request("GET", "/livez"))
            answered += read_response(connection.makefile("rb"))[0] == 200
            connection.close()
        assert answered == 20
        assert httpx.get(server.url + "/livez").status_code == 200
        assert eventually(lambda: process.num_fds() < limit - 60)


def resident(server):
    return psutil.Process(server.process.pid).memory_info().rss


def peak(server):
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text())[1]) << 10


def test_bodies_too_large_are_refused_unread():
    with Server() as server, Unharmed(server):
        before = peak(server)

        def flood(number):
            with server.connect() as connection:
                head = f"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                framing = f"Content-Length: {1 << (30 + number % 30)}\r\n\r\n" if number % 2 else "Transfer-Encoding: chunked\r\n\r\n"
                connection.sendall((head + framing).encode())
                with contextlib.suppress(OSError):
                    for _ in range(300):
                        connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n" if number % 2 == 0 else b" " * 65536)
                with contextlib.suppress(OSError):
                    answer = connection.makefile("rb").read()
                    assert not answer or answer.startswith(b"HTTP/1.1 413"), answer[:200]

        in_threads(flood, range(32 * SCALE))
        grown = (peak(server) - before) >> 20
        print(f"the most memory grew by {grown} MiB")
        assert grown < 8 * 8 * 4  # eight at a time of at most 8 MiB each, and what arrays keep as they grow


def test_many_bodies_as_large_as_allowed_end_in_one_answer_each():
    body = json.dumps({"prompt": "A man. " * 1_100_000}).encode()
    assert 7 << 20 < len(body) < 8 << 20
    with Server() as server, Unharmed(server):
        before = peak(server)

        def ask(_):
            answer = httpx.post(server.url + "/v1/completions", content=body, headers={"Content-Type": "application/json"}, timeout=60)
            assert answer.status_code == 400 and answer.json()["error"]["code"] == "context_length_exceeded"
            assert len(answer.content) < 2000

        in_threads(ask, range(16 * SCALE))
        print(f"the most memory grew by {(peak(server) - before) >> 20} MiB")
        assert eventually(lambda: resident(server) < before + (300 << 20))


def connections_open(server):
    try:
        return server.metric("switchyard_http_connections_open")
    except (KeyError, httpx.HTTPError):
        return 0  # refused: all places are taken, and nobody has been silent for long enough to lose one


def test_idle_connections_cost_little_and_their_cap_is_told():
    """As many idle clients as there may be, and more: those over the cap are told, and the rest cost a few kilobytes."""
    count = 2000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < 3 * count:
        pytest.skip("too few descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (3 * count, hard))
    with Server(MODEL, "--max-connections", "1024", "--max-connections-per-address", "1000") as server:
        with Unharmed(server):
            before = resident(server)
            crowd = []
            for number in range(count):
                connection = socket.socket()
                connection.bind((f"127.0.0.{2 + number % 4}", 0))
                connection.settimeout(20)
                connection.connect((server.host, server.port))
                crowd.append(connection)
            assert eventually(lambda: connections_open(server) >= 1024)
            used = (resident(server) - before) / 1023
            print(f"{used / 1024:.1f} KiB for each idle connection")
            assert used < 40 * 1024
            refused = 0
            for connection in crowd:
                connection.setblocking(False)
                with contextlib.suppress(BlockingIOError, ConnectionResetError):
                    answer = connection.recv(1000)
                    refused += answer.startswith((b"HTTP/1.1 503", b"HTTP/1.1 429"))
                connection.close()
            assert refused >= 30, "nobody was told"
