"""Experts spread over the processes of an Open MPI job: the bodies of one process, and an end together."""

import json
import random
import shutil
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from switchyard_server import MODEL, Server, binary, clean_environment, run_binary

BUILT = "libmpi" in subprocess.run(["ldd", binary()], capture_output=True, text=True).stdout
pytestmark = pytest.mark.skipif(
    not (BUILT and shutil.which("mpirun")), reason="needs 'swift build --traits MPI' and openmpi-bin")

TEXTS = ["A man is walking.", "Two children play football in the park.", "A dog.", "The red car stands by the sea."]
REQUESTS = [
    ("/v1/completions", {"prompt": TEXTS[0], "temperature": 0, "logprobs": 3}),
    ("/v1/completions", {"prompt": TEXTS, "temperature": 0.8, "seed": 7, "n": 2}),
    ("/v1/completions", {"prompt": TEXTS[1], "temperature": 0, "decoder_prompt": "Zwei", "max_tokens": 5}),
    ("/v1/beam_search", {"prompt": TEXTS[3], "num_beams": 4, "num_return_sequences": 3}),
    ("/v1/route", {"prompt": TEXTS[1]}),
    ("/v1/embeddings", {"input": TEXTS}),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": TEXTS[2]}], "temperature": 0}),
    ("/translate", {"q": " ".join(TEXTS), "source": "en", "target": "de"}),
]
JOB = ["--ranks-serve", "first"]


ALL = ["--ranks-serve", "all"]


def mpirun(ranks):
    return ["mpirun", "-n", str(ranks), "--allow-run-as-root", "--oversubscribe", "--bind-to", "none",
            "--mca", "mpi_yield_when_idle", "1"]


def answers(server):
    """What does not change from one process to another."""
    def body(path, members):
        answer = server.post(path, **members)
        assert answer.status_code == 200, answer.text
        return {k: v for k, v in answer.json().items() if k not in ("id", "created", "created_at", "system_fingerprint")}

    with ThreadPoolExecutor(8) as pool:
        return [json.dumps(each, sort_keys=True) for each in pool.map(lambda r: body(*r), REQUESTS * 3)]


def ranks_of(server):
    return [p for p in psutil.Process(server.process.pid).children(recursive=True) if "switchyard" in p.name()]


@pytest.mark.parametrize("flags", [
    ["--weights", "f32"], ["--weights", "bf16"], ["--weights", "int8", "--expert-memory", "1"], ["--weights", "int4"],
], ids=lambda flags: " ".join(flags))
def test_bodies_are_those_of_one_process(flags):
    with Server(MODEL, *flags) as one:
        expected = answers(one)
    with Server(MODEL, *JOB, *flags, prefix=mpirun(2)) as job:
        assert answers(job) == expected
        assert job.metric("switchyard_ranks") == 2
        assert job.metric("switchyard_remote_rows_total") > 0 < job.metric("switchyard_local_rows_total")
        job.process.send_signal(signal.SIGUSR1)
        assert job.process.wait(20) == 0


class All:
    """A job in which every rank serves; `rank` is a server of which one rank answers."""

    def __init__(self, ranks, *flags):
        port = free_ports(ranks)
        self.first = Server(MODEL, *ALL, *flags, prefix=mpirun(ranks), port=port)
        self.urls = [f"http://127.0.0.1:{port + rank}" for rank in range(ranks)]
        self.clients = [httpx.Client(base_url=url, timeout=60) for url in self.urls]
        deadline = time.monotonic() + 30
        while any(not ready(client) for client in self.clients):
            assert time.monotonic() < deadline, "never ready"
            time.sleep(0.05)

    def post(self, path, rank=None, **body):
        return self.clients[random.randrange(len(self.clients)) if rank is None else rank].post(path, json=body)

    def metric(self, rank, name):
        for line in self.clients[rank].get("/metrics").text.splitlines():
            if line.split(" ")[0] == name:
                return float(line.split(" ")[1])
        raise KeyError(name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.first.process.send_signal(signal.SIGUSR1)
        self.first.__exit__(None, None, None)


def ready(client):
    try:
        return client.get("/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def free_ports(count):
    """The first of as many free ports in a row."""
    for first in range(random.randrange(20000, 40000), 60000, 7):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


@pytest.mark.parametrize("ranks, flags", [
    (2, ["--weights", "f32"]), (3, ["--weights", "bf16"]), (2, ["--weights", "int8", "--expert-memory", "1"]),
])
def test_whichever_rank_is_asked_bodies_are_those_of_one_process(ranks, flags):
    with Server(MODEL, *flags) as one:
        expected = answers(one)
    with All(ranks, *flags) as job:
        assert answers(job) == expected
        # One rank alone is asked: the others serve it.
        before = job.metric(1, "switchyard_served_rows_total")
        for path, members in REQUESTS:
            assert job.post(path, rank=0, **members).status_code == 200
        assert job.metric(1, "switchyard_served_rows_total") > before
        layer = job.clients[1].get("/v1/experts").json()["encoder"][0]
        assert layer["ranks"] == [[expert * ranks // layer["experts"]] for expert in range(layer["experts"])]
        job.first.process.send_signal(signal.SIGUSR1)
        assert job.first.process.wait(20) == 0


def test_experts_at_several_ranks_are_served(tmp_path):
    with Server(MODEL) as one:
        expected = answers(one)
    with All(2) as job:
        assert answers(job) == expected
        files = []
        for rank, client in enumerate(job.clients):
            files.append(tmp_path / f"{rank}.json")
            files[rank].write_text(client.get("/v1/experts").text)
    command = [binary(), "place", "--ranks", "2", "--copies", "1", *map(str, files)]
    placed = subprocess.run(command, capture_output=True, text=True, timeout=10)
    owners = json.loads(placed.stdout)["owners"]
    assert all(layer.count([0, 1]) >= 1 for layer in owners)
    placement = tmp_path / "placement.json"
    placement.write_text(placed.stdout)
    with All(2, "--placement", placement) as job:
        assert answers(job) == expected


def test_a_rank_that_is_told_to_end_takes_all_with_it():
    with All(2, "--drain-delay", "0") as job:
        def ask(n):
            return job.post("/v1/completions", rank=n % 2, prompt=TEXTS[n % 4], max_tokens=24).status_code

        with ThreadPoolExecutor(16) as pool:
            asked = [pool.submit(ask, n) for n in range(32)]
            time.sleep(0.3)
            next(p for p in ranks_of(job.first) if p.is_running()).send_signal(signal.SIGTERM)
            # A connection that came too late is refused; whatever was accepted is answered.
            ends = [a.exception() or a.result() for a in asked]
        assert {e for e in ends if not isinstance(e, httpx.HTTPError)} <= {200, 503}
        assert job.first.process.wait(30) == 0


def test_a_rank_that_is_killed_ends_all_that_serve():
    with All(2, "--max-output-tokens", "4000") as job:
        def ask(n):
            body = {"prompt": TEXTS[n % 4], "temperature": 0, "max_tokens": 4000, "ignore_eos": True, "stream": True}
            with job.clients[n % 2].stream("POST", "/v1/completions", json=body) as answer:
                return answer.read().decode()

        ranks = sorted(ranks_of(job.first), key=lambda p: p.pid)
        with ThreadPoolExecutor(16) as pool:
            asked = [pool.submit(ask, n) for n in range(16)]
            wait_for_running(job.first, 8)
            ranks[1].kill()
            ends = [a.exception() or a.result() for a in asked]
        # Those of the rank that is gone lose their connection; all others are told.
        told = [e for e in ends if not isinstance(e, BaseException)]
        assert len(told) >= 8 and all("ranks_lost" in e for e in told), ends
        assert job.first.process.wait(10) != 0


def test_a_placement_by_load_is_served(tmp_path):
    with Server(MODEL) as one:
        expected = answers(one)
        load = one.http.get("/v1/experts").text
    placed = subprocess.run([binary(), "place", "--ranks", "2"], input=load, capture_output=True, text=True, timeout=10)
    file = tmp_path / "placement.json"
    file.write_text(placed.stdout)
    owners = json.loads(placed.stdout)["owners"]
    assert any(layer != sorted(layer) for layer in owners)
    assert all(abs(layer.count(0) - layer.count(1)) <= 1 for layer in owners)
    with Server(MODEL, *JOB, "--placement", file, prefix=mpirun(2)) as job:
        assert answers(job) == expected


def test_a_drain_by_sigusr1_loses_no_request():
    with Server(MODEL, *JOB, "--drain-delay", "1", prefix=mpirun(2)) as job:
        with ThreadPoolExecutor(16) as pool:
            answers = [pool.submit(job.complete, TEXTS[n % 4], max_tokens=24) for n in range(64)]
            time.sleep(0.1)
            job.process.send_signal(signal.SIGUSR1)
            assert len([a.result() for a in answers]) == 64
        assert job.process.wait(20) == 0


def wait_for_running(server, requests):
    while server.metric("switchyard_requests_running") < requests:
        time.sleep(0.02)


def last_event(job, n, tokens=400):
    """The last line but [DONE] of a stream that takes a while, or its status."""
    body = {"prompt": TEXTS[n % 4], "temperature": 0, "max_tokens": tokens, "ignore_eos": True}
    with job.http.stream("POST", "/v1/completions", json=body | {"stream": True}) as answer:
        if answer.status_code != 200:
            return answer.status_code
        return [line for line in answer.iter_lines() if line.startswith("data: {")][-1]


@pytest.mark.parametrize("ranks", [2, 4])
def test_nobody_is_cut_off_in_the_second_that_mpirun_leaves(ranks):
    """Whether or not anybody waits for another rank when it ends the job; ranks that hold experts do not go first."""
    with Server(MODEL, *JOB, "--max-output-tokens", "100000", prefix=mpirun(ranks)) as job:
        with ThreadPoolExecutor(16) as pool:
            asked = [pool.submit(last_event, job, 0, tokens=4000) for _ in range(16)]
            wait_for_running(job, 16)
            job.process.send_signal(signal.SIGTERM)
            ends = [a.exception() or a.result() for a in asked]
        assert all(isinstance(end, str) and '"error"' in end for end in ends), ends
        assert job.process.wait(10) != 0


def test_a_killed_rank_ends_the_job_and_nobody_waits():
    with Server(MODEL, *JOB, "--max-output-tokens", "4000", prefix=mpirun(2)) as job:
        host = max(ranks_of(job), key=lambda p: p.pid)
        with ThreadPoolExecutor(16) as pool:
            asked = [pool.submit(last_event, job, n, tokens=4000) for n in range(16)]
            wait_for_running(job, 16)
            killed = time.monotonic()
            host.kill()
            ends = [a.exception() or a.result() for a in asked]
            assert time.monotonic() - killed < 3
        assert len(ends) == 16 and all(isinstance(end, str) and "ranks_lost" in end for end in ends), ends
        assert job.process.wait(5) != 0
        assert not [p for p in psutil.process_iter(["cmdline"]) if "--ranks-serve" in (p.info["cmdline"] or [])]


@pytest.mark.parametrize("second, fact", [
    (["--weights", "int8"], "the precision of weights is bf16 at rank 0 on "),
    (["--weights", "bf16", "--expert-weights", "int4"], "the precision of experts is bf16 at rank 0 on "),
])
def test_ranks_that_are_not_alike_are_refused_by_name(second, fact):
    first = [binary(), "serve", str(MODEL), *JOB, "--weights", "bf16", "--port", "0"]
    second = [binary(), "serve", str(MODEL), *JOB, *second]
    command = [*mpirun(1), *first, ":", "-n", "1", *second]
    started = time.monotonic()
    run = subprocess.run(command, capture_output=True, text=True, timeout=30, env=clean_environment())
    assert run.returncode != 0 and fact in run.stderr, run.stderr
    assert "at rank 1 on" in run.stderr and time.monotonic() - started < 15


def test_a_job_of_one_where_two_were_asked_for():
    run = run_binary("serve", MODEL, *JOB, "--ranks", 2)
    assert run.returncode == 1
    assert "the job has 1 rank, but --ranks asks for 2" in run.stderr


def test_several_processes_without_the_flag_are_refused():
    command = [*mpirun(2), binary(), "serve", str(MODEL), "--port", "0"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=30, env=clean_environment())
    assert run.returncode == 2
    assert "mpirun started 2 processes: say --ranks-serve all or first" in run.stderr


@pytest.mark.parametrize("load, reason", [
    ("[]", "it must be an object"),
    ('{"encoder": []}', "'decoder' must be an array"),
    ('{"encoder": [{"total": {"tokens": [-1]}}], "decoder": []}', "'encoder.0.total.tokens' must be of whole numbers"),
    ("{", "standard input is not what GET /v1/experts answers"),
])
def test_a_load_that_is_none_is_refused(load, reason):
    run = subprocess.run([binary(), "place", "--ranks", "2"], input=load, capture_output=True, text=True, timeout=10)
    assert run.returncode == 1 and reason in run.stderr, run.stderr


@pytest.mark.parametrize("owners, reason", [
    ("[[0]]", "it places experts of 1 layers, the model has"),
    ("[[0, 1", "placement.json is no placement of this model's experts"),
    ('"all"', "'owners' must be an array"),
])
def test_a_placement_that_does_not_fit_is_refused(tmp_path, owners, reason):
    file = tmp_path / "placement.json"
    file.write_text('{"owners": %s}' % owners)
    command = [*mpirun(2), binary(), "serve", str(MODEL), *JOB, "--port", "0", "--placement", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=30, env=clean_environment())
    assert run.returncode == 1 and reason in run.stderr, run.stderr
