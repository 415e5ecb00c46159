"""Whatever h11 or llhttp refuses, this server refuses: no request means one thing to a proxy and another here.

Requests are valid ones with a few steps of mutation, by seed. HTTP_DIFFERENTIAL_CASES is how many (5,000 unless told),
HTTP_DIFFERENTIAL_SEED the first.
"""

import os
import re
import socket
from concurrent.futures import ThreadPoolExecutor

from differential import h11_refuses, llhttp_refuses, request
from raw_http import method_of

CASES = int(os.environ.get("HTTP_DIFFERENTIAL_CASES", 5000))
FIRST = int(os.environ.get("HTTP_DIFFERENTIAL_SEED", 0))

# What one of the two refuses and RFC 9112 lets a server take, each by the reason it gives.
ALLOWED = [
    # 2.2: empty lines before a request are ignored; h11 takes them for the request line.
    ("leading empty lines", lambda data, reasons: data.startswith(b"\r\n")),
    # 9110 2.5: a higher minor version is read as the highest known; llhttp knows 0.9, 1.0, 1.1 and 2.0.
    ("a higher minor version", lambda data, reasons: re.match(rb"\S+ \S+ HTTP/1\.[2-9]\r\n", data)),
    # 9110 9.1: any token is a method; llhttp has a list, with those of other protocols. The answer is 501.
    ("an unknown method", lambda data, reasons: unknown_method(data) and re.search("Invalid method|Expected", reasons)),
]
METHODS = {b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"}


def unknown_method(data):
    return re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", method_of(data)) and method_of(data) not in METHODS


def refuses(server, data):
    """Whether the answer is an error after which the connection closes, or none comes because more is awaited."""
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(data)
        # Nothing more: what would be awaited is now known not to come.
        connection.shutdown(socket.SHUT_WR)
        received = b""
        try:
            while block := connection.recv(65536):
                received += block
        except ConnectionResetError:
            pass
    while received.startswith(b"HTTP/1.1 100 "):
        received = received[received.index(b"\r\n\r\n") + 4:]
    if not received:
        return True
    head, _, _ = received.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    return status >= 400 and b"connection: close" in head.lower()


def judge(server, seed):
    data = request(seed)
    reasons = [reason for reason in (h11_refuses(data), llhttp_refuses(data)) if reason]
    if not reasons:
        return "taken by both"
    if refuses(server, data):
        return "refused"
    for name, allows in ALLOWED:
        if allows(data, " ".join(reasons)):
            return name
    return f"TAKEN {seed}: {data!r} although {reasons}"


def test_what_another_parser_refuses_is_refused(server):
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda seed: judge(server, seed), range(FIRST, FIRST + CASES)))
    taken = [verdict for verdict in verdicts if verdict.startswith("TAKEN")]
    counts = {verdict: verdicts.count(verdict) for verdict in set(verdicts) if not verdict.startswith("TAKEN")}
    print(counts)
    assert not taken, f"{len(taken)} of {CASES}:\n" + "\n".join(taken[:20])
    # Mutations that all leave requests valid, or all break them, would test nothing.
    assert CASES * 0.2 < counts["refused"] < CASES * 0.9
    assert {name for name, _ in ALLOWED} <= set(counts), "an exception that is none"
    assert server.alive()
