#!/bin/sh
# text-generation 0.7.0: its client cannot read a streamed chat, and says that an HTTP response has no status.
#
# Seen: chat(stream=True) of text-generation-inference's own client, at a chunk as in OpenAI's reference, whose delta holds a
# role and a content, raises AttributeError: 'Response' object has no attribute 'status'. Behind it is a delta that must have
# `tool_calls`, which servers send only with a call of a tool: with `"tool_calls": null` in every chunk, and no [DONE], the same
# stream is read. In pydantic 1 an Optional without a default was not required; the package asks for pydantic 2.
# A good guess: `tool_calls`, which is Optional and absent, is None; or an error that names it.
. "$(dirname "$0")/environment.sh"
install text-generation==0.7.0 huggingface_hub==0.36.2
"$python" - <<'PYTHON'
import importlib.metadata
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from text_generation import Client

MESSAGES = [{"role": "user", "content": "A dog."}]


class Handler(BaseHTTPRequestHandler):
    """Answers a chat by two chunks; `seed` says whether their deltas name calls of tools and no [DONE] comes."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for content in ("Ein", " Hund."):
            delta = {"role": "assistant", "content": content} | ({"tool_calls": None} if asked["seed"] else {})
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "system_fingerprint": "f",
                     "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        if not asked["seed"]:
            self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = Client(f"http://127.0.0.1:{server.server_port}")
found = {}
for named in (0, 1):
    try:
        chunks = client.chat(messages=MESSAGES, stream=True, seed=named)
        found[named] = "".join(chunk.choices[0].delta.content for chunk in chunks)
    except Exception as error:
        found[named] = f"{type(error).__name__}: {error}"
print("text-generation", importlib.metadata.version("text-generation"))
print(f"chunks as OpenAI's: {found[0]} - guessed: Ein Hund.")
print(f"with tool_calls null, without [DONE]: {found[1]}")
if "has no attribute 'status'" not in found[0] or found[1] != "Ein Hund.":
    raise SystemExit("The behaviour changed: a streamed chat is read, or the error is another one.")
PYTHON
