"""Clients of chat and responses in their own words: the translation is that of a plain completion."""

import asyncio

import pytest

KEY = "none"


# LangChain


@pytest.fixture(scope="module")
def langchain(base):
    from langchain_openai import ChatOpenAI
    return ChatOpenAI(base_url=base, api_key=KEY, model="en-de", temperature=0)


def test_langchain(langchain, sentence, expected):
    answer = langchain.invoke([("system", "Translate."), ("user", sentence)])
    assert answer.content == expected and answer.usage_metadata["output_tokens"] > 3
    assert "".join(chunk.content for chunk in langchain.stream(sentence)) == expected
    assert [one.content for one in langchain.batch([sentence, sentence])] == [expected] * 2


def test_langchain_responses(base, sentence, expected):
    from langchain_openai import ChatOpenAI
    model = ChatOpenAI(base_url=base, api_key=KEY, model="en-de", temperature=0, use_responses_api=True)
    assert model.invoke(sentence).text == expected
    assert "".join(chunk.text for chunk in model.stream(sentence)) == expected


# LiteLLM


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_litellm(base, sentence, expected, provider):
    import litellm
    ask = dict(model=f"{provider}/en-de", api_base=base, api_key=KEY, temperature=0)
    messages = [{"role": "user", "content": sentence}]
    assert litellm.completion(messages=messages, **ask).choices[0].message.content == expected
    chunks = litellm.completion(messages=messages, stream=True, **ask)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == expected


def test_litellm_responses(base, sentence, expected):
    import litellm
    answer = litellm.responses(model="openai/en-de", input=sentence, api_base=base, api_key=KEY, temperature=0)
    assert answer.output[0].content[0].text == expected


# Hugging Face


def test_huggingface_hub(server, base, sentence, expected):
    from huggingface_hub import InferenceClient
    messages = [{"role": "user", "content": sentence}]
    for url in (base, server.url):
        client = InferenceClient(base_url=url)
        answer = client.chat_completion(messages, temperature=0, logprobs=True, top_logprobs=2)
        assert answer.choices[0].message.content == expected
        assert len(answer.choices[0].logprobs.content[0].top_logprobs) == 2
        chunks = client.chat_completion(messages, temperature=0, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == expected


def test_smolagents(base, sentence, expected):
    from smolagents import ChatMessage, InferenceClientModel, OpenAIModel
    message = ChatMessage(role="user", content=[{"type": "text", "text": sentence}])
    for model in (OpenAIModel(model_id="en-de", api_base=base, api_key=KEY, temperature=0),
                  InferenceClientModel(model_id=base, temperature=0)):
        assert model.generate([message]).content == expected
    assert "".join(delta.content or "" for delta in OpenAIModel(
        model_id="en-de", api_base=base, api_key=KEY, temperature=0).generate_stream([message])) == expected


# Frameworks of agents


@pytest.mark.parametrize("kind", ["OpenAIChatModel", "OpenAIResponsesModel"])
def test_pydantic_ai(base, sentence, expected, kind):
    from pydantic_ai import Agent
    from pydantic_ai.models import openai
    from pydantic_ai.providers.openai import OpenAIProvider
    agent = Agent(getattr(openai, kind)("en-de", provider=OpenAIProvider(base_url=base, api_key=KEY)),
                  system_prompt="Translate.", model_settings={"temperature": 0})
    assert agent.run_sync(sentence).output == expected

    async def streamed():
        async with agent.run_stream(sentence) as run:
            return await run.get_output()
    assert asyncio.run(streamed()) == expected


@pytest.mark.parametrize("kind", ["OpenAIChatCompletionsModel", "OpenAIResponsesModel"])
def test_openai_agents(base, sentence, expected, kind):
    import agents
    from openai import AsyncOpenAI
    agents.set_tracing_disabled(True)

    async def ask(streams):
        async with AsyncOpenAI(base_url=base, api_key=KEY) as client:
            agent = agents.Agent(name="translator", instructions="Translate.", model_settings=agents.ModelSettings(temperature=0),
                                 model=getattr(agents, kind)(model="en-de", openai_client=client))
            if not streams:
                return (await agents.Runner.run(agent, sentence)).final_output
            run = agents.Runner.run_streamed(agent, sentence)
            async for _ in run.stream_events():
                pass
            return run.final_output
    assert [asyncio.run(ask(streams)) for streams in (False, True)] == [expected] * 2


def test_semantic_kernel(base, sentence, expected):
    from openai import AsyncOpenAI
    from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion, OpenAIChatPromptExecutionSettings
    from semantic_kernel.contents import ChatHistory

    async def ask():
        async with AsyncOpenAI(base_url=base, api_key=KEY) as client:
            service = OpenAIChatCompletion(ai_model_id="en-de", async_client=client)
            settings = OpenAIChatPromptExecutionSettings(temperature=0)
            history = ChatHistory(system_message="Translate.")
            history.add_user_message(sentence)
            whole = str(await service.get_chat_message_content(history, settings))
            pieces = [str(piece) async for piece in service.get_streaming_chat_message_content(history, settings)]
            return whole, "".join(pieces)
    assert asyncio.run(ask()) == (expected, expected)


def test_haystack(base, sentence, expected):
    from haystack.components.generators.chat import OpenAIChatGenerator
    from haystack.dataclasses import ChatMessage
    from haystack.utils import Secret
    pieces = []
    for callback in (None, lambda chunk: pieces.append(chunk.content)):
        generator = OpenAIChatGenerator(
            api_key=Secret.from_token(KEY), model="en-de", api_base_url=base, generation_kwargs={"temperature": 0, "n": 1},
            streaming_callback=callback)
        assert generator.run([ChatMessage.from_user(sentence)])["replies"][0].text == expected
    assert "".join(pieces) == expected


# Clients that want answers held to a form are told that these are not


def test_outlines(base, sentence, expected):
    import openai
    import outlines
    from pydantic import BaseModel

    class Form(BaseModel):
        word: str

    with openai.OpenAI(base_url=base, api_key=KEY) as client:
        assert outlines.from_openai(client, "en-de")(sentence, temperature=0) == expected
        with pytest.raises(Exception, match="does not hold answers to a form"):
            outlines.from_openai(client, "en-de")(sentence, Form)
        with pytest.raises(Exception, match="'structured_outputs' is not supported: this server does not hold answers to a form"):
            outlines.from_vllm(client, "en-de")(sentence, outlines.regex("[a-z]+"))
