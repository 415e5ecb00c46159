"""Hugging Face's client for its own tasks, at the address it is given, and the paths of text-generation-inference."""

import json

import numpy
import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import BadRequestError, TextGenerationError

from strict_description import StrictDescription
from switchyard_server import ROOT, Server

TEXT = "A man is walking."


@pytest.fixture(scope="module")
def description():
    return StrictDescription()


@pytest.fixture(scope="module")
def expected(server):
    return server.complete(TEXT)["choices"][0]["text"]


@pytest.fixture(scope="module")
def client(server):
    return InferenceClient(model=server.url)


def test_three_tasks(client, expected):
    assert client.text_generation(TEXT, do_sample=False) == expected
    assert client.translation(TEXT).translation_text == expected
    assert client.translation(TEXT, src_lang="en", tgt_lang="de").translation_text == expected
    assert client.summarization(TEXT).summary_text == expected


def test_details(client, expected):
    answer = client.text_generation(TEXT, details=True, max_new_tokens=32, seed=3)
    assert answer.generated_text == expected and answer.details.finish_reason == "eos_token"
    assert "".join(token.text for token in answer.details.tokens if not token.special) == expected
    assert answer.details.generated_tokens == len(answer.details.tokens) and answer.details.seed == 3
    assert client.text_generation(TEXT, details=True, max_new_tokens=2).details.finish_reason == "length"
    assert client.text_generation(TEXT, stop=["geht"], details=True).details.finish_reason == "stop_sequence"
    assert client.text_generation(TEXT, return_full_text=True) == TEXT + expected


def test_a_stream_is_the_text_in_pieces(client, expected):
    assert "".join(client.text_generation(TEXT, stream=True)) == expected
    events = list(client.text_generation(TEXT, stream=True, details=True))
    assert events[-1].generated_text == expected and events[-1].details.finish_reason == "eos_token"
    assert [event.index for event in events] == list(range(1, len(events) + 1)) and events[-1].token.special


def test_sampling_is_that_of_completions(client, server):
    more = dict(temperature=0.8, top_k=20, top_p=0.9, seed=5, repetition_penalty=1.1)
    drawn = server.post("/v1/completions", prompt=TEXT, max_tokens=32, **more).json()["choices"][0]["text"]
    assert client.text_generation(TEXT, max_new_tokens=32, do_sample=True, **more) == drawn


@pytest.mark.parametrize("how, words", [
    (dict(top_p=2.0), "'top_p'"), (dict(max_new_tokens=0), "'max_new_tokens'"), (dict(watermark=True), "'watermark'"),
])
def test_what_is_wrong_is_said(client, how, words):
    with pytest.raises((BadRequestError, TextGenerationError), match=words):
        client.text_generation(TEXT, **how)


def test_paths_answer_as_described(server, description, expected):
    for path in ("/", "/generate"):
        answer = server.post(path, inputs=TEXT, parameters={"details": True, "decoder_input_details": True})
        description.check("POST", path, answer.status_code, answer.headers, answer.content)
        body = answer.json()[0] if path == "/" else answer.json()
        assert body["generated_text"] == expected and len(body["details"]["prefill"]) == body["details"]["input_length"]
    info = server.http.get("/info")
    description.check("GET", "/info", info.status_code, info.headers, info.content)
    lines = server.post("/generate_stream", inputs=TEXT).text.strip().split("\n\n")
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    for event in events:
        description.validate({"$ref": "#/components/schemas/TextEventData"}, event, "event")
    assert "".join(event["token"]["text"] for event in events) == events[-1]["generated_text"] == expected


def test_features_of_an_encoder_decoder_are_those_of_embed(server, description):
    texts = ["A man is walking.", "Two dogs play."]
    rows = InferenceClient(model=server.url + "/embed").feature_extraction(texts, normalize=False)
    expected = server.post("/v1/embeddings", input=texts, normalize=False).json()["data"]
    assert rows.shape == (2, 128) and rows == pytest.approx(numpy.float32([entry["embedding"] for entry in expected]))
    answer = server.post("/embed", inputs=texts[0], truncate=True)
    description.check("POST", "/embed", answer.status_code, answer.headers, answer.content)


def test_features_of_an_encoder_alone_are_at_its_address(description):
    cases = json.loads((ROOT / "Tests/Parity/Fixtures/sentences.json").read_text())
    with Server(ROOT / "Tests/Parity/Fixtures/tiny-sentence-t5", "--weights", "f32") as server:
        client = InferenceClient(model=server.url)
        for case in cases:
            row = client.feature_extraction(case["text"], truncate=True)
            assert row.shape == (1, 12) and row[0].tolist() == pytest.approx(case["embedding"], abs=1e-5)
        rows = client.feature_extraction(["a dog", "x"], normalize=False, truncate=True, truncation_direction="right")
        assert rows.shape == (2, 12)
        answer = server.post("/", inputs="a dog")
        description.check("POST", "/", answer.status_code, answer.headers, answer.content)
        for task in (client.text_generation, client.translation, client.summarization):
            with pytest.raises((BadRequestError, TextGenerationError), match="encoder alone"):
                task("a dog")


def test_the_echo_stays_for_everything_else(server):
    for body, kind in [(b'{"input": 1}', "application/json"), (b'{"inputs": "a"}', "text/plain"), (b'"inputs"', "application/json")]:
        answer = server.http.post("/", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 200 and answer.content == body
