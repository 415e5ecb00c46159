"""Traces as an OTLP collector receives them, and a collector that is slow, full, wrong or away."""

import os
import socket
import subprocess
import time

import pytest

from otlp_collector import Collector, attributes
from switchyard_server import MODEL, Server
from test_observability import SPAN, TRACE, complete, wait_for


def traced(collector, *flags, path="", scheme="http", environment=None):
    url = f"{scheme}://localhost:{collector.port}{path}"
    return Server(MODEL, "--otlp-endpoint", url, *flags, environment=environment)


def test_a_completion_is_a_tree_of_spans():
    with Collector() as collector, traced(collector) as server:
        before = time.time_ns()
        answer = complete(server, "traced", {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "a=1, b=2",
                                             "User-Agent": "tester"})
        # A client has its answer before the server has looked at the clock; its next request on the connection waits.
        server.http.get("/livez")
        after = time.time_ns()
        spans = {span.name: span for span in wait_for(lambda: collector.spans)}
        assert set(spans) == {"POST /v1/completions", "tokenize", "queue", "encode", "decode"}
        root = spans.pop("POST /v1/completions")
        assert root.trace_id.hex() == TRACE and root.parent_span_id.hex() == SPAN and root.trace_state == "a=1,b=2"
        assert root.kind == root.SPAN_KIND_SERVER and root.flags & 0x301 == 0x301
        assert before <= root.start_time_unix_nano <= root.end_time_unix_nano <= after
        at = root.start_time_unix_nano
        for name in "tokenize", "queue", "encode", "decode":
            span = spans[name]
            assert span.parent_span_id == root.span_id and span.trace_id == root.trace_id
            assert span.kind == span.SPAN_KIND_INTERNAL
            assert at <= span.start_time_unix_nano <= span.end_time_unix_nano <= root.end_time_unix_nano
            at = span.end_time_unix_nano
        usage = answer.json()["usage"]
        assert attributes(root) == {
            "http.request.method": "POST", "http.route": "/v1/completions", "url.path": "/v1/completions",
            "url.scheme": "http", "http.response.status_code": 200, "server.address": "127.0.0.1",
            "server.port": server.port, "client.address": "127.0.0.1", "user_agent.original": "tester",
            "http.request.body.size": len(answer.request.content), "http.response.body.size": len(answer.content),
            "http.request.header.x-request-id": ["traced"], "gen_ai.operation.name": "text_completion",
            "gen_ai.provider.name": "switchyard", "gen_ai.request.model": "en-de",
            "gen_ai.response.id": answer.json()["id"], "gen_ai.usage.input_tokens": usage["prompt_tokens"],
            "gen_ai.usage.output_tokens": usage["completion_tokens"], "gen_ai.request.max_tokens": 32,
            "gen_ai.request.choice.count": 1, "gen_ai.response.finish_reasons": ["stop"],
            "switchyard.request.prompts": 1, "switchyard.request.num_beams": 1, "switchyard.request.stream": False,
            "switchyard.first_token_ms": pytest.approx(0, abs=60_000),
        }
        resource = attributes(collector.requests[0].resource_spans[0].resource)
        assert resource["service.name"] == "switchyard" and resource["service.version"]
        assert resource["service.instance.id"] and resource["process.pid"] == server.process.pid
        wait_for(lambda: server.metric("switchyard_traces_exported_total") >= 1)


def test_the_scheme_is_https_over_tls(certificate):
    import httpx
    with Collector() as collector, traced(
            collector, "--tls-certificate", certificate[0], "--tls-key", certificate[1]) as server:
        httpx.get(f"https://localhost:{server.port}/v1/models", verify=False)
        assert server.stop() == 0
        assert {attributes(span)["url.scheme"] for span in collector.named("GET /v1/models")} == {"https"}


def test_probes_are_not_traced_and_errors_are():
    with Collector() as collector, traced(collector) as server:
        for path in ("/livez", "/readyz", "/metrics"):
            server.http.get(path)
        server.http.get("/nope")
        assert server.stop() == 0
        assert [span.name for span in collector.spans] == ["GET"]
        assert collector.spans[0].status.code == 0


def test_what_is_queued_is_sent_before_the_end():
    with Collector() as collector, traced(collector) as server:
        for _ in range(20):
            server.http.get("/v1/models")
        assert server.stop() == 0
        assert len(collector.named("GET /v1/models")) == 20
        assert len(collector.requests) == 1


@pytest.mark.parametrize("flags, sampled, taken", [
    ([], None, 10), ([], False, 0), (["--trace-sample-ratio", "0"], None, 0), (["--trace-sample-ratio", "0"], True, 10)])
def test_the_caller_decides_and_else_the_ratio(flags, sampled, taken):
    headers = {} if sampled is None else {"traceparent": f"00-{TRACE}-{SPAN}-0{int(sampled)}"}
    with Collector() as collector, traced(collector, *flags) as server:
        for _ in range(10):
            server.http.get("/v1/models", headers=headers)
        assert server.stop() == 0
        assert len(collector.spans) == taken


@pytest.mark.parametrize("path, expected", [
    ("", "/v1/traces"), ("/", "/v1/traces"), ("/v1/traces", "/v1/traces"), ("/team/otlp", "/team/otlp/v1/traces")])
def test_the_path_is_appended_when_absent(path, expected):
    with Collector() as collector, traced(collector, path=path) as server:
        server.http.get("/v1/models")
        assert server.stop() == 0
        assert collector.paths == [expected]


def test_headers_come_from_flags_or_the_environment_and_are_not_logged():
    with Collector() as collector:
        with traced(collector, "--otlp-header", "x-one=1", "--otlp-header", "x-two=a b") as server:
            server.http.get("/v1/models")
            assert server.stop() == 0
        with traced(collector, environment={"SWITCHYARD_OTLP_HEADER": "api-key=hush,x-three=3"}) as server:
            server.http.get("/v1/models")
            assert server.stop() == 0
            assert "hush" not in "".join(server.log)
        first, second = collector.headers
        assert (first["x-one"], first["x-two"]) == ("1", "a b")
        assert (second["api-key"], second["x-three"]) == ("hush", "3")


# A collector in trouble


def test_a_collector_that_comes_up_late_gets_what_was_kept():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with Server(MODEL, "--otlp-endpoint", f"http://127.0.0.1:{port}") as server:
        for _ in range(3):
            server.http.get("/v1/models")
        wait_for(lambda: server.metric("switchyard_trace_export_failures_total") >= 1, within=15)
        with Collector(port=port) as collector:
            assert len(wait_for(lambda: collector.named("GET /v1/models"), within=20)) == 3
            wait_for(lambda: any("exported again" in line for line in server.log))
        assert sum("not exported" in line for line in server.log) == 1


def test_retry_after_is_honoured():
    with Collector(lambda attempt: (503, {"Retry-After": "4"}) if attempt == 0 else (200, {})) as collector:
        with traced(collector) as server:
            server.http.get("/v1/models")
            wait_for(lambda: collector.spans, within=20)
            first, second = collector.attempts
            assert second - first >= 4
            assert len(collector.spans) == 1


def test_what_is_refused_is_not_sent_again():
    with Collector(lambda attempt: (400, {})) as collector, traced(collector) as server:
        server.http.get("/v1/models")
        wait_for(lambda: server.metric('switchyard_traces_dropped_total{reason="refused"}') == 1, within=15)
        assert server.stop() == 0
        assert len(collector.attempts) == 1


def test_a_collector_that_is_away_costs_traces_and_no_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Server(MODEL, "--otlp-endpoint", url, "--access-log", "off") as server:
            slowest = 0
            for _ in range(2200):
                started = time.monotonic()
                assert server.http.get("/v1/models").status_code == 200
                slowest = max(slowest, time.monotonic() - started)
            assert slowest < 2
            assert server.metric('switchyard_traces_dropped_total{reason="queue_full"}') >= 2200 - 2048 - 512
            started = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - started < 10


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key, chain = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", chain, "-days",
                    "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True)
    return str(chain), str(key)


def test_https_is_trusted_when_the_certificate_is(certificate):
    with Collector(certificate=certificate) as collector:
        with traced(collector, scheme="https", environment={"SSL_CERT_FILE": certificate[0]}) as server:
            server.http.get("/v1/models")
            assert server.stop() == 0
            assert len(collector.spans) == 1


@pytest.mark.parametrize("case", ["unknown authority", "another name", "no TLS"])
def test_https_is_not_trusted_otherwise(certificate, case):
    with Collector(certificate=None if case == "no TLS" else certificate) as collector:
        host = "127.0.0.1" if case == "another name" else "localhost"
        environment = {} if case == "unknown authority" else {"SSL_CERT_FILE": certificate[0]}
        with Server(MODEL, "--otlp-endpoint", f"https://{host}:{collector.port}", environment=environment) as server:
            server.http.get("/v1/models")
            wait_for(lambda: any("TLS with the collector failed" in line for line in server.log), within=15)
            assert not collector.requests


@pytest.mark.parametrize("flags", [
    ["--otlp-endpoint", "localhost:4318"], ["--otlp-endpoint", "ftp://x"], ["--otlp-endpoint", "http://u:p@x"],
    ["--otlp-header", "nothing"], ["--otlp-header", "a b=c"], ["--trace-sample-ratio", "1.1"],
    ["--trace-sample-ratio", "-0.1"], ["--trace-sample-ratio", "nan"], ["--access-log", "xml"]])
def test_bad_flags_exit_with_2(flags):
    from switchyard_server import run_binary
    done = run_binary("serve", MODEL, "--port", "0", *flags)
    assert done.returncode == 2 and flags[0] in done.stderr, done
