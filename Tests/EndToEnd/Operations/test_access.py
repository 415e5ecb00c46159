"""API keys, limits of one key, and web pages of other origins, against the real binary."""

import hashlib
import signal
import time

import pytest

from switchyard_server import MODEL, Server, one_sentence, run_binary

OPEN = ["/livez", "/readyz", "/health", "/livez/", "/readyz/", "/health/"]
PROTECTED = ["/v1/models", "/v1/experts", "/metrics", "/metrics/experts", "/version", "/openapi.yaml", "/nowhere"]


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def key_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "keys.txt"
    file.write_text(
        "# keys of the tests\n"
        "alice sk-alice\n"
        f"hashed sha256:{hashlib.sha256(b'sk-hashed').hexdigest()}\n"
        "narrow sk-narrow tokens-per-minute=60\n"
        "one-at-a-time single requests=1\n"
    )
    return file


@pytest.fixture(scope="module")
def server(key_file):
    with Server(MODEL, "--api-key-file", key_file, "--cors-origin", "https://chat.example") as running:
        yield running
        assert running.alive()


@pytest.mark.parametrize("path", OPEN)
def test_probes_need_no_key(server, path):
    assert server.http.get(path).status_code == 200


@pytest.mark.parametrize("path", PROTECTED)
def test_everything_else_needs_one(server, path):
    for headers in ({}, bearer("sk-ALICE"), bearer("sk-alic"), bearer("alice"), {"Authorization": "Basic sk-alice"}):
        answer = server.http.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["error"]["code"] == "invalid_api_key"
        assert answer.headers["x-request-id"]
    assert server.http.get(path, headers=bearer("sk-alice")).status_code == (404 if path == "/nowhere" else 200)
    assert server.http.get(path, headers=bearer("sk-hashed")).status_code in (200, 404)


def test_two_authorizations_are_none(server):
    answer = server.http.get("/v1/models", headers=[("Authorization", "Bearer sk-alice")] * 2)
    assert answer.status_code == 401


def test_a_key_appears_in_no_log_line(server):
    lines = len(server.log)
    server.http.get("/v1/models", headers=bearer("sk-alice"))
    server.http.get("/v1/models", headers=bearer("sk-unknown"))
    deadline = time.monotonic() + 10
    while not any("invalid_api_key" in line for line in server.log[lines:]):
        assert time.monotonic() < deadline, "the second request has its line"
        time.sleep(0.02)
    assert "sk-" not in "".join(server.log)


def complete(server, key, **body):
    body = {"prompt": "A man.", "temperature": 0, "max_tokens": 16, **body}
    return server.http.post("/v1/completions", json=body, headers=bearer(key))


def test_one_key_may_not_run_more_than_its_requests(server):
    body = {"prompt": [5, 6, 7, 1], "max_tokens": 512, "ignore_eos": True, "n": 32, "stream": True}
    with server.http.stream("POST", "/v1/completions", json=body, headers=bearer("single")) as first:
        chunks = first.iter_bytes()
        next(chunks)
        refused = complete(server, "single")
        assert refused.status_code == 429 and refused.headers["retry-after"] == "1"
        assert refused.json()["error"]["code"] == "rate_limit_exceeded"
        assert complete(server, "sk-alice").status_code == 200
    deadline = time.monotonic() + 10
    while complete(server, "single").status_code != 200:
        assert time.monotonic() < deadline, "a client that left frees its place"


def test_what_a_key_did_not_use_in_a_minute_is_given_back(server):
    # Each could use about 30 tokens and uses some 20: without giving back the third would be refused.
    for _ in range(10):
        answer = complete(server, "sk-narrow")
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    error = answer.json()["error"]
    assert error["type"] == "rate_limit_error" and error["code"] == "rate_limit_exceeded"
    wait = float(answer.headers["retry-after-ms"]) / 1000
    assert 0 < wait <= 60 and int(answer.headers["retry-after"]) >= wait
    assert complete(server, "sk-alice").status_code == 200, "another key is not held up"
    time.sleep(wait)
    assert complete(server, "sk-narrow").status_code == 200, "the advice was honest"


def test_a_preflight_of_an_allowed_origin(server):
    asked = {"Origin": "https://chat.example", "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization,content-type,x-stainless-os"}
    answer = server.http.options("/v1/completions", headers=asked)
    assert answer.status_code == 204 and answer.content == b""
    assert answer.headers["access-control-allow-origin"] == "https://chat.example"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "x-stainless-os" in answer.headers["access-control-allow-headers"]
    assert "Origin" in answer.headers["vary"]


def test_answers_to_an_allowed_origin_can_be_read_errors_too(server):
    origin = {"Origin": "https://chat.example"}
    for answer in (server.http.get("/v1/models", headers=origin | bearer("sk-alice")),
                   server.http.get("/v1/models", headers=origin)):
        assert answer.headers["access-control-allow-origin"] == "https://chat.example"
        assert "X-Request-Id" in answer.headers["access-control-expose-headers"]


def test_another_origin_gets_nothing(server):
    answer = server.http.get("/v1/models", headers={"Origin": "https://evil.example"} | bearer("sk-alice"))
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "Origin" in answer.headers["vary"]


def test_without_origins_there_is_no_cors():
    with Server() as plain:
        answer = plain.http.get("/v1/models", headers={"Origin": "https://chat.example"})
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_keys_are_read_again_at_sighup(tmp_path):
    file = tmp_path / "keys"
    file.write_text("sk-old\n")
    with Server(MODEL, "--api-key-file", file, "--metrics-public") as server:
        assert server.http.get("/metrics").status_code == 200
        file.write_text("sk-new\n")
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 5
        while server.http.get("/v1/models", headers=bearer("sk-new")).status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert server.http.get("/v1/models", headers=bearer("sk-old")).status_code == 401
        file.write_text("a b c d\n")
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 5
        while not any("line 1 of the API key file" in line for line in server.log):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert server.http.get("/v1/models", headers=bearer("sk-new")).status_code == 200, "the last good keys stay"


@pytest.mark.parametrize("text", [None, "", "# nothing\n", "a b c\n", "a k requests=x\n"])
def test_a_file_that_cannot_be_used_is_told_at_start(tmp_path, text):
    file = tmp_path / "keys"
    if text is not None:
        file.write_text(text)
    done = run_binary("serve", MODEL, "--port", 0, "--api-key-file", file)
    assert done.returncode == 1
    assert one_sentence(done.stderr) and str(file) in done.stderr


@pytest.mark.parametrize("flags", [["--max-requests-per-key", "3"], ["--cors-origin", "*"], ["--cors-origin", "a.b"]])
def test_flags_that_make_no_sense_are_refused(flags):
    done = run_binary("serve", MODEL, "--port", 0, *flags)
    assert done.returncode == 2 and flags[0] in done.stderr


def test_flags_come_from_the_environment_too(tmp_path):
    file = tmp_path / "keys"
    file.write_text("sk-one\n")
    environment = {"SWITCHYARD_API_KEY_FILE": str(file), "SWITCHYARD_METRICS_PUBLIC": "true",
                   "SWITCHYARD_CORS_ORIGIN": "https://a.example,https://b.example"}
    with Server(environment=environment) as server:
        assert server.http.get("/metrics").status_code == 200
        answer = server.http.get("/v1/models", headers={"Origin": "https://b.example"})
        assert answer.status_code == 401
        assert answer.headers["access-control-allow-origin"] == "https://b.example"
