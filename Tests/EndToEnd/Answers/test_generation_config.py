"""What generation_config.json and a request say of generation, wrongly: one sentence at the start, or one 400."""

import json

import pytest

from switchyard_server import MODEL, Server, run_binary
from test_bad_input import model_directory, refused, refuses

OWN = json.loads((MODEL / "generation_config.json").read_text())
VOCABULARY = json.loads((MODEL / "config.json").read_text())["vocab_size"]

COUNTS = ["3", 2.5, True, -1, [1], {}, 1 << 31, 1 << 70]
LENGTHS = [*COUNTS, 0]
FLAGS = [1, 0, "true", [], {}]
PENALTIES = ["1", True, 0, -1.5, 1e300, [1.0], {}]
TOKENS = ["1", 1.5, True, -1, VOCABULARY, 1 << 31, 1 << 70, {}, [[1]], [1, -1], [VOCABULARY], ["1"], [None]]
RUNS = [5, "a", {}, True, [5], [[]], [["a"]], [[1.5]], [[-1]], [[VOCABULARY]], [[3], 4], [[[3]]], [None]]
BIASED = [5, "a", {}, {"[5]": 1.0}, [5], [[5, 1.0]], [[[5]]], [[[5], "1"]], [[[5], True]], [[[], 1.0]], [[[5], 1.0, 2]],
          [[[VOCABULARY], 1.0]], [[[-1], 1.0]], [[[5], 1e300]], [[[5], None]]]
DECAY = [5, 1.5, "5", [5], [5, 1.1, 2], [1.5, 1.1], [-1, 1.1], [5, 0], [5, -1.1], [5, "1.1"], [5, True], {"start": 5},
         [1 << 70, 1.1], [5, None]]

# Each key with values that it may not have.
WRONG = {
    "forced_bos_token_id": [token for token in TOKENS if not isinstance(token, list)] + [[5]],
    "forced_eos_token_id": TOKENS, "suppress_tokens": TOKENS, "begin_suppress_tokens": TOKENS, "bad_words_ids": RUNS,
    "sequence_bias": BIASED, "no_repeat_ngram_size": COUNTS, "encoder_no_repeat_ngram_size": COUNTS, "min_length": COUNTS,
    "min_new_tokens": COUNTS, "repetition_penalty": PENALTIES, "encoder_repetition_penalty": PENALTIES,
    "exponential_decay_length_penalty": DECAY, "renormalize_logits": FLAGS, "num_beams": LENGTHS,
    "length_penalty": ["1", True, 1e300, -101, [1]], "early_stopping": [1, 0, "always", "True", [], {}],
    "do_sample": FLAGS, "temperature": ["1", True, -0.1, 1e300, [1]], "top_k": ["5", 1.5, True, [5], 1 << 70],
    "top_p": ["1", True, -0.1, 1.1, [1]], "min_p": ["1", True, -0.1, 1.1], "typical_p": ["1", True, -0.1, 1.1],
}
# Those that only a file has, and those that only a request has.
WRONG_IN_FILES = WRONG | {"max_length": LENGTHS, "max_new_tokens": LENGTHS, "eos_token_id": TOKENS[:8],
                          "decoder_start_token_id": TOKENS[:7], "top_k": [*WRONG["top_k"], -1]}
WRONG_IN_REQUESTS = WRONG | {
    "allowed_token_ids": [*TOKENS, []], "min_tokens": COUNTS, "max_new_tokens": COUNTS,
    # A number that is only too large is cut.
    "max_tokens": [count for count in COUNTS if count != 1 << 31],
    "bad_words": [5, "a", {}, [5], [""], [["a"]], ["a" * 1025], [None]], "top_k": [*WRONG["top_k"], -2],
}
CONTRADICTIONS = {
    "forced at the start and suppressed": {"forced_bos_token_id": 5, "suppress_tokens": [4, 5]},
    "forced at the end and suppressed": {"forced_eos_token_id": [6, 7], "suppress_tokens": [7, 6, 9]},
    "everything suppressed": {"suppress_tokens": list(range(VOCABULARY))},
    "everything a bad word": {"suppress_tokens": list(range(9, VOCABULARY)), "bad_words_ids": [[i] for i in range(9)]},
}


def generation(directory, values):
    return model_directory(directory, generation=json.dumps(OWN | values).encode())


@pytest.mark.parametrize("key, value", [(key, value) for key in WRONG_IN_FILES for value in WRONG_IN_FILES[key]],
                         ids=lambda value: value if isinstance(value, str) else json.dumps(value)[:30])
def test_a_file_with_a_wrong_value_is_refused_by_its_key(tmp_path, key, value):
    refuses(generation(tmp_path, {key: value}), mention=f"'{key}'")


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_file_that_contradicts_itself_is_refused(tmp_path, name):
    refuses(generation(tmp_path, CONTRADICTIONS[name]), mention="generation_config.json")


@pytest.mark.parametrize("command", ["inspect", "generate"])
def test_other_commands_refuse_it_too(tmp_path, command):
    done = run_binary(command, generation(tmp_path, {"num_beams": "four"}))
    assert done.returncode == 1 and "'num_beams'" in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_config_json_without_the_other_is_held_to_the_same(tmp_path):
    config = json.loads((MODEL / "config.json").read_text()) | {"no_repeat_ngram_size": -3}
    directory = model_directory(tmp_path, config=json.dumps(config).encode())
    (directory / "generation_config.json").unlink()
    refuses(directory, mention="'no_repeat_ngram_size' in config.json")


def test_null_says_nothing(tmp_path):
    with Server(generation(tmp_path, {key: None for key in WRONG})) as server:
        assert server.complete("Two dogs are playing.")["choices"][0]["text"] == "Zwei Hunde spielen."


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/beam_search"])
@pytest.mark.parametrize("name", WRONG_IN_REQUESTS)
def test_a_request_with_a_wrong_value_is_refused_by_its_name(server, name, path):
    for value in WRONG_IN_REQUESTS[name]:
        answer = server.post(path, **{"prompt": "A dog.", "max_tokens": 8, name: value})
        assert answer.status_code == 400, (value, answer.status_code, answer.text[:300])
        refused(server, answer, param=name)


@pytest.mark.parametrize("members", [*CONTRADICTIONS.values(), {"allowed_token_ids": [5, 6], "suppress_tokens": [5, 6]},
                                     {"allowed_token_ids": [5], "forced_bos_token_id": 6},
                                     {"allowed_token_ids": [5], "bad_words_ids": [[5]]}], ids=lambda m: ", ".join(m))
@pytest.mark.parametrize("path", ["/v1/completions", "/v1/beam_search"])
def test_a_request_that_contradicts_itself_is_refused(server, members, path):
    answer = server.post(path, prompt="A dog.", max_tokens=8, **members)
    assert answer.status_code == 400
    refused(server, answer)


def test_a_request_that_contradicts_the_files_is_refused(tmp_path):
    with Server(generation(tmp_path, {"forced_bos_token_id": 5})) as server:
        refused(server, server.post("/v1/completions", prompt="A dog.", suppress_tokens=[5]))
        answer = server.post("/v1/completions", prompt="A dog.", suppress_tokens=[5], forced_bos_token_id=6, max_tokens=1,
                             return_token_ids=True)
        assert answer.status_code == 200 and answer.json()["choices"][0]["token_ids"] == [6], answer.text


@pytest.mark.parametrize("members", [
    {"suppress_tokens": list(range(1, VOCABULARY)), "no_repeat_ngram_size": 1},
    {"allowed_token_ids": [5], "no_repeat_ngram_size": 1}, {"allowed_token_ids": [5], "begin_suppress_tokens": [5]},
    {"encoder_no_repeat_ngram_size": 1, "allowed_token_ids": [1], "min_tokens": 4}], ids=lambda m: ", ".join(m))
@pytest.mark.parametrize("search", [{}, {"num_beams": 4}, {"do_sample": True, "seed": 1},
                                    {"do_sample": True, "num_beams": 2, "seed": 1}], ids=json.dumps)
def test_when_nothing_is_left_on_the_way_the_request_alone_ends(server, members, search):
    answer = server.post("/v1/completions", **{"prompt": "A dog.", "max_tokens": 8} | members | search)
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "nothing_allowed", answer.text[:300]
    refused(server, answer)


@pytest.mark.parametrize("members", [
    {"exponential_decay_length_penalty": [0, 100]}, {"exponential_decay_length_penalty": [0, 1e-30]},
    {"sequence_bias": [[[5], 1e6], [[6], -1e6]]}, {"encoder_repetition_penalty": 1e-9}, {"repetition_penalty": 100},
    {"exponential_decay_length_penalty": [0, 100], "min_tokens": 100}], ids=lambda m: ", ".join(m))
@pytest.mark.parametrize("search", [{}, {"num_beams": 3}, {"do_sample": True, "seed": 1},
                                    {"do_sample": True, "num_beams": 3, "seed": 1, "renormalize_logits": True},
                                    {"do_sample": True, "top_p": 0.9, "typical_p": 0.9, "min_p": 0.1, "seed": 2}],
                         ids=json.dumps)
def test_extreme_values_leave_a_whole_answer(server, members, search):
    answer = server.post("/v1/completions", **{"prompt": "A dog.", "max_tokens": 120} | members | search)
    assert answer.status_code == 200 and answer.json()["choices"][0]["finish_reason"], answer.text[:300]
    assert server.alive()


def test_ten_thousand_entries_are_refused(server):
    for name, entry in (("bad_words_ids", [5]), ("sequence_bias", [[5], 1.0]), ("bad_words", "a")):
        refused(server, server.post("/v1/completions", prompt="A dog.", **{name: [entry] * 10_000}), param=name)


def test_strict_requests_refuse_what_is_not_known():
    with Server(MODEL, "--strict-requests") as server:
        refused(server, server.post("/v1/completions", prompt="A dog.", bad_word=["a"]))
        assert server.complete()["choices"]
