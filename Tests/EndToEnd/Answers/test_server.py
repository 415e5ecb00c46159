"""The real binary over a real port, spoken to by curl, OpenAI's client and bare sockets."""

import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from switchyard_server import MODEL, Server, events, one_sentence, raw_request, read_response, run_binary

LONG = {"ignore_eos": True, "temperature": 0}


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0, timeout=60) as client:
        yield client


def curl(*arguments):
    return subprocess.run(["curl", "-sS", "--max-time", "30", *arguments], capture_output=True, text=True, check=True).stdout


# curl


def test_curl_completion(server):
    body = json.dumps({"prompt": "A man is walking.", "temperature": 0})
    answer = json.loads(curl(server.url + "/v1/completions", "-H", "Content-Type: application/json", "-d", body))
    assert set(answer) == {"id", "object", "created", "model", "system_fingerprint", "choices", "usage"}
    assert answer["object"] == "text_completion" and answer["model"] == "en-de"
    assert answer["choices"][0]["text"].startswith("Ein Mann")
    assert answer["choices"][0]["finish_reason"] == "stop"


def test_curl_streams(server):
    body = json.dumps({"prompt": "A man is walking.", "temperature": 0, "stream": True})
    text = curl("-N", server.url + "/v1/completions", "-H", "Content-Type: application/json", "-d", body)
    whole = server.complete()["choices"][0]["text"]
    assert "".join(choice["text"] for event in events(text) for choice in event["choices"]) == whole


def test_curl_without_a_json_content_type_is_told_so(server):
    answer = json.loads(curl(server.url + "/v1/completions", "-d", "{}"))
    assert answer["error"]["code"] == "unsupported_media_type"


# OpenAI's client


def test_openai_completion_counts_tokens(client):
    answer = client.completions.create(model="en-de", prompt="Two dogs run.", temperature=0, max_tokens=30)
    assert answer.choices[0].text and answer.choices[0].finish_reason == "stop"
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert 1 < usage.completion_tokens <= 30


def test_openai_prompts_and_choices_are_indexed_in_order(client):
    answer = client.completions.create(
        model="en-de", prompt=["A dog.", "A cat."], n=3, seed=1, max_tokens=8)
    assert [choice.index for choice in answer.choices] == list(range(6))


def test_openai_length_ends_a_choice(client):
    answer = client.completions.create(model="en-de", prompt="Two dogs run.", temperature=0, max_tokens=2)
    assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens == 2


def test_openai_stop_string_is_cut_off(client):
    answer = client.completions.create(
        model="en-de", prompt="A man is walking.", temperature=0, max_tokens=30, stop=[" Mann"])
    assert answer.choices[0].text == "Ein" and answer.choices[0].finish_reason == "stop"


def test_openai_stream_with_usage(client):
    parameters = dict(model="en-de", prompt="A man is walking.", temperature=0, max_tokens=30)
    whole = client.completions.create(**parameters)
    chunks = list(client.completions.create(**parameters, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == whole.choices[0].text
    assert chunks[-1].choices == [] and chunks[-1].usage == whole.usage
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert len({chunk.id for chunk in chunks}) == 1
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"


def test_openai_stream_of_several_choices(client):
    chunks = list(client.completions.create(
        model="en-de", prompt="A dog.", n=4, seed=5, max_tokens=12, stream=True))
    whole = client.completions.create(model="en-de", prompt="A dog.", n=4, seed=5, max_tokens=12)
    texts = ["", "", "", ""]
    for chunk in chunks:
        texts[chunk.choices[0].index] += chunk.choices[0].text
    assert texts == [choice.text for choice in whole.choices]


def test_openai_seed_repeats(client):
    def ask(seed):
        return client.completions.create(
            model="en-de", prompt="A woman reads.", seed=seed, temperature=1.5, max_tokens=24).choices[0].text
    assert ask(11) == ask(11)
    assert len({ask(seed) for seed in range(6)}) > 1


def test_openai_logprobs(client):
    answer = client.completions.create(
        model="en-de", prompt="A man is walking.", temperature=0, max_tokens=30, logprobs=3)
    choice, logprobs = answer.choices[0], answer.choices[0].logprobs
    count = answer.usage.completion_tokens
    assert len(logprobs.tokens) == len(logprobs.token_logprobs) == len(logprobs.top_logprobs) == len(logprobs.text_offset) == count
    for token, value, top in zip(logprobs.tokens, logprobs.token_logprobs, logprobs.top_logprobs):
        assert value <= 0 and top[token] == value and 3 <= len(top) <= 4
        assert value == max(top.values())  # greedy
    assert "".join(logprobs.tokens).startswith(choice.text)


def test_openai_streamed_logprobs_are_the_same(client):
    parameters = dict(model="en-de", prompt="A man is walking.", temperature=0, max_tokens=30, logprobs=2)
    whole = client.completions.create(**parameters).choices[0].logprobs
    tokens, values, offsets = [], [], []
    for chunk in client.completions.create(**parameters, stream=True):
        if chunk.choices and chunk.choices[0].logprobs:
            tokens += chunk.choices[0].logprobs.tokens
            values += chunk.choices[0].logprobs.token_logprobs
            offsets += chunk.choices[0].logprobs.text_offset
    assert (tokens, values, offsets) == (whole.tokens, whole.token_logprobs, whole.text_offset)


@pytest.mark.parametrize("stop", [[], ["Stra"], ["ße"]])
def test_openai_text_offsets_point_into_the_text(client, stop):
    parameters = dict(model="en-de", prompt="A man walks down the street.", temperature=0, max_tokens=30, logprobs=1, stop=stop)
    choice = client.completions.create(**parameters).choices[0]
    text, (tokens, offsets) = choice.text, (choice.logprobs.tokens, choice.logprobs.text_offset)
    assert offsets[0] == 0 and offsets == sorted(offsets) and offsets[-1] <= len(text)
    for token, start, end in zip(tokens, offsets, offsets[1:] + [len(text)]):
        assert token.startswith(text[start:end])  # shorter where a stop string cut it, empty where it is not shown
    ids = {"return_tokens_as_token_ids": True}
    assert client.completions.create(**parameters, extra_body=ids).choices[0].logprobs.text_offset == offsets
    chunks = client.completions.create(**parameters, extra_body=ids, stream=True)
    assert [at for chunk in chunks for choice in chunk.choices if choice.logprobs for at in choice.logprobs.text_offset] == offsets


def test_the_fingerprint_names_what_answers_depend_on():
    def fingerprint(*flags):
        with Server(MODEL, *flags) as other:
            found = other.http.get("/version").json()["system_fingerprint"]
            assert other.complete()["system_fingerprint"] == found
            assert any(found in line and "instruction_set=" in line for line in other.log)
            return found

    plain = fingerprint("--instruction-set", "plain", "--weights", "f32")
    assert fingerprint("--instruction-set", "plain", "--weights", "f32", "--threads", 1) == plain
    others = [fingerprint("--instruction-set", "plain", "--weights", "int8"),
              fingerprint("--instruction-set", "plain", "--weights", "f32", "--capacity-mode", "none"),
              fingerprint("--instruction-set", "plain", "--weights", "f32", "--cache-type", "bf16")]
    if "avx2" in open("/proc/cpuinfo").read():
        others.append(fingerprint("--instruction-set", "avx2", "--weights", "f32"))
    assert len({plain, *others}) == 1 + len(others)


def test_openai_models(client):
    assert [model.id for model in client.models.list()] == ["en-de"]
    assert client.models.retrieve("en-de").owned_by == "switchyard"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("other")


def test_openai_errors_are_the_right_classes(client):
    with pytest.raises(openai.BadRequestError) as refused:
        client.completions.create(model="en-de", prompt="x", temperature=3)
    assert refused.value.param == "temperature" and refused.value.code == "invalid_parameter"
    with pytest.raises(openai.NotFoundError) as missing:
        client.completions.create(model="gpt-4", prompt="x")
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as long:
        client.completions.create(model="en-de", prompt=[5] * 5000)
    assert long.value.code == "context_length_exceeded"


# Beam search, routes, tokens, experts


def test_beam_search_returns_four_hypotheses_best_first(server):
    answer = server.post("/v1/beam_search", prompt="A man is walking.", num_return_sequences=4, max_tokens=24).json()
    beams = answer["beams"]
    scores = [beam["score"] for beam in beams]
    assert answer["object"] == "beam_search" and [beam["index"] for beam in beams] == [0, 1, 2, 3]
    assert scores == sorted(scores, reverse=True)
    assert len({tuple(beam["token_ids"]) for beam in beams}) == 4
    for beam in beams:
        assert abs(beam["score"] - beam["cumulative_logprob"] / len(beam["token_ids"])) < 1e-4
    assert answer["usage"]["completion_tokens"] == sum(len(beam["token_ids"]) for beam in beams)


def test_beam_search_by_completions_is_the_same(server):
    beams = server.post("/v1/beam_search", prompt="A man is walking.", num_return_sequences=4, max_tokens=24).json()["beams"]
    choices = server.complete(num_beams=4, n=4, max_tokens=24)["choices"]
    assert [(c["text"], c["beam_score"]) for c in choices] == [(b["text"], b["score"]) for b in beams]


def test_the_best_of_four_beams_is_no_less_likely_than_greedy(server):
    greedy = server.complete(logprobs=0)["choices"][0]["logprobs"]["token_logprobs"]
    beam = server.post("/v1/beam_search", prompt="A man is walking.", max_tokens=32).json()["beams"][0]
    assert beam["score"] >= sum(greedy) / len(greedy) - 1e-4


def test_route_names_an_expert_for_every_token(server):
    answer = server.post("/v1/route", prompt="A man is walking.", max_tokens=5).json()
    assert answer["object"] == "route"
    for stack, count in (("encoder", answer["usage"]["prompt_tokens"]), ("decoder", answer["usage"]["completion_tokens"])):
        assert len(answer[stack]["tokens"]) == count
        assert [layer["block"] for layer in answer[stack]["layers"]] == [1, 3]
        for layer in answer[stack]["layers"]:
            assert len(layer["experts"]) == len(layer["gates"]) == len(layer["dropped"]) == count
            assert all(0 <= expert < 8 for expert in layer["experts"])
            assert all(1 / 8 <= gate <= 1 for gate in layer["gates"])
    assert server.post("/v1/route", prompt="A man.").json()["decoder"] is None


def test_an_expert_over_its_capacity_drops_the_later_tokens(server):
    answer = server.post("/v1/route", prompt=[20] * 300).json()
    for layer in answer["encoder"]["layers"]:
        seen = [0] * 8
        for expert, dropped in zip(layer["experts"], layer["dropped"]):
            assert dropped == (seen[expert] >= 64)
            seen[expert] += 1


@pytest.mark.parametrize("text", ["A man is walking.", "Zwei Hunde, drei Katzen!", "a b c"])
def test_tokenize_and_detokenize_are_inverse(server, text):
    tokens = server.post("/tokenize", prompt=text).json()
    assert tokens["count"] == len(tokens["tokens"]) and tokens["tokens"][-1] == 1
    assert server.post("/detokenize", tokens=tokens["tokens"]).json()["prompt"] == text
    bare = server.post("/tokenize", prompt=text, add_special_tokens=False).json()
    assert bare["tokens"] == tokens["tokens"][:-1]


def test_text_and_its_ids_are_the_same_prompt(server):
    ids = server.post("/tokenize", prompt="A dog.").json()["tokens"]
    by_ids = server.post("/v1/completions", prompt=ids, temperature=0).json()["choices"]
    assert by_ids == server.complete("A dog.", max_tokens=None)["choices"]


def test_experts_count_every_token(server):
    before = server.http.get("/v1/experts").json()
    usage = server.complete("Two dogs run.")["usage"]
    after = server.http.get("/v1/experts").json()
    assert after["object"] == "expert_load"
    for stack, tokens in (("encoder", usage["prompt_tokens"]), ("decoder", usage["completion_tokens"])):
        assert [layer["block"] for layer in after[stack]] == [1, 3]
        for old, new in zip(before[stack], after[stack]):
            total = new["total"]
            assert total["total_tokens"] - old["total"]["total_tokens"] == tokens
            assert sum(total["tokens"]) == total["total_tokens"] and abs(sum(total["share"]) - 1) < 1e-6
            assert total["dead_experts"] == total["tokens"].count(0) and total["imbalance"] >= 1


# Metrics


def samples(families):
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def test_metrics_parse_as_prometheus_text(server):
    server.complete()
    answer = server.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    values = samples(parse_text(answer.text))
    assert values[("switchyard_requests_running", ())] == 0
    assert values[("switchyard_requests_finished_total", (("reason", "stop"),))] >= 1


def test_metrics_parse_as_openmetrics(server):
    answer = server.http.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    assert ("switchyard_requests_running", ()) in samples(parse_openmetrics(answer.text))


def test_expert_metrics_have_a_series_for_each_expert(server):
    server.complete()
    text = server.http.get("/metrics/experts").text
    labels = {tuple(v for _, v in key[1]) for key in samples(parse_text(text))}
    assert any("7" in label for label in labels)
    openmetrics = server.http.get("/metrics/experts", headers={"Accept": "application/openmetrics-text"}).text
    assert samples(parse_openmetrics(openmetrics))


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
@pytest.mark.parametrize("path", ["/metrics", "/metrics/experts"])
def test_promtool_accepts_the_metrics(server, path):
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=server.http.get(path).text, capture_output=True, text=True, timeout=30)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_unknown_paths_do_not_become_metric_labels(server):
    server.http.get("/no-such-path-4711")
    assert "4711" not in server.http.get("/metrics").text


# HTTP


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health"])
def test_probes(server, path):
    answer = server.http.get(path)
    kind = {} if path == "/livez" else {"architecture": "encoder-decoder"}
    assert answer.status_code == 200 and answer.json() == {"status": "ok"} | kind
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/livez", "/version", "/v1/models", "/openapi.yaml"])
def test_head_is_get_without_the_body(server, path):
    plain = {"Accept-Encoding": "identity"}
    head, get = server.http.head(path, headers=plain), server.http.get(path, headers=plain)
    assert head.status_code == get.status_code == 200 and head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.content))


def test_head_leaves_no_body_on_the_wire(server):
    with server.connect() as socket_:
        socket_.sendall(raw_request("HEAD", "/version") + raw_request("GET", "/livez"))
        stream = socket_.makefile("rb")
        assert stream.readline().startswith(b"HTTP/1.1 200")
        while stream.readline() != b"\r\n":
            pass
        assert read_response(stream)[2] == b'{"status":"ok"}'


def test_options_name_the_methods(server):
    answer = server.http.options("/v1/completions")
    assert answer.status_code in (200, 204) and "POST" in answer.headers["allow"]


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/nothing", 404), ("POST", "/v1/nothing", 404), ("GET", "/v1/models/a%2Fb", 404),
    ("GET", "/v1/completions", 405), ("DELETE", "/v1/models", 405), ("POST", "/metrics", 405)])
def test_wrong_paths_and_methods(server, method, path, status):
    answer = server.http.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert (status == 405) == ("allow" in answer.headers)


def test_request_id_is_echoed_or_made(server):
    assert server.http.get("/livez", headers={"X-Request-Id": "abc-123"}).headers["x-request-id"] == "abc-123"
    made = {server.http.get("/livez").headers["x-request-id"] for _ in range(3)}
    assert len(made) == 3 and all(made)
    too_long = server.http.get("/nothing", headers={"X-Request-Id": "x" * 500}).headers["x-request-id"]
    assert 0 < len(too_long) <= 128


def test_description_is_the_committed_one(server):
    from switchyard_server import ROOT
    assert server.http.get("/openapi.yaml").content == (ROOT / "openapi.yaml").read_bytes()


def test_pipelined_requests_are_answered_in_order(server):
    body = json.dumps({"prompt": "A dog.", "temperature": 0, "max_tokens": 4}).encode()
    with server.connect() as socket_:
        socket_.sendall(
            raw_request("POST", "/v1/completions", body) + raw_request("GET", "/nothing")
            + raw_request("GET", "/version") + raw_request("POST", "/v1/completions", body))
        stream = socket_.makefile("rb")
        answers = [read_response(stream) for _ in range(4)]
    assert [status for status, _, _ in answers] == [200, 404, 200, 200]
    first, last = json.loads(answers[0][2]), json.loads(answers[3][2])
    assert first["choices"] == last["choices"] and first["id"] != last["id"]


def test_a_connection_is_kept_for_many_requests(server):
    with server.connect() as socket_:
        stream = socket_.makefile("rb")
        for _ in range(50):
            socket_.sendall(raw_request("GET", "/livez"))
            assert read_response(stream)[0] == 200
        socket_.sendall(raw_request("GET", "/livez", headers=["Connection: close"]))
        assert read_response(stream)[0] == 200
        assert stream.read() == b""


def test_no_request_on_a_busy_kept_connection_is_overlooked(server):
    """A request that arrives while the server turns from one answer to the next is answered, not timed out."""
    body = json.dumps({"prompt": "A dog.", "max_tokens": 1, "temperature": 0}).encode()
    stop = time.monotonic() + 10

    def client(_):
        count = 0
        with server.connect(timeout=5) as socket_:
            stream = socket_.makefile("rb")
            while time.monotonic() < stop and count < 20_000:
                socket_.sendall(raw_request("POST", "/v1/completions", body))
                assert read_response(stream)[0] == 200
                count += 1
        return count

    with ThreadPoolExecutor(32) as clients:
        assert sum(clients.map(client, range(32))) > 32


def test_a_stream_leaves_the_connection_usable(server):
    body = json.dumps({"prompt": "A dog.", "temperature": 0, "stream": True}).encode()
    with server.connect() as socket_:
        stream = socket_.makefile("rb")
        for _ in range(3):
            socket_.sendall(raw_request("POST", "/v1/completions", body))
            status, headers, text = read_response(stream)
            assert status == 200 and headers["content-type"].startswith("text/event-stream")
            assert events(text.decode())


def test_a_request_may_arrive_a_byte_at_a_time(server):
    with server.connect() as socket_:
        for byte in raw_request("POST", "/tokenize", b'{"prompt":"A"}'):
            socket_.sendall(bytes([byte]))
            time.sleep(0.001)
        assert read_response(socket_.makefile("rb"))[0] == 200


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("beams", [1, 8])
def test_a_client_that_leaves_stops_its_request(server, stream, beams):
    if stream and beams > 1:
        pytest.skip("beams arrive at once")
    generated = server.metric("switchyard_generated_tokens_total")
    body = json.dumps({"prompt": "A man.", "stream": stream, "max_tokens": 512, "n": 8, "num_beams": beams, "seed": 1,
                       "temperature": 1, "ignore_eos": True}).encode()
    cancelled = 'switchyard_requests_finished_total{reason="cancelled"}'
    before = server.metric(cancelled)
    with server.connect() as socket_:
        socket_.sendall(raw_request("POST", "/v1/completions", body))
        if stream:
            assert socket_.recv(100).startswith(b"HTTP/1.1 200")
        else:
            time.sleep(0.1)
    deadline = time.monotonic() + 5
    while server.metric(cancelled) == before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.metric(cancelled) == before + 1 and server.idle(within=5)
    assert server.metric("switchyard_generated_tokens_total") - generated < 8 * 512


# One request among others


def test_a_request_is_the_same_alone_and_among_31_others(server):
    watched = dict(prompt="A young man in a blue shirt is standing on a ladder.", temperature=0, max_tokens=60,
                   logprobs=5, return_token_ids=True)
    alone = server.post("/v1/completions", **watched).json()["choices"][0]
    stop = threading.Event()

    def neighbour(number):
        client, round_ = httpx.Client(base_url=server.url, timeout=60), 0
        while not stop.is_set() and round_ < 500:
            round_ += 1
            body = dict(prompt="Two dogs play. " * (1 + (number + round_) % 5), max_tokens=3 + (number * 7 + round_) % 40,
                        seed=number * 1000 + round_)
            if number % 4 == 0:
                body |= {"num_beams": 4}
            if number % 8 == 1:
                with client.stream("POST", "/v1/completions", json=body | {"stream": True}) as answer:
                    next(answer.iter_raw())  # and leaves
            else:
                assert client.post("/v1/completions", json=body).status_code == 200

    with ThreadPoolExecutor(31) as others:
        running = [others.submit(neighbour, number) for number in range(31)]
        try:
            crowded = [server.post("/v1/completions", **watched).json()["choices"][0] for _ in range(8)]
        finally:
            stop.set()
        for future in running:
            future.result(timeout=60)
    assert all(choice == alone for choice in crowded)  # to the last bit
    assert server.idle()


# The process


def test_sigterm_finishes_a_running_stream_and_exits_with_0():
    with Server() as server:
        body = json.dumps({"prompt": "A man.", "stream": True, "max_tokens": 400, **LONG}).encode()
        with server.connect() as socket_:
            socket_.sendall(raw_request("POST", "/v1/completions", body))
            stream = socket_.makefile("rb")
            assert stream.readline().startswith(b"HTTP/1.1 200")
            server.process.send_signal(signal.SIGTERM)
            text = stream.read().decode()
        tokens = [line for line in text.splitlines() if line.startswith("data: ")]
        assert tokens[-1] == "data: [DONE]"
        assert json.loads(tokens[-2][len("data: "):])["choices"][0]["finish_reason"] == "length"
        assert server.process.wait(20) == 0
        with pytest.raises(OSError):
            socket.create_connection((server.host, server.port), timeout=1)


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_stops_at_once_with_0(signal_):
    with Server() as server:
        idle = server.connect()
        started = time.monotonic()
        server.process.send_signal(signal_)
        assert server.process.wait(20) == 0
        assert time.monotonic() - started < 5
        idle.close()


def test_drain_timeout_bounds_the_drain():
    with Server(MODEL, "--drain-timeout", "1", "--max-output-tokens", "100000") as server:
        with server.connect() as socket_:
            body = json.dumps({"prompt": "A man.", "stream": True, "max_tokens": 100000, **LONG}).encode()
            socket_.sendall(raw_request("POST", "/v1/completions", body))
            assert socket_.recv(100).startswith(b"HTTP/1.1 200")
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(10) is not None


@pytest.mark.parametrize("flags", [
    ["--port", "70000"], ["--port", "x"], ["--nope"], ["--threads", "0"], ["--threads", "-1"], ["--max-sequences", "0"],
    ["--max-queued-requests", "0"], ["--max-batch-tokens", "0"], ["--max-input-tokens", "0"], ["--max-output-tokens", "0"],
    ["--max-scored-items", "0"], ["--max-scored-continuations", "0"], ["--max-scored-tokens", "1"],
    ["--request-timeout", "-1"], ["--request-timeout", "nan"], ["--drain-timeout", "-1"], ["--log-level", "loud"],
    ["--log-format", "xml"], ["--weights", "q4"], ["--tls-certificate", "/x"], ["--expert-metrics", "some"],
    ["--max-sequences", "9223372036854775808"]])
def test_bad_flags_exit_with_2(flags):
    done = run_binary("serve", MODEL, "--port", "0", *flags)
    assert done.returncode == 2 and done.stderr.startswith("Error: "), done
    assert flags[0] in done.stderr


def test_no_model_directory_exits_with_2():
    assert run_binary("serve").returncode == 2


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["--version"]])
def test_help_is_not_an_error(arguments):
    done = run_binary(*arguments)
    assert done.returncode == 0 and done.stdout.strip() and "CommandError" not in done.stdout + done.stderr


@pytest.mark.parametrize("directory", ["/nonexistent", "/etc/hostname", "{empty}"])
def test_a_bad_model_directory_exits_with_1_and_one_sentence(tmp_path, directory):
    done = run_binary("serve", directory.format(empty=tmp_path), "--port", "0")
    assert done.returncode == 1 and one_sentence(done.stderr), done


def test_a_port_in_use_exits_with_1(server):
    done = run_binary("serve", MODEL, "--port", server.port)
    assert done.returncode == 1 and one_sentence(done.stderr), done


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_environment_variables_are_flags():
    port = free_port()
    environment = {"SWITCHYARD_PORT": str(port), "SWITCHYARD_MODEL_ID": "mine/model", "SWITCHYARD_MAX_OUTPUT_TOKENS": "5"}
    with Server(environment=environment, port=None) as server:
        assert server.port == port
        assert server.http.get("/v1/models/mine%2Fmodel").json()["max_output_tokens"] == 5


def test_a_flag_wins_over_its_environment_variable():
    taken = free_port()
    with Server(environment={"SWITCHYARD_PORT": str(taken)}) as server:
        assert server.port != taken


def test_what_kubernetes_sets_for_a_service_of_this_name_is_no_flag():
    with Server(environment={"SWITCHYARD_PORT": "tcp://10.0.0.1:80", "SWITCHYARD_PORT_80_TCP_PORT": "80",
                             "SWITCHYARD_SERVICE_HOST": "10.0.0.1", "SWITCHYARD_HOST": "127.0.0.1"}) as server:
        assert server.http.get("/livez").status_code == 200


def test_a_bad_environment_variable_exits_with_2():
    done = run_binary("serve", MODEL, environment={"SWITCHYARD_PORT": "x"})
    assert done.returncode == 2, done


def test_a_full_queue_is_refused_at_once_with_retry_after():
    with Server(MODEL, "--max-sequences", "1", "--max-queued-requests", "1") as server:
        body = dict(prompt="A man.", max_tokens=400, **LONG)
        with ThreadPoolExecutor(8) as clients:
            answers = list(clients.map(lambda _: httpx.post(server.url + "/v1/completions", json=body, timeout=60), range(8)))
        refused = [answer for answer in answers if answer.status_code == 503]
        assert refused and all(answer.status_code in (200, 503) for answer in answers)
        assert any(answer.status_code == 200 for answer in answers)
        for answer in refused:
            assert int(answer.headers["retry-after"]) >= 1 and answer.json()["error"]["code"] == "queue_full"
        assert server.idle()


def test_timeout_answers_504():
    with Server(MODEL, "--max-output-tokens", "100000") as server:
        answer = server.post("/v1/completions", prompt="A man.", timeout=0.05, max_tokens=100000, **LONG)
        assert answer.status_code == 504 and answer.json()["error"]["type"] == "timeout_error", answer.text
        assert server.idle()
