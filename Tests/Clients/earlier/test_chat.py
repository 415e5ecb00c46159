"""Clients of chat whose newest releases want earlier libraries than the others do."""

import asyncio

import pytest


def test_llama_index(base, sentence, expected):
    from llama_index.core.llms import ChatMessage
    from llama_index.llms.openai_like import OpenAILike
    model = OpenAILike(model="en-de", api_base=base, api_key="none", is_chat_model=True, temperature=0, context_window=4096,
                       max_tokens=4096)
    messages = [ChatMessage(role="system", content="Translate."), ChatMessage(role="user", content=sentence)]
    assert model.chat(messages).message.content == expected
    assert "".join(piece.delta or "" for piece in model.stream_chat(messages)) == expected
    assert model.complete(sentence).text == expected
    assert asyncio.run(model.achat(messages)).message.content == expected


def test_llama_index_completions(base, sentence, expected):
    from llama_index.llms.openai_like import OpenAILike
    model = OpenAILike(model="en-de", api_base=base, api_key="none", is_chat_model=False, temperature=0, context_window=4096)
    assert model.complete(sentence).text == expected
    assert "".join(piece.delta or "" for piece in model.stream_complete(sentence)) == expected


def test_llama_index_embeddings(base, sentence, embedded):
    from llama_index.embeddings.openai_like import OpenAILikeEmbedding
    model = OpenAILikeEmbedding(model_name="en-de", api_base=base, api_key="none")
    same = pytest.approx(embedded, abs=1e-6)
    assert model.get_text_embedding(sentence) == model.get_query_embedding(sentence) == same
    assert model.get_text_embedding_batch([sentence, sentence]) == [same, same]


# A client that wants answers held to a form is told that these are not


@pytest.mark.parametrize("mode, words", [
    ("TOOLS", "'tool_choice' must not require a tool"), ("JSON", "does not hold answers to a form"),
    ("JSON_SCHEMA", "does not hold answers to a form")])
def test_instructor(base, sentence, mode, words):
    import instructor
    import openai
    from pydantic import BaseModel

    class Form(BaseModel):
        word: str

    with openai.OpenAI(base_url=base, api_key="none", max_retries=0) as client:
        asking = instructor.from_openai(client, mode=getattr(instructor.Mode, mode))
        with pytest.raises(Exception) as refused:
            asking.chat.completions.create(
                model="en-de", messages=[{"role": "user", "content": sentence}], response_model=Form, max_retries=1)
    assert words in str(refused.value)
