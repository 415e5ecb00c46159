"""Mutated requests, and whether h11 and llhttp (httptools) would take them."""

import random

import h11
import httptools

HOST = b"Host: a"
BASES = [
    (b"GET / HTTP/1.1", [HOST, b"Accept: */*"], b""),
    (b"GET /openapi.yaml?a=b&c=%20d HTTP/1.1", [HOST, b"User-Agent: x/1 (y; z)", b"Connection: keep-alive"], b""),
    (b"POST / HTTP/1.1", [HOST, b"Content-Length: 5", b"Content-Type: text/plain"], b"hello"),
    (b"POST / HTTP/1.1", [HOST, b"Content-Length: 0"], b""),
    (b"POST / HTTP/1.1", [HOST, b"Transfer-Encoding: chunked"], b"5\r\nhello\r\n0\r\n\r\n"),
    (b"POST / HTTP/1.1", [HOST, b"Transfer-Encoding: chunked", b"Trailer: X-Sum"],
     b'3;a=b;c="d"\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n'),
    (b"POST / HTTP/1.1", [HOST, b"Expect: 100-continue", b"Content-Length: 3"], b"abc"),
    (b"HEAD / HTTP/1.1", [HOST, b"Cookie: a=b; c=d"], b""),
    (b"OPTIONS * HTTP/1.1", [HOST], b""),
    (b"GET http://a/ HTTP/1.1", [HOST], b""),
    (b"GET / HTTP/1.0", [HOST, b"Connection: keep-alive"], b""),
    (b"GET / HTTP/1.2", [HOST], b""),
    (b"BREW / HTTP/1.1", [HOST], b""),
    (b"\r\nGET / HTTP/1.1", [HOST], b""),
]
# What parsers have been seen to read differently.
WORDS = [
    b"\r\n", b"\n", b"\r", b" ", b"\t", b"\x0b", b"\x0c", b"\0", b":", b": ", b",", b";", b"=", b'"', b"\\", b"\xff", b"\xc3\xa9",
    b"0", b"00", b"+", b"-", b"_", b"0x", b"chunked", b"identity", b"gzip, chunked", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"#", b"/",
    b"//", b"*", b"@", b"[::1]", b"%", b"%00", b"close", b"keep-alive", b"\r\n ", b"\r\n\t", b"\x7f", b"\x01", b"(", b"{",
]
FIELDS = [
    HOST, b"Host: b", b"Host:", b"Host: a:80", b"Host: [::1]", b"host: a", b"HOST:a", b"Host: a b", b"Content-Length: 5",
    b"Content-Length: 0", b"Content-Length: 05", b"Content-Length: +5", b"Content-Length: 5,5", b"Content-Length: 5, 6",
    b"Content-Length: 99999999999999999999", b"Content-Length: 0x5", b"Content-Length:", b"Content-Length: 5 5",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding:",
    b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked, gzip", b"Transfer-Encoding: gzip", b"Transfer-Encoding : chunked",
    b"Transfer-Encoding:\x0bchunked", b"Connection: close", b"Connection: upgrade", b"Upgrade: h2c", b"Expect: 100-continue",
    b"X: a\x00b", b"X: a\x07b", b"X: \xff", b"X : a", b" X: a", b"X\xe9: a", b": a", b"X", b"X: a\r\n b", b"TE: trailers", b"X:" + b"a" * 200,
]
CHUNKED_BODIES = [
    b"5\r\nhello\r\n0\r\n\r\n", b"5;a\r\nhello\r\n0\r\n\r\n", b"5 ;a\r\nhello\r\n0\r\n\r\n", b"05\r\nhello\r\n00\r\n\r\n", b"5\r\nhello0\r\n\r\n",
    b"5\nhello\r\n0\r\n\r\n", b"5\r\nhello\n0\r\n\r\n", b"g\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n",
    b"5;\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nX : a\r\n\r\n", b"5\r\nhello\r\n0\r\nX: a\nY: b\r\n\r\n", b"5\r\nhello\r\n0\r\n X: a\r\n\r\n",
    b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", b"5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloX\r\n0\r\n\r\n", b"\r\n5\r\nhello\r\n0\r\n\r\n",
]


def request(seed):
    """One request, a few steps away from a valid one; the same for the same seed."""
    random_ = random.Random(seed)
    line, fields, body = random_.choice(BASES)
    fields = list(fields)
    for _ in range(random_.choice([0, 0, 1, 1, 2])):
        fields.insert(random_.randrange(len(fields) + 1), random_.choice(FIELDS))
    if random_.random() < 0.15 and fields:
        fields.pop(random_.randrange(len(fields)))
    if random_.random() < 0.3 and any(b"hunked" in field for field in fields):
        body = random_.choice(CHUNKED_BODIES)
    data = bytearray(b"\r\n".join([line, *fields, b"", b""]) + body)
    for _ in range(random_.choice([0, 0, 1, 1, 1, 2, 3])):
        at = random_.randrange(len(data) + 1)
        match random_.randrange(4):
            case 0: data[at:at] = random_.choice(WORDS)
            case 1: data[at:at + 1] = random_.choice(WORDS)
            case 2: del data[at:at + random_.randrange(1, 4)]
            case 3: data[at:at + 1] = bytes([random_.randrange(256)])
    return bytes(data)


def h11_refuses(data):
    """The reason, or None."""
    connection = h11.Connection(h11.SERVER)
    try:
        connection.receive_data(data)
        while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.ConnectionClosed):
                break
            if isinstance(event, h11.EndOfMessage):
                break
    except h11.RemoteProtocolError as error:
        return str(error)
    return None


class _Message:
    isComplete = False

    def on_message_complete(self):
        self.isComplete = True


def llhttp_refuses(data):
    """The reason, or None; what stands behind the first message is no concern."""
    message = _Message()
    parser = httptools.HttpRequestParser(message)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        return None
    except httptools.HttpParserError as error:
        return None if message.isComplete else str(error)
    return None
