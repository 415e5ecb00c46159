"""The newest client of OpenAI: what it is given is what a plain completion and plain numbers are."""

import openai
import pytest


@pytest.fixture(scope="module")
def client(base):
    with openai.OpenAI(base_url=base, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def asked(sentence):
    return dict(model="en-de", messages=[{"role": "system", "content": "Translate."}, {"role": "user", "content": sentence}],
                temperature=0)


def test_chat(client, asked, expected):
    answer = client.chat.completions.create(**asked)
    assert answer.choices[0].message.content == expected and answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_chat_streams(client, asked, expected):
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == expected
    assert chunks[-2].choices[0].finish_reason == "stop" and chunks[-1].usage.completion_tokens > 3
    with client.chat.completions.stream(**asked) as events:
        pieces = [event.delta for event in events if event.type == "content.delta"]
        assert "".join(pieces) == events.get_final_completion().choices[0].message.content == expected and len(pieces) > 1


def test_responses(client, sentence, expected):
    ask = dict(model="en-de", input=sentence, temperature=0)
    assert client.responses.create(**ask).output_text == expected
    events = list(client.responses.create(**ask, stream=True))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == expected
    assert events[0].type == "response.created" and events[-1].type == "response.completed"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    with client.responses.stream(**ask) as helped:
        assert helped.get_final_response().output_text == expected


def test_completions(client, sentence, expected):
    ask = dict(model="en-de", temperature=0)
    assert [one.text for one in client.completions.create(prompt=[sentence, sentence], **ask).choices] == [expected] * 2
    assert "".join(chunk.choices[0].text for chunk in client.completions.create(prompt=sentence, stream=True, **ask)) == expected


def test_embeddings(client, sentence, embedded):
    for how in ({}, {"encoding_format": "float"}):
        answer = client.embeddings.create(model="en-de", input=[sentence, "Two dogs."], **how)
        assert answer.data[0].embedding == pytest.approx(embedded, abs=1e-6) and answer.data[1].embedding != answer.data[0].embedding
    with pytest.raises(openai.BadRequestError, match="'dimensions'"):
        client.embeddings.create(model="en-de", input=sentence, dimensions=8)


def test_models(client):
    assert [model.id for model in client.models.list()] == ["en-de"]
    assert client.models.retrieve("gpt-4").id == client.models.retrieve("en-de").id == "en-de"


def test_a_form_is_refused(client, asked):
    with pytest.raises(openai.BadRequestError, match="does not hold answers to a form"):
        client.chat.completions.create(**asked, response_format={"type": "json_object"})
