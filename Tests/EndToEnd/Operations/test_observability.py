"""What the server says about its requests: ids, access log, Server-Timing."""

import fcntl
import json
import os
import re
import signal
import subprocess
import time

import httpx
import pytest

from switchyard_server import MODEL, Server, binary, clean_environment, raw_request, read_response

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def wait_for(condition, within=10):
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError("did not happen in time")


def access(server):
    return [line for line in map(json.loads, server.log) if line["message"] == "request"]


@pytest.fixture(scope="module")
def logged():
    with Server(MODEL, "--log-format", "json") as running:
        yield running
        assert running.alive()


def line_of(server, request_id):
    return wait_for(lambda: next((line for line in access(server) if line["request_id"] == request_id), None))


def complete(server, request_id, headers=None, **body):
    body = {"prompt": "A man is walking.", "temperature": 0, "max_tokens": 32} | body
    return server.http.post("/v1/completions", json=body, headers={"X-Request-Id": request_id} | (headers or {}))


def test_a_completion_is_one_line_with_all_that_is_known(logged):
    answer = complete(logged, "one", {"traceparent": f"00-{TRACE}-{SPAN}-01", "User-Agent": "tester/1"})
    usage = answer.json()["usage"]
    line = line_of(logged, "one")
    assert line["trace_id"] == TRACE and line["parent_id"] == SPAN
    assert re.fullmatch(r"[0-9a-f]{16}", line["span_id"]) and line["span_id"] != SPAN
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["ts"])
    assert (line["method"], line["route"], line["path"], line["status"]) == (
        "POST", "/v1/completions", "/v1/completions", 200)
    assert (line["remote"], line["user_agent"], line["end"]) == ("127.0.0.1", "tester/1", "complete")
    assert line["request_bytes"] == len(answer.request.content) and line["response_bytes"] == len(answer.content)
    assert (line["prompt_tokens"], line["completion_tokens"]) == (usage["prompt_tokens"], usage["completion_tokens"])
    assert (line["stream"], line["num_beams"], line["finish_reason"]) == (False, 1, "stop")
    assert line["completion_id"] == answer.json()["id"]
    parts = sum(line[name] for name in ("tokenize_ms", "queue_ms", "encode_ms", "decode_ms"))
    assert 0 < parts <= line["duration_ms"]
    assert 0 < line["first_token_ms"] <= line["duration_ms"]


def test_a_stream_is_timed_to_its_end(logged):
    answer = complete(logged, "stream", stream=True)
    line = line_of(logged, "stream")
    assert line["stream"] is True and line["response_bytes"] == len(answer.content)
    assert line["decode_ms"] > 0 and line["finish_reason"] == "stop" and line["end"] == "complete"


def test_beams_are_counted(logged):
    logged.http.post("/v1/beam_search", headers={"X-Request-Id": "beams"},
                     json={"prompt": "Hello.", "num_beams": 3, "max_tokens": 5})
    assert line_of(logged, "beams")["num_beams"] == 3


def test_nothing_secret_is_written(logged):
    secret = "correcthorsebatterystaple"
    logged.http.post(f"/v1/completions?key={secret}", json={"prompt": secret, "user": secret, "max_tokens": 2},
                     headers={"Authorization": f"Bearer {secret}", "Cookie": secret, "X-Request-Id": "secretive"})
    assert line_of(logged, "secretive")["status"] == 200
    assert secret not in "".join(logged.log)


def test_probes_are_not_written(logged):
    for path in ("/livez", "/readyz", "/health", "/metrics", "/metrics/experts"):
        logged.http.get(path, headers={"X-Request-Id": "probe"})
    logged.http.get("/v1/models", headers={"X-Request-Id": "after"})
    line_of(logged, "after")
    assert not any(line["request_id"] == "probe" for line in access(logged))


def test_a_client_that_leaves_is_said_to_have_left(logged):
    body = json.dumps({"prompt": "A man.", "stream": True, "max_tokens": 500, "ignore_eos": True,
                       "temperature": 0}).encode()
    with logged.connect() as socket_:
        socket_.sendall(raw_request("POST", "/v1/completions", body, ["X-Request-Id: leaver"]))
        received = b""
        while b"data: " not in received:
            received += socket_.recv(4096)
    line = line_of(logged, "leaver")
    assert (line["end"], line["finish_reason"]) == ("client_left", "cancelled")
    assert line["completion_tokens"] < 500 and line["queue_ms"] >= 0 and line["decode_ms"] >= 0


def test_an_error_is_named(logged):
    assert complete(logged, "wrong", temperature=9).status_code == 400
    line = line_of(logged, "wrong")
    assert (line["status"], line["error"]) == (400, "invalid_parameter")
    logged.http.get("/nope", headers={"X-Request-Id": "lost"})
    line = line_of(logged, "lost")
    assert line["status"] == 404 and "route" not in line


ODD = "x\x1b[31m\x80\xff\"\\ INFO forged=1 {}"


def test_no_header_forges_a_line(logged):
    with logged.connect() as socket_:
        socket_.sendall(b"GET /\xff%0a%0d\"' HTTP/1.1\r\nHost: a\r\nX-Request-Id: forger\r\nUser-Agent: "
                        + ODD.replace("\x1b", "").encode("latin-1") + b"\r\nConnection: close\r\n\r\n")
        status, headers, _ = read_response(socket_.makefile("rb"))
    wait_for(lambda: any(line["status"] == status and line["request_id"] == headers["x-request-id"]
                         for line in access(logged)))


# Request ids


@pytest.mark.parametrize("given", ["a", "A" * 128, "{}[]<>\"'%!", "0f-1:2/3"])
def test_a_valid_request_id_comes_back(logged, given):
    assert logged.http.get("/v1/models", headers={"X-Request-Id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "A" * 129, "é".encode(), "a\tb"])
def test_another_request_id_is_replaced(logged, given):
    answer = logged.http.get("/v1/models", headers={"X-Request-Id": given})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


@pytest.mark.parametrize("request_", [
    b"GET /\r\n\r\n", b"\x16\x03\x01\x00\xa5\r\n\r\n", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /nope HTTP/1.1\r\nHost: a\r\n\r\n", b"PUT /livez HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_every_error_has_a_request_id_that_is_in_the_log(logged, request_):
    with logged.connect() as socket_:
        socket_.sendall(request_)
        status, headers, _ = read_response(socket_.makefile("rb"))
    assert status >= 400
    if b"/livez" not in request_:
        assert line_of(logged, headers["x-request-id"])["status"] == status


# traceparent


@pytest.mark.parametrize("headers", [
    [("traceparent", f"00-{TRACE.upper()}-{SPAN}-01")], [("traceparent", f"00-{'0' * 32}-{SPAN}-01")],
    [("traceparent", f"00-{TRACE}-{'0' * 16}-01")], [("traceparent", f"ff-{TRACE}-{SPAN}-01")],
    [("traceparent", f"00-{TRACE}-{SPAN}-01-more")], [("traceparent", "x")],
    [("traceparent", f"00-{TRACE}-{SPAN}-01")] * 2])
def test_an_invalid_traceparent_begins_a_new_trace(logged, headers):
    request_id = os.urandom(8).hex()
    logged.http.get("/v1/models", headers=headers + [("X-Request-Id", request_id)])
    line = line_of(logged, request_id)
    assert line["trace_id"] != TRACE and "parent_id" not in line


def test_a_later_version_of_traceparent_is_continued(logged):
    logged.http.get("/v1/models", headers={"traceparent": f"cc-{TRACE}-{SPAN}-01-future", "X-Request-Id": "later"})
    assert line_of(logged, "later")["trace_id"] == TRACE


# Server-Timing


def timing(answer):
    return {name: float(value) for name, value in re.findall(r"(\w+);dur=([\d.]+)", answer.headers["server-timing"])}


def test_server_timing_of_a_whole_answer(logged):
    parts = timing(complete(logged, "timed"))
    assert list(parts) == ["tokenize", "queue", "encode", "decode", "total"]
    assert sum(parts.values()) - parts["total"] <= parts["total"]


def test_server_timing_of_a_stream_says_only_what_is_known(logged):
    assert list(timing(complete(logged, "streamed", stream=True))) == ["tokenize"]


def test_probes_have_no_server_timing(logged):
    assert "server-timing" not in logged.http.get("/livez").headers


# Formats


def test_text_is_the_default_and_one_line_each():
    with Server() as server:
        complete(server, "plain", {"User-Agent": "a b\"c"})
        line = wait_for(lambda: next((line for line in server.log if "request_id=plain" in line), None))
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info request request_id=plain trace_id=", line)
        fields = dict(field.split("=", 1) for field in line.split()[3:])
        assert fields["user_agent"] == "a%20b%22c" and fields["status"] == "200"


def test_off_writes_no_line():
    with Server(MODEL, "--access-log", "off") as server:
        complete(server, "quiet")
        assert server.stop() == 0
        assert "quiet" not in "".join(server.log)


def test_json_lines_beside_text_messages():
    with Server(MODEL, "--access-log", "json") as server:
        complete(server, "mixed")
        line = wait_for(lambda: next((line for line in server.log if "mixed" in line), None))
        assert json.loads(line)["status"] == 200


def test_debug_writes_probes():
    with Server(MODEL, "--log-level", "debug") as server:
        server.http.get("/livez", headers={"X-Request-Id": "looked-at"})
        wait_for(lambda: "request_id=looked-at" in "".join(server.log))


def test_the_last_lines_are_written_before_the_end():
    with Server() as server:
        for number in range(50):
            server.http.get("/v1/models", headers={"X-Request-Id": f"last-{number}."})
        assert server.stop() == 0
        wait_for(lambda: all(f"request_id=last-{number}. " in "".join(server.log) for number in range(50)))


# A log that cannot be written


class Unlogged:
    """A server whose standard error is given; its address comes from standard output."""

    def __init__(self, stderr, *flags):
        self.process = subprocess.Popen(
            [binary(), "serve", str(MODEL), "--port", "0", *flags], stdout=subprocess.PIPE, stderr=stderr, text=True,
            env=clean_environment(), preexec_fn=(lambda: os.close(2)) if stderr is None else None)
        line = self.process.stdout.readline()
        self.http = httpx.Client(base_url=line.split()[-1], timeout=30)
        wait_for(lambda: self.http.get("/readyz").status_code == 200, within=30)

    def metric(self, name):
        return float(re.search(rf"^{name} (\S+)$", self.http.get("/metrics").text, re.M)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(20) == 0
        finally:
            self.process.kill()


def test_a_full_disk_costs_lines_only():
    with open("/dev/full", "w") as full, Unlogged(full) as server:
        for _ in range(20):
            assert server.http.get("/v1/models").status_code == 200
        wait_for(lambda: server.metric("switchyard_log_lines_dropped_total") >= 20)


def test_a_closed_standard_error_is_not_the_next_file_opened():
    with Unlogged(None) as server:
        assert server.http.get("/v1/models").status_code == 200
        assert os.readlink(f"/proc/{server.process.pid}/fd/2") == "/dev/null"


def test_a_reader_that_leaves_costs_lines_only():
    reader, writer = os.pipe()
    with Unlogged(writer) as server:
        os.close(writer)
        os.close(reader)
        for _ in range(20):
            assert server.http.get("/v1/models").status_code == 200
        wait_for(lambda: server.metric("switchyard_log_lines_dropped_total") >= 20)


def test_a_reader_that_does_not_read_costs_lines_only():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    with Unlogged(writer) as server:
        os.close(writer)
        agent = "a" * 128
        slowest = 0
        for _ in range(6000):
            started = time.monotonic()
            assert server.http.get("/v1/models", headers={"User-Agent": agent}).status_code == 200
            slowest = max(slowest, time.monotonic() - started)
            if server.process.poll() is not None:
                break
        assert server.metric("switchyard_log_lines_dropped_total") > 0
        assert slowest < 5
        started = time.monotonic()
    assert time.monotonic() - started < 15
    os.close(reader)


def test_the_name_of_a_key_is_written_and_the_key_is_not(tmp_path):
    import hashlib
    keys = tmp_path / "keys"
    keys.write_text("ann sk-hushhush\n")
    keys.chmod(0o600)
    with Server(MODEL, "--access-log", "json", "--api-key-file", keys) as server:
        server.http.get("/v1/models", headers={"Authorization": "Bearer sk-hushhush", "X-Request-Id": "known"})
        server.http.get("/v1/models", headers={"Authorization": "Bearer sk-wrong", "X-Request-Id": "unknown"})
        lines = wait_for(lambda: [json.loads(line) for line in server.log if "known" in line][1:] and
                         {json.loads(line)["request_id"]: json.loads(line) for line in server.log if "known" in line})
        assert lines["known"]["key_name"] == "ann" and lines["known"]["status"] == 200
        assert lines["unknown"]["error"] == "invalid_api_key" and "key_name" not in lines["unknown"]
        text = "".join(server.log)
        assert "sk-" not in text and hashlib.sha256(b"sk-hushhush").hexdigest() not in text
