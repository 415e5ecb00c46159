"""RFC 9110 and 9112 at the socket: each request of http_cases.py, and what its answers and its connection must be.

Every case is sent with a further request behind it, so that a byte too many or too few read shows at once: where the
connection stays open exactly that request is answered, where it closes nothing is.
"""

import json

import pytest

from http_cases import H1SPEC, PROBE
from raw_http import CLOSED, FOLLOW_UP, check, exchange, get, head, read_answers
from switchyard_server import read_response


@pytest.mark.parametrize("case", PROBE + H1SPEC, ids=lambda case: case.id)
def test_a_request_is_answered_as_the_rfc_says(server, case):
    check(server, case)


def test_the_table_is_whole():
    """Http11Probe has 215 cases; four of cookies are left out (http_cases.py says why)."""
    ids = [case.id for case in PROBE + H1SPEC]
    assert len(ids) == len(set(ids)) and len(PROBE) == 211 and len(H1SPEC) == 33


BODY = json.dumps({"prompt": "A man is walking in the park."}).encode()
FRAMINGS = {
    "length": (["Content-Length: %d" % len(BODY)], BODY),
    "length with tabs": (["Content-Length:\t%d\t " % len(BODY)], BODY),
    "one chunk": (["Transfer-Encoding: chunked"], b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "a chunk for each byte": (["Transfer-Encoding: chunked"], b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n"),
    "upper case": (["TRANSFER-ENCODING: CHUNKED"], b"%X\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "extensions and trailers": (["Transfer-Encoding: chunked"],
                                b'%x;a=b;c="d\\"e"\r\n%s\r\n000;f\r\nX-Sum: 1\r\nContent-Length: 3\r\n\r\n' % (len(BODY), BODY)),
}


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_body_arrives_as_it_was_sent(server, framing):
    fields, body = FRAMINGS[framing]
    request = head("POST /tokenize HTTP/1.1", "Content-Type: application/json", *fields) + body
    answers = read_answers(exchange(server, request + FOLLOW_UP))
    assert [answer.status for answer in answers] == [200, 200]
    assert json.loads(answers[0].body) == server.http.post("/tokenize", content=BODY).json()


@pytest.mark.parametrize("bytes_", [
    get(), head("POST / HTTP/1.1", "Content-Length: 5") + b"hello",
    head("POST / HTTP/1.1", "Transfer-Encoding: chunked") + b"5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n", b"\r\n\r\n" + get(method="HEAD")],
    ids=["GET", "length", "chunked", "HEAD"])
def test_a_request_may_be_cut_anywhere(server, bytes_):
    """Each place once, all on one connection, each half on its own: the answers are the same."""
    with server.connect() as connection:
        stream = connection.makefile("rb")
        for cut in range(1, len(bytes_)):
            connection.sendall(bytes_[:cut])
            connection.sendall(bytes_[cut:])
            if b"HEAD" in bytes_:
                assert stream.readline().startswith(b"HTTP/1.1 200 ")
                while stream.readline() != b"\r\n":
                    pass
            else:
                assert read_response(stream)[0] == 200


def test_a_hundred_pipelined_requests_are_answered_in_order(server):
    requests = b"".join(get(f"X-Request-Id: number-{i}", target=f"/v1/models/{i}") for i in range(100))
    answers = read_answers(exchange(server, requests + FOLLOW_UP))
    assert [answer.headers["x-request-id"] for answer in answers[:-1]] == [f"number-{i}" for i in range(100)]
    assert [answer.status for answer in answers] == [404] * 100 + [200]


def test_http_1_0_keeps_a_connection_only_when_asked(server):
    kept = get("Connection: keep-alive", version="HTTP/1.0")
    answers = read_answers(exchange(server, kept + kept + get(version="HTTP/1.0")))
    assert [answer.headers["connection"] for answer in answers] == ["keep-alive", "keep-alive", "close"]


@pytest.mark.parametrize("request_, status", [
    (head("POST /v1/completions HTTP/1.1", "Content-Length: 100000000"), 413),
    (head("POST /v1/completions HTTP/1.1", "Content-Length: 100000", "Content-Type: text/plain"), 415),
    (head("POST /v1/completions HTTP/1.1", "Content-Length: 100000", "Expect: nonsense"), 417),
    (head("BREW /v1/completions HTTP/1.1", "Content-Length: 100000"), 501),
    (head("POST /nowhere HTTP/1.1", "Content-Length: 100000"), 404)], ids=["413", "415", "417", "501", "404"])
@pytest.mark.parametrize("expects", [False, True], ids=["body at once", "body awaited"])
def test_an_early_error_is_read_by_a_client_that_still_sends(server, request_, status, expects):
    """RFC 9112 9.6: the server stops writing, and reads on for a while before it closes."""
    if expects and b"Expect" not in request_:
        request_ = request_[:-2] + b"Expect: 100-continue\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(request_)
        stream = connection.makefile("rb")
        answer = read_response(stream)
        assert answer[0] == status and answer[1]["connection"] == "close"
        for _ in range(40):
            connection.sendall(b"x" * 1000)
        assert stream.read() == b""


def test_a_body_is_invited_once_and_only_when_it_is_wanted(server):
    with server.connect() as connection:
        stream = connection.makefile("rb")
        for prompt in ("A man.", "A dog."):
            body = json.dumps({"prompt": prompt}).encode()
            connection.sendall(head("POST /tokenize HTTP/1.1", "Expect: 100-Continue", f"Content-Length: {len(body)}"))
            assert stream.readline() == b"HTTP/1.1 100 Continue\r\n" and stream.readline() == b"\r\n"
            connection.sendall(body)
            assert read_response(stream)[0] == 200


def test_no_answer_can_be_split_by_what_a_client_sent(server):
    """Request ids are the only thing that comes back in a header field."""
    for value in ["a\tb", "a b", "é", "a" * 129, "", "a\x0bb"]:
        answers = read_answers(exchange(server, get(f"X-Request-Id: {value}", "Connection: close")))
        assert len(answers) == 1 and answers[0].headers["x-request-id"] != value
