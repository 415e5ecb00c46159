#!/bin/sh
# litellm 1.110.2: two prompts of one text_completion become one conversation with one answer, where the server is reached by
# chat.
#
# Seen: text_completion(prompt=["Ein Hund.", "Zwei Katzen."]) with `text-completion-openai/` posts both to /completions and gives
# two choices. With `lm_studio/`, `custom_openai/`, `huggingface/` and `deepseek/` it posts one request to /chat/completions, in
# which both are messages of the user, one after the other, and gives one choice. No error, no warning.
# A good guess: a choice for each prompt, by as many requests (as litellm does with lists of token ids), or an error.
. "$(dirname "$0")/environment.sh"
install litellm==1.110.2
LITELLM_LOCAL_MODEL_COST_MAP=True "$python" - <<'PYTHON'
import importlib.metadata
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import litellm

seen = []


class Handler(BaseHTTPRequestHandler):
    """Answers every prompt of a completion, and every chat, with one choice."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        seen.append([message["content"] for message in asked["messages"]] if "messages" in asked else asked["prompt"])
        texts = ["One."] if "messages" in asked else ["One."] * len(asked["prompt"])
        choices = [{"index": index, "finish_reason": "stop", "text": text, "message": {"role": "assistant", "content": text}}
                   for index, text in enumerate(texts)]
        answer = json.dumps({"id": "1", "created": 1, "model": "m", "choices": choices,
                             "object": "chat.completion" if "messages" in asked else "text_completion",
                             "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("litellm", importlib.metadata.version("litellm"))
found = {}
for provider in ("text-completion-openai", "lm_studio", "custom_openai", "huggingface", "deepseek"):
    seen.clear()
    answer = litellm.text_completion(model=provider + "/m", prompt=["Ein Hund.", "Zwei Katzen."], api_key="k",
                                     api_base=f"http://127.0.0.1:{server.server_port}/v1")
    found[provider] = len(seen), len(answer.choices)
    print(f"{provider}: {len(seen)} request with {seen[0]}, {len(answer.choices)} choices - guessed: 2 choices")
if found.pop("text-completion-openai") != (1, 2) or set(found.values()) != {(1, 1)}:
    raise SystemExit("The behaviour changed: two prompts are no longer made one conversation.")
PYTHON
