"""Requests at the edge of RFC 9110 and 9112, and what must become of each.

The ids up to the first lower-case letter are those of Http11Probe (MDA2AV/Http11Probe): all of its cases of compliance,
malformed input, body lengths and normalization, and those of cookies and caching that say something about a server that has
neither. Where it leaves a choice, one is made here: the strict one. `h1spec …` are the cases of uNetworking/h1spec by their
descriptions.

POST / echoes its body. Left out, because this server has no cookies to parse and no validators:
COOK-PARSED-BASIC, COOK-PARSED-MULTI, COOK-PARSED-EMPTY-VAL, COOK-PARSED-SPECIAL, and of the caching cases what follows a
first answer with an ETag or Last-Modified, which it does not send; that conditions on them are ignored is tested.
"""

import re

from raw_http import CLOSED, OPEN, WAITS, Case, chunked, get, head, post, sized

FIXED_DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
                        r"\d\d:\d\d:\d\d GMT")
WEBSOCKET = ("Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13")


def line(text):
    return head(text)


def refused(id, rfc, request, status=400):
    return Case(id, rfc, request, (status,), CLOSED)


def echoed(id, rfc, request, body):
    return accepted(id, rfc, request, lambda answer: answer.body == body)


def accepted(id, rfc, request, holds=None, status=200):
    return Case(id, rfc, request, (status,), OPEN, holds)


def waits(id, rfc, request):
    return Case(id, rfc, request, (), WAITS)


REQUEST_LINE = [
    accepted("COMP-BASELINE", "9112 3", get()),
    refused("RFC9112-2.2-BARE-LF-REQUEST-LINE", "9112 2.2", b"GET / HTTP/1.1\nHost: a\r\n\r\n"),
    refused("RFC9112-3-CR-ONLY-LINE-ENDING", "9112 2.2", b"GET / HTTP/1.1\rHost: a\r\n\r\n"),
    refused("RFC9112-3-MULTI-SP-REQUEST-LINE", "9112 3", line("GET  / HTTP/1.1")),
    refused("RFC9112-3-MISSING-TARGET", "9112 3", line("GET HTTP/1.1")),
    refused("RFC9112-3.2-FRAGMENT-IN-TARGET", "9112 3.2", line("GET /path#frag HTTP/1.1")),
    refused("RFC9112-2.3-HTTP09-REQUEST", "9112 2.3", b"GET /\r\n"),
    refused("RFC9112-2.3-INVALID-VERSION", "9112 2.3", line("GET / HTTP/9.9"), 505),
    refused("COMP-VERSION-MISSING-MINOR", "9112 2.3", line("GET / HTTP/1")),
    refused("COMP-VERSION-LEADING-ZEROS", "9112 2.3", line("GET / HTTP/01.01")),
    refused("COMP-VERSION-WHITESPACE", "9112 2.3", line("GET / HTTP/ 1.1")),
    refused("COMP-VERSION-CASE", "9112 2.3", line("GET / http/1.1")),
    accepted("COMP-HTTP12-VERSION", "9110 2.5", line("GET / HTTP/1.2")),
    refused("COMP-REQUEST-LINE-TAB", "9112 3", line("GET\t/ HTTP/1.1")),
    refused("COMP-SPACE-IN-TARGET", "9112 3.2", line("GET /pa th HTTP/1.1")),
    accepted("COMP-LEADING-CRLF", "9112 2.2", b"\r\n\r\n" + get()),
    accepted("COMP-ABSOLUTE-FORM", "9112 3.2.2", line("GET http://a/ HTTP/1.1")),
    refused("COMP-ASTERISK-WITH-GET", "9112 3.2.4", line("GET * HTTP/1.1")),
    accepted("COMP-OPTIONS-STAR", "9110 9.3.7", line("OPTIONS * HTTP/1.1"), lambda answer: "allow" in answer.headers, 204),
    accepted("COMP-LONG-URL-OK", "9112 3", get(target="/" + "a" * 7900), status=404),
    accepted("COMP-METHOD-CASE", "9110 9.1", get(method="get"), status=501),
    accepted("COMP-UNKNOWN-METHOD", "9110 9.1", get(method="FOOBAR"), status=501),
    refused("COMP-METHOD-CONNECT", "9110 9.3.6", head("CONNECT example.com:443 HTTP/1.1", host="example.com:443"), 501),
    accepted("COMP-METHOD-TRACE", "9110 9.3.8", get(method="TRACE"), lambda answer: "allow" in answer.headers, 405),
    accepted("COMP-TRACE-WITH-BODY", "9110 9.3.8", get("Content-Length: 5", method="TRACE") + b"hello", status=405),
    accepted("COMP-TRACE-SENSITIVE", "9110 9.3.8", get("Authorization: Bearer secret-token-123", method="TRACE"),
             lambda answer: b"secret" not in answer.body, 405),
    accepted("COMP-405-ALLOW", "9110 15.5.6", get(method="DELETE"),
             lambda answer: answer.headers["allow"] == "GET, HEAD, OPTIONS, POST", 405),
    accepted("COMP-OPTIONS-ALLOW", "9110 9.3.7", get(method="OPTIONS"),
             lambda answer: answer.headers["allow"] == "GET, HEAD, OPTIONS, POST", 204),
    accepted("COMP-NO-CL-IN-204", "9110 8.6", get(method="OPTIONS"),
             lambda answer: not {"content-length", "transfer-encoding"} & set(answer.headers), 204),
    accepted("COMP-HEAD-NO-BODY", "9110 9.3.2", get(method="HEAD"), lambda answer: int(answer.headers["content-length"]) > 0),
    refused("MAL-NUL-IN-URL", "9112 3.2", get(target="/\0test")),
    refused("MAL-NON-ASCII-URL", "9112 3.2", get(target="/caf\xc3\xa9")),
    accepted("MAL-URL-BACKSLASH", "9112 3.2", get(target="/a\\b"), status=404),
    accepted("MAL-URL-OVERLONG-UTF8", "3629 3", get(target="/v1/models/%C0%AF"), status=404),
    accepted("MAL-URL-PERCENT-NULL", "3986 2.1", get(target="/v1/models/%00"), status=404),
    accepted("MAL-URL-PERCENT-CRLF", "3986 2.1", get(target="/v1/models/%0d%0aX-Injected:%20a"),
             lambda answer: "x-injected" not in answer.headers, 404),
    refused("MAL-LONG-URL", "9110 15.5.15", get(target="/" + "A" * 100_000), 414),
    refused("MAL-LONG-METHOD", "9112 3", get(method="A" * 100_000), 501),
    refused("MAL-WHITESPACE-ONLY-LINE", "9112 3", b"   \r\n\r\n"),
    refused("MAL-BINARY-GARBAGE", "9112 3", bytes((i * 151 + 7) % 256 for i in range(256)) + b"\n"),
    refused("MAL-H2-PREFACE", "9113 3.4", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    waits("MAL-EMPTY-REQUEST", "9112 9.5", b""),
    waits("MAL-INCOMPLETE-REQUEST", "9112 2.1", b"GET / HTTP/1.1\r\nHost: a\r\nX-Test: value"),
]

FIELDS = [
    refused("RFC9112-2.2-BARE-LF-HEADER", "9112 2.2", b"GET / HTTP/1.1\r\nHost: a\nX-Test: value\r\n\r\n"),
    refused("RFC9112-5.1-OBS-FOLD", "9112 5.2", get("X-Test: value\r\n continued")),
    refused("RFC9110-5.6.2-SP-BEFORE-COLON", "9112 5.1", get("X-Test : value")),
    refused("RFC9112-5-EMPTY-HEADER-NAME", "9112 5", get(": empty-name")),
    refused("RFC9112-5-INVALID-HEADER-NAME", "9112 5", get("Bad[Name: value")),
    refused("RFC9112-5-HEADER-NO-COLON", "9112 5", get("NoColonHere")),
    refused("COMP-WHITESPACE-BEFORE-HEADERS", "9112 2.2", b"GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n"),
    refused("RFC9112-7.1-MISSING-HOST", "9112 3.2", head("GET / HTTP/1.1", host=None)),
    refused("RFC9110-5.4-DUPLICATE-HOST", "9112 3.2", get("Host: other.example.com")),
    refused("COMP-DUPLICATE-HOST-SAME", "9112 3.2", get("Host: a")),
    refused("COMP-HOST-WITH-USERINFO", "9112 3.2", head("GET / HTTP/1.1", host="user@a")),
    refused("COMP-HOST-WITH-PATH", "9112 3.2", head("GET / HTTP/1.1", host="a/path")),
    refused("COMP-HOST-EMPTY-VALUE", "9110 4.2.1", head("GET / HTTP/1.1", host="")),
    Case("COMP-HTTP10-NO-HOST", "9112 3.2", head("GET / HTTP/1.0", host=None), (200,), CLOSED),
    Case("COMP-HTTP10-DEFAULT-CLOSE", "9112 9.3", get(version="HTTP/1.0"), (200,), CLOSED),
    Case("COMP-CONNECTION-CLOSE", "9112 9.6", get("Connection: close"), (200,), CLOSED),
    accepted("COMP-UPGRADE-POST", "9110 7.8", post("Connection: Upgrade", *WEBSOCKET)),
    accepted("COMP-UPGRADE-MISSING-CONN", "9110 7.8", get(*WEBSOCKET)),
    accepted("COMP-UPGRADE-UNKNOWN", "9110 7.8", get("Connection: Upgrade", "Upgrade: totally-made-up/1.0")),
    accepted("COMP-UPGRADE-INVALID-VER", "9110 7.8", get("Connection: Upgrade", *WEBSOCKET[:2], "Sec-WebSocket-Version: 99")),
    Case("COMP-UPGRADE-HTTP10", "9110 7.8", get("Connection: Upgrade", *WEBSOCKET, version="HTTP/1.0"), (200,), CLOSED),
    refused("COMP-EXPECT-UNKNOWN", "9110 10.1.1", get("Expect: 200-ok"), 417),
    Case("COMP-NO-1XX-HTTP10", "9110 10.1.1",
         head("POST / HTTP/1.0", "Expect: 100-continue", "Content-Length: 5") + b"hello", (200,), CLOSED),
    accepted("COMP-DATE-HEADER", "9110 6.6.1", get(), lambda answer: "date" in answer.headers),
    accepted("COMP-DATE-FORMAT", "9110 5.6.7", get(), lambda answer: FIXED_DATE.fullmatch(answer.headers["date"])),
    accepted("COMP-CONTENT-TYPE", "9110 8.3", get(), lambda answer: answer.headers["content-type"] == "application/json"),
    accepted("COMP-DUPLICATE-CT", "9110 5.3", sized(b"hello", "Content-Type: text/plain", "Content-Type: text/html")),
    accepted("COMP-POST-UNSUPPORTED-CT", "9110 15.5.16",
             head("POST /tokenize HTTP/1.1", "Content-Length: 5", "Content-Type: application/x-nonsense") + b"hello",
             status=415),
    accepted("COMP-ACCEPT-NONSENSE", "9110 12.5.1", get("Accept: application/x-nonsense")),
    accepted("COMP-RANGE-POST", "9110 14.2", sized(b"hello", "Range: bytes=0-10")),
    accepted("COMP-RANGE-INVALID", "9110 14.2", get("Range: bytes=abc-xyz")),
    accepted("MAL-RANGE-OVERLAPPING", "9110 14.2", get("Range: bytes=" + ",".join(["0-"] * 500))),
    refused("MAL-LONG-HEADER-VALUE", "6585 5", get("X-Big: " + "B" * 100_000), 431),
    refused("MAL-LONG-HEADER-NAME", "6585 5", get("A" * 100_000 + ": val"), 431),
    refused("MAL-MANY-HEADERS", "6585 5", get(*(f"X-H-{i}: value" for i in range(10_000))), 431),
    refused("MAL-CONTROL-CHARS-HEADER", "9110 5.5", get("X-Test: abc\x07\x08\x0bdef")),
    refused("MAL-NUL-IN-HEADER-VALUE", "9110 5.5", get("X-Test: val\0ue")),
    refused("MAL-NON-ASCII-HEADER-NAME", "9110 5.1", get("X-T\xc3\xabst: value")),
]

BODIES = [
    refused("RFC9112-6.1-CL-NON-NUMERIC", "9112 6.3", post("Content-Length: abc")),
    refused("RFC9112-6.1-CL-PLUS-SIGN", "9112 6.3", post("Content-Length: +5", body=b"hello")),
    refused("COMP-UNKNOWN-TE-501", "9112 6.1", post("Transfer-Encoding: gzip"), 501),
    echoed("COMP-POST-CL-BODY", "9112 6.2", sized(b"hello"), b"hello"),
    echoed("COMP-POST-CL-ZERO", "9112 6.2", sized(b""), b""),
    echoed("COMP-POST-NO-CL-NO-TE", "9112 6.3", post(), b""),
    waits("COMP-POST-CL-UNDERSEND", "9112 6.2", post("Content-Length: 10", body=b"hello")),
    accepted("COMP-GET-WITH-CL-BODY", "9110 9.3.1", get("Content-Length: 5") + b"hello"),
    echoed("COMP-CHUNKED-BODY", "9112 7.1", chunked(b"5\r\nhello\r\n0\r\n\r\n"), b"hello"),
    echoed("COMP-CHUNKED-MULTI", "9112 7.1", chunked(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), b"hello world"),
    echoed("COMP-CHUNKED-EMPTY", "9112 7.1", chunked(b"0\r\n\r\n"), b""),
    waits("COMP-CHUNKED-NO-FINAL", "9112 8", chunked(b"5\r\nhello\r\n")),
    echoed("COMP-CHUNKED-EXTENSION", "9112 7.1.1", chunked(b"5;ext=value\r\nhello\r\n0\r\n\r\n"), b"hello"),
    echoed("COMP-CHUNKED-TRAILER-VALID", "9112 7.1.2", chunked(b"5\r\nhello\r\n0\r\nX-Checksum: abc\r\n\r\n"), b"hello"),
    echoed("COMP-CHUNKED-HEX-UPPERCASE", "9112 7.1", chunked(b"A\r\nhelloworld\r\n0\r\n\r\n"), b"helloworld"),
    refused("MAL-CL-OVERFLOW", "9110 8.6", post("Content-Length: 99999999999999999999")),
    refused("MAL-CL-EMPTY", "9110 8.6", post("Content-Length: ")),
    echoed("MAL-CL-TAB-BEFORE-VALUE", "9110 5.5", post("Content-Length:\t5", body=b"hello"), b"hello"),
    refused("MAL-POST-CL-HUGE-NO-BODY", "9110 15.5.14", post("Content-Length: 9999999999"), 413),
    refused("MAL-CHUNK-SIZE-OVERFLOW", "9112 7.1", chunked(b"FFFFFFFFFFFFFFFF0\r\nhello\r\n0\r\n\r\n")),
    refused("MAL-CHUNK-EXTENSION-LONG", "9112 7.1.1", chunked(b"5;ext=" + b"A" * 100_000 + b"\r\nhello\r\n0\r\n\r\n")),
]

FOLLOWING = get()


def both(length, coding="Transfer-Encoding: chunked", body=b"0\r\n\r\n" + FOLLOWING):
    """A length and a coding, and a request behind what one of them says is the end."""
    return post(f"Content-Length: {length or len(body)}", coding, body=body)


LENGTHS = [
    refused("SMUG-CL-TE-BOTH", "9112 6.1", both(25, body=b"D\r\nhello-bananas\r\n0\r\n\r\n")),
    refused("SMUG-DUPLICATE-CL", "9110 8.6", post("Content-Length: 5", "Content-Length: 10", body=b"helloworld")),
    refused("SMUG-CL-LEADING-ZEROS", "9110 8.6", post("Content-Length: 005", body=b"hello")),
    refused("SMUG-CL-LEADING-ZEROS-OCTAL", "9110 8.6", post("Content-Length: 0200", body=b"A" * 200)),
    refused("SMUG-CL-DOUBLE-ZERO", "9110 8.6", post("Content-Length: 00")),
    refused("SMUG-CL-NEGATIVE", "9110 8.6", post("Content-Length: -1")),
    refused("SMUG-CL-NEGATIVE-ZERO", "9110 8.6", post("Content-Length: -0")),
    refused("SMUG-CL-OCTAL", "9110 8.6", post("Content-Length: 0o5", body=b"hello")),
    refused("SMUG-CL-HEX-PREFIX", "9110 8.6", post("Content-Length: 0x5", body=b"hello")),
    refused("SMUG-CL-UNDERSCORE", "9110 8.6", post("Content-Length: 1_0", body=b"helloworld")),
    refused("SMUG-CL-INTERNAL-SPACE", "9110 8.6", post("Content-Length: 1 0", body=b"hello12345")),
    refused("SMUG-CL-COMMA-DIFFERENT", "9110 8.6", post("Content-Length: 5, 10", body=b"hello")),
    refused("SMUG-CL-COMMA-SAME", "9110 8.6", post("Content-Length: 5, 5", body=b"hello")),
    refused("SMUG-CL-COMMA-TRIPLE", "9110 8.6", post("Content-Length: 5, 5, 5", body=b"hello")),
    echoed("SMUG-CL-TRAILING-SPACE", "9110 5.5", post("Content-Length: 5 ", body=b"hello"), b"hello"),
    echoed("SMUG-CL-EXTRA-LEADING-SP", "9110 5.5", post("Content-Length:  5", body=b"hello"), b"hello"),
    Case("SMUG-CL0-BODY-POISON", "9112 6.2", sized(b"") + b"X", (200, 501), CLOSED),
]

CODINGS = [
    refused("SMUG-TE-XCHUNKED", "9112 6.1", both(5, "Transfer-Encoding: xchunked", b"hello")),
    refused("SMUG-TE-TRAILING-SPACE", "9112 6.1", both(5, "Transfer-Encoding: chunked ", b"hello")),
    refused("SMUG-TE-SP-BEFORE-COLON", "9112 5.1", both(5, "Transfer-Encoding : chunked", b"hello")),
    refused("SMUG-TE-DOUBLE-CHUNKED", "9112 6.1", both(5, "Transfer-Encoding: chunked, chunked", b"hello")),
    refused("SMUG-TE-CASE-MISMATCH", "9112 6.1", both(5, "Transfer-Encoding: Chunked", b"hello")),
    refused("SMUG-TE-NOT-FINAL-CHUNKED", "9112 6.3", post("Transfer-Encoding: chunked, gzip", body=b"0\r\n\r\n")),
    refused("SMUG-TE-HTTP10", "9112 6.1", head("POST / HTTP/1.0", "Transfer-Encoding: chunked", "Content-Length: 5") + b"hello"),
    refused("SMUG-TE-EMPTY-VALUE", "9112 6.1", both(5, "Transfer-Encoding: ", b"hello")),
    refused("SMUG-TE-LEADING-COMMA", "9112 6.1", both(5, "Transfer-Encoding: , chunked", b"hello")),
    refused("SMUG-TE-TRAILING-COMMA", "9112 6.1", both(5, "Transfer-Encoding: chunked,", b"hello")),
    refused("SMUG-TE-DUPLICATE-HEADERS", "9112 6.1",
            both(5, "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"hello")),
    refused("SMUG-TE-IDENTITY", "9112 7", both(5, "Transfer-Encoding: identity", b"hello")),
    refused("SMUG-TE-VTAB", "9110 5.5", both(5, "Transfer-Encoding: \x0bchunked", b"hello")),
    refused("SMUG-TE-FORMFEED", "9110 5.5", both(5, "Transfer-Encoding: \x0cchunked", b"hello")),
    refused("SMUG-TE-NULL", "9110 5.5", both(5, "Transfer-Encoding: chunked\0", b"hello")),
    refused("SMUG-TE-OBS-FOLD", "9112 5.2", both(5, "Transfer-Encoding:\r\n chunked", b"hello")),
    refused("SMUG-TE-TAB-BEFORE-VALUE", "9110 5.5", both(5, "Transfer-Encoding:\tchunked", b"hello")),
    echoed("SMUG-TRANSFER_ENCODING", "9110 5.1", both(5, "Transfer_Encoding: chunked", b"hello"), b"hello"),
    refused("SMUG-CHUNKED-WITH-PARAMS", "9112 7", both(5, "Transfer-Encoding: chunked;ext=val", b"hello")),
    refused("SMUG-OPTIONS-TE-OBS-FOLD", "9112 5.2",
            get("Transfer-Encoding:\r\n chunked", "Content-Length: 5", method="OPTIONS") + b"hello"),
]


def bad_chunk(id, body, rfc="9112 7.1"):
    return refused("SMUG-CHUNK-" + id, rfc, chunked(body + b"0\r\n\r\n"))


CHUNKS = [
    bad_chunk("BARE-SEMICOLON", b"5;\r\nhello\r\n", "9112 7.1.1"),
    bad_chunk("EXT-INVALID-TOKEN", b"5;bad[=x\r\nhello\r\n", "9112 7.1.1"),
    bad_chunk("EXT-LF", b"5;\nhello\r\n", "9112 7.1.1"),
    bad_chunk("EXT-CTRL", b"5;\0ext\r\nhello\r\n", "9112 7.1.1"),
    bad_chunk("EXT-CR", b"5;a\rX\r\nhello\r\n", "9112 7.1.1"),
    bad_chunk("UNDERSCORE", b"1_0\r\nhello world!!!!!\r\n"),
    bad_chunk("HEX-PREFIX", b"0x5\r\nhello\r\n"),
    bad_chunk("SIZE-PLUS", b"+5\r\nhello\r\n"),
    bad_chunk("SIZE-TRAILING-OWS", b"5 \r\nhello\r\n"),
    bad_chunk("LEADING-SP", b" 5\r\nhello\r\n"),
    bad_chunk("NEGATIVE", b"-1\r\nhello\r\n"),
    bad_chunk("MISSING-TRAILING-CRLF", b"5\r\nhello"),
    bad_chunk("SPILL", b"5\r\nhello!!\r\n"),
    bad_chunk("LF-TERM", b"5\r\nhello\n"),
    bad_chunk("BARE-CR-TERM", b"5\rhello\r\n"),
    refused("SMUG-CHUNK-LF-TRAILER", "9112 7.1", chunked(b"5\r\nhello\r\n0\r\n\n")),
    refused("SMUG-CHUNK-INVALID-SIZE-DESYNC", "9112 7.1", chunked(b"+0\r\n\r\nX")),
    *(echoed("SMUG-TRAILER-" + id, "9110 6.5.1", chunked(b"5\r\nhello\r\n0\r\n" + field + b"\r\n\r\n"), b"hello")
      for id, field in [("CL", b"Content-Length: 50"), ("TE", b"Transfer-Encoding: chunked"),
                        ("HOST", b"Host: other.example.com"), ("AUTH", b"Authorization: Bearer other"),
                        ("CONTENT-TYPE", b"Content-Type: text/other")]),
]

BOUNDARIES = [
    refused("SMUG-BARE-CR-HEADER-VALUE", "9112 2.2", post("Content-Length: 5", "X-Test: val\rue", body=b"hello")),
    refused("SMUG-MULTIPLE-HOST-COMMA", "9110 7.2", head("GET / HTTP/1.1", host="a, other.example.com")),
    refused("SMUG-ABSOLUTE-URI-HOST-MISMATCH", "9112 3.2.2", line("GET http://other.example.com/ HTTP/1.1")),
    accepted("SMUG-HEAD-CL-BODY", "9110 9.3.2", get("Content-Length: 5", method="HEAD") + b"hello"),
    accepted("SMUG-OPTIONS-CL-BODY", "9110 9.3.7", get("Content-Length: 5", method="OPTIONS") + b"hello", status=204),
    echoed("SMUG-EXPECT-100-CL", "9110 10.1.1", sized(b"hello", "Expect: 100-continue"), b"hello"),
    echoed("SMUG-EXPECT-100-CL-DESYNC", "9110 10.1.1", sized(FOLLOWING, "Expect: 100-continue"), FOLLOWING),
    accepted("SMUG-GET-CL-BODY-DESYNC", "9110 9.3.1", get("Content-Length: 5") + b"hello"),
    accepted("SMUG-GET-CL-PREFIX-DESYNC", "9110 9.3.1", get("Content-Length: 25") + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    accepted("SMUG-OPTIONS-CL-BODY-DESYNC", "9110 9.3.7",
             get(f"Content-Length: {len(FOLLOWING)}", method="OPTIONS") + FOLLOWING, status=204),
    Case("SMUG-PIPELINE-SAFE", "9112 9.3.2", get() + get(), (200, 200), OPEN),
    refused("SMUG-CLTE-PIPELINE", "9112 6.1", both(4, body=b"0\r\n\r\n")),
    refused("SMUG-TECL-PIPELINE", "9112 6.1", post("Transfer-Encoding: chunked", "Content-Length: 30", body=b"0\r\n\r\n")),
    refused("SMUG-CLTE-CONN-CLOSE", "9112 6.1", both(5, body=b"0\r\n\r\n")),
    refused("SMUG-TECL-CONN-CLOSE", "9112 6.1", post("Transfer-Encoding: chunked", "Content-Length: 5", body=b"0\r\n\r\n")),
    refused("SMUG-CLTE-DESYNC", "9112 6.1", both(6, body=b"0\r\n\r\nX")),
    refused("SMUG-TECL-DESYNC", "9112 6.1", post("Transfer-Encoding: chunked", "Content-Length: 30", body=b"0\r\n\r\nX")),
    refused("SMUG-CLTE-SMUGGLED-GET", "9112 6.1", both(None)),
    refused("SMUG-CLTE-SMUGGLED-GET-CL-PLUS", "9112 6.1", both("+34")),
    refused("SMUG-CLTE-SMUGGLED-GET-CL-NON-NUMERIC", "9112 6.1", both("34x")),
    refused("SMUG-CLTE-SMUGGLED-GET-TE-OBS-FOLD", "9112 5.2", both(None, "Transfer-Encoding:\r\n chunked")),
    refused("SMUG-CLTE-SMUGGLED-GET-TE-TRAILING-SPACE", "9112 6.1", both(None, "Transfer-Encoding: chunked ")),
    refused("SMUG-CLTE-SMUGGLED-GET-TE-LEADING-COMMA", "9112 6.1", both(None, "Transfer-Encoding: , chunked")),
    refused("SMUG-CLTE-SMUGGLED-GET-TE-CASE-MISMATCH", "9112 6.1", both(None, "Transfer-Encoding: Chunked")),
    refused("SMUG-CLTE-SMUGGLED-HEAD", "9112 6.1", both(None, body=b"0\r\n\r\n" + get(method="HEAD"))),
    refused("SMUG-TE-DUPLICATE-HEADERS-SMUGGLED-GET", "9112 6.1",
            both(None, "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity")),
    refused("SMUG-TECL-SMUGGLED-GET", "9112 6.1",
            both(4, body=b"2f\r\nGET / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n\r\n0\r\n\r\n")),
    refused("SMUG-DUPLICATE-CL-SMUGGLED-GET", "9110 8.6",
            post("Content-Length: 4", f"Content-Length: {4 + len(FOLLOWING)}", body=b"PING" + FOLLOWING)),
]

NORMALIZATION = [
    echoed("NORM-UNDERSCORE-CL", "9110 5.1", sized(b"hello world", "Content_Length: 99"), b"hello world"),
    refused("NORM-SP-BEFORE-COLON-CL", "9112 5.1", sized(b"hello world", "Content-Length : 5")),
    refused("NORM-TAB-IN-NAME", "9112 5.1", sized(b"hello world", "Content\tLength: 99")),
    echoed("NORM-CASE-TE", "9110 5.1", post("TRANSFER-ENCODING: chunked", body=b"B\r\nhello world\r\n0\r\n\r\n"), b"hello world"),
    Case("NORM-UNDERSCORE-TE", "9110 5.1", post("Transfer_Encoding: chunked", body=b"B\r\nhello world\r\n0\r\n\r\n"),
         (200, 400), CLOSED),
]

COOKIES = [
    accepted("COOK-ECHO", "6265 5.4", get("Cookie: foo=bar"), lambda answer: "set-cookie" not in answer.headers),
    refused("COOK-OVERSIZED", "6585 5", get("Cookie: big=" + "A" * 65_536), 431),
    accepted("COOK-EMPTY", "9110 5.5", get("Cookie: ")),
    refused("COOK-NUL", "9110 5.5", get("Cookie: foo=\0bar")),
    refused("COOK-CONTROL-CHARS", "9110 5.5", get("Cookie: foo=\x01\x02\x03")),
    accepted("COOK-MANY-PAIRS", "6265 6.1", get("Cookie: " + "; ".join(f"k{i}=v{i}" for i in range(1000)))),
    accepted("COOK-MALFORMED", "6265 5.4", get("Cookie: ===;;;")),
    accepted("COOK-MULTI-HEADER", "6265 5.4", get("Cookie: a=1", "Cookie: b=2")),
]


def without_validators(answer):
    return answer.body and not {"etag", "last-modified"} & set(answer.headers)


CONDITIONS = [
    accepted("CAP-ETAG-304", "9110 13.1.2", get('If-None-Match: "no-etag"'), without_validators),
    accepted("CAP-ETAG-IN-304", "9110 15.4.5", get('If-None-Match: "a", "b"'), without_validators),
    accepted("CAP-ETAG-WEAK", "9110 13.1.2", get('If-None-Match: W/"no-etag"'), without_validators),
    accepted("CAP-INM-UNQUOTED", "9110 8.8.3", get("If-None-Match: no-etag"), without_validators),
    accepted("CAP-LAST-MODIFIED-304", "9110 13.1.3", get("If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"),
             without_validators),
    accepted("CAP-INM-PRECEDENCE", "9110 13.2.2",
             get('If-None-Match: "a"', "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT"), without_validators),
    accepted("CAP-IMS-FUTURE", "9110 13.1.3", get("If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT"), without_validators),
    accepted("CAP-IMS-INVALID", "9110 13.1.3", get("If-Modified-Since: not-a-date"), without_validators),
    accepted("CAP-INM-WILDCARD", "9110 13.1.2", get("If-None-Match: *"), without_validators),
]

# h1spec cuts one request at many places; the server must wait.
FRAGMENTS = [
    ("method", b"G"), ("URL 1", b"GET "), ("URL 2", b"GET /hello"), ("URL 3", b"GET /hello "), ("HTTP version", b"GET /hello HTTP"),
    ("request line", b"GET /hello HTTP/1.1"), ("request line newline 1", b"GET /hello HTTP/1.1\r"),
    ("request line newline 2", b"GET /hello HTTP/1.1\r\n"), ("field name", b"GET /hello HTTP/1.1\r\nHos"),
    ("field value 1", b"GET /hello HTTP/1.1\r\nHost:"), ("field value 2", b"GET /hello HTTP/1.1\r\nHost: "),
    ("field value 3", b"GET /hello HTTP/1.1\r\nHost: localhost"), ("field value 4", b"GET /hello HTTP/1.1\r\nHost: localhost\r"),
    ("request", b"GET /hello HTTP/1.1\r\nHost: localhost\r\n"),
    ("request termination", b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r"),
]

H1SPEC = [
    *(waits("h1spec Fragmented " + name, "9112 2.1", request) for name, request in FRAGMENTS),
    refused("h1spec Request without HTTP version", "9112 3", b"GET / \r\n\r\n"),
    accepted("h1spec Request with Expect header", "9110 10.1.1", get("Expect: 100-continue")),
    accepted("h1spec Valid GET request", "9112 2.1", get()),
    accepted("h1spec Valid GET request with edge cases", "9112 5", b"GET / HTTP/1.1\r\nhoSt:\texample.com\r\nempty:\r\n\r\n"),
    refused("h1spec Invalid header characters", "9110 5.1", get("X-Invalid[]: test")),
    refused("h1spec Missing Host header", "9112 3.2", head("GET / HTTP/1.1", "Content-Length: 5", host=None)),
    refused("h1spec Multiple Host headers", "9112 3.2", get("Host: example.org")),
    refused("h1spec Overflowing negative Content-Length header", "9110 8.6",
            get("Content-Length: -123456789123456789123456789")),
    refused("h1spec Negative Content-Length header", "9110 8.6", get("Content-Length: -1234")),
    refused("h1spec Non-numeric Content-Length header", "9110 8.6", get("Content-Length: abc")),
    accepted("h1spec Empty header value", "9110 5.5", get("X-Empty-Header: ")),
    refused("h1spec Header containing invalid control character", "9110 5.5", get("X-Bad-Control-Char: test\x07")),
    refused("h1spec Invalid HTTP version", "9112 2.3", line("GET / HTTP/9.9"), 505),
    refused("h1spec Invalid prefix of request", "9112 3", line("Extra lineGET / HTTP/1.1")),
    refused("h1spec Invalid line ending", "9112 2.2", b"GET / HTTP/1.1\r\nHost: a\r\n\rSome-Header: Test\r\n\r\n"),
    echoed("h1spec Valid POST request with body", "9112 6.2", sized(b"hello"), b"hello"),
    echoed("h1spec Chunked Transfer-Encoding", "9112 7.1", chunked(b"c\r\nHellO world1\r\n0\r\n\r\n"), b"HellO world1"),
    refused("h1spec Conflicting Transfer-Encoding and Content-Length in varying case", "9112 6.1",
            post("content-LengtH: 5", "TransFer-Encoding: chunked", body=b"c\r\nHellO world1\r\n0\r\n\r\n")),
]

PROBE = (REQUEST_LINE + FIELDS + BODIES + LENGTHS + CODINGS + CHUNKS + BOUNDARIES + NORMALIZATION + COOKIES + CONDITIONS)
