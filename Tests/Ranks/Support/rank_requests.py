"""Requests of every kind, drawn at random, and what of their answers must not change."""

import json
import random
from concurrent.futures import ThreadPoolExecutor

import httpx

WORDS = ("a the two man woman dog children girl boy people red blue small old car park street sea water ball stands walks "
         "runs plays sits rides holds looks jumps in on by near with under behind and while wearing hat bicycle bridge").split()
# What differs from one answer to the next.
OWN = ("id", "created", "created_at")


class Draw:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.kinds = [self.greedy, self.sampled, self.beams, self.long, self.scores, self.embeddings, self.routes,
                      self.routed, self.chat, self.translation, self.streamed, self.forced]

    def text(self, least=1, most=20):
        return " ".join(self.random.choices(WORDS, k=self.random.randint(least, most))) + "."

    def requests(self, count):
        """Every kind is there, as often as any other, give or take one."""
        drawn = [self.kinds[number % len(self.kinds)]() for number in range(count)]
        self.random.shuffle(drawn)
        return drawn

    def greedy(self):
        body = {"prompt": self.text(), "temperature": 0, "max_tokens": self.random.randint(1, 40)}
        return "/v1/completions", body | {"logprobs": self.random.randint(0, 5)}

    def sampled(self):
        body = {"prompt": [self.text() for _ in range(self.random.randint(1, 3))], "n": self.random.randint(1, 3)}
        drawn = {"temperature": self.random.choice([0.5, 0.9, 1.3]), "top_p": self.random.choice([0.8, 1]), "top_k": 40}
        return "/v1/completions", body | drawn | {"seed": self.random.randrange(1 << 31), "max_tokens": 24, "logprobs": 1}

    def beams(self):
        count = self.random.randint(1, 4)
        return "/v1/beam_search", {"prompt": self.text(), "num_beams": 4, "num_return_sequences": count, "max_tokens": 24}

    def long(self):
        """More tokens than an expert takes, so that some are dropped."""
        return "/v1/completions", {"prompt": self.text(100, 250), "temperature": 0, "max_tokens": 8, "logprobs": 2}

    def scores(self):
        items = [self.text(1, 6) for _ in range(self.random.randint(1, 4))]
        continuations = [self.text(1, 5) for _ in range(self.random.randint(1, 4))]
        return "/v1/generative-scores", {"query": self.text(), "items": items, "label_token_ids": [7, 300, 5000],
                                         "continuations": continuations}

    def embeddings(self):
        return "/v1/embeddings", {"input": [self.text() for _ in range(self.random.randint(1, 5))]}

    def routes(self):
        return "/v1/route", {"prompt": self.text(), "max_tokens": self.random.randint(0, 8)}

    def routed(self):
        return "/v1/completions", {"prompt": self.text(), "temperature": 0, "max_tokens": 12, "return_routed_experts": True}

    def chat(self):
        return "/v1/chat/completions", {"messages": [{"role": "user", "content": self.text()}], "temperature": 0}

    def translation(self):
        return "/translate", {"q": [self.text() for _ in range(2)], "source": "en", "target": "de"}

    def streamed(self):
        return "/v1/completions", {"prompt": self.text(), "temperature": 0, "max_tokens": 24, "stream": True}

    def forced(self):
        return "/v1/completions", {"prompt": self.text(), "temperature": 0, "decoder_prompt": "Zwei", "max_tokens": 12}


def unchanging(answer):
    """Status and body without what is an answer's own; a stream's text as one."""
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        data = [line[len("data: "):] for line in answer.text.splitlines() if line.startswith("data: ")]
        choices = [choice for item in data[:-1] for choice in json.loads(item)["choices"]]
        reasons = [choice["finish_reason"] for choice in choices if choice["finish_reason"]]
        return json.dumps([answer.status_code, "".join(choice["text"] for choice in choices), reasons, data[-1]])
    body = answer.json()
    if isinstance(body, dict):
        body = {key: value for key, value in body.items() if key not in OWN}
    return json.dumps([answer.status_code, body], sort_keys=True)


def ask_all(requests, urls, seed, connections=8):
    """The answers in order, each of a server drawn at random."""
    draw = random.Random(seed)
    with httpx.Client(timeout=120, limits=httpx.Limits(max_connections=connections)) as client:
        def ask(request, url):
            return unchanging(client.post(url + request[0], json=request[1]))

        with ThreadPoolExecutor(connections) as pool:
            return list(pool.map(ask, requests, [draw.choice(urls) for _ in requests]))
