"""crewai's model and its agent: the answer is the translation of the last message that was sent."""

import pytest


@pytest.fixture(scope="module")
def model(base):
    from crewai import LLM
    return LLM(model="openai/en-de", base_url=base, api_key="none", temperature=0)


def test_model(model, base, sentence, expected):
    from crewai import LLM
    assert model.call([{"role": "system", "content": "Translate."}, {"role": "user", "content": sentence}]) == expected
    streams = LLM(model="openai/en-de", base_url=base, api_key="none", temperature=0, stream=True)
    assert streams.call(sentence) == expected


def test_agent(model, server, sentence):
    from crewai import Agent
    from crewai.hooks import register_before_llm_call_hook
    asked = []
    register_before_llm_call_hook(lambda context: asked.append(context.messages[-1]["content"]))
    agent = Agent(role="translator", goal="to translate", backstory="None.", llm=model, max_iter=1)
    said = agent.kickoff(sentence).raw
    assert sentence in asked[-1] and said == server.complete(asked[-1].strip(), max_tokens=None)["choices"][0]["text"].strip() != ""
