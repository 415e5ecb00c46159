"""Content codings as clients meet them: answers packed by Accept-Encoding, and packed bodies taken."""

import gzip
import json
import random
import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from switchyard_server import JSON, Server, events, raw_request, read_response

BODY_BYTES = 8 * 1024 * 1024


def get(server, path, accept, method="GET"):
    """Status, headers and body as they were sent."""
    headers = [f"Accept-Encoding: {value}" for value in ([accept] if isinstance(accept, str) else accept or [])]
    with server.connect() as socket_:
        socket_.sendall(raw_request(method, path, headers=headers + ["Connection: close"]))
        stream = socket_.makefile("rb")
        if method == "HEAD":
            status, headers, _ = read_response(type("Head", (), {"readline": stream.readline, "read": lambda self, n: b""})())
            return status, headers, stream.read()
        return read_response(stream)


def post(server, body, coding="gzip", **headers):
    fields = JSON | ({"Content-Encoding": coding} if coding else {}) | headers
    return httpx.post(server.url + "/v1/completions", content=body, headers=fields, timeout=60)


def request(**members):
    return json.dumps({"prompt": "A man is walking.", "temperature": 0, "max_tokens": 8} | members).encode()


# Answers


@pytest.mark.parametrize("accept, is_packed", [
    ("gzip", True), ("x-gzip", True), ("gzip, deflate, br", True), ("*", True), ("deflate, gzip;q=0.1", True),
    (["deflate", "gzip"], True), ("gzip;q=0.5, identity;q=0.4", True), ("identity;q=0, *", True),
    (None, False), ("", False), ("identity", False), ("gzip;q=0", False), ("br, deflate", False), ("*;q=0", False),
    ("gzip;q=0.4, identity;q=0.5", False), ("gzip;q=0, *", False), ("identity;q=0", False), ("gzip;q=nonsense", False)])
def test_weights_decide(server, accept, is_packed):
    plain = get(server, "/openapi.yaml", None)[2]
    status, headers, body = get(server, "/openapi.yaml", accept)
    assert status == 200 and headers["vary"] == "Accept-Encoding" and int(headers["content-length"]) == len(body)
    assert headers.get("content-encoding") == ("gzip" if is_packed else None)
    assert (gzip.decompress(body) if is_packed else body) == plain
    assert not is_packed or len(body) < len(plain) / 2


@pytest.mark.parametrize("accept", ["gzip", None])
def test_head_says_what_get_would(server, accept):
    _, expected, _ = get(server, "/openapi.yaml", accept)
    status, headers, rest = get(server, "/openapi.yaml", accept, method="HEAD")
    assert status == 200 and rest == b""
    for name in ("content-length", "content-encoding", "content-type", "vary"):
        assert headers.get(name) == expected.get(name)


def test_small_answers_stay_plain_and_do_not_vary(server):
    _, headers, body = get(server, "/livez", "gzip")
    assert "content-encoding" not in headers and "vary" not in headers and json.loads(body) == {"status": "ok"}
    _, headers, body = get(server, "/livez", "gzip, identity;q=0")  # unless nothing else is taken
    assert headers["content-encoding"] == "gzip" and json.loads(gzip.decompress(body)) == {"status": "ok"}


@pytest.mark.parametrize("accept", ["text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0"])
def test_metrics_are_packed_for_prometheus(server, accept):
    answer = httpx.get(server.url + "/metrics", headers={"Accept": accept, "Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip" and "switchyard_ready" in answer.text
    assert int(answer.headers["content-length"]) < len(answer.text) / 3


def test_curl_unpacks(server):
    done = subprocess.run(["curl", "-sS", "--compressed", server.url + "/openapi.yaml"], capture_output=True, check=True)
    assert done.stdout == get(server, "/openapi.yaml", None)[2]


def test_a_completion_is_the_same_packed(server):
    members = dict(max_tokens=200, ignore_eos=True, logprobs=5)
    whole = server.complete(**members)["choices"]
    answer = httpx.post(server.url + "/v1/completions", content=request(**members), headers=JSON | {"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip" and answer.json()["choices"] == whole


def test_streams_stay_plain(server):
    with httpx.stream("POST", server.url + "/v1/completions", content=request(stream=True),
                      headers=JSON | {"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert "content-encoding" not in answer.headers and events(raw.decode())


# Bodies


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "identity, gzip"])
def test_a_packed_body_is_taken(server, coding):
    plain = post(server, request(), coding=None).json()["choices"]
    assert post(server, gzip.compress(request()), coding).json()["choices"] == plain


def test_members_and_chunks(server):
    body = request()
    packed = gzip.compress(body[:20]) + gzip.compress(b"") + gzip.compress(body[20:])
    assert post(server, packed).status_code == 200
    answer = post(server, (packed[start:start + 7] for start in range(0, len(packed), 7)))
    assert answer.status_code == 200 and answer.request.headers["transfer-encoding"] == "chunked"


@pytest.mark.parametrize("name, body", [
    ("cut", gzip.compress(request())[:-1]), ("head only", gzip.compress(request())[:10]), ("garbage", b"\x1f\x8b garbage"),
    ("plain", request()), ("trailing", gzip.compress(request()) + b"\0"), ("zlib", zlib.compress(request())),
    ("checksum", gzip.compress(request())[:-8] + b"abcdefgh"),
    ("chunked cut", [gzip.compress(request())[:-1]])])
def test_what_is_not_gzip_is_a_400(server, name, body):
    answer = post(server, iter(body) if isinstance(body, list) else body)
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "malformed_body", answer.text
    assert server.complete()  # and the next request is well


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "br, gzip", "compress"])
def test_other_codings_are_a_415(server, coding):
    answer = post(server, gzip.compress(request()), coding)
    assert answer.status_code == 415 and answer.headers["accept-encoding"] == "gzip", answer.text
    assert answer.json()["error"]["code"] == "unsupported_content_encoding"


def sized(count):
    """A request of exactly so many bytes that hardly packs."""
    start = request()[:-1] + b', "user": "'
    noise = "".join(f"{byte:02x}" for byte in random.Random(1).randbytes(count // 2)).encode()
    return (start + noise)[:count - 2].ljust(count - 2, b"a") + b'"}'


def test_the_limit_is_on_what_comes_out(server):
    at, over = gzip.compress(sized(BODY_BYTES), 1), gzip.compress(sized(BODY_BYTES + 1), 1)
    assert len(over) < BODY_BYTES
    assert post(server, at).status_code == 200
    answer = post(server, over)
    assert answer.status_code == 413 and answer.json()["error"]["code"] == "request_too_large"


def test_dense_bodies_cost_little(server):
    """A body within the limit that is a thousandth of itself when it is packed: refused before most of it is unpacked."""
    dense = gzip.compress(bytes(BODY_BYTES))
    process = psutil.Process(server.process.pid)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: post(server, request()), range(8)))
        before = process.memory_info().rss
        answers = list(pool.map(lambda _: send(server, dense), range(64)))
    assert set(answers) == {413}
    assert process.memory_info().rss - before < BODY_BYTES
    assert server.alive()


def send(server, body):
    """The status of the answer, which comes before the body has been sent."""
    with server.connect() as socket_:
        socket_.sendall(raw_request("POST", "/v1/completions", headers=[
            "Content-Type: application/json", "Content-Encoding: gzip", f"Content-Length: {len(body)}"]) + body)
        return int(socket_.recv(100).split(b" ")[1])
