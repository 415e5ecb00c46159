"""OpenAI's client, plain and asyncio, against the real binary; every answer is held to openapi.yaml on its way."""

import asyncio
import socket
import threading
import time

import httpx
import openai
import pytest

from strict_description import StrictAsyncTransport, StrictDescription, StrictTransport
from switchyard_server import MODEL, Server

MODEL_ID = "switchyard/en-de"
WALK = dict(model=MODEL_ID, prompt="A man is walking.", temperature=0, max_tokens=30)
LONG = dict(model=MODEL_ID, prompt="A man.", temperature=0, max_tokens=500, extra_body={"ignore_eos": True})
CANCELLED = 'switchyard_requests_finished_total{reason="cancelled"}'


@pytest.fixture(scope="module")
def description():
    return StrictDescription()


@pytest.fixture(scope="module")
def server():
    with Server(MODEL, "--model-id", MODEL_ID) as running:
        yield running
        assert running.alive()


class Plain:
    """What the tests ask of either client."""

    def __init__(self, url, description, **options):
        self.transport = StrictTransport(description)
        options = {"max_retries": 0, "timeout": 60, "api_key": "none"} | options
        self.openai = openai.OpenAI(
            base_url=url + "/v1", http_client=openai.DefaultHttpxClient(transport=self.transport), **options)

    def complete(self, **parameters):
        return self.openai.completions.create(**parameters)

    def stream(self, **parameters):
        with self.openai.completions.create(**parameters, stream=True) as chunks:
            return list(chunks)

    def leave(self, events, **parameters):
        """Takes some events of a stream and goes."""
        with self.openai.completions.create(**parameters, stream=True) as chunks:
            return [next(chunks) for _ in range(events)]

    def models(self):
        return list(self.openai.models.list())

    def model(self, name):
        return self.openai.models.retrieve(name)

    def close(self):
        self.openai.close()


class Asynchronous:
    def __init__(self, url, description, **options):
        self.transport = StrictAsyncTransport(description)
        options = {"max_retries": 0, "timeout": 60, "api_key": "none"} | options
        self.loop = asyncio.new_event_loop()
        self.openai = openai.AsyncOpenAI(
            base_url=url + "/v1", http_client=openai.DefaultAsyncHttpxClient(transport=self.transport), **options)

    def run(self, work):
        return self.loop.run_until_complete(work)

    def complete(self, **parameters):
        return self.run(self.openai.completions.create(**parameters))

    def stream(self, **parameters):
        async def collect():
            return [chunk async for chunk in await self.openai.completions.create(**parameters, stream=True)]
        return self.run(collect())

    def leave(self, events, **parameters):
        async def some():
            async with await self.openai.completions.create(**parameters, stream=True) as chunks:
                return [await anext(chunks) for _ in range(events)]
        return self.run(some())

    def models(self):
        async def collect():
            return [model async for model in self.openai.models.list()]
        return self.run(collect())

    def model(self, name):
        return self.run(self.openai.models.retrieve(name))

    def close(self):
        self.run(self.openai.close())
        self.loop.close()


KINDS = pytest.mark.parametrize("kind", [Plain, Asynchronous])


@pytest.fixture(scope="module", params=[Plain, Asynchronous], ids=["plain", "asyncio"])
def client(request, server, description):
    client = request.param(server.url, description)
    yield client
    client.close()
    assert description.checked > 0


def metric_rises(server, name, before, by=1, within=10):
    deadline = time.monotonic() + within
    while server.metric(name) < before + by and time.monotonic() < deadline:
        time.sleep(0.02)
    return server.metric(name) - before


# Answers


def test_a_completion_counts_its_tokens(client):
    answer = client.complete(**WALK)
    assert answer.id.startswith("cmpl-") and answer.model == MODEL_ID and answer.object == "text_completion"
    assert abs(answer.created - time.time()) < 60
    assert answer.choices[0].text.startswith("Ein Mann") and answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert 1 < answer.usage.completion_tokens <= 30


def test_the_request_id_reaches_the_caller(client):
    answer = client.complete(**WALK, extra_headers={"X-Request-Id": "order-4711"})
    assert answer._request_id == "order-4711"


def test_a_stream_is_the_answer_in_pieces(client):
    whole = client.complete(**WALK)
    chunks = client.stream(**WALK, stream_options={"include_usage": True})
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == whole.choices[0].text
    assert chunks[-1].choices == [] and chunks[-1].usage == whole.usage
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert len({chunk.id for chunk in chunks}) == 1
    ends = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    assert ends == ["stop"]


def test_a_stream_without_usage_has_none(client):
    assert all(chunk.usage is None and chunk.choices for chunk in client.stream(**WALK))


@pytest.mark.parametrize("count", [0, 1, 5])
def test_logprobs_agree_with_the_tokens(client, count):
    answer = client.complete(**WALK, logprobs=count)
    logprobs, tokens = answer.choices[0].logprobs, answer.usage.completion_tokens
    assert len(logprobs.tokens) == len(logprobs.token_logprobs) == len(logprobs.text_offset) == tokens
    for token, value, top in zip(logprobs.tokens, logprobs.token_logprobs, logprobs.top_logprobs):
        assert value <= 0 and top[token] == value == max(top.values()) and len(top) == max(count, 1)
    assert logprobs.text_offset[0] == 0 and logprobs.text_offset == sorted(logprobs.text_offset)
    streamed = [choice.logprobs for chunk in client.stream(**WALK, logprobs=count) for choice in chunk.choices if choice.logprobs]
    assert [value for part in streamed for value in part.token_logprobs] == logprobs.token_logprobs
    assert [value for part in streamed for value in part.top_logprobs] == logprobs.top_logprobs


def test_prompts_and_choices_are_indexed_in_order(client):
    prompts = ["A dog.", "Two cats sit.", "A man."]
    answer = client.complete(model=MODEL_ID, prompt=prompts, n=2, seed=3, max_tokens=12)
    assert [choice.index for choice in answer.choices] == list(range(6))
    texts = [""] * 6
    for chunk in client.stream(model=MODEL_ID, prompt=prompts, n=2, seed=3, max_tokens=12):
        texts[chunk.choices[0].index] += chunk.choices[0].text
    assert texts == [choice.text for choice in answer.choices]


def test_a_prompt_of_tokens_is_the_prompt_of_its_text(client, server):
    ids = server.post("/tokenize", prompt=WALK["prompt"]).json()["tokens"]
    assert client.complete(**WALK | {"prompt": ids}).choices == client.complete(**WALK).choices
    batch = client.complete(**WALK | {"prompt": [ids, ids]})
    assert batch.choices[0].text == batch.choices[1].text == client.complete(**WALK).choices[0].text


@pytest.mark.parametrize("stop", [" Mann", [" Mann"], ["nothing", " Mann", "x", "y"]])
def test_a_stop_string_is_cut_off_whole_and_streamed(client, stop):
    answer = client.complete(**WALK, stop=stop)
    assert answer.choices[0].text == "Ein" and answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].stop_reason == " Mann"
    assert "".join(chunk.choices[0].text for chunk in client.stream(**WALK, stop=stop)) == "Ein"


def test_a_seed_repeats_and_others_differ(client):
    def texts(seed):
        answer = client.complete(model=MODEL_ID, prompt="A woman reads.", seed=seed, temperature=1.5, max_tokens=24, n=2)
        return [choice.text for choice in answer.choices]
    assert texts(11) == texts(11)
    assert len({tuple(texts(seed)) for seed in range(5)}) > 1


def test_beam_search_by_extra_body(client):
    answer = client.complete(**WALK, n=4, extra_body={"use_beam_search": True, "length_penalty": 1.0})
    scores = [choice.beam_score for choice in answer.choices]
    assert scores == sorted(scores, reverse=True) and len({choice.text for choice in answer.choices}) == 4
    by_width = client.complete(**WALK, extra_body={"num_beams": 4})
    assert by_width.choices[0].text == answer.choices[0].text
    assert by_width.choices[0].beam_score == scores[0]


def test_models_are_listed_and_found_by_an_id_with_a_slash(client):
    assert [model.id for model in client.models()] == [MODEL_ID]
    assert client.model(MODEL_ID).owned_by == "switchyard"
    assert client.transport.requests[-1] == ("GET", "/v1/models/switchyard%2Fen-de", 200)


def test_raw_and_streamed_responses_have_headers(server, description):
    client = Plain(server.url, description)
    raw = client.openai.completions.with_raw_response.create(**WALK)
    assert raw.headers["x-request-id"] and raw.parse().choices[0].text
    with client.openai.completions.with_streaming_response.create(**WALK, stream=True) as streamed:
        assert streamed.headers["cache-control"] == "no-cache"
        assert list(streamed.iter_lines())[-2] == "data: [DONE]"
    client.close()


# Errors


@pytest.mark.parametrize("change, parameter, code", [
    ({"temperature": 3}, "temperature", "invalid_parameter"),
    ({"n": 0}, "n", "invalid_parameter"),
    ({"logprobs": 6}, "logprobs", "invalid_parameter"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "invalid_parameter"),
    ({"prompt": [5] * 5000}, "prompt", "context_length_exceeded"),
    ({"prompt": [10**9]}, "prompt", None),
    ({"max_tokens": -1}, "max_tokens", "invalid_parameter"),
    ({"stream_options": {"include_usage": True}}, "stream_options", "invalid_parameter"),
    ({"extra_body": {"num_beams": "four"}}, "num_beams", "invalid_parameter"),
])
def test_a_wrong_parameter_is_a_bad_request_that_names_it(client, change, parameter, code):
    with pytest.raises(openai.BadRequestError) as refused:
        client.complete(**WALK | change)
    assert refused.value.status_code == 400 and refused.value.param == parameter and refused.value.request_id
    assert code is None or refused.value.code == code


def test_a_wrong_parameter_of_a_stream_is_a_bad_request(client):
    with pytest.raises(openai.BadRequestError):
        client.stream(**WALK | {"temperature": 3})


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as missing:
        client.complete(**WALK | {"model": "gpt-4"})
    assert missing.value.code == "model_not_found" and missing.value.param == "model"
    with pytest.raises(openai.NotFoundError):
        client.model("other/model")


def test_an_endpoint_the_server_lacks_is_not_found(server):
    with openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0) as client:
        with pytest.raises(openai.NotFoundError) as missing:
            client.moderations.create(model=MODEL_ID, input="text")
    assert missing.value.code == "not_found"


def test_embeddings_are_the_same_in_either_encoding(server, description):
    """The client asks for Base64 unasked and decodes it; every answer is held to openapi.yaml."""
    client = Plain(server.url, description)
    texts = ["A man is walking.", "A dog runs."]
    packed = client.openai.embeddings.create(model=MODEL_ID, input=texts)
    plain = client.openai.embeddings.create(model=MODEL_ID, input=texts, encoding_format="float")
    assert len(packed.data) == len(plain.data) == 2
    for one, other in zip(packed.data, plain.data):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-7)
    assert [entry.index for entry in plain.data] == [0, 1]
    assert plain.usage.prompt_tokens == plain.usage.total_tokens > 8
    for entry in plain.data:
        assert sum(element ** 2 for element in entry.embedding) == pytest.approx(1, abs=1e-5)
    alone = client.openai.embeddings.create(model=MODEL_ID, input=texts[1], encoding_format="float")
    assert alone.data[0].embedding == pytest.approx(plain.data[1].embedding, abs=1e-5)
    raw = client.openai.embeddings.create(
        model=MODEL_ID, input=texts[1], encoding_format="float", extra_body={"normalize": False}).data[0].embedding
    length = sum(element ** 2 for element in raw) ** 0.5
    assert [element / length for element in raw] == pytest.approx(alone.data[0].embedding, abs=1e-5) and abs(length - 1) > 1e-3
    with pytest.raises(openai.BadRequestError) as refused:
        client.openai.embeddings.create(model=MODEL_ID, input="text", dimensions=2)
    assert refused.value.param == "dimensions"
    client.close()


@KINDS
def test_a_deadline_is_not_tried_again(server, description, kind):
    client = kind(server.url, description, max_retries=3)
    with pytest.raises(openai.InternalServerError) as late:
        client.complete(**LONG | {"extra_body": {"ignore_eos": True, "timeout": 0.01}})
    assert late.value.status_code == 504 and late.value.code == "deadline_exceeded"
    assert len(client.transport.requests) == 1
    client.close()


# Leaving


def test_leaving_a_stream_cancels_the_request(client, server):
    before = server.metric(CANCELLED)
    assert len(client.leave(3, **LONG)) == 3
    assert metric_rises(server, CANCELLED, before) == 1 and server.idle()


@KINDS
def test_a_timeout_cancels_the_request(server, description, kind):
    before = server.metric(CANCELLED)
    client = kind(server.url, description, timeout=0.05)
    with pytest.raises(openai.APITimeoutError):
        client.complete(**LONG | {"n": 32, "seed": 1, "temperature": 1})
    client.close()
    assert metric_rises(server, CANCELLED, before) == 1 and server.idle()


def test_a_cancelled_task_cancels_the_request(server, description):
    before = server.metric(CANCELLED)

    async def start_and_cancel():
        async with openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="none") as client:
            task = asyncio.create_task(client.completions.create(**LONG | {"n": 32, "seed": 1, "temperature": 1}))
            while server.metric("switchyard_requests_running") == 0:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(start_and_cancel())
    assert metric_rises(server, CANCELLED, before) == 1 and server.idle()


def test_many_requests_at_once_are_all_answered(server, description):
    async def many():
        transport = StrictAsyncTransport(description)
        async with openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0,
                                      http_client=openai.DefaultAsyncHttpxClient(transport=transport)) as client:
            whole = [client.completions.create(**WALK) for _ in range(60)]
            return await asyncio.gather(*whole)

    assert len({answer.choices[0].text for answer in asyncio.run(many())}) == 1


# Overload


@pytest.fixture(scope="module")
def small_server():
    with Server(MODEL, "--model-id", MODEL_ID, "--max-sequences", "1", "--max-queued-requests", "1",
                "--max-output-tokens", "100000") as running:
        yield running


class Occupied:
    """Keeps the one row and the one place in the queue until left."""

    def __init__(self, server):
        self.server, self.clients = server, []

    def __enter__(self):
        body = {"prompt": "A man.", "max_tokens": 100_000, "ignore_eos": True, "temperature": 0, "stream": True}
        for name in ("switchyard_requests_running", "switchyard_requests_waiting"):
            client = httpx.Client(base_url=self.server.url, timeout=120)
            threading.Thread(target=self.ask, args=(client, body), daemon=True).start()
            self.clients.append(client)
            while self.server.metric(name) < 1:
                time.sleep(0.01)
        return self

    @staticmethod
    def ask(client, body):
        try:
            with client.stream("POST", "/v1/completions", json=body) as answer:
                for _ in answer.iter_raw():
                    pass
        except (httpx.HTTPError, RuntimeError, OSError):
            pass  # closed from outside

    def leave(self):
        for client in self.clients:
            for connection in client._transport._pool.connections:
                # A thread that waits for bytes keeps a socket open that is only closed.
                stream = connection._connection._network_stream
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
                connection.close()
        self.clients = []

    def __exit__(self, *_):
        self.leave()
        assert self.server.idle()


@KINDS
def test_a_full_queue_is_an_internal_server_error(small_server, description, kind):
    client = kind(small_server.url, description)
    with Occupied(small_server):
        with pytest.raises(openai.InternalServerError) as full:
            client.complete(**WALK)
    assert full.value.status_code == 503 and full.value.code == "queue_full"
    headers = full.value.response.headers
    assert int(headers["retry-after"]) >= 1
    assert int(headers["retry-after-ms"]) <= int(headers["retry-after"]) * 1000
    client.close()


class Watched:
    """Notes when each request of a client goes out and what it was told."""

    def __init__(self, client):
        self.times, self.waits = [], []
        transport = client.transport
        if isinstance(client, Plain):
            send = transport.handle_request

            def watched(request):
                self.times.append(time.monotonic())
                return self.note(send(request))

            transport.handle_request = watched
        else:
            send = transport.handle_async_request

            async def watched(request):
                self.times.append(time.monotonic())
                return self.note(await send(request))

            transport.handle_async_request = watched

    def note(self, response):
        if response.status_code != 200:
            self.waits.append(int(response.headers["retry-after-ms"]) / 1000)
            assert int(response.headers["retry-after"]) >= self.waits[-1]
        return response

    def waited_as_told(self):
        gaps = [later - earlier for earlier, later in zip(self.times, self.times[1:])]
        return len(gaps) == len(self.waits) and all(gap >= wait for gap, wait in zip(gaps, self.waits))


@KINDS
def test_a_client_that_retries_waits_as_told_and_succeeds(small_server, description, kind):
    client = kind(small_server.url, description, max_retries=20)
    watched = Watched(client)
    with Occupied(small_server) as others:
        threading.Timer(0.3, others.leave).start()
        answer = client.complete(**WALK)
    assert answer.choices[0].text.startswith("Ein Mann")
    statuses = [status for _, _, status in client.transport.requests]
    assert statuses == [503] * (len(statuses) - 1) + [200] and len(statuses) >= 2
    assert watched.waited_as_told(), (watched.times, watched.waits)
    client.close()


# Keys


@pytest.fixture(scope="module")
def guarded_server(tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "keys"
    file.write_text("alice sk-alice\nsingle sk-single requests=1\nnarrow sk-narrow tokens-per-minute=1000\n")
    with Server(MODEL, "--model-id", MODEL_ID, "--api-key-file", file) as running:
        yield running


@KINDS
def test_a_wrong_key_is_an_authentication_error(guarded_server, description, kind):
    client = kind(guarded_server.url, description, api_key="sk-mallory", max_retries=3)
    for ask in (lambda: client.complete(**WALK), lambda: client.stream(**WALK), client.models):
        with pytest.raises(openai.AuthenticationError) as refused:
            ask()
        assert refused.value.code == "invalid_api_key"
    assert len(client.transport.requests) == 3  # and none of them twice
    client.close()


@KINDS
def test_a_right_key_is_served(guarded_server, description, kind):
    client = kind(guarded_server.url, description, api_key="sk-alice")
    assert client.complete(**WALK).choices[0].text.startswith("Ein Mann")
    client.close()


@KINDS
def test_a_key_that_has_used_its_tokens_is_a_rate_limit_error(guarded_server, description, kind):
    client = kind(guarded_server.url, description, api_key="sk-narrow")
    with pytest.raises(openai.RateLimitError) as limited:
        for _ in range(5):
            client.complete(**LONG)
    assert limited.value.status_code == 429 and int(limited.value.response.headers["retry-after"]) >= 1
    client.close()


def test_a_key_with_one_request_at_a_time_gets_them_all_by_waiting(guarded_server, description):
    async def several():
        transport = StrictAsyncTransport(description)
        async with openai.AsyncOpenAI(base_url=guarded_server.url + "/v1", api_key="sk-single", max_retries=30,
                                      http_client=openai.DefaultAsyncHttpxClient(transport=transport)) as client:
            answers = await asyncio.gather(*(client.completions.create(**LONG) for _ in range(4)))
            return answers, [status for _, _, status in transport.requests]

    answers, statuses = asyncio.run(several())
    assert len({answer.choices[0].text for answer in answers}) == 1
    assert statuses.count(200) == 4 and 429 in statuses and set(statuses) == {200, 429}
