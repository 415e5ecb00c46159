"""Translators and Hugging Face's clients in their own words: the translation is that of a plain completion."""

import asyncio

import pytest


def test_libretranslatepy(server, sentence, expected):
    from libretranslatepy import LibreTranslateAPI
    api = LibreTranslateAPI(server.url + "/")
    assert api.translate(sentence, "en", "de") == expected
    assert [language["code"] for language in api.languages()] == ["de", "en"]
    assert api.detect(sentence)[0]["language"] == "en"


def test_deep_translator(server, sentence, expected):
    from deep_translator import LibreTranslator
    translator = LibreTranslator(source="en", target="de", custom_url=server.url + "/", use_free_api=False, api_key="none")
    assert translator.translate(sentence) == expected
    assert translator.translate_batch([sentence, sentence]) == [expected] * 2


def test_deepl(server, sentence, expected):
    import deepl
    client = deepl.DeepLClient("none", server_url=server.url)
    assert [one.text for one in client.translate_text([sentence, sentence], source_lang="EN", target_lang="DE")] == [expected] * 2
    assert [language.code for language in client.get_target_languages()] == ["DE"]
    assert client.get_usage().character.count >= 2 * len(sentence)
    with pytest.raises(deepl.DeepLException, match="'target_lang' must be one of de"):
        client.translate_text(sentence, target_lang="FR")


@pytest.mark.parametrize("path", ["", "/generate"])
def test_huggingface_hub_tasks(server, sentence, expected, path):
    from huggingface_hub import InferenceClient
    client = InferenceClient(model=server.url + path)
    assert client.text_generation(sentence, do_sample=False) == expected
    if not path:
        assert client.translation(sentence).translation_text == client.summarization(sentence).summary_text == expected
        assert client.translation(sentence, src_lang="en", tgt_lang="de").translation_text == expected


def test_huggingface_hub_details_and_streams(server, sentence, expected):
    from huggingface_hub import InferenceClient
    client = InferenceClient(model=server.url)
    whole = client.text_generation(sentence, do_sample=False, details=True)
    assert whole.generated_text == expected and whole.details.finish_reason == "eos_token"
    assert "".join(token.text for token in whole.details.tokens if not token.special) == expected
    assert "".join(client.text_generation(sentence, do_sample=False, stream=True)) == expected
    events = list(client.text_generation(sentence, do_sample=False, stream=True, details=True))
    assert events[-1].generated_text == expected and events[-1].details.generated_tokens == len(events)


def test_huggingface_hub_asyncio(server, sentence, expected):
    from huggingface_hub import AsyncInferenceClient

    async def ask():
        async with AsyncInferenceClient(model=server.url) as client:
            pieces = [piece async for piece in await client.text_generation(sentence, do_sample=False, stream=True)]
            return await client.text_generation(sentence, do_sample=False), "".join(pieces)
    assert asyncio.run(ask()) == (expected, expected)


def test_huggingface_hub_is_told_what_is_wrong(server, sentence):
    from huggingface_hub import InferenceClient
    with pytest.raises(Exception, match="'watermark'"):
        InferenceClient(model=server.url).text_generation(sentence, watermark=True)
