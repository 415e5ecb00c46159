"""OpenAI's client for chat and responses against the real binary; every answer is held to openapi.yaml on its way."""

import asyncio
import json

import httpx
import openai
import pytest

from strict_description import StrictAsyncTransport, StrictDescription, StrictTransport
from switchyard_server import MODEL, ROOT, Server, one_sentence, run_binary

TEXT = "A man is walking."
USER = [{"role": "user", "content": TEXT}]
ASK = {"model": "en-de", "temperature": 0}


@pytest.fixture(scope="module")
def description():
    return StrictDescription()


@pytest.fixture(scope="module")
def client(server, description):
    transport = StrictTransport(description)
    with openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0,
                       http_client=openai.DefaultHttpxClient(transport=transport)) as client:
        yield client
    assert description.checked > 0


@pytest.fixture(scope="module")
def expected(server):
    """What the completion endpoint makes of the same text: every endpoint goes the same way."""
    return server.complete(TEXT)["choices"][0]["text"]


def chat(client, **more):
    return client.chat.completions.create(**ASK | {"messages": USER} | more)


# Chat


@pytest.mark.parametrize("messages", [
    USER,
    [{"role": "user", "content": [{"type": "text", "text": TEXT}]}],
    [{"role": "system", "content": "Answer in French."}, {"role": "user", "content": "A dog."},
     {"role": "assistant", "content": None, "tool_calls": None, "refusal": None}, {"role": "user", "name": "me", "content": TEXT}],
    [{"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}, *USER, {"role": "assistant", "content": "Ja."}],
], ids=["text", "parts", "history", "developer"])
def test_a_translator_answers_the_last_user_message(client, expected, messages):
    answer = chat(client, messages=messages)
    message = answer.choices[0].message
    assert answer.object == "chat.completion" and answer.id.startswith("chatcmpl-")
    assert (message.role, message.content, answer.choices[0].finish_reason) == ("assistant", expected, "stop")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 6


def test_a_stream_is_the_answer_in_pieces(client, expected):
    options = {"include_usage": True}
    chunks = list(chat(client, stream=True, stream_options=options))
    assert chunks[0].choices[0].delta.role == "assistant" and chunks[0].choices[0].delta.content == ""
    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices) == expected
    assert chunks[-2].choices[0].finish_reason == "stop" and chunks[-2].choices[0].delta.content is None
    assert chunks[-1].choices == [] and chunks[-1].usage == chat(client).usage
    assert all(chunk.usage is None for chunk in chunks[:-1])
    chunks = list(chat(client, stream=True, stream_options=options | {"continuous_usage_stats": True}))
    counts = [chunk.usage.completion_tokens for chunk in chunks]
    assert counts == sorted(counts) and counts[0] == 0 and counts[-1] == counts[-2] > 4


def test_the_stream_helper_gathers_the_answer(client, expected):
    with client.chat.completions.stream(**ASK, messages=USER) as stream:
        texts = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert "".join(texts) == final.choices[0].message.content == expected


def test_asyncio(server, description, expected):
    async def ask():
        transport = StrictAsyncTransport(description)
        async with openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="none",
                                      http_client=openai.DefaultAsyncHttpxClient(transport=transport)) as client:
            whole = await client.chat.completions.create(**ASK, messages=USER)
            stream = await client.chat.completions.create(**ASK, messages=USER, stream=True)
            response = await client.responses.create(**ASK, input=TEXT)
            streamed = await client.responses.create(**ASK, input=TEXT, stream=True)
            return (whole.choices[0].message.content, "".join([chunk.choices[0].delta.content or "" async for chunk in stream]),
                    response.output_text, "".join([event.delta async for event in streamed if event.type.endswith("text.delta")]))
    assert set(asyncio.run(ask())) == {expected}


def test_several_choices(client):
    answer = chat(client, n=3, temperature=1, seed=7)
    texts = [choice.message.content for choice in answer.choices]
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    streamed = [""] * 3
    for chunk in chat(client, n=3, temperature=1, seed=7, stream=True):
        streamed[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert streamed == texts


def test_beams_by_the_same_members_as_in_completions(client, server):
    answer = chat(client, n=2, extra_body={"num_beams": 4, "length_penalty": 1.2})
    beams = server.complete(TEXT, num_beams=4, n=2, length_penalty=1.2)["choices"]
    assert [(choice.message.content, choice.beam_score) for choice in answer.choices] == [
        (beam["text"], beam["beam_score"]) for beam in beams]


@pytest.mark.parametrize("top", [None, 0, 3, 20])
def test_logprobs_are_those_of_the_completion(client, server, top):
    more = {} if top is None else {"top_logprobs": top}
    logprobs = chat(client, logprobs=True, **more).choices[0].logprobs
    own = server.complete(TEXT, logprobs=min(top or 0, 5))["choices"][0]["logprobs"]
    assert [(token.token, token.logprob) for token in logprobs.content] == list(zip(own["tokens"], own["token_logprobs"]))
    for token in logprobs.content:
        assert len(token.top_logprobs) == (top or 0) and bytes(token.bytes).decode() == token.token
        values = [alternative.logprob for alternative in token.top_logprobs]
        assert values == sorted(values, reverse=True) and (not values or token.logprob == values[0])
    streamed = [token for chunk in chat(client, logprobs=True, stream=True, **more)
                if chunk.choices[0].logprobs for token in chunk.choices[0].logprobs.content]
    assert streamed == logprobs.content


def test_tools_that_are_offered_are_passed_over_and_named(client, expected):
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    raw = client.chat.completions.with_raw_response.create(**ASK, messages=USER, tools=[tool], tool_choice="auto")
    assert raw.parse().choices[0].message.content == expected
    assert raw.headers["x-switchyard-ignored-members"] == "tools"


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
FORM = {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}


@pytest.mark.parametrize("change, parameter", [
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "system", "content": "a"}]}, "messages"),
    ({"messages": [{"role": "owner", "content": "a"}]}, "messages.0.role"),
    ({"messages": [{"role": "tool", "content": "a", "tool_call_id": "x"}]}, "messages.0.role"),
    ({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, IMAGE]}]}, "messages.0.content.1"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content"),
    ({"messages": USER * 2049}, "messages"),
    ({"messages": [{"role": "user", "content": "word " * 5000}]}, "messages"),
    ({"messages": [{"role": "user", "content": "a" * 300_000}]}, "messages"),
    ({"tools": [{}], "tool_choice": "required"}, "tool_choice"),
    ({"tools": [{}], "tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice"),
    ({"response_format": FORM}, "response_format"), ({"extra_body": {"structured_outputs": {"regex": "a"}}}, "structured_outputs"),
    ({"extra_body": {"guided_choice": ["a"]}}, "guided_choice"), ({"top_logprobs": 3}, "top_logprobs"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"), ({"n": 129}, "n"), ({"temperature": 3}, "temperature"),
    ({"max_completion_tokens": -1}, "max_completion_tokens"), ({"modalities": ["text", "audio"]}, "modalities"),
    ({"stream_options": {"include_usage": True}}, "stream_options"),
], ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else None)
def test_what_cannot_be_answered_is_refused_by_name(client, change, parameter):
    with pytest.raises(openai.BadRequestError) as refused:
        chat(client, **change)
    assert refused.value.param == parameter and len(refused.value.message) < 600


def test_answers_that_run_can_be_ended_by_their_id(server):
    body = {"messages": USER, "stream": True, "ignore_eos": True, "max_tokens": 512}
    for path, more in [("/v1/chat/completions", body), ("/v1/responses", {"input": TEXT, "stream": True, "ignore_eos": True})]:
        with httpx.stream("POST", server.url + path, json=more, headers={"X-Request-Id": "to-end"}, timeout=60) as stream:
            lines = stream.iter_lines()
            next(lines)
            assert server.http.delete("/v1/completions/to-end").status_code == 200
            rest = "\n".join(lines)
        assert '"code":"cancelled"' in rest


# Responses


def test_a_response_to_text(client, expected):
    answer = client.responses.create(**ASK, input=TEXT, metadata={"order": "4711"}, instructions="Be brief.", store=True)
    assert answer.output_text == expected and answer.status == "completed" and answer.metadata == {"order": "4711"}
    assert answer.instructions == "Be brief." and answer.temperature == 0 and answer.previous_response_id is None
    assert answer.usage.input_tokens + answer.usage.output_tokens == answer.usage.total_tokens


@pytest.mark.parametrize("given", [
    [{"role": "user", "content": TEXT}],
    [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": TEXT}]}],
], ids=["text", "parts"])
def test_a_response_to_messages(client, expected, given):
    first = client.responses.create(**ASK, input=[{"role": "user", "content": "A dog."}])
    history = [{"role": "system", "content": "x"}, *[item.model_dump() for item in first.output], *given]
    assert client.responses.create(**ASK, input=history, include=[], tools=[]).output_text == expected


def test_a_response_that_is_cut_short_is_incomplete(client):
    answer = client.responses.create(**ASK, input=TEXT, max_output_tokens=2)
    assert answer.status == "incomplete" and answer.incomplete_details.reason == "max_output_tokens"


def test_a_streamed_response_has_its_events_in_order(client, expected):
    found = list(client.responses.create(**ASK, input=TEXT, stream=True))
    types = [event.type.removeprefix("response.") for event in found]
    deltas = types.count("output_text.delta")
    assert types == ["created", "in_progress", "output_item.added", "content_part.added", *["output_text.delta"] * deltas,
                     "output_text.done", "content_part.done", "output_item.done", "completed"]
    assert deltas > 3 and [event.sequence_number for event in found] == list(range(len(found)))
    assert found[-1].response.output_text == expected
    with client.responses.stream(**ASK, input=TEXT) as stream:
        for _ in stream:
            pass
        assert stream.get_final_response().output_text == expected


@pytest.mark.parametrize("change, parameter", [
    ({"previous_response_id": "resp_1"}, "previous_response_id"), ({"background": True}, "background"),
    ({"text": {"format": {"type": "json_object"}}}, "text.format"), ({"tool_choice": "required"}, "tool_choice"),
    ({"input": []}, "input"), ({"input": [{"type": "item_reference", "id": "x"}]}, "input.0.type"),
    ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, "input.0.content.0"),
    ({"input": [{"role": "system", "content": "a"}]}, "input"), ({"max_output_tokens": -1}, "max_output_tokens"),
    ({"input": "word " * 5000}, "input"), ({"metadata": {str(i): "x" for i in range(17)}}, "metadata"),
], ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else None)
def test_a_response_that_cannot_be_made_is_refused_by_name(client, change, parameter):
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(**ASK | {"input": TEXT} | change)
    assert refused.value.param == parameter


# Bodies that are no request


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"{", b'{"messages": null, "input": null}', b'{"messages": {}, "input": {}}',
                                  b'{"messages": [[]], "input": [[]]}', b'{"messages": [null], "input": [null]}'], ids=repr)
def test_a_body_that_is_no_request_is_refused(server, path, body):
    answer = server.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and len(answer.json()["error"]["message"]) < 300


# Names, paths and limits


def test_more_tokens_than_there_may_be_are_cut_and_named(server):
    for path, body, name in [("/v1/completions", {"prompt": TEXT}, "max_tokens"),
                             ("/v1/chat/completions", {"messages": USER}, "max_completion_tokens"),
                             ("/v1/responses", {"input": TEXT}, "max_output_tokens")]:
        answer = server.post(path, **body, **{name: 4096})
        assert answer.status_code == 200 and answer.headers["x-switchyard-clamped-members"] == f"{name}=512"
        assert "x-switchyard-clamped-members" not in server.post(path, **body, **{name: 512}).headers


@pytest.mark.parametrize("path", ["/chat/completions", "/v1/chat/completions/", "/chat/completions/"])
def test_a_base_without_the_version_and_a_slash_at_the_end(server, expected, path):
    answer = server.post(path, messages=USER, temperature=0)
    assert answer.json()["choices"][0]["message"]["content"] == expected
    with openai.OpenAI(base_url=server.url, api_key="none") as client:
        assert client.models.list().data[0].id == "en-de"
        assert client.responses.create(**ASK, input=TEXT).output_text == expected


def test_a_strict_server_with_several_names(expected):
    with Server(MODEL, "--model-id", "switch", "--model-id", "tgi", "--strict-requests", "--access-log", "json") as server:
        assert [model["id"] for model in server.http.get("/v1/models").json()["data"]] == ["switch", "tgi"]
        for name, status in [("switch", 200), ("tgi", 200), ("en-de", 404)]:
            answer = server.post("/v1/chat/completions", model=name, messages=USER, temperature=0)
            assert answer.status_code == status
            if status == 200:
                assert answer.json()["model"] == "switch" and answer.json()["choices"][0]["message"]["content"] == expected
        assert server.post("/v1/chat/completions", messages=USER, max_tokens=513).json()["error"]["param"] == "max_tokens"
        assert server.post("/v1/chat/completions", messages=USER, tools=[{}]).json()["error"]["code"] == "unknown_parameter"


def test_any_name_and_the_log_of_what_was_cut(expected):
    with Server(MODEL, "--any-model", "--access-log", "json") as server:
        answer = server.post("/v1/chat/completions", model="dummy", messages=USER, temperature=0, max_tokens=600)
        assert answer.json()["choices"][0]["message"]["content"] == expected
        assert server.http.get("/v1/models/dummy").json()["id"] == "en-de"
        server.stop()
        lines = [json.loads(line) for line in server.log if "clamped_members" in line]
        assert [line["clamped_members"] for line in lines] == ["max_tokens=512"]


# How a conversation becomes a prompt


def seen(server, messages):
    """The tokens of the prompt that the messages come to."""
    answer = server.post("/v1/chat/completions", messages=messages, max_tokens=1, return_token_ids=True)
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["prompt_token_ids"]


def tokens(server, text):
    return server.post("/tokenize", prompt=text).json()["tokens"]


TURNS = [{"role": "system", "content": "One."}, {"role": "user", "content": "Two."}, {"role": "assistant", "content": "Three."},
         {"role": "user", "content": "Four."}]


@pytest.mark.parametrize("model, flags, text, rule", [
    (MODEL, [], "Four.", "last-user"), (MODEL, ["--chat-prompt", "joined"], "One.\nTwo.\nThree.\nFour.", "joined"),
    (ROOT / "models/shakespeare", [], "One.\nTwo.\nThree.\nFour.", "joined"),
    (ROOT / "models/shakespeare", ["--chat-prompt", "FILE"], "S One. U Two. A Three. U Four. A", "template"),
], ids=["last", "joined", "language model", "template"])
def test_the_rule_for_prompts(tmp_path, model, flags, text, rule):
    file = tmp_path / "turns.json"
    file.write_text(json.dumps({"system": "S {content}", "user": " U {content}", "assistant": " A {content}", "end": " A"}))
    with Server(model, *[str(file) if flag == "FILE" else flag for flag in flags]) as server:
        assert seen(server, TURNS) == tokens(server, text)
        assert server.http.get("/v1/models").json()["data"][0]["chat_prompt"] == rule


@pytest.mark.parametrize("text, words", [
    ("{", "cannot be followed"), ("{}", "no 'user'"), ('{"user": "Q"}', "{content} once"), (None, "cannot be read")])
def test_a_file_that_cannot_be_followed_ends_the_start(tmp_path, text, words):
    file = tmp_path / "turns.json"
    if text is not None:
        file.write_text(text)
    done = run_binary("serve", MODEL, "--port", "0", "--chat-prompt", file)
    assert done.returncode == 1 and words in done.stderr and one_sentence(done.stderr), done.stderr


def test_a_template_in_the_model_directory_is_named_as_not_followed(tmp_path):
    for file in MODEL.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    with Server(tmp_path) as server:
        assert any("chat_template.jinja is not followed" in line for line in server.log)
