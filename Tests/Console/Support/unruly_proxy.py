"""Stands between page and server, and does what proxies, networks and models do at their worst."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class UnrulyProxy:
    """`refuse`: status for requests below a path; `cut`: bytes after which bodies of a path end; `rewrite`: a function of text."""

    def __init__(self, port):
        self.upstream, self.refuse, self.cut, self.rewrite, self.is_gone = port, {}, {}, None, False
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                self.close_connection = True
                if proxy.is_gone:
                    return self.connection.close()
                for path, (status, text) in proxy.refuse.items():
                    if self.path.startswith(path):
                        return self.plain(status, text)
                proxy.pass_on(self, body)

            def plain(self, status, text):
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_HEAD = answer

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()

    def pass_on(self, handler, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=60)
        kept = {name: value for name, value in handler.headers.items()
                if name.lower() not in ("host", "connection", "accept-encoding")}
        connection.request(handler.command, handler.path, body, kept)
        answer = connection.getresponse()
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                handler.send_header(name, value)
        handler.send_header("Connection", "close")
        handler.end_headers()
        left = next((most for path, most in self.cut.items() if handler.path.startswith(path)), None)
        is_text = "json" in answer.getheader("content-type", "") or "event-stream" in answer.getheader("content-type", "")
        data = answer.read() if self.rewrite and is_text else None
        if data is not None:
            handler.wfile.write(self.rewritten(data))
            return
        while data := answer.read1(4096):
            if left is not None and len(data) >= left:
                handler.wfile.write(data[:left])
                return
            left = None if left is None else left - len(data)
            handler.wfile.write(data)
            handler.wfile.flush()

    def rewritten(self, data):
        """Every text that is a token's, an answer's or a name goes through `rewrite`."""
        def change(value, name=None):
            if isinstance(value, dict):
                return {key: self.probabilities(each) if name == "logprobs" and key == "top_logprobs" else change(each, key)
                        for key, each in value.items()}
            if isinstance(value, list):
                return [self.rewrite(each) if name == "tokens" and isinstance(each, str) else change(each, name) for each in value]
            return self.rewrite(value) if isinstance(value, str) and name in ("text", "id", "model", "message", "name") else value

        def line(text):
            lead, _, rest = text.partition("{") if text.startswith("data: {") else ("", "", text)
            try:
                return ("data: " if lead else "") + json.dumps(change(json.loads("{" + rest if lead else rest)))
            except ValueError:
                return text

        return "\n".join(line(text) for text in data.decode().split("\n")).encode()

    def probabilities(self, rows):
        return [{self.rewrite(text): value for text, value in (row or {}).items()} for row in rows]
