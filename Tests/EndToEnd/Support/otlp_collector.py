"""A collector that takes traces over OTLP/HTTP and accepts nothing that is not to the letter."""

import base64
import http.server
import json
import re
import ssl
import threading
import time

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def checked(body):
    """The request of a body in OTLP's JSON, which differs from protobuf's in that ids are hexadecimal."""
    document = json.loads(body, parse_constant=lambda name: 1 / 0)
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name, digits in ("traceId", 32), ("spanId", 16), ("parentSpanId", 16):
                    if name == "parentSpanId" and name not in span:
                        continue
                    assert re.fullmatch(f"[0-9a-f]{{{digits}}}", span[name]), (name, span[name])
                    assert set(span[name]) != {"0"}
                    span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
                for name in "startTimeUnixNano", "endTimeUnixNano":
                    assert isinstance(span[name], str) and span[name].isdigit(), span[name]
                assert isinstance(span["kind"], int)
                assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    request = json_format.ParseDict(document, ExportTraceServiceRequest(), ignore_unknown_fields=False)
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                names = [attribute.key for attribute in span.attributes]
                assert len(names) == len(set(names)), names
    return request


class Collector:
    """`answer` is a function of the attempt's number, from 0, to a status and headers."""

    def __init__(self, answer=lambda attempt: (200, {}), port=0, certificate=None):
        self.requests, self.headers, self.paths, self.problems, self.attempts = [], [], [], [], []
        self.answer = answer
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                collector.take(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, handler):
        number = len(self.attempts)
        self.attempts.append(time.monotonic())
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        status, headers = self.answer(number)
        if status == 200:
            try:
                assert handler.headers["Content-Type"] == "application/json"
                self.requests.append(checked(body))
            except Exception as problem:
                self.problems.append(f"{problem!r}: {body[:500]}")
            self.headers.append(dict(handler.headers))
            self.paths.append(handler.path)
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    @property
    def spans(self):
        assert not self.problems, self.problems
        return [span for request in list(self.requests) for resource in request.resource_spans
                for scope in resource.scope_spans for span in scope.spans]

    def named(self, name):
        return [span for span in self.spans if span.name == name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def attributes(holder):
    def plain(value):
        kind = value.WhichOneof("value")
        return [plain(item) for item in value.array_value.values] if kind == "array_value" else getattr(value, kind)

    return {attribute.key: plain(attribute.value) for attribute in holder.attributes}
