"""Bytes on a socket and what comes back, for tests of what no HTTP client would send."""

import io
import socket
from dataclasses import dataclass, field
from typing import NamedTuple

from switchyard_server import read_response

# What becomes of the connection after the answers.
OPEN = "open"  # a further request is answered
CLOSED = "closed"  # nothing further is read as a request
WAITS = "waits"  # no answer yet: the request is not complete


class Answer(NamedTuple):
    status: int
    headers: dict
    body: bytes


@dataclass
class Case:
    """`id` and `rfc` name the rule; `answers` are the statuses of all responses, in order."""

    id: str
    rfc: str
    request: bytes
    answers: tuple
    end: str
    holds: object = field(default=None)  # takes the first answer


def head(line, *fields, host="a"):
    lines = [line, *([f"Host: {host}"] if host is not None else []), *fields]
    return "".join(text + "\r\n" for text in lines).encode("latin-1") + b"\r\n"


def get(*fields, target="/", version="HTTP/1.1", method="GET"):
    return head(f"{method} {target} {version}", *fields)


def post(*fields, body=b""):
    return head("POST / HTTP/1.1", *fields) + body


def chunked(body, *fields):
    return post("Transfer-Encoding: chunked", *fields, body=body)


def sized(body, *fields):
    return post(f"Content-Length: {len(body)}", *fields, body=body)


FOLLOW_UP = get("Connection: close")


def read_answers(data, methods=()):
    """Every response in `data`, which must hold nothing else; `methods` of the requests matter for HEAD."""
    stream, answers = io.BytesIO(data), []
    while stream.tell() < len(data):
        is_head = len(answers) < len(methods) and methods[len(answers)] == b"HEAD"
        start = stream.tell()
        if is_head:
            end = data.index(b"\r\n\r\n", start) + 4
            answer = Answer(*read_response(io.BytesIO(data[start:end])))
            stream.seek(end)
        else:
            answer = Answer(*read_response(stream))
        assert data[start:].startswith(b"HTTP/1.1 "), data[start:start + 40]
        answers.append(answer)
    return answers


def exchange(server, request, timeout=10):
    """Sends everything and returns what comes until the server closes, or None when it waits for more."""
    with server.connect(timeout=timeout) as connection:
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent
        received = b""
        try:
            while block := connection.recv(65536):
                received += block
        except TimeoutError:
            return received or None
        except ConnectionResetError:
            pass  # after the answer
        return received


def method_of(request):
    return request.lstrip(b"\r\n").split(b" ", 1)[0]


def check(server, case):
    if case.end == WAITS:
        assert exchange(server, case.request, timeout=0.2) is None
        return
    received = exchange(server, case.request + FOLLOW_UP)
    assert received is not None, "no answer"
    answers = read_answers(received, [method_of(case.request)])
    expected = case.answers + ((200,) if case.end == OPEN else ())
    assert tuple(answer.status for answer in answers) == expected, received[:600]
    assert answers[-1].headers["connection"] == "close"
    for answer in answers[:-1]:
        assert "connection" not in answer.headers
    for answer in answers:
        assert "date" in answer.headers and "x-request-id" in answer.headers
    if case.holds:
        assert case.holds(answers[0]), answers[0]


def is_closed(connection, within):
    """Whether the server ends the connection by itself, in `within` seconds."""
    connection.settimeout(within)
    try:
        while connection.recv(65536):
            pass
        return True
    except ConnectionResetError:
        return True
    except (TimeoutError, socket.timeout):
        return False
