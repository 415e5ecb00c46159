"""Clients of text-generation-inference in their own words, which do not fit beside the newest huggingface_hub."""

import asyncio

import pytest


def test_text_generation(server, sentence, expected):
    from text_generation import Client
    from text_generation.errors import ValidationError
    client = Client(server.url)
    answer = client.generate(sentence, max_new_tokens=32)
    assert answer.generated_text == expected and answer.details.finish_reason.value == "eos_token"
    events = list(client.generate_stream(sentence, max_new_tokens=32))
    assert "".join(event.token.text for event in events if not event.token.special) == expected
    assert events[-1].generated_text == expected and events[-1].details.generated_tokens == len(events)
    with pytest.raises(ValidationError, match="'watermark'"):
        client.generate(sentence, watermark=True)


def test_langchain_huggingface(server, sentence, expected):
    from langchain_huggingface import HuggingFaceEndpoint
    model = HuggingFaceEndpoint(endpoint_url=server.url, max_new_tokens=32, do_sample=False, temperature=None, top_p=None,
                                typical_p=None)
    assert model.invoke(sentence) == expected
    assert "".join(model.stream(sentence)) == expected


def test_text_generation_chat(server, sentence, expected):
    """It sends the model `tgi`, and null for what is not set. Streams of chat it reads from no server: see findings."""
    from text_generation import Client
    answer = Client(server.url).chat(messages=[{"role": "user", "content": sentence}], temperature=0)
    assert answer.choices[0].message.content == expected


def test_text_generation_asyncio(server, sentence, expected):
    from text_generation import AsyncClient

    async def ask():
        client = AsyncClient(server.url)
        whole = (await client.generate(sentence, max_new_tokens=32)).generated_text
        pieces = [event.token.text async for event in client.generate_stream(sentence, max_new_tokens=32) if not event.token.special]
        return whole, "".join(pieces)
    assert asyncio.run(ask()) == (expected, expected)


