"""Scores of labels, continuations and documents, beside a forward pass of transformers and beside other endpoints."""

import json
import math
import shutil
import threading
import time

import pytest

from switchyard_server import JSON, MODEL, ROOT, Server, one_sentence, run_binary

FIXTURES = ROOT / "Tests/Parity/Fixtures"
SCORES = "/v1/generative-scores"
TOKENS = {"relevant_token": "▁Ein", "irrelevant_token": "▁Zwei"}


@pytest.fixture(scope="module")
def server():
    with Server(MODEL, "--weights", "f32") as server:
        yield server


def ask(server, path=SCORES, **body):
    answer = server.post(path, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("name", sorted(path.parent.name for path in FIXTURES.glob("tiny-*/scores.json")))
def test_scores_are_those_of_a_forward_pass(name):
    golden = json.loads((FIXTURES / name / "scores.json").read_text())
    tolerance = max(1e-4, 2 * golden["rounding"])
    with Server(FIXTURES / name, "--weights", "f32") as server:
        for case in golden["cases"]:
            body = {"query": case["prompt"], "label_token_ids": case["labels"], "continuations": case["continuations"]}
            result, = ask(server, **body, apply_softmax=False)["results"]
            for label, logprob in zip(case["labels"], case["label_logprobs"]):
                assert math.log(result["token_probs"][str(label)]) == pytest.approx(logprob, abs=tolerance)
            assert [found["token_ids"] for found in result["continuations"]] == case["continuations"]
            for found, logprobs in zip(result["continuations"], case["logprobs"]):
                assert found["token_logprobs"] == pytest.approx(logprobs, abs=tolerance)
                assert found["cumulative_logprob"] == pytest.approx(sum(found["token_logprobs"]), abs=1e-5)
            shares = ask(server, **body)["results"][0]["token_probs"]
            whole = sum(map(math.exp, case["label_logprobs"]))
            for label, logprob in zip(case["labels"], case["label_logprobs"]):
                assert shares[str(label)] == pytest.approx(math.exp(logprob) / whole, abs=1e-3)
            assert sum(shares.values()) == pytest.approx(1)


def test_a_generated_answer_has_the_log_probabilities_it_is_scored_with(server):
    choice = server.complete("Two dogs are playing.", logprobs=0, return_token_ids=True)["choices"][0]
    tokens = choice["token_ids"]
    result, = ask(server, query="Two dogs are playing.", continuations=[tokens, [5, 6]])["results"]
    assert result["continuations"][0]["token_logprobs"][:len(tokens)] == pytest.approx(
        choice["logprobs"]["token_logprobs"], abs=1e-4)
    text, = ask(server, query="Two dogs are playing.", continuations=[choice["text"]], add_end_token=True)["results"]
    assert text["continuations"][0]["token_ids"][-1] == tokens[-1]


def test_a_language_model_scores_as_it_echoes():
    prompt = "ROMEO:"
    with Server(ROOT / "models/shakespeare", "--weights", "f32") as server:
        ids = ask(server, "/tokenize", prompt=prompt, add_special_tokens=False)["tokens"]
        rest = ask(server, "/tokenize", prompt="O, speak again", add_special_tokens=False)["tokens"]
        echoed = ask(server, "/v1/completions", prompt=ids + rest, echo=True, logprobs=0, max_tokens=0)
        result, = ask(server, query=ids, continuations=[rest, rest[:3]])["results"]
    logprobs = echoed["choices"][0]["logprobs"]["token_logprobs"][len(ids):]
    assert result["continuations"][0]["token_logprobs"] == pytest.approx(logprobs, abs=1e-4)
    assert result["continuations"][1]["token_logprobs"] == result["continuations"][0]["token_logprobs"][:3]


def test_nothing_beside_a_request_changes_a_bit(server):
    items = ["A man is walking.", "A girl is reading a book.", "", "Two dogs are playing in the snow. " * 6]
    body = {"query": "Look:", "items": items, "label_token_ids": [4, 5, 6], "continuations": ["Ein Mann geht.", "Zwei Hunde", [7]]}
    alone = [ask(server, **body | {"items": [item]})["results"][0] | {"index": 0} for item in items]
    stop = threading.Event()

    def keep_busy(seed):
        while not stop.is_set():
            server.complete(f"A dog number {seed} runs.", max_tokens=24, n=3, temperature=1, seed=seed)

    others = [threading.Thread(target=keep_busy, args=(seed,)) for seed in range(3)]
    for thread in others:
        thread.start()
    try:
        for _ in range(5):
            together = ask(server, **body)["results"]
            assert [result | {"index": 0} for result in together] == alone
    finally:
        stop.set()
        for thread in others:
            thread.join()


def test_scoring_lets_others_go_on(server):
    """A stream's tokens come between the slices of the largest request there may be."""
    large = {"query": "A dog.", "continuations": [[5] * 16] * 256}
    began = time.monotonic()
    ask(server, **large)
    whole = time.monotonic() - began
    done = []
    thread = threading.Thread(target=lambda: done.append(ask(server, **large)))
    thread.start()
    time.sleep(whole / 10)
    began = time.monotonic()
    server.complete("A man.", max_tokens=1)
    waited = time.monotonic() - began
    is_beside = not done
    thread.join()
    assert done and (waited < whole or not is_beside), (waited, whole)


def test_a_client_that_leaves_ends_its_scoring(server):
    body = json.dumps({"query": "A dog.", "items": ["x"] * 256, "continuations": [[5] * 16] * 250}).encode()
    before = server.metric('switchyard_requests_finished_total{reason="cancelled"}')
    with server.connect() as client:
        client.sendall(b"POST /v1/generative-scores HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                       + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(0.5)
    assert server.idle(within=30)
    assert server.metric('switchyard_requests_finished_total{reason="cancelled"}') > before


def test_scored_tokens_are_counted(server):
    before = server.metric("switchyard_scored_tokens_total")
    answer = ask(server, query="A dog.", items=["a", "b"], label_token_ids=[5, 6, 7], continuations=[[1, 2], [3]])
    assert server.metric("switchyard_scored_tokens_total") == before + 2 * (3 + 3)
    assert answer["usage"]["completion_tokens"] == 6


# Ranking


def judge(path, **members):
    model = shutil.copytree(MODEL, path / "model", symlinks=True)
    (model / "rerank.json").write_text(json.dumps(members))
    return model


DOCUMENTS = ["A man is walking.", "Two dogs are playing in the snow.", "A girl is reading a book.", "Two women talk."]


def test_documents_come_by_the_probability_of_the_relevant_token(tmp_path):
    with Server(judge(tmp_path, **TOKENS, prompt="{query} {document}"), "--weights", "f32") as server:
        query = "Look:"
        answer = ask(server, "/v1/rerank", query=query, documents=DOCUMENTS)
        found = {result["index"]: result["relevance_score"] for result in answer["results"]}
        labels = [next(token for token in ask(server, "/tokenize", prompt=text, add_special_tokens=False)["tokens"])
                  for text in ("Ein", "Zwei")]
        scores = ask(server, query="", items=[f"{query} {document}" for document in DOCUMENTS], label_token_ids=labels)
        assert found == {result["index"]: result["token_probs"][str(labels[0])] for result in scores["results"]}
        assert list(found.values()) == sorted(found.values(), reverse=True)
        assert max(found.values()) > 0.9 > 0.1 > min(found.values())
        assert [result["document"]["text"] for result in answer["results"]] == [DOCUMENTS[index] for index in found]
        best = ask(server, "/rerank", query=query, documents=[{"text": text} for text in DOCUMENTS], top_n=1, return_documents=False)
        assert best["results"] == [{"index": next(iter(found)), "relevance_score": next(iter(found.values()))}]
        assert ask(server, "/v2/rerank", query=query, documents=DOCUMENTS, top_n=1)["results"] == answer["results"][:1]
        # One document's score is its own.
        for index, document in enumerate(DOCUMENTS):
            result, = ask(server, "/v1/rerank", query=query, documents=[document])["results"]
            assert result["relevance_score"] == found[index]
        many = ask(server, "/v1/rerank", query=query, documents=(DOCUMENTS * 256), return_documents=False)
        assert {result["relevance_score"] for result in many["results"]} == set(found.values())
    shown = run_binary("inspect", tmp_path / "model", timeout=60)
    assert f"by token {labels[0]} beside {labels[1]}" in shown.stdout


def test_without_the_file_documents_are_not_ranked(server):
    for path in ("/v1/rerank", "/rerank", "/v2/rerank"):
        answer = server.post(path, query="a", documents=["b"])
        assert answer.status_code == 404 and "rerank.json" in answer.json()["error"]["message"]


BROKEN = {
    "not JSON": "{", "an array": "[]", "no such tokens": "{}", "one token": json.dumps({"relevant_token": "▁Ein", "irrelevant_token": "▁Ein"}),
    "no place": json.dumps(TOKENS | {"prompt": "{query}"}), "an id beyond": json.dumps({"relevant_token_id": 10**6, "irrelevant_token_id": 1}),
    "an unknown member": json.dumps(TOKENS | {"template": "x"}), "a number": json.dumps(TOKENS | {"prompt": 7}),
    "a huge id": '{"relevant_token_id": 1e400, "irrelevant_token_id": 1}', "too large": " " * (1 << 20) + "{}",
    "nested": "[" * 5000, "no text": b"\xff\xfe",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_followed_is_named(tmp_path, name):
    model = judge(tmp_path)
    content = BROKEN[name]
    (model / "rerank.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run_binary("serve", model, "--port", "0", timeout=20)
    assert done.returncode == 1 and "rerank.json" in done.stderr and one_sentence(done.stderr), done.stderr[-400:]


# Bad input

BAD = [
    b'{"query": NaN, "continuations": [[1]]}', b'{"query": "a", "continuations": [[NaN]]}', b'{"query": "a", "continuations": [[1e400]]}',
    b'{"query": "a", "label_token_ids": [-1], "items": ["a"]}', b'{"query": "a", "label_token_ids": [9223372036854775808], "items": ["a"]}',
    b'{"query": "a", "label_token_ids": [6000], "items": ["a"]}', b'{"query": "a", "label_token_ids": ["5"], "items": ["a"]}',
    b'{"query": "a", "label_token_ids": [true], "items": ["a"]}', b'{"query": "a", "items": [null], "label_token_ids": [5]}',
    b'{"query": {"text": "a"}, "items": ["a"], "label_token_ids": [5]}', b'{"query": "a", "items": {}, "label_token_ids": [5]}',
    b'{"query": "a", "items": ["a"], "label_token_ids": []}', b'{"query": "a", "items": [], "label_token_ids": [5]}',
    b'{"query": "a", "continuations": [[]]}', b'{"query": "a", "continuations": [""]}', b"[]", b"{}", b"",
    b'{"query": "a", "continuations": [' + b"[5]," * 256 + b"[5]]}",
    b'{"query": "a", "continuations": [' + b"[" + b"5," * 512 + b"5]]}",
    b'{"query": "a", "continuations": [' + (b"[" + b"5," * 499 + b"5],") * 8 + b"[" + b"5," * 96 + b"5]]}",
    b'{"query": [' + b"5," * 4096 + b'5], "continuations": [[5]]}',
    b'{"query": "' + b"a" * 300_000 + b'", "continuations": [[5]]}',
    b'{"query": "a", "items": [' + b'"a",' * 256 + b'"a"], "label_token_ids": [5]}',
    b'{"query": "a", "items": ["a"], "label_token_ids": [' + b"5," * 1024 + b"5]}",
]


@pytest.mark.parametrize("body", BAD, ids=[f"{index} {body[:48].decode()}" for index, body in enumerate(BAD)])
def test_what_cannot_be_scored_is_one_clear_error(server, body):
    began = time.monotonic()
    answer = server.http.post(SCORES, content=body, headers=JSON)
    assert answer.status_code == 400 and time.monotonic() - began < 5, answer.text
    assert one_sentence(answer.json()["error"]["message"])
    assert server.alive()


def test_the_operators_limits_hold_to_the_element():
    with Server(MODEL, "--max-scored-items", 3, "--max-scored-continuations", 2, "--max-scored-tokens", 7) as server:
        most = {"query": "a", "items": ["a"] * 3, "label_token_ids": [5, 6], "continuations": [[5, 6, 7], [5, 6]]}
        assert len(ask(server, **most)["results"]) == 3
        for member, value in [("items", ["a"] * 4), ("continuations", [[5], [6], [7]]), ("continuations", [[5, 6, 7], [5, 6, 7]])]:
            answer = server.post(SCORES, **most | {member: value})
            assert answer.status_code == 400, answer.text
            error = answer.json()["error"]
            assert error["param"] == member and one_sentence(error["message"]), error
        labels = server.post(SCORES, query="a", items=["a"], label_token_ids=list(range(8)))
        assert labels.status_code == 400 and labels.json()["error"]["param"] == "label_token_ids", labels.text


def test_the_most_that_may_be_asked_is_answered(server):
    answer = ask(server, query="a", label_token_ids=list(range(96)), continuations=[[5] * 500] * 8)
    assert len(answer["results"][0]["continuations"]) == 8
    assert server.post(SCORES, query="a", label_token_ids=list(range(97)), continuations=[[5] * 500] * 8).status_code == 400
