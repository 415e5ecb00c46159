#!/bin/sh
# litellm 1.110.2: an answer that the server aborted is finished by "stop", by "abort" or an error, whole or streamed.
#
# Seen: a server ends half a sentence with the finish_reason "abort", the word of vLLM and SGLang for a request given up.
# The whole answer says "stop", as if the model had ended it, by `openai/`, `hosted_vllm/` and `text-completion-openai/`. The same
# answer streamed is an error by the first two, which says so, and "abort" by the third. Only a line in the log tells more.
# A good guess: "abort" is passed on, or is an error, whole and streamed alike; "stop" means that the model stopped.
. "$(dirname "$0")/environment.sh"
install litellm==1.110.2 openai==2.54.0
LITELLM_LOCAL_MODEL_COST_MAP=True "$python" - <<'PYTHON'
import importlib.metadata
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import litellm
import openai

litellm.suppress_debug_info = True


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        stream = json.loads(self.rfile.read(int(self.headers["Content-Length"]))).get("stream", False)
        chat = "chat" in self.path
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if stream else "application/json")
        self.end_headers()
        for text, reason in [("Ein Mann", None), (" steht auf", "abort")] if stream else [("Ein Mann steht auf", "abort")]:
            message = {"role": "assistant", "content": text}
            part = {"delta" if stream else "message": message} if chat else {"text": text}
            answer = {"id": "1", "created": 1, "model": "m", "choices": [{"index": 0, "finish_reason": reason} | part],
                      "object": ("chat.completion" + ".chunk" * stream) if chat else "text_completion"}
            self.wfile.write(b"data: " * stream + json.dumps(answer).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n" * stream)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()


def finish(provider, stream):
    answer = litellm.completion(model=provider + "/m", messages=[{"role": "user", "content": "A man stands on a ladder."}],
                                api_key="k", api_base=f"http://127.0.0.1:{server.server_port}/v1", stream=stream)
    try:
        return [part.choices[0].finish_reason for part in answer][-1] if stream else answer.choices[0].finish_reason
    except openai.APIError as error:
        return "error" if "abort" in str(error) else repr(error)


print("litellm", importlib.metadata.version("litellm"))
found = {}
for provider in ("openai", "hosted_vllm", "text-completion-openai"):
    found[provider] = finish(provider, False), finish(provider, True)
    print(f'{provider}: whole "{found[provider][0]}", streamed "{found[provider][1]}" - guessed: "abort" or an error, in both')
if found.pop("text-completion-openai") != ("stop", "abort") or set(found.values()) != {("stop", "error")}:
    raise SystemExit('The behaviour changed: an aborted answer is no longer "stop" when whole and otherwise when streamed.')
PYTHON
