"""Many clients, slow clients, and no descriptors left, at the real binary."""

import re
import resource
import socket
import subprocess
import time
from contextlib import ExitStack

import pytest

from raw_http import get, head, is_closed
from switchyard_server import MODEL, Server, binary, clean_environment, one_sentence, read_response

ALIVE = get()


def connect(server, address="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=(address, 0))


def is_served(connection):
    """Whether a connection is answered 200; what it is answered otherwise is returned."""
    connection.sendall(ALIVE)
    answer = read_response(connection.makefile("rb"))
    return answer[0] == 200 or answer


def occupy(server, count, address="127.0.0.1"):
    """Connections that are certainly counted, because they have been answered.

    Places of clients that have just gone may still be taken: those are tried again.
    """
    connections, deadline = [], time.monotonic() + 20
    while len(connections) < count and time.monotonic() < deadline:
        connection = connect(server, address)
        if is_served(connection) is True:
            connections.append(connection)
        else:
            connection.close()
    assert len(connections) == count
    return connections


def soon(condition, within=15):
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_more_connections_than_allowed_are_answered_503():
    with Server(MODEL, "--max-connections", 4, "--max-connections-per-address", 4) as server:
        server.http.close()
        assert soon(lambda: served_once(server))
        held = occupy(server, 4)
        with connect(server, "127.0.0.2") as refused:
            status, headers, body = is_served(refused)
            assert status == 503 and headers["connection"] == "close" and headers["retry-after"] == "1"
            assert b"as many connections as it allows" in body and is_closed(refused, 5)
        for _ in range(3):
            with connect(server, "127.0.0.2") as refused:
                assert is_served(refused)[0] == 503
        assert soon(lambda: any("refused: 4 are open, which is all of --max-connections" in line for line in server.log))
        held.pop().close()
        assert soon(lambda: served_once(server))


def served_once(server, address="127.0.0.1"):
    with connect(server, address) as connection:
        return is_served(connection) is True


@pytest.mark.parametrize("host", ["127.0.0.1", "::"])
def test_one_address_cannot_take_the_connections_of_others(host):
    """With :: the addresses arrive as IPv6 that maps IPv4: they are the same clients."""
    try:
        started = Server(MODEL, "--host", host, "--max-connections-per-address", 3)
    except RuntimeError:
        pytest.skip(f"no {host} on this machine")
    with started as server:
        server.http.close()
        held = occupy(server, 3, "127.0.0.2")
        with connect(server, "127.0.0.2") as refused:
            status, headers, _ = is_served(refused)
            assert status == 429 and headers["connection"] == "close" and headers["retry-after"] == "1"
        reached = "refused: an address has 3, which is all of --max-connections-per-address"
        assert soon(lambda: any(reached in line for line in server.log))
        assert served_once(server, "127.0.0.3")
        for connection in held:
            connection.close()
        assert soon(lambda: served_once(server, "127.0.0.2"))


def test_a_client_that_was_refused_reads_why_though_it_sends_on():
    with Server(MODEL, "--max-connections-per-address", 1) as server:
        server.http.close()
        assert soon(lambda: served_once(server))
        held = occupy(server, 1)
        for _ in range(20):
            with connect(server) as refused:
                refused.sendall(head("POST / HTTP/1.1", "Content-Length: 5000") + b"x" * 5000)
                assert read_response(refused.makefile("rb"))[0] == 429
        held[0].close()


def start(limit, *flags):
    """Runs the server under a limit of open files, soft and hard."""
    return subprocess.run(
        [binary(), "serve", str(MODEL), "--port", "0", *map(str, flags)], capture_output=True, text=True, timeout=20,
        env=clean_environment(), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit),
    )


def test_too_few_descriptors_are_told_at_the_start():
    done = start((256, 256))
    assert done.returncode == 1 and done.stdout == "" and one_sentence(done.stderr)
    assert "1024 connections need 1216 open files, but the limit is 256" in done.stderr


def test_the_limit_of_descriptors_is_raised_as_far_as_needed():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 3000:
        pytest.skip("the machine allows too few")
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        started = Server(MODEL, "--max-connections", 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with started as server:
        assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[0] == 2000 + 64 + 128


def test_without_descriptors_accepting_pauses_and_goes_on():
    with Server() as server, ExitStack() as stack:
        pid = server.process.pid
        # 32 are never given to connections: Dispatch ends a process that has none left for it.
        highest = max(int(entry) for entry in subprocess.run(
            ["ls", f"/proc/{pid}/fd"], capture_output=True, text=True).stdout.split())
        hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 32 + 6, hard))
        clients = [stack.enter_context(connect(server)) for _ in range(30)]
        for client in clients:
            client.sendall(ALIVE)
        assert soon(lambda: any("accepting pauses" in line for line in server.log))
        time.sleep(3)
        assert server.process.poll() is None
        assert sum("accepting pauses" in line for line in server.log) == 1, "one line, however often it was tried"
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (1024, hard))
        # Those that waited in the kernel's queue are served as if nothing had been.
        assert all(read_response(client.makefile("rb"))[0] == 200 for client in clients)
        assert soon(lambda: any("accepting again" in line for line in server.log))


@pytest.fixture(scope="module")
def impatient():
    flags = [word for name in ("header", "body", "idle", "write") for word in (f"--{name}-timeout", 1)]
    with Server(MODEL, *flags) as running:
        yield running
        assert running.alive()


def trickle(connection, data, pause, within):
    """Sends a byte now and then until an answer comes; returns the seconds it took."""
    start, sent = time.monotonic(), 0
    connection.settimeout(pause)
    while time.monotonic() - start < within:
        try:
            if connection.recv(1, socket.MSG_PEEK):
                return time.monotonic() - start
        except TimeoutError:
            pass
        connection.sendall(data[sent % len(data):][:1])
        sent += 1
    return None


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"X: " + b"a" * 1000, b"\r\n"], ids=["line", "field", "empty lines"])
def test_a_head_has_its_time_however_often_a_byte_comes(impatient, data):
    with impatient.connect() as connection:
        if data.startswith(b"X"):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        took = trickle(connection, data if not data.startswith(b"\r") else b"\r\n", 0.1, within=8)
        assert took is not None and 0.9 < took < 5
        connection.settimeout(5)
        status, headers, _ = read_response(connection.makefile("rb"))
        # A line that ends early is refused for what it is.
        assert status in (408, 400) and headers["connection"] == "close"
        assert status == 408 or data.startswith(b"GET")


def test_a_connection_without_a_request_is_closed_without_a_word(impatient):
    with impatient.connect() as connection:
        start = time.monotonic()
        assert connection.recv(100) == b"" and 0.9 < time.monotonic() - start < 5


def test_a_kept_connection_is_closed_when_it_has_been_idle(impatient):
    with impatient.connect() as connection:
        stream = connection.makefile("rb")
        for _ in range(3):  # each request gives it the whole time again
            connection.sendall(ALIVE)
            assert read_response(stream)[0] == 200
            time.sleep(0.6)
        start = time.monotonic()
        assert stream.read() == b"" and time.monotonic() - start < 5


@pytest.mark.parametrize("framing", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
def test_a_body_slower_than_its_rate_is_answered_408(impatient, framing):
    with impatient.connect() as connection:
        connection.sendall(head("POST / HTTP/1.1", framing) + (b"186a0\r\n" if "chunked" in framing else b""))
        took = trickle(connection, b"x", 0.1, within=6)
        assert took is not None and 0.9 < took < 5
        connection.settimeout(5)
        status, headers, body = read_response(connection.makefile("rb"))
        assert status == 408 and headers["connection"] == "close" and b"body" in body


def test_a_body_as_fast_as_its_rate_may_take_its_time(impatient):
    with impatient.connect() as connection:
        connection.sendall(head("POST / HTTP/1.1", "Content-Length: 12000"))
        for _ in range(30):
            time.sleep(0.1)
            connection.sendall(b"x" * 400)
        assert read_response(connection.makefile("rb"))[0] == 200


def test_a_client_that_does_not_read_loses_its_connection(impatient):
    size = 8 * 1024 * 1024
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((impatient.host, impatient.port))
    with connection:
        connection.sendall(head("POST / HTTP/1.1", f"Content-Length: {size}") + b"x" * size)
        assert soon(lambda: impatient.metric("switchyard_http_connections_open") <= 1, within=6)
        connection.settimeout(5)
        received = 0
        try:
            while block := connection.recv(1 << 20):
                received += len(block)
        except ConnectionResetError:
            pass
        assert received < size


def test_a_client_that_reads_slowly_gets_everything(impatient):
    size = 512 * 1024
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    connection.connect((impatient.host, impatient.port))
    with connection:
        connection.sendall(head("POST / HTTP/1.1", "Connection: close", f"Content-Length: {size}") + b"x" * size)
        received = b""
        connection.settimeout(5)
        while block := connection.recv(16 * 1024):
            received += block
            time.sleep(0.05)
        assert len(received.partition(b"\r\n\r\n")[2]) == size


def test_what_became_of_slow_clients_is_counted(impatient):
    """Runs after the others of this file, which made them slow."""
    text = impatient.http.get("/metrics").text
    for reason in ("timeout_header", "timeout_body"):
        assert re.search(rf'switchyard_http_parse_errors_total{{reason="{reason}"}} [1-9]', text), reason
    assert re.search(r'switchyard_http_connections_total{result="timeout"} [1-9]', text)
