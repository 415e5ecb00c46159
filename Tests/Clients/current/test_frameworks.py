"""Frameworks that ask through a client of chat, in their own words."""

import asyncio

import pytest

KEY = "none"


@pytest.mark.parametrize("kind", ["chat", "responses"])
def test_dspy(base, sentence, expected, kind):
    import dspy
    model = dspy.LM("openai/en-de", api_base=base, api_key=KEY, temperature=0, cache=False, model_type=kind)
    (answer,) = model(messages=[{"role": "user", "content": sentence}])
    assert (answer if kind == "chat" else answer["text"]) == expected


def test_autogen(base, sentence, expected):
    from autogen_agentchat.agents import AssistantAgent
    from autogen_core.models import ModelInfo, UserMessage
    from autogen_ext.models.openai import OpenAIChatCompletionClient
    info = ModelInfo(vision=False, function_calling=False, json_output=False, family="unknown", structured_output=False)

    async def ask():
        client = OpenAIChatCompletionClient(model="en-de", base_url=base, api_key=KEY, temperature=0, model_info=info)
        message = UserMessage(content=sentence, source="user")
        whole = (await client.create([message])).content
        pieces = [piece async for piece in client.create_stream([message])]
        agent = AssistantAgent("translator", model_client=client, system_message="Translate.")
        said = (await agent.run(task=sentence)).messages[-1].content
        await client.close()
        return [whole, "".join(pieces[:-1]), pieces[-1].content, said]
    assert asyncio.run(ask()) == [expected] * 4


def test_aisuite(base, sentence, expected):
    import aisuite
    client = aisuite.Client({"openai": {"base_url": base, "api_key": KEY}})
    answer = client.chat.completions.create("openai:en-de", [{"role": "user", "content": sentence}], temperature=0)
    assert answer.choices[0].message.content == expected


def test_any_llm(base, sentence, expected, embedded):
    import any_llm
    where = dict(model="en-de", provider="openai", api_base=base, api_key=KEY)
    messages = [{"role": "user", "content": sentence}]
    assert any_llm.completion(messages=messages, temperature=0, **where).choices[0].message.content == expected
    chunks = any_llm.completion(messages=messages, temperature=0, stream=True, **where)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == expected
    assert any_llm.responses(input_data=sentence, temperature=0, **where).output_text == expected
    assert any_llm.embedding(inputs=sentence, **where).data[0].embedding == pytest.approx(embedded, abs=1e-6)
    assert [model.id for model in any_llm.list_models("openai", api_base=base, api_key=KEY)] == ["en-de"]


def test_guidance(base, sentence, expected):
    import guidance
    model = guidance.models.OpenAI("en-de", base_url=base, api_key=KEY, echo=False)
    with guidance.user():
        model += sentence
    with guidance.assistant():
        model += guidance.gen("answer", temperature=0)
    assert model["answer"] == expected


@pytest.mark.parametrize("provider", ["openai", "openai-api/switchyard", "vllm"])
def test_inspect_ai(base, sentence, expected, provider):
    from inspect_ai.model import GenerateConfig, get_model

    async def ask():
        async with get_model(f"{provider}/en-de", base_url=base, api_key=KEY, config=GenerateConfig(temperature=0)) as model:
            return (await model.generate(sentence)).completion
    assert asyncio.run(ask()) == expected


@pytest.mark.parametrize("kind", ["OpenAIModel", "InferenceClientModel"])
def test_smolagents_agent(server, base, sentence, kind):
    """An agent wants a program, which no translator writes; what it is given is the translation of its last message."""
    import smolagents
    model = (smolagents.OpenAIModel(model_id="en-de", api_base=base, api_key=KEY, temperature=0) if kind == "OpenAIModel"
             else smolagents.InferenceClientModel(model_id=base, temperature=0))
    agent = smolagents.CodeAgent(tools=[], model=model, max_steps=1, verbosity_level=0)
    agent.run(sentence)
    step = next(step for step in agent.memory.steps if isinstance(step, smolagents.ActionStep))
    (asked,) = step.model_input_messages[-1].content
    assert sentence in asked["text"]
    answer = server.complete(asked["text"], max_tokens=None)["choices"][0]["text"]
    assert answer and step.model_output.removesuffix("</code>") == answer
