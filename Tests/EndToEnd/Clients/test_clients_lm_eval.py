"""The `local-completions` model of lm-evaluation-harness, and a whole evaluation with it, against the real binary."""

import json
import os
import subprocess

import pytest
import requests

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import lm_eval  # noqa: E402
from lm_eval.api.instance import Instance  # noqa: E402
from lm_eval.models.openai_completions import LocalCompletionsAPI  # noqa: E402
from lm_eval.tasks import TaskManager  # noqa: E402

from strict_description import StrictDescription  # noqa: E402
from switchyard_server import MODEL, Server, binary, lines_of_words  # noqa: E402

SENTENCES = ["A man is walking.", "Two dogs play in the snow.", "A girl reads a book.", "A woman rides a bicycle.",
             "Children are running along the beach.", "An old man sits on a bench."]


@pytest.fixture(scope="module")
def expected(server):
    return [server.complete(sentence)["choices"][0]["text"] for sentence in SENTENCES]


@pytest.fixture(autouse=True)
def strictly(monkeypatch, server):
    """Every answer that the harness gets through `requests` is held to openapi.yaml."""
    description, send = StrictDescription(), requests.Session.send

    def checked(session, request, **options):
        answer = send(session, request, **options)
        if answer.status_code != 404:
            description.check(request.method, request.path_url, answer.status_code, answer.headers, answer.content)
        return answer

    monkeypatch.setattr(requests.Session, "send", checked)


def model(server, **options):
    options = {"tokenizer": str(MODEL), "tokenizer_backend": "huggingface", "max_retries": 1} | options
    return LocalCompletionsAPI(base_url=server.url + "/v1/completions", model="en-de", **options)


def generations(llm, until, **options):
    arguments = {"until": until, "max_gen_toks": 32, "do_sample": False} | options
    instances = [Instance("generate_until", {}, (sentence, dict(arguments)), 0) for sentence in SENTENCES]
    return llm.generate_until(instances, disable_tqdm=True)


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("concurrent", [1, 3])
def test_prompts_as_text(server, expected, batch, concurrent):
    llm = model(server, tokenizer_backend=None, batch_size=batch, num_concurrent=concurrent)
    assert generations(llm, ["\n\n", "</s>"]) == expected


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("concurrent", [1, 3])
def test_prompts_as_token_ids(server, expected, batch, concurrent):
    # add_bos_token is the harness's name for special tokens; for T5 that is the end token a prompt needs.
    llm = model(server, add_bos_token=True, batch_size=batch, num_concurrent=concurrent)
    assert llm.tokenized_requests
    assert generations(llm, ["\n\n"]) == expected


def test_stop_lists_end_the_text(server, expected):
    cut = generations(model(server, tokenizer_backend=None), [" Mann", " Hunde"])
    assert cut == [text.partition(" Mann")[0].partition(" Hunde")[0] for text in expected] != expected


def test_scoring_a_prompt_is_refused_with_a_reason(server, caplog):
    """An encoder–decoder has no probabilities of its prompt: the harness is told so, and does not get made-up numbers."""
    llm = model(server)
    with pytest.raises(requests.HTTPError) as refused:
        llm.loglikelihood([Instance("loglikelihood", {}, ("A man", " is walking."), 0)])
    assert refused.value.response.status_code == 400
    error = refused.value.response.json()["error"]
    assert error["param"] in ("echo", "logprobs") and "echo" in error["message"]
    assert error["message"] in caplog.text


@pytest.fixture(scope="module")
def language_model(tmp_path_factory):
    """A model that goes on with its prompt, trained for a moment; and where it is served."""
    folder = tmp_path_factory.mktemp("language")
    (folder / "text.txt").write_text(lines_of_words())
    subprocess.run(
        [binary(), "train", str(folder / "run"), "--task", "language-model", "--text", str(folder / "text.txt"),
         "--vocabulary-size", "60", "--max-tokens", "48", "--width", "32", "--feed-forward", "48", "--heads", "2",
         "--head-width", "16", "--decoder-layers", "2", "--experts", "4", "--batch-tokens", "480", "--steps", "60",
         "--warmup", "10", "--learning-rate", "0.005", "--held-out", "20"], check=True, capture_output=True, timeout=300)
    with Server(folder / "run" / "best", "--weights", "f32") as running:
        yield folder / "run" / "best", running


@pytest.mark.parametrize("batch", [1, 4])
def test_a_language_model_scores_prompts(language_model, batch):
    best, running = language_model
    llm = LocalCompletionsAPI(base_url=running.url + "/v1/completions", model="best", tokenizer=str(best),
                              tokenizer_backend="huggingface", batch_size=batch, max_retries=1)
    contexts = ["to be or not", "that is the", "whether to", "question is"]
    answers = [running.post("/v1/completions", prompt=context, temperature=0, max_tokens=5, return_token_ids=True,
                            logprobs=0).json()["choices"][0] for context in contexts]
    greedy = [Instance("loglikelihood", {}, (context, answer["text"]), 0) for context, answer in zip(contexts, answers)]
    for (score, is_greedy), answer in zip(llm.loglikelihood(greedy, disable_tqdm=True), answers):
        assert is_greedy and score == pytest.approx(sum(answer["logprobs"]["token_logprobs"]), abs=1e-3)
    other = [Instance("loglikelihood", {}, (context, " whether whether"), 0) for context in contexts]
    assert all(score < 0 and not is_greedy for score, is_greedy in llm.loglikelihood(other, disable_tqdm=True))


@pytest.mark.parametrize("tokens", [0, 1])
@pytest.mark.parametrize("logprobs", [1, 5, 10])
def test_the_requests_of_older_harnesses_are_refused_too(server, tokens, logprobs):
    answer = server.post("/v1/completions", model="en-de", prompt=[[5, 6, 7]], temperature=0, max_tokens=tokens,
                         logprobs=logprobs, seed=1234, echo=True)
    assert answer.status_code == 400 and answer.json()["error"]["type"] == "invalid_request_error"


def test_a_whole_evaluation(server, expected, tmp_path):
    rows = [{"source": sentence, "target": text} for sentence, text in zip(SENTENCES, expected)]
    (tmp_path / "captions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "captions.yaml").write_text(f"""
task: captions
dataset_path: json
dataset_kwargs:
  data_files:
    test: {tmp_path}/captions.jsonl
output_type: generate_until
test_split: test
doc_to_text: "{{{{source}}}}"
doc_to_target: "{{{{target}}}}"
target_delimiter: ""
generation_kwargs:
  until: ["\\n\\n"]
  max_gen_toks: 32
  do_sample: false
metric_list:
  - metric: bleu
    aggregation: bleu
    higher_is_better: true
""")
    results = lm_eval.simple_evaluate(
        model=model(server, tokenizer_backend=None, batch_size=2, num_concurrent=2), tasks=["captions"],
        task_manager=TaskManager(include_path=str(tmp_path), include_defaults=False), bootstrap_iters=0)
    assert results["results"]["captions"]["bleu,none"] == pytest.approx(100)
    assert results["n-samples"]["captions"]["effective"] == len(SENTENCES)
