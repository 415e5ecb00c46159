"""httplint reads the header fields of every endpoint's answers, right and wrong: it finds nothing bad."""

import json
import re
import time

import pytest
from httplint import HttpRequestLinter, HttpResponseLinter, levels

from raw_http import exchange, get, head, method_of, read_answers
from switchyard_server import MODEL, ROOT, Server

CLOSE = "Connection: close"
COMPLETION = {"prompt": "A dog.", "max_tokens": 2}

# Notes that say no more than the status does: each of these requests is wrong on purpose.
EXPLAINED = {"STATUS_BAD_REQUEST", "STATUS_URI_TOO_LONG", "STATUS_VERSION_NOT_SUPPORTED"}


def ask(path, body=None, *fields, method=None):
    if body is None:
        return get(CLOSE, *fields, target=path, method=method or "GET")
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head(f"{method or 'POST'} {path} HTTP/1.1", CLOSE, "Content-Type: application/json", f"Content-Length: {len(body)}",
                *fields) + body


def endpoints():
    """Method and path of every operation of the description."""
    path = None
    for line in (ROOT / "openapi.yaml").read_text().splitlines():
        if match := re.fullmatch(r"  (/\S*):", line):
            path = match[1]
        elif match := re.fullmatch(r"    (get|post|put|delete|patch):", line):
            yield match[1].upper(), path.replace("{id}", "en-de").replace("{file}", "main.js")


BODIES = {
    "/": b"hello", "/v1/completions": COMPLETION, "/v1/beam_search": COMPLETION, "/v1/route": {"prompt": "A dog."},
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "A dog."}]}, "/v1/responses": {"input": "A dog."},
    "/v1/embeddings": {"input": "A dog."}, "/v1/rerank": {"query": "A dog.", "documents": ["A cat."]},
    "/v2/rerank": {"query": "A dog.", "documents": ["A cat."]}, "/generative_scoring": {"query": "A dog.", "continuations": ["Ein"]},
    "/v1/generative-scores": {"query": "A dog.", "items": ["A cat."], "label_token_ids": [5]},
    "/embed": {"inputs": "A dog."},
    "/tokenize": {"prompt": "A dog."}, "/detokenize": {"tokens": [5, 6]},
    "/translate": {"q": "A dog.", "target": "de"}, "/detect": {"q": "A dog."}, "/generate": {"inputs": "A dog."},
    "/v2/translate": {"text": ["A dog."], "target_lang": "DE"}, "/v2/languages": {}, "/generate_stream": {"inputs": "A dog."},
}
REQUESTS = {
    **{f"{method} {path}": ask(path, BODIES[path] if method == "POST" else None, method=method) for method, path in endpoints()},
    **{f"HEAD {path}": ask(path, method="HEAD") for method, path in endpoints() if method == "GET"},
    **{f"OPTIONS {path}": ask(path, method="OPTIONS") for _, path in endpoints()},
    **{f"PATCH {path}": ask(path, method="PATCH") for _, path in endpoints()},
    "a stream": ask("/v1/completions", COMPLETION | {"stream": True}),
    "a stream of a conversation": ask("/v1/chat/completions", BODIES["/v1/chat/completions"] | {"stream": True}),
    "a stream of a beam search": ask("/v1/beam_search", COMPLETION | {"stream": True}),
    "the page": ask("/", None, "Accept: text/html,*/*;q=0.8"),
    "a stream of a response": ask("/v1/responses", BODIES["/v1/responses"] | {"stream": True}),
    "a compressed answer, if there is one": ask("/openapi.yaml", None, "Accept-Encoding: gzip"),
    "not JSON": ask("/v1/completions", b"{"),
    "a wrong parameter": ask("/v1/completions", COMPLETION | {"n": 0}),
    "another model": ask("/v1/completions", COMPLETION | {"model": "other"}),
    "too late": ask("/v1/completions", {"prompt": "A dog.", "max_tokens": 500, "timeout": 1e-5, "ignore_eos": True}),
    "too large": head("POST /tokenize HTTP/1.1", "Content-Length: 99999999"),
    "another type": head("POST /tokenize HTTP/1.1", CLOSE, "Content-Type: text/plain", "Content-Length: 2") + b"{}",
    "nothing there": ask("/nowhere"),
    "no host": head("GET / HTTP/1.1", host=None),
    "an unknown method": ask("/", method="BREW"),
    "an unknown expectation": ask("/", None, "Expect: tea"),
    "an unknown version": get(version="HTTP/3.0"),
    "an unknown coding": head("POST / HTTP/1.1", "Transfer-Encoding: tea"),
    "a long line": ask("/" + "a" * 9000),
    "long fields": ask("/", None, "X: " + "a" * 40000),
}


def lint(request, received):
    """The notes of a complete response, with the request's line and fields beside it."""
    lines = request.lstrip(b"\r\n").partition(b"\r\n\r\n")[0].split(b"\r\n")
    method, target, _ = lines[0].split(b" ", 2)
    asked = HttpRequestLinter(start_time=time.time())
    asked.process_request_topline(method, b"http://a" + target[:100], b"1.1")
    asked.process_headers([tuple(part.strip() for part in line.split(b":", 1)) for line in lines[1:]])
    asked.finish_content(True)
    lines = received.partition(b"\r\n\r\n")[0].split(b"\r\n")
    version, status, phrase = lines[0].split(b" ", 2)
    linter = HttpResponseLinter(start_time=time.time(), no_content=method == b"HEAD", _related=asked)
    linter.process_response_topline(version[5:], status, phrase)
    linter.process_headers([tuple(part.strip() for part in line.split(b":", 1)) for line in lines[1:]])
    linter.feed_content(read_answers(received, [method])[0].body)
    linter.finish_content(True)
    return [note for note in linter.notes if not is_guess(note, received, method)]


def is_guess(note, received, method):
    """httplint has chardet guess what a text is in, which by its version takes UTF-8 of few marks for WINDOWS-1258."""
    if type(note).__name__ != "CHARSET_MISMATCH":
        return False
    read_answers(received, [method])[0].body.decode("utf-8")
    return b"charset=utf-8" in received.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize("name", REQUESTS)
def test_no_answer_has_a_bad_note(server, name):
    received = exchange(server, REQUESTS[name])
    notes = lint(REQUESTS[name], received)
    bad = [(type(note).__name__, note.summary) for note in notes
           if note.level in (levels.BAD, levels.WARN) and type(note).__name__ not in EXPLAINED]
    assert not bad, received.partition(b"\r\n\r\n")[0]


def test_every_answer_of_a_moment_says_that_it_is_one(server):
    for name, request in REQUESTS.items():
        for answer in read_answers(exchange(server, request), [method_of(request)]):
            if answer.status != 204:
                assert answer.headers["cache-control"] in ("no-store", "no-cache"), name


def test_a_refused_key_is_told_how(tmp_path):
    (tmp_path / "keys").write_text("secret-key-of-sixteen-characters\n")
    (tmp_path / "keys").chmod(0o600)
    with Server(MODEL, "--api-key-file", tmp_path / "keys") as guarded:
        request = ask("/v1/models")
        received = exchange(guarded, request)
        assert received.startswith(b"HTTP/1.1 401 ") and b"\r\nWWW-Authenticate: Bearer" in received
        assert not [note.summary for note in lint(request, received) if note.level in (levels.BAD, levels.WARN)]
