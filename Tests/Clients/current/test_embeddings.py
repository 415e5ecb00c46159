"""Clients of embeddings in their own words: the vector is the one the server writes in plain numbers."""

import asyncio

import pytest

KEY = "none"


@pytest.fixture
def same(embedded):
    return pytest.approx(embedded, abs=1e-6)


def test_langchain(base, sentence, same):
    from langchain_openai import OpenAIEmbeddings
    model = OpenAIEmbeddings(base_url=base, api_key=KEY, model="en-de", check_embedding_ctx_length=False)
    assert model.embed_query(sentence) == same
    assert [list(one) for one in model.embed_documents([sentence, sentence])] == [same, same]


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_litellm(base, sentence, same, provider):
    import litellm
    answer = litellm.embedding(model=f"{provider}/en-de", input=[sentence], api_base=base, api_key=KEY)
    assert answer.data[0]["embedding"] == same and answer.usage.prompt_tokens > 3


def test_haystack(base, sentence, same):
    from haystack import Document
    from haystack.components.embedders import OpenAIDocumentEmbedder, OpenAITextEmbedder
    from haystack.utils import Secret
    where = dict(api_key=Secret.from_token(KEY), api_base_url=base, model="en-de")
    assert OpenAITextEmbedder(**where).run(text=sentence)["embedding"] == same
    documents = OpenAIDocumentEmbedder(**where, progress_bar=False).run(documents=[Document(content=sentence)])["documents"]
    assert documents[0].embedding == same


def test_pydantic_ai(base, sentence, same):
    from pydantic_ai import Embedder
    from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
    from pydantic_ai.providers.openai import OpenAIProvider
    embedder = Embedder(OpenAIEmbeddingModel("en-de", provider=OpenAIProvider(base_url=base, api_key=KEY)))
    assert list(embedder.embed_query_sync(sentence).embeddings[0]) == same


def test_semantic_kernel(base, sentence, same):
    from openai import AsyncOpenAI
    from semantic_kernel.connectors.ai.open_ai import OpenAITextEmbedding

    async def ask():
        async with AsyncOpenAI(base_url=base, api_key=KEY) as client:
            return await OpenAITextEmbedding(ai_model_id="en-de", async_client=client).generate_embeddings([sentence])
    assert list(asyncio.run(ask())[0]) == same


def test_dspy(base, sentence, same):
    import dspy
    assert list(dspy.Embedder("openai/en-de", api_base=base, api_key=KEY, caching=False)([sentence])[0]) == same


def test_huggingface_hub(server, sentence, same):
    """`feature_extraction` names no task: it is told from text generation by the path alone."""
    from huggingface_hub import InferenceClient
    if "\n  /embed:" not in server.http.get("/openapi.yaml").text:
        pytest.skip("the server has no /embed")
    assert InferenceClient(model=server.url + "/embed").feature_extraction(sentence, normalize=True)[0].tolist() == same
