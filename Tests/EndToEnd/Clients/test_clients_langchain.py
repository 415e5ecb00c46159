"""LangChain's OpenAI model against the real binary; every answer is held to openapi.yaml on its way."""

import asyncio

import openai
import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import PromptTemplate
from langchain_openai import OpenAI

from strict_description import StrictAsyncTransport, StrictDescription, StrictTransport

SENTENCES = ["A man is walking.", "Two dogs play in the snow.", "A girl reads a book.", "A woman rides a bicycle."]


@pytest.fixture(scope="module")
def description():
    return StrictDescription()


def model(server, description, **options):
    options = {"temperature": 0, "max_tokens": 32, "max_retries": 0} | options
    return OpenAI(
        base_url=server.url + "/v1", api_key="none", model="en-de",
        http_client=openai.DefaultHttpxClient(transport=StrictTransport(description)),
        http_async_client=openai.DefaultAsyncHttpxClient(transport=StrictAsyncTransport(description)), **options)


@pytest.fixture(scope="module")
def expected(server):
    return {sentence: server.complete(sentence)["choices"][0]["text"] for sentence in SENTENCES}


def test_invoke(server, description, expected):
    assert model(server, description).invoke(SENTENCES[0]) == expected[SENTENCES[0]]


def test_batch_is_one_request_of_many_prompts(server, description, expected):
    llm = model(server, description)
    assert llm.batch(SENTENCES) == list(expected.values())
    assert llm.generate(SENTENCES).llm_output["token_usage"]["completion_tokens"] > 4


def test_generate_of_several_choices(server, description):
    result = model(server, description, temperature=1, n=3, best_of=3, seed=5).generate(SENTENCES[:2])
    assert [len(choices) for choices in result.generations] == [3, 3]
    assert all(choice.generation_info["finish_reason"] in ("stop", "length") for one in result.generations for choice in one)


def test_stream(server, description, expected):
    pieces = list(model(server, description).stream(SENTENCES[1]))
    assert "".join(pieces) == expected[SENTENCES[1]] and len(pieces) > 3


def test_stop_strings(server, description):
    assert model(server, description).invoke(SENTENCES[0], stop=[" Mann"]) == "Ein"
    assert "".join(model(server, description).stream(SENTENCES[0], stop=[" Mann"])) == "Ein"


def test_logprobs(server, description):
    result = model(server, description, logprobs=2).generate([SENTENCES[0]])
    logprobs = result.generations[0][0].generation_info["logprobs"]
    assert len(logprobs["tokens"]) == len(logprobs["token_logprobs"]) > 1


def test_a_chain(server, description, expected):
    chain = PromptTemplate.from_template("{text}") | model(server, description) | StrOutputParser()
    assert chain.invoke({"text": SENTENCES[2]}) == expected[SENTENCES[2]]


def test_beam_search_by_extra_body(server, description):
    beams = model(server, description, extra_body={"num_beams": 4}).invoke(SENTENCES[3])
    assert beams == server.complete(SENTENCES[3], num_beams=4)["choices"][0]["text"]


def test_asyncio(server, description, expected):
    async def everything():
        llm = model(server, description)
        one = await llm.ainvoke(SENTENCES[0])
        many = await llm.abatch(SENTENCES)
        pieces = [piece async for piece in llm.astream(SENTENCES[1])]
        return one, many, "".join(pieces)

    one, many, streamed = asyncio.run(everything())
    assert one == expected[SENTENCES[0]] and many == list(expected.values()) and streamed == expected[SENTENCES[1]]


def test_errors_keep_their_class(server, description):
    with pytest.raises(openai.BadRequestError):
        model(server, description, temperature=3).invoke("A man.")
    with pytest.raises(openai.NotFoundError):
        OpenAI(base_url=server.url + "/v1", api_key="none", model="other", max_retries=0).invoke("A man.")
