"""litellm and Cohere's client rank documents, each at the path it makes of its base."""

import json
import shutil

import pytest

from switchyard_server import MODEL, Server

QUERY, DOCUMENTS, BEST = "Look:", ["Two dogs are playing in the snow.", "A man is walking."], 1


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    model = shutil.copytree(MODEL, tmp_path_factory.mktemp("judge") / "model")
    rule = {"prompt": "{query} {document}", "relevant_token": "▁Ein", "irrelevant_token": "▁Zwei"}
    (model / "rerank.json").write_text(json.dumps(rule))
    with Server(model, "--any-model") as server:
        yield server


@pytest.mark.parametrize("path", ["", "/v1", "/v1/rerank"])
def test_litellm(judge, path):
    import litellm
    ask = {"model": "hosted_vllm/judge", "query": QUERY, "documents": DOCUMENTS, "api_base": judge.url + path, "api_key": "none"}
    results = litellm.rerank(**ask).results
    assert [result["index"] for result in results] == [BEST, 1 - BEST]
    assert results[0]["document"]["text"] == DOCUMENTS[BEST] and results[0]["relevance_score"] > results[1]["relevance_score"]
    assert len(litellm.rerank(**ask, top_n=1).results) == 1


@pytest.mark.parametrize("client", ["Client", "ClientV2"])
def test_cohere(judge, client):
    import cohere
    client = getattr(cohere, client)(api_key="none", base_url=judge.url)
    answer = client.rerank(model="judge", query=QUERY, documents=DOCUMENTS, top_n=1)
    assert [result.index for result in answer.results] == [BEST] and 0 < answer.results[0].relevance_score <= 1
