"""Translators and Hugging Face's clients in their own words: the translation is that of a plain completion."""


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


def test_huggingface_hub_tasks(server, sentence, expected):
    from huggingface_hub import InferenceClient
    client = InferenceClient(model=server.url)
    assert client.text_generation(sentence, do_sample=False) == expected
    assert client.translation(sentence).translation_text == client.summarization(sentence).summary_text == expected
