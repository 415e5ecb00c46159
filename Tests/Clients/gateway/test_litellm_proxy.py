"""The shipped configuration of LiteLLM's proxy in front of the real binary, and OpenAI's client in front of that."""

import secrets
import sys
from pathlib import Path

import openai
import pytest

from service import free_port, running
from switchyard_server import ROOT

LITELLM = Path(sys.executable).parent / "litellm"
KEY = "sk-" + secrets.token_hex(24)


@pytest.fixture(scope="module")
def proxy(server, tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("litellm"), free_port()
    shipped, here = (ROOT / "deploy/litellm/litellm.yaml").read_text(), "http://127.0.0.1:8080/v1"
    assert shipped.count(here) == 1
    (folder / "litellm.yaml").write_text(shipped.replace(here, server.url + "/v1"))
    command = [LITELLM, "--config", folder / "litellm.yaml", "--host", "127.0.0.1", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with running(command, folder, url + "/health/readiness", LITELLM_MASTER_KEY=KEY):
        yield url + "/v1"


@pytest.fixture(scope="module")
def client(proxy):
    with openai.OpenAI(base_url=proxy, api_key=KEY, max_retries=0) as client:
        yield client


def test_models(client):
    assert [model.id for model in client.models.list()] == ["en-de"]


def test_chat(client, sentence, expected):
    for content in (sentence, [{"type": "text", "text": sentence}]):
        ask = dict(model="en-de", messages=[{"role": "user", "content": content}], temperature=0)
        answer = client.chat.completions.create(**ask)
        assert answer.choices[0].message.content == expected and answer.usage.completion_tokens > 3
        chunks = list(client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
        pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
        assert "".join(pieces) == expected and len(pieces) > 1 and chunks[-1].usage.completion_tokens > 3


def test_completions(client, sentence, expected):
    ask = dict(model="en-de", temperature=0)
    assert [one.text for one in client.completions.create(prompt=[sentence, sentence], **ask).choices] == [expected] * 2
    chunks = client.completions.create(prompt=sentence, stream=True, **ask)
    assert "".join(chunk.choices[0].text or "" for chunk in chunks if chunk.choices) == expected


def test_responses(client, sentence, expected):
    ask = dict(model="en-de", input=sentence, temperature=0)
    assert client.responses.create(**ask).output_text == expected
    events = list(client.responses.create(**ask, stream=True))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == expected
    assert events[-1].type == "response.completed"


def test_embeddings(client, sentence, embedded):
    answer = client.embeddings.create(model="en-de", input=[sentence, "Two dogs."])
    assert answer.data[0].embedding == pytest.approx(embedded, abs=1e-6) and len(answer.data) == 2


def test_beams_come_through(client, server, sentence):
    beams = server.complete(sentence, num_beams=4, max_tokens=None)["choices"][0]["text"]
    answer = client.completions.create(model="en-de", prompt=sentence, extra_body={"num_beams": 4})
    assert answer.choices[0].text == beams


def test_what_is_refused_is_said(client, sentence):
    ask = dict(model="en-de", messages=[{"role": "user", "content": sentence}])
    with pytest.raises(openai.BadRequestError, match="does not hold answers to a form"):
        client.chat.completions.create(**ask, response_format={"type": "json_object"})
    # Another key is 400 and not 401, where the proxy keeps no keys of its own.
    with pytest.raises(openai.APIStatusError):
        client.with_options(api_key="sk-another").chat.completions.create(**ask)
