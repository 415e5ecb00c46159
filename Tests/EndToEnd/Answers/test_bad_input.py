"""Broken checkpoints and malformed requests: each gets one clear answer, and nothing crashes."""

import json
import shutil
import struct

import numpy as np
import pytest

from switchyard_server import JSON, MODEL, one_sentence, raw_request, read_response, run_binary

# Checkpoints


def read_checkpoint():
    data = (MODEL / "model.safetensors").read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + length]), data[8 + length:]


HEADER, DATA = read_checkpoint()


def checkpoint(header, data=DATA, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def model_directory(path, safetensors=None, **replaced):
    for name in ("config.json", "generation_config.json", "spiece.model"):
        shutil.copy(MODEL / name, path / name)
    if safetensors is None:
        (path / "model.safetensors").symlink_to(MODEL / "model.safetensors")
    else:
        (path / "model.safetensors").write_bytes(safetensors)
    for name, content in replaced.items():
        (path / {"config": "config.json", "generation": "generation_config.json", "tokenizer": "spiece.model"}[name]).write_bytes(content)
    return path


def refuses(directory, mention=None):
    done = run_binary("serve", directory, "--port", "0", timeout=10)
    assert done.returncode >= 0, f"killed by signal {-done.returncode}: {done.stderr[-400:]}"
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr[-400:])
    assert done.stdout == "" and one_sentence(done.stderr), done.stderr[-800:]
    assert "Fatal error" not in done.stderr and "Error(" not in done.stderr, done.stderr[-400:]
    if mention:
        assert mention in done.stderr, done.stderr[-400:]


def header_with(name="lm_head.weight", **members):
    return HEADER | {name: HEADER[name] | members}


def offsets(name):
    return HEADER[name]["data_offsets"]


NAMES = sorted(name for name in HEADER if name != "__metadata__")
WI = "encoder.block.1.layer.1.mlp.experts.expert_0.wi.weight"
ROUTER = "decoder.block.3.layer.2.mlp.router.classifier.weight"
END = len(DATA)

SAFETENSORS = {
    "empty": lambda: b"",
    "seven bytes": lambda: b"\x10\0\0\0\0\0\0",
    "only a length": lambda: struct.pack("<Q", 100),
    "zero length": lambda: struct.pack("<Q", 0) + DATA[:100],
    "truncated header": lambda: checkpoint(HEADER)[:1000],
    "truncated data": lambda: checkpoint(HEADER)[:-1],
    "half the data": lambda: checkpoint(HEADER, DATA[:END // 2]),
    "no data": lambda: checkpoint(HEADER, b""),
    "trailing data": lambda: checkpoint(HEADER, DATA + b"\0" * 64),
    "header length 2^63": lambda: checkpoint(HEADER, length=1 << 63),
    "header length 2^64-1": lambda: checkpoint(HEADER, length=(1 << 64) - 1),
    "header length past the end": lambda: checkpoint(HEADER, length=END * 2),
    "not JSON": lambda: checkpoint(b"hello there, this is no header   "),
    "random": lambda: np.random.default_rng(1).bytes(100_000),
    "array": lambda: checkpoint([1, 2]),
    "invalid UTF-8": lambda: checkpoint(b'{"\xff\xfe": 1}'),
    "deeply nested": lambda: checkpoint(b"[" * 17 + b"]" * 17),
    "deeply nested object": lambda: checkpoint(b'{"a":' * 17 + b"1" + b"}" * 17),
    "offsets past the end": lambda: checkpoint(header_with(data_offsets=[END, END + 2 * 6000 * 256])),
    "offsets backwards": lambda: checkpoint(header_with(data_offsets=offsets("lm_head.weight")[::-1])),
    "negative offsets": lambda: checkpoint(header_with(data_offsets=[-2, 6000 * 256 * 2 - 2])),
    "huge offsets": lambda: checkpoint(header_with(data_offsets=[0, 1 << 62])),
    "offsets beyond 64 bits": lambda: checkpoint(header_with(data_offsets=[0, 1 << 80])),
    "fractional offsets": lambda: checkpoint(header_with(data_offsets=[0.5, 10.5])),
    "three offsets": lambda: checkpoint(header_with(data_offsets=[0, 1, 2])),
    "no offsets": lambda: checkpoint(HEADER | {"lm_head.weight": {"dtype": "BF16", "shape": [6000, 256]}}),
    "overlapping": lambda: checkpoint(header_with(WI, data_offsets=[offsets(WI)[0] - 2, offsets(WI)[1] - 2])),
    "the same bytes twice": lambda: checkpoint(header_with(
        WI, data_offsets=offsets("encoder.block.1.layer.1.mlp.experts.expert_1.wi.weight"))),
    "shape too large": lambda: checkpoint(header_with(shape=[6000, 512])),
    "shape huge": lambda: checkpoint(header_with(shape=[1 << 40, 1 << 40])),
    "shape wraps to the right size": lambda: checkpoint(header_with(shape=[1 << 32, 1 << 32, 6000, 256])),
    "shape negative": lambda: checkpoint(header_with(shape=[-6000, -256])),
    "shape transposed": lambda: checkpoint(header_with(WI, shape=HEADER[WI]["shape"][::-1])),
    "shape flat": lambda: checkpoint(header_with(shape=[6000 * 256])),
    "shape empty": lambda: checkpoint(header_with(shape=[])),
    "shape text": lambda: checkpoint(header_with(shape="6000x256")),
    "type unknown": lambda: checkpoint(header_with(dtype="Q4_K")),
    "type integer": lambda: checkpoint(header_with(dtype="I16")),
    "type number": lambda: checkpoint(header_with(dtype=16)),
    "type wider": lambda: checkpoint(header_with(dtype="F32")),
    "tensor not an object": lambda: checkpoint(HEADER | {"lm_head.weight": 7}),
}


@pytest.mark.parametrize("name", SAFETENSORS)
def test_a_broken_safetensors_file_is_refused(tmp_path, name):
    refuses(model_directory(tmp_path, SAFETENSORS[name]()))


@pytest.mark.parametrize("name", [WI, ROUTER, "lm_head.weight", "encoder.final_layer_norm.weight",
                                  "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"])
def test_a_missing_tensor_is_named(tmp_path, name):
    kept, data, at = {}, b"", 0
    for other in NAMES:
        if other != name:
            begin, end = offsets(other)
            kept[other] = HEADER[other] | {"data_offsets": [at, at + end - begin]}
            data, at = data + DATA[begin:end], at + end - begin
    refuses(model_directory(tmp_path, checkpoint(kept, data)), mention=name)


def filled(name, value):
    begin, end = offsets(name)
    return checkpoint(HEADER, DATA[:begin] + struct.pack("<H", value) * ((end - begin) // 2) + DATA[end:])


@pytest.mark.parametrize("value", [0x7FC0, 0x7F80], ids=["NaN", "infinity"])
@pytest.mark.parametrize("name", [WI, ROUTER, "lm_head.weight"])
def test_a_tensor_that_is_no_number_is_refused(tmp_path, name, value):
    refuses(model_directory(tmp_path, filled(name, value)), mention=name)


def test_an_extra_tensor_is_not_fatal(tmp_path):
    from switchyard_server import Server
    extra = HEADER | {"a.stranger": {"dtype": "BF16", "shape": [2], "data_offsets": [END, END + 4]}}
    with Server(model_directory(tmp_path, checkpoint(extra, DATA + b"\0" * 4))) as server:
        assert server.complete()["choices"][0]["text"]
        assert any("a.stranger" in line for line in server.log)


def test_a_layer_the_configuration_does_not_call_for_is_named(tmp_path):
    name = "encoder.block.4.layer.0.layer_norm.weight"
    extra = HEADER | {name: {"dtype": "BF16", "shape": [2], "data_offsets": [END, END + 4]}}
    refuses(model_directory(tmp_path, checkpoint(extra, DATA + b"\0" * 4)), mention=name)


CONFIG = json.loads((MODEL / "config.json").read_text())
SIZES = ["d_model", "d_ff", "d_kv", "num_heads", "num_layers", "num_decoder_layers", "num_experts", "vocab_size",
         "relative_attention_num_buckets", "relative_attention_max_distance", "expert_capacity"]
ABSURD = [0, -1, -(1 << 62), 1 << 62, (1 << 63) - 1, 1 << 70, 1.5, 1e300, "eight", None, [8], {"a": 1}, True]
# Leaving these out means their default, which this model has.
DEFAULTS = {"expert_capacity", "relative_attention_num_buckets", "relative_attention_max_distance", "num_experts",
            "num_decoder_layers"}
# What the tensors say as well.
DERIVED = {"num_layers"}
# A capacity may be as large as it likes, and a distance as far.
UNBOUNDED = {"expert_capacity", "relative_attention_max_distance"}


@pytest.mark.parametrize("value", ABSURD, ids=repr)
@pytest.mark.parametrize("key", SIZES)
def test_an_absurd_size_is_refused(tmp_path, key, value):
    if value is None and key in DEFAULTS | DERIVED:
        pytest.skip("null is the default")
    if key in UNBOUNDED and isinstance(value, int) and 1 << 61 < value < 1 << 63:
        pytest.skip("any positive number is meaningful")
    refuses(model_directory(tmp_path, config=json.dumps(CONFIG | {key: value}).encode()))


@pytest.mark.parametrize("change", [
    {"num_experts": 4}, {"num_experts": 16}, {"num_layers": 12}, {"encoder_sparse_step": 1}, {"decoder_sparse_step": 0}],
    ids=json.dumps)
def test_a_configuration_its_tensors_contradict_is_repaired_and_told(tmp_path, change):
    from switchyard_server import Server
    with Server(model_directory(tmp_path, config=json.dumps(CONFIG | change).encode())) as server:
        assert server.complete("Two dogs are playing.")["choices"][0]["text"] == "Zwei Hunde spielen."
        assert any(" notice " in line for line in server.log)


@pytest.mark.parametrize("change", [
    {"vocab_size": 100}, {"vocab_size": 5999}, {"vocab_size": 6001}, {"num_heads": 7}, {"num_heads": 16},
    {"encoder_sparse_step": -1}, {"encoder_sparse_step": 1 << 62}, {"layer_norm_epsilon": -1}, {"layer_norm_epsilon": "x"},
    {"dense_act_fn": 5}, {"router_bias": True}, {"router_bias": "yes"}, {"is_encoder_decoder": False},
    {"model_type": "llama"}, {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}, {"decoder_start_token_id": 6000},
    {"decoder_start_token_id": -1}, {"decoder_start_token_id": 1 << 62}, {"eos_token_id": 6000}, {"eos_token_id": "one"},
    {"pad_token_id": 1 << 62}, {"relative_attention_num_buckets": 1}, {"relative_attention_num_buckets": 64},
    {"tie_word_embeddings": "no"}], ids=json.dumps)
def test_a_configuration_that_does_not_fit_is_refused(tmp_path, change):
    (tmp_path / "model").mkdir()
    directory = model_directory(tmp_path / "model", config=json.dumps(CONFIG | change).encode())
    (directory / "generation_config.json").unlink()
    refuses(directory)


@pytest.mark.parametrize("text", [
    b"", b"{", b"[]", b"null", b"7", b"{}", b"\xff\xfe{}", b"\0" * 100, b"[" * 33, b'{"a":' * 33,
    b'{"x":' + b"[" * 32 + b"]" * 32 + b"}"],
    ids=["empty", "brace", "array", "null", "number", "no members", "not UTF-8", "zeros", "brackets", "objects", "nested value"])
@pytest.mark.parametrize("file", ["config", "generation"])
def test_a_file_that_is_no_configuration_is_refused(tmp_path, file, text):
    if file == "generation" and text == b"{}":
        pytest.skip("a generation configuration may say nothing")
    refuses(model_directory(tmp_path, **{file: text}))


@pytest.mark.parametrize("text", [b"", b"hello", b"\xff" * 1000, (MODEL / "spiece.model").read_bytes()[:50_000]],
                         ids=["empty", "text", "ones", "truncated"])
def test_a_broken_tokenizer_is_refused(tmp_path, text):
    refuses(model_directory(tmp_path, tokenizer=text))


def test_a_directory_in_place_of_a_file_is_refused(tmp_path):
    model_directory(tmp_path)
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").mkdir()
    refuses(tmp_path)


def test_a_dangling_link_is_refused(tmp_path):
    model_directory(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.safetensors").symlink_to(tmp_path / "gone")
    refuses(tmp_path)


# Requests


def refused(server, answer, param=...):
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:300])
    error = answer.json()["error"]
    assert set(answer.json()) == {"error"} and set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error" and error["message"] and len(error["message"]) < 500
    if param is not ...:
        assert error["param"] == param, error
    assert server.alive()


@pytest.mark.parametrize("prompt", [
    None, 7, True, {}, {"text": "a"}, [], [[]], [None], [1.5], [[1], []], ["a", 1], [1, "a"], [[["a"]]], [-1], [6000], [1 << 31],
    [1 << 62], [1 << 70], [[5], [6000]], [5] * 5000, "word " * 5000, ["a"] * 257], ids=lambda p: repr(p)[:30])
@pytest.mark.parametrize("path", ["/v1/completions", "/v1/beam_search", "/v1/route"])
def test_a_wrong_prompt_is_refused(server, path, prompt):
    refused(server, server.post(path, prompt=prompt, max_tokens=1), param="prompt")


@pytest.mark.parametrize("value", [
    None, 7, True, {}, [], [[]], [None], [1.5], ["a", 1], [[["a"]]], [-1], [6000], [1 << 70], [5] * 5000, "word " * 5000, ["a"] * 2049, [[5] * 3000] * 101],
    ids=lambda value: repr(value)[:30])
def test_a_wrong_input_of_embeddings_is_refused(server, value):
    refused(server, server.post("/v1/embeddings", input=value), param="input")
    answer = server.post("/embed", inputs=value)
    assert answer.status_code == 400 and answer.json()["error_type"] == "validation" and ("'inputs'" in answer.json()["error"] or "tokens" in answer.json()["error"])


@pytest.mark.parametrize("member, value", [
    ("encoding_format", "int8"), ("encoding_format", 7), ("encoding_format", ["float"]), ("normalize", "yes"), ("dimensions", 3),
    ("timeout", 0), ("truncate_prompt_tokens", 0)])
def test_a_wrong_member_of_embeddings_is_refused(server, member, value):
    refused(server, server.post("/v1/embeddings", input="a", **{member: value}), param=member)


def test_states_are_not_scaled(server):
    refused(server, server.post("/v1/embeddings", input="a", encoding_format="safetensors", normalize=True), param="normalize")


@pytest.mark.parametrize("member, value", [
    ("normalize", 1), ("truncate", "yes"), ("truncation_direction", "up"), ("truncation_direction", 1), ("prompt_name", "query"),
    ("dimensions", 3)])
def test_a_wrong_member_of_embed_is_refused(server, member, value):
    answer = server.post("/embed", inputs="a", **{member: value})
    assert answer.status_code == 400 and answer.json()["error_type"] == "validation" and f"'{member}'" in answer.json()["error"]


def test_no_prompt_is_refused(server):
    refused(server, server.post("/v1/completions", max_tokens=1), param="prompt")


def test_an_empty_prompt_is_the_end_token_alone(server):
    """transformers takes it so, and so does the tokenizer here."""
    answer = server.post("/v1/completions", prompt="", max_tokens=1)
    assert answer.status_code == 200 and answer.json()["usage"]["prompt_tokens"] == 1


def test_a_prompt_of_a_megabyte_is_refused(server):
    refused(server, server.post("/v1/completions", prompt="a " * 500_000))
    refused(server, server.post("/v1/completions", prompt="a" * 1_000_000))
    refused(server, server.post("/tokenize", prompt=7))


def test_a_prompt_of_a_megabyte_can_be_truncated(server):
    answer = server.post("/v1/completions", prompt="a dog " * 160_000, truncate_prompt_tokens=100, max_tokens=2)
    assert answer.status_code == 200 and answer.json()["usage"]["prompt_tokens"] == 100


def test_a_body_beyond_the_limit_is_413(server):
    answer = server.http.post("/v1/completions", content=b" " * 100_000_000, headers=JSON)
    assert answer.status_code == 413
    refused(server, answer)


@pytest.mark.parametrize("body", [
    b"", b" ", b"{", b"[]", b"null", b'"a"', b"7", b'{"prompt":"a"} x', b'{"prompt":"a",}', b"{'prompt':'a'}", b'{"prompt":"\xff"}',
    b'{"prompt":"\xed\xa0\x80"}', b'{"prompt":"\xc0\xaf"}', b'{"prompt":"\\ud800"}', b'{"prompt":"a\nb"}', b'{"prompt":"a","n":NaN}',
    b'{"prompt":"a","temperature":1e400}', b'{"prompt":"a","n":01}', b'\xef\xbb\xbf{"prompt":', b"\0", b"[" * 33 + b"]" * 33,
    b"[" * 33, b'{"a":' * 33, b'{"prompt":"a","x":' + b"[" * 32 + b"]" * 32 + b"}"], ids=lambda b: repr(b)[2:30])
def test_a_body_that_is_no_json_object_is_refused(server, body):
    refused(server, server.http.post("/v1/completions", content=body, headers=JSON))


# Each parameter: what is accepted at its limits, and what is refused beyond them.
LIMITS = {
    "temperature": ([0, 2], [-0.001, 2.001, 1e308, -1e308, "1", True, [1], {}]),
    "top_p": ([1, 1e-9], [0, -0.1, 1.001, "1", True]),
    "top_k": ([-1, 0, 1, 2147483647], [-2, 2147483648, 1 << 62, 1 << 70, 1.5, "1", True]),
    "min_p": ([0, 1], [-0.001, 1.001, "1"]),
    "typical_p": ([1, 1e-9], [0, 1.001, -1, "1"]),
    "seed": ([-(1 << 63), (1 << 63) - 1, 0], [1 << 63, -(1 << 63) - 1, 1.5, "1", 1e30]),
    "repetition_penalty": ([1e-9, 100], [0, -1, 100.1, "1"]),
    "frequency_penalty": ([-2, 2], [-2.001, 2.001, "1"]),
    "presence_penalty": ([-2, 2], [-2.001, 2.001, "1"]),
    "no_repeat_ngram_size": ([0, 1, 65536], [-1, 65537, 1 << 62, 1.5, "1"]),
    "min_tokens": ([0, 8], [-1, 9, 1 << 62, 1.5, "1"]),
    "max_tokens": ([0, 1, 512, 513, 1 << 62], [-1, 1 << 70, 1.5, "1", True]),
    "n": ([1, 64], [0, -1, 65, 129, 1 << 62, 1.5, "1"]),
    "best_of": ([0, 1, 64], [-1, 65, 1 << 62, 1.5, "1"]),
    "num_beams": ([1, 2, 64], [0, -1, 65, 1 << 62, 1.5, "4"]),
    "length_penalty": ([-100, 100, 0], [-100.1, 100.1, 1e308, "1"]),
    "early_stopping": ([True, False, "never"], ["always", 1, []]),
    "logprobs": ([0, 5], [-1, 6, 1 << 62, 1.5, "1", True]),
    "truncate_prompt_tokens": ([-1, 1, 4096], [0, -2, 1 << 70, 1.5, "1"]),
    "timeout": ([0.5, 86400], [0, -1, 86401, "1"]),
    "logit_bias": ([{}, {"5": 100}, {"5": -100}], [{"5": 100.1}, {"5": -101}, {"-1": 1}, {"6000": 1}, {"x": 1}, {"5": "1"}, [5], 5,
                                                 {"99999999999999999999": 1}]),
    "stop": (["a", ["a"], [], ["a"] * 4, "a" * 1024], ["", [""], ["a"] * 5, "a" * 1025, 5, [5], {}]),
    "stop_token_ids": ([[], [5], [5999]], [[6000], [-1], [1 << 62], ["5"], 5, "5"]),
    "decoder_prompt": (["", "Ein", [], [9]], [[6000], [-1], 5, {}, [[9]], ["a"]]),
    "ignore_eos": ([True, False], [1, "true"]),
    "echo": ([True, False], [1, "true"]),
    "stream": ([True, False], [1, "true"]),
    "return_token_ids": ([True, False], [1, "true"]),
    "skip_special_tokens": ([True, False], [0, "x"]),
    "suffix": ([], [5, ["b"], "b"]),  # this model has no sentinels
    "user": (["me"], [5]),
    "model": (["en-de"], [5, ["en-de"]]),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_parameter_at_its_limit_is_accepted(server, name):
    for value in LIMITS[name][0] + [None]:
        answer = server.post("/v1/completions", **{"prompt": "A dog.", "max_tokens": 8, name: value})
        assert answer.status_code == 200, (value, answer.text[:300])
        if name != "stream":
            body = answer.json()
            assert body["usage"]["completion_tokens"] >= 0 and body["choices"]
    assert server.alive()


@pytest.mark.parametrize("name", LIMITS)
def test_a_parameter_beyond_its_limit_is_refused_by_name(server, name):
    for value in LIMITS[name][1]:
        answer = server.post("/v1/completions", **{"prompt": "A dog.", "max_tokens": 8, name: value})
        assert answer.status_code == 400, (value, answer.status_code, answer.text[:300])
        refused(server, answer)
        assert answer.json()["error"]["param"] in (name, f"{name}.{value}") or name in answer.json()["error"]["message"], answer.text


@pytest.mark.parametrize("body", [
    {"n": 3, "num_beams": 2}, {"n": 3, "best_of": 2}, {"n": 1, "best_of": 2, "stream": True}, {"echo": True, "logprobs": 1},
    {"stream_options": {"include_usage": True}}, {"stream": True, "stream_options": 5}, {"suffix": "b", "prompt": [5]},
    {"min_tokens": 5, "max_tokens": 4}], ids=json.dumps)
def test_parameters_that_contradict_each_other_are_refused(server, body):
    refused(server, server.post("/v1/completions", **{"prompt": "A dog.", "max_tokens": 4, **body}))


@pytest.mark.parametrize("body", [
    {"tokens": None}, {"tokens": "1"}, {"tokens": [-1]}, {"tokens": [6000]}, {"tokens": [1 << 62]}, {"tokens": [1 << 70]},
    {"tokens": [1.5]}, {"tokens": [[1]]}, {}], ids=json.dumps)
def test_wrong_tokens_are_refused(server, body):
    refused(server, server.post("/detokenize", **body), param="tokens")


def test_no_more_than_200_characters_are_echoed(server):
    answer = server.post("/v1/completions", prompt="a", model="m" * 10_000)
    assert answer.status_code == 404 and answer.text.count("m") < 260
    answer = server.post("/v1/completions", prompt="a", early_stopping="e" * 10_000)
    assert answer.status_code == 400 and len(answer.text) < 600


def test_every_bias_at_once(server):
    answer = server.post("/v1/completions", prompt="A dog.", max_tokens=4, logit_bias={str(i): -100 for i in range(6000)})
    assert answer.status_code == 200
    assert server.alive()


def test_extreme_sampling_is_a_number(server):
    for extreme in ({"temperature": 1e-9}, {"temperature": 1e-45}, {"repetition_penalty": 1e-9, "temperature": 1e-9},
                    {"repetition_penalty": 100}, {"top_p": 1e-45, "temperature": 2}, {"min_p": 1, "typical_p": 1e-9, "top_k": 1},
                    {"num_beams": 4, "length_penalty": -100, "temperature": 0}, {"num_beams": 4, "length_penalty": 100}):
        answer = server.post("/v1/completions", prompt="A dog.", max_tokens=8, logprobs=5, seed=1, **extreme)
        assert answer.status_code == 200, (extreme, answer.text[:300])
        for value in (answer.json()["choices"][0]["logprobs"] or {"token_logprobs": []})["token_logprobs"]:
            assert -9999 <= value <= 0, extreme


# Bytes that are no request


@pytest.mark.parametrize("bytes_, statuses", [
    (b"GARBAGE\r\n\r\n", (400,)),
    (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", (400, 505)),
    (b"GET /livez HTTP/1.1\r\n\r\n", (400,)),
    (b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", (400,)),
    (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", (400, 414, 431)),
    (b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n", (400, 431)),
    (b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 10_000 + b"\r\n", (400, 431)),
    (b"POST /tokenize HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", (400,)),
    (b"POST /tokenize HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", (400, 413)),
    (b"POST /tokenize HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n", (400, 413)),
    (b"POST /tokenize HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", (400,)),
    (b"POST /tokenize HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,)),
    (b"POST /tokenize HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", (400,)),
    (b"POST /tokenize HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", (400, 413)),
    (b"POST /tokenize HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", (400, 501)),
    (b"GET /livez HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", (400,)),
    (b"GET /livez HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", (400,)),
    (b"GET /livez HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", (400,)),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200 + b"\r\n\r\n", (400,)),
], ids=lambda value: repr(value)[2:40])
def test_bytes_that_are_no_request_are_refused(server, bytes_, statuses):
    with server.connect(timeout=10) as socket_:
        try:
            socket_.sendall(bytes_)
        except OSError:
            pass
        try:
            status, _, _ = read_response(socket_.makefile("rb"))
        except (ConnectionError, IndexError):
            status = None  # reset while it was still sending
        assert status in statuses or (status is None and len(bytes_) > 50_000)
    assert server.alive()


def test_chunked_bodies_are_read(server):
    body = b"POST /tokenize HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    body += b"".join(b"1\r\n%c\r\n" % byte for byte in b'{"prompt":"A man."}') + b"0\r\n\r\n"
    with server.connect() as socket_:
        socket_.sendall(body + raw_request("GET", "/livez"))
        stream = socket_.makefile("rb")
        assert read_response(stream)[0] == 200 and read_response(stream)[0] == 200
