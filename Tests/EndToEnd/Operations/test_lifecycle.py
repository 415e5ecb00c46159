"""Loading, readiness, draining, deadlines and cancellation of the real binary."""

import json
import signal
import socket
import subprocess
import threading
import time

import httpx
import pytest

import make_large_model
from switchyard_server import MODEL, Server, binary, clean_environment, raw_request, read_response

LONG = {"prompt": [5, 6, 7, 1], "max_tokens": 512, "ignore_eos": True, "temperature": 0}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, within=10):
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


class Starting:
    """The binary from the moment its socket answers, perhaps before its model is there."""

    def __init__(self, model, *flags):
        self.port = free_port()
        self.process = subprocess.Popen(
            [binary(), "serve", str(model), "--port", str(self.port), *map(str, flags)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment())
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)

    def get(self, path):
        deadline = time.monotonic() + 10
        while True:
            try:
                return self.http.get(path)
            except httpx.ConnectError:
                assert time.monotonic() < deadline
                time.sleep(0.002)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.http.close()


@pytest.fixture(scope="module")
def slow_model(tmp_path_factory):
    return make_large_model.make(tmp_path_factory.mktemp("large"))


def test_while_the_model_loads_requests_get_503_with_progress(slow_model):
    with Starting(slow_model) as starting:
        assert starting.get("/livez").status_code == 200
        ready = starting.http.get("/readyz")
        assert ready.status_code == 503 and ready.json()["status"] == "loading"
        assert 0 <= ready.json()["progress"] <= 1
        answer = starting.http.post("/v1/completions", json=LONG)
        assert answer.status_code == 503 and answer.json()["error"]["code"] == "not_ready"
        assert int(answer.headers["retry-after"]) >= 1
        for path in ("/v1/models", "/v1/experts"):
            assert starting.http.get(path).status_code == 503
        metrics = starting.http.get("/metrics").text
        assert "switchyard_ready 0" in metrics
        assert 'switchyard_admission_rejections_total{reason="loading"} 1' in metrics
        seen = set()
        deadline = time.monotonic() + 60
        while (ready := starting.http.get("/readyz")).status_code != 200:
            assert time.monotonic() < deadline
            seen.add(ready.json()["progress"])
        assert len(seen) > 1, "progress moves"
        assert starting.http.post("/v1/completions", json=LONG | {"max_tokens": 2}).status_code == 200
        assert starting.process.stdout.readline().startswith("listening on http://127.0.0.1:")


def test_sigterm_while_loading_ends_at_once(slow_model):
    with Starting(slow_model) as starting:
        assert starting.get("/readyz").status_code == 503
        began = time.monotonic()
        starting.process.send_signal(signal.SIGTERM)
        assert starting.process.wait(10) == 0
        assert time.monotonic() - began < 3


def test_a_model_that_cannot_be_loaded_ends_the_process(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with Starting(tmp_path) as starting:
        assert starting.process.wait(10) == 1
        assert "listening" not in starting.process.stdout.read()


def test_an_address_that_is_taken_is_told_before_the_model_loads(slow_model):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        began = time.monotonic()
        done = subprocess.run(
            [binary(), "serve", str(slow_model), "--port", str(taken.getsockname()[1])],
            capture_output=True, text=True, timeout=20, env=clean_environment())
        assert done.returncode == 1 and "port" in done.stderr
        assert time.monotonic() - began < 2


def stream(server, body, into):
    with server.http.stream("POST", "/v1/completions", json=body | {"stream": True}) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                into.append(line[len("data: "):])


def test_what_was_accepted_is_finished_after_sigterm():
    with Server(MODEL, "--drain-timeout", 60) as server:
        said = []
        thread = threading.Thread(target=stream, args=(server, LONG, said))
        thread.start()
        wait_until(lambda: said)
        server.process.send_signal(signal.SIGTERM)
        thread.join(60)
        assert said[-1] == "[DONE]"
        assert json.loads(said[-2])["choices"][0]["finish_reason"] == "length"
        assert server.process.wait(10) == 0


@pytest.mark.parametrize(("path", "body", "parts"), [
    ("/translate", {"q": "A man is riding a bicycle. Two dogs are playing. " * 300, "source": "en", "target": "de"}, 600),
    ("/v1/embeddings", {"input": ["A man is riding a bicycle."] * 2000}, 2000),
    ("/v1/generative-scores", {"query": "A man", "items": ["is riding."] * 256, "label_token_ids": [4, 5]}, 256)])
def test_what_goes_to_the_engine_in_parts_is_finished_after_sigterm(path, body, parts):
    with Server(MODEL, "--drain-timeout", 120, "--threads", 1) as server:
        answers = []
        thread = threading.Thread(target=lambda: answers.append(httpx.post(server.url + path, json=body, timeout=120)))
        thread.start()
        wait_until(lambda: server.metric("switchyard_requests_running"))
        server.process.send_signal(signal.SIGTERM)
        thread.join(120)
        assert answers[0].status_code == 200, answers[0].text
        answer = answers[0].json()
        found = answer.get("data") or answer.get("results") or answer["translatedText"].split(". ")
        assert abs(len(found) - parts) <= 1
        assert server.process.wait(10) == 0


def test_what_is_left_at_the_deadline_gets_a_clean_error():
    with Server(MODEL, "--drain-timeout", 1, "--max-output-tokens", 4000) as server:
        endless = {"prompt": [5, 6, 7, 1], "max_tokens": 4000, "ignore_eos": True, "n": 16}
        said, answers = [], []
        threads = [threading.Thread(target=stream, args=(server, endless, said)),
                   threading.Thread(target=lambda: answers.append(server.post("/v1/completions", **endless)))]
        for thread in threads:
            thread.start()
        wait_until(lambda: said and server.metric("switchyard_requests_running") == 2)
        server.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(20)
        assert json.loads(said[-2])["error"]["code"] == "shutting_down" and said[-1] == "[DONE]"
        assert answers[0].status_code == 503 and answers[0].json()["error"]["code"] == "shutting_down"
        assert server.process.wait(10) == 0


def test_during_the_drain_delay_readiness_is_off_and_requests_are_still_served():
    with Server(MODEL, "--drain-delay", 2) as server:
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.http.get("/readyz").status_code == 503)
        assert server.http.get("/readyz").json()["status"] == "draining"
        assert server.http.get("/livez").status_code == 200
        with httpx.Client(base_url=server.url) as fresh:
            assert fresh.post("/v1/completions", json=LONG | {"max_tokens": 2}).status_code == 200
        assert server.process.wait(15) == 0


def test_a_second_signal_ends_at_once():
    with Server(MODEL, "--drain-timeout", 300, "--max-output-tokens", 4000) as server:
        said = []
        body = {"prompt": [5, 6, 7, 1], "max_tokens": 4000, "ignore_eos": True, "n": 32}
        thread = threading.Thread(target=lambda: pytest.raises(httpx.HTTPError, stream, server, body, said))
        thread.start()
        wait_until(lambda: said)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert server.process.poll() is None
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(3) == 1
        thread.join(10)


@pytest.fixture(scope="module")
def server():
    with Server(MODEL, "--max-output-tokens", 4000) as running:
        yield running
        assert running.alive()


ENDLESS = {"prompt": [5, 6, 7, 1], "max_tokens": 4000, "ignore_eos": True, "n": 8}


def test_a_timeout_of_the_request_is_kept(server):
    began = time.monotonic()
    answer = server.post("/v1/completions", **ENDLESS, timeout=0.3)
    assert answer.status_code == 504 and answer.json()["error"]["code"] == "deadline_exceeded"
    assert answer.headers["x-should-retry"] == "false"
    assert time.monotonic() - began < 3
    assert server.idle()


@pytest.mark.parametrize("by", ["X-Request-Id", "id"])
def test_a_stream_can_be_ended_from_elsewhere(server, by):
    said = []
    request = httpx.Request("POST", server.url + "/v1/completions", json=ENDLESS | {"stream": True},
                            headers={"X-Request-Id": "to-be-ended"})

    def read():
        answer = server.http.send(request, stream=True)
        for line in answer.iter_lines():
            if line.startswith("data: "):
                said.append(line[len("data: "):])

    thread = threading.Thread(target=read)
    thread.start()
    wait_until(lambda: said)
    name = "to-be-ended" if by == "X-Request-Id" else json.loads(said[0])["id"]
    answer = httpx.delete(f"{server.url}/v1/completions/{name}")
    assert answer.status_code == 200 and answer.json()["cancelled"] is True
    thread.join(10)
    assert json.loads(said[-2])["error"]["code"] == "cancelled" and said[-1] == "[DONE]"
    assert server.idle()
    assert httpx.delete(f"{server.url}/v1/completions/{name}").status_code == 404


@pytest.mark.parametrize("streams", [True, False])
def test_a_client_that_leaves_takes_its_work_with_it(server, streams):
    before = server.metric('switchyard_requests_finished_total{reason="cancelled"}')
    body = json.dumps(ENDLESS | {"stream": streams}).encode()
    with server.connect() as client:
        client.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                       b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        wait_until(lambda: server.metric("switchyard_requests_running") == 1)
    wait_until(lambda: server.metric('switchyard_requests_finished_total{reason="cancelled"}') == before + 1)
    assert server.idle()


def test_a_client_that_ends_its_side_has_left(server):
    """A close looks the same until something is written: what takes long is ended, what is there at once is sent."""
    with server.connect() as client:
        client.sendall(b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        assert read_response(client.makefile("rb"))[0] == 200
    before = server.metric('switchyard_requests_finished_total{reason="cancelled"}')
    with server.connect() as client:
        client.sendall(raw_request("POST", "/v1/completions", json.dumps(ENDLESS).encode()))
        wait_until(lambda: server.metric("switchyard_requests_running") == 1)
        client.shutdown(socket.SHUT_WR)
        status, _, body = read_response(client.makefile("rb"))
        assert status == 499 and b"closed its side" in body
    # The answer does not wait for the step that the engine is in.
    wait_until(lambda: server.metric('switchyard_requests_finished_total{reason="cancelled"}') == before + 1)
    assert server.idle()


def test_a_queued_request_whose_client_leaves_never_runs():
    with Server(MODEL, "--max-sequences", 8, "--max-output-tokens", 4000) as server:
        said = []
        thread = threading.Thread(target=stream, args=(server, ENDLESS, said), daemon=True)
        thread.start()
        wait_until(lambda: said)
        body = json.dumps(ENDLESS).encode()
        with server.connect() as client:
            client.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            wait_until(lambda: server.metric("switchyard_requests_waiting") == 1)
        wait_until(lambda: server.metric("switchyard_requests_waiting") == 0)
        assert server.metric('switchyard_requests_finished_total{reason="cancelled"}') == 1
        server.process.kill()


def test_leaving_after_the_last_event_is_not_a_cancellation(server):
    before = server.metric('switchyard_requests_finished_total{reason="cancelled"}')
    length = server.metric('switchyard_requests_finished_total{reason="length"}')
    for _ in range(20):
        body = json.dumps({"prompt": [5, 6, 1], "max_tokens": 3, "ignore_eos": True, "stream": True}).encode()
        with server.connect() as client:
            client.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            got = b""
            while b"[DONE]" not in got:
                got += client.recv(65536)
    assert server.idle()
    assert server.metric('switchyard_requests_finished_total{reason="cancelled"}') == before
    assert server.metric('switchyard_requests_finished_total{reason="length"}') == length + 20


def test_the_queue_refuses_by_tokens_and_says_when_to_come_back():
    with Server(MODEL, "--max-sequences", 8, "--max-queued-tokens", 5000, "--max-output-tokens", 4000) as server:
        threads = [threading.Thread(target=lambda: server.post("/v1/completions", **ENDLESS), daemon=True)
                   for _ in range(2)]
        threads[0].start()
        wait_until(lambda: server.metric("switchyard_requests_running") == 1)
        threads[1].start()
        wait_until(lambda: server.metric("switchyard_requests_waiting") == 1)
        refused = server.post("/v1/completions", prompt=[5, 1], max_tokens=8)
        assert refused.status_code == 503 and refused.json()["error"]["code"] == "queue_full"
        assert 1 <= int(refused.headers["retry-after"]) <= 120
        assert float(refused.headers["retry-after-ms"]) >= 1
        assert server.metric('switchyard_admission_rejections_total{reason="tokens"}') == 1
        server.process.kill()


def test_large_bodies_share_their_memory_and_small_ones_always_fit():
    head = b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n"
    with Server(MODEL, "--max-body-memory", "4M") as server:
        with server.connect() as first, server.connect() as second:
            first.sendall(head + b'{"prompt": "' + b"a" * 3_000_000)
            time.sleep(0.3)
            second.sendall(head + b'{"prompt": "' + b"a" * 2_000_000)
            answer = second.recv(65536)
            assert answer.startswith(b"HTTP/1.1 503 ") and b"retry-after" in answer.lower() and b'"busy"' in answer
            assert server.complete()["choices"]
        with server.connect() as third:
            third.sendall(head + b'{"prompt": "' + b"a" * (4_000_000 - 14) + b'"}')
            assert third.recv(65536).startswith(b"HTTP/1.1 400 "), "what left gave its memory back"
