"""The shipped configurations of nginx and HAProxy in front of the real binary."""

import http.server
import json
import re
import shutil
import socket
import subprocess
import threading
import time

import httpx
import pytest

from switchyard_server import MODEL, ROOT, Server, raw_request
from test_observability import SPAN, TRACE, wait_for

DEPLOY = ROOT / "deploy"
LONG = {"prompt": "A man.", "temperature": 0, "ignore_eos": True, "max_tokens": 4000}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nginx(folder, port, servers):
    text = (DEPLOY / "nginx/switchyard.conf").read_text()
    text = text.replace("listen 8000;", f"listen 127.0.0.1:{port};")
    line = re.search(r"    server 127\.0\.0\.1:8080(.*);", text)
    text = text.replace(line[0], "\n".join(f"    server 127.0.0.1:{each}{line[1]};" for each in servers))
    temporary = "".join(f"{name}_temp_path {folder}/{name}; " for name in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"user root; pid {folder}/pid; error_log stderr; events {{}}\nhttp {{ access_log off; {temporary}\n{text}\n}}\n")
    return ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-g", "daemon off;"]


def haproxy(folder, port, servers):
    text = (DEPLOY / "haproxy/haproxy.cfg").read_text().replace("bind 127.0.0.1:8001", f"bind 127.0.0.1:{port}")
    line = "    server one 127.0.0.1:8080 check"
    assert line in text
    lines = "\n".join(f"    server s{number} 127.0.0.1:{each} check" for number, each in enumerate(servers))
    (folder / "haproxy.cfg").write_text(text.replace(line, lines))
    return ["haproxy", "-f", folder / "haproxy.cfg"]


class Proxy:
    def __init__(self, name, folder, servers):
        self.port = free_port()
        command = {"nginx": nginx, "haproxy": haproxy}[name](folder, self.port, servers)
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        wait_for(self.answers)

    def answers(self):
        assert self.process.poll() is None
        try:
            return self.http.get("/livez").status_code == 200
        except httpx.TransportError:
            return False

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def close(self):
        self.http.close()
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def behind():
    with Server(MODEL, "--access-log", "json", "--max-output-tokens", "4000") as running:
        yield running
        assert running.alive()


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def name(request):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    return request.param


@pytest.fixture(scope="module")
def proxy(name, behind, tmp_path_factory):
    proxy = Proxy(name, tmp_path_factory.mktemp(name), [behind.port])
    yield proxy
    proxy.close()


def line_of(server, request_id):
    def find():
        lines = [json.loads(line) for line in server.log if '"message":"request"' in line]
        return next((line for line in lines if line["request_id"] == request_id), None)
    return wait_for(find)


def test_a_completion_keeps_its_ids(proxy, behind, name):
    answer = proxy.http.post("/v1/completions", json={"prompt": "A man is walking.", "temperature": 0},
                             headers={"X-Request-Id": f"{name}-1", "traceparent": f"00-{TRACE}-{SPAN}-01"})
    assert answer.status_code == 200 and answer.headers["x-request-id"] == f"{name}-1"
    assert "decode;dur=" in answer.headers["server-timing"]
    assert line_of(behind, f"{name}-1")["trace_id"] == TRACE


def test_a_request_without_an_id_gets_one_that_is_in_the_log(proxy, behind):
    answer = proxy.http.get("/v1/models")
    assert line_of(behind, answer.headers["x-request-id"])["status"] == 200


def test_tokens_come_when_they_are_made(proxy, behind):
    with proxy.http.stream("POST", "/v1/completions", json=LONG | {"stream": True}) as answer:
        assert answer.status_code == 200
        pieces = answer.iter_text()
        assert "data: " in next(pieces)
        assert behind.metric("switchyard_requests_running") == 1
    assert behind.idle()


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_ends_the_work(proxy, behind, name, stream):
    request_id = f"{name}-leaver-{stream}"
    body = json.dumps(LONG | {"stream": stream}).encode()
    with proxy.connect() as socket_:
        socket_.sendall(raw_request("POST", "/v1/completions", body, [f"X-Request-Id: {request_id}"]))
        wait_for(lambda: behind.metric("switchyard_requests_running") == 1)
        if stream:
            socket_.recv(1000)
    left = time.monotonic()
    assert behind.idle()
    assert time.monotonic() - left < 5
    assert line_of(behind, request_id)["end"] == "client_left"


def test_connections_to_the_server_are_kept(proxy, behind):
    before = behind.metric('switchyard_http_connections_total{result="accepted"}')
    for _ in range(40):
        assert proxy.http.get("/v1/models").status_code == 200
    opened = behind.metric('switchyard_http_connections_total{result="accepted"}') - before
    # HAProxy's health checks open some of their own.
    assert opened <= 10


def test_errors_come_through(proxy):
    answer = proxy.http.post("/v1/completions", json={"prompt": 5})
    assert answer.status_code == 400 and answer.json()["error"]["param"] == "prompt"


@pytest.mark.parametrize("path, size, status", [
    ("/v1/completions", 8 * 1024 * 1024 + 1, 413), ("/nope", 7 * 1024 * 1024, 404)])
def test_an_answer_that_is_there_before_the_body_comes_through(proxy, path, size, status):
    """A proxy that is still sending when it is reset loses the answer: that is 502, or a connection that ends."""
    for _ in range(10):
        answer = proxy.http.post(path, content=b"x" * size, headers={"Content-Type": "application/json"})
        assert answer.status_code == status


def test_metrics_are_not_for_the_world(proxy):
    assert proxy.http.get("/metrics").status_code in (403, 404)
    assert proxy.http.get("/metrics/experts").status_code in (403, 404)


def test_a_silent_stream_of_a_slow_client_is_whole(proxy):
    # Without an end, that is: tokens that end a text have none, and send nothing.
    body = json.dumps(LONG | {"stream": True, "max_tokens": 300, "logit_bias": {"1": -100}}).encode()
    with proxy.connect() as socket_:
        socket_.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        socket_.sendall(raw_request("POST", "/v1/completions", body, ["Connection: close"]))
        received = b""
        while piece := socket_.recv(512):
            received += piece
            time.sleep(0.001)
    assert received.count(b"data: ") >= 100 and b"data: [DONE]" in received
    assert b'"finish_reason":"length"' in received


class Full(http.server.BaseHTTPRequestHandler):
    """A server whose queue is full."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        self.answer(503)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Retry-After", "1")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_what_one_server_refuses_another_is_asked(name, behind, tmp_path):
    full = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Full)
    full.asked = 0
    threading.Thread(target=full.serve_forever, daemon=True).start()
    proxy = Proxy(name, tmp_path, [full.server_port, behind.port])
    try:
        for _ in range(6):
            answer = proxy.http.post("/v1/completions", json={"prompt": [5, 6, 1], "max_tokens": 2})
            assert answer.status_code == 200
        assert full.asked >= 1
    finally:
        proxy.close()
        full.shutdown()
