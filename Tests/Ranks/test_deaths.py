"""A job dies as one: everybody has an answer, nothing is left, and it serves again."""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import httpx
import pytest

from conftest import HOSTS
from rank_hosts import Hosts
from rank_job import CLIENT, Job
from rank_requests import Draw

RANKS = (2, 4)
STREAMS = 64
PROMPT = "Two children play football in the park."
# Different ones, so that all ranks are asked; or one, which may need but some of them.
PROMPTS = [[Draw(number).text() for number in range(STREAMS)], [PROMPT] * STREAMS]
# Open MPI takes its daemons down one after the other: mpi.md of Open MPI 4.1.4, two seconds on a host and four over four.
GONE, SERVING_AGAIN = 5, 10


def stream(url, prompt):
    """How a client that streams for as long as it may is left, and when."""
    body = {"prompt": prompt, "temperature": 0, "max_tokens": 4000, "ignore_eos": True, "stream": True}
    how = "cut"
    try:
        with CLIENT.stream("POST", url + "/v1/completions", json=body) as answer:
            if answer.status_code != 200:
                return str(answer.status_code), time.monotonic()
            for line in answer.iter_lines():
                if line == "data: [DONE]":
                    how = "done" if how == "cut" else how
                elif line.startswith("data: ") and "error" in json.loads(line[len("data: "):]):
                    how = "error event"
    except httpx.HTTPError as error:
        how = f"broken: {type(error).__name__}"
    return how, time.monotonic()


def loaded(job, pool, prompts=PROMPTS[0]):
    """Streams to all that serve, all of them under way."""
    ranks = [*job.serving] * STREAMS
    asked = [(rank, pool.submit(stream, job.url(rank), prompt)) for rank, prompt in zip(ranks, prompts)]
    deadline = time.monotonic() + 20
    while sum(job.metric("switchyard_requests_running", rank) for rank in job.serving) < STREAMS:
        assert time.monotonic() < deadline, "the streams never ran"
        time.sleep(0.02)
    return asked


def told(asked, since, victim, within):
    """Every client has its answer, an error event or 503, and soon; clients of the victim see their connections end."""
    ends = [(rank, *future.result()) for rank, future in asked]
    late = [end for end in ends if end[2] - since > within]
    assert not late, f"{len(late)} clients waited {max(end[2] for end in late) - since:.1f} s: {late[:3]}"
    fair = {"done", "error event", "503"}
    wrong = [(rank, how) for rank, how, _ in ends if how not in fair and not (rank == victim and how.startswith("broken"))]
    assert not wrong, Counter(wrong)
    return Counter(how for _, how, _ in ends), max(end[2] for end in ends) - since


@pytest.fixture
def room(shape):
    kind, ranks = shape
    with Hosts(ranks) if kind == HOSTS else nullcontext() as hosts:
        yield ranks, hosts


def job_of(room, serve, **more):
    ranks, hosts = room
    return Job(ranks, "--max-output-tokens", "100000", "--max-sequences", STREAMS, serve=serve, hosts=hosts, **more)


def test_a_killed_rank_ends_the_job_and_it_serves_again(request, room, serve):
    kills = request.config.getoption("--kills")
    job = job_of(room, serve)
    with job:
        for number in range(max(kills, job.ranks)):
            victim = number % job.ranks
            with ThreadPoolExecutor(STREAMS) as pool:
                asked = loaded(job, pool, PROMPTS[number // job.ranks % 2])
                time.sleep(random.Random(number).random() / 4)
                killed = time.monotonic()
                job.members()[victim].kill()
                how, seconds = told(asked, killed, victim, within=3)
            assert job.gone(GONE) is not None, [str(process) for process in job.processes()]
            gone = time.monotonic() - killed
            assert gone < GONE + 0.2 and job.process.returncode != 0
            assert not job.left_behind()
            job.start().ready()
            again = time.monotonic() - killed
            assert again < SERVING_AGAIN
            print(f"{job.ranks} ranks, rank {victim} killed: {dict(how)} within {seconds:.2f} s, gone after {gone:.2f} s, "
                  f"serving after {again:.2f} s")
        assert job.drain() == 0


@pytest.mark.parametrize("ranks", RANKS)
def test_a_cut_link_ends_the_job(ranks, hosts, serve):
    victim = ranks - 1
    job = job_of((ranks, hosts), serve)
    with job:
        with ThreadPoolExecutor(STREAMS) as pool:
            asked = loaded(job, pool)
            cut = time.monotonic()
            hosts.cut(victim)
            reached = [each for each in asked if each[0] != victim]
            how, seconds = told(reached, cut, victim, within=10)
            # Open MPI's own keepalives, ten seconds on the side that mpirun is on.
            while job.process.poll() is None and time.monotonic() - cut < 20:
                time.sleep(0.05)
            gone = time.monotonic() - cut
            hosts.mend(victim)
        assert job.process.poll() not in (None, 0)
        mended = time.monotonic()
        assert job.gone(GONE) is not None, [str(process) for process in job.processes()]
        assert not job.left_behind()
        job.start().ready()
        print(f"{ranks} ranks, a link cut: {dict(how)} within {seconds:.2f} s, mpirun gone after {gone:.2f} s, "
              f"serving {time.monotonic() - mended:.2f} s after it was mended")
        assert time.monotonic() - mended < SERVING_AGAIN
        assert job.drain() == 0


def test_what_a_job_says_may_be_lost(serve, tmp_path):
    """A log on a full disk takes no answer from anybody."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "ranks", tmp_path], check=True)
    try:
        with (tmp_path / "log").open("wb") as log:
            log.write(bytes(4096))
            log.flush()
            with Job(2, serve=serve, output=log) as job:
                for number in range(64):
                    url = job.urls[number % len(job.urls)]
                    answer = CLIENT.post(url + "/v1/completions", json={"prompt": PROMPT, "temperature": 0}, timeout=20)
                    assert answer.status_code == 200
                assert job.drain() == 0
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_disk_that_fills_while_a_job_runs_is_no_matter(hosts, serve):
    with job_of((2, hosts), serve) as job:
        hosts.fill_disk(1)
        try:
            answer = CLIENT.post(job.url(0) + "/v1/completions", json={"prompt": PROMPT, "temperature": 0}, timeout=20)
            assert answer.status_code == 200
        finally:
            hosts.free_disk(1)
        assert job.drain() == 0


def test_a_host_whose_disk_is_full_ends_the_start(hosts, serve):
    hosts.fill_disk(1)
    job = job_of((2, hosts), serve)
    try:
        job.start()
        assert job.process.wait(20) != 0
        assert job.gone(GONE) is not None
        # Open MPI says it, with the name of the host.
        assert hosts.names[1] in job.text() and "OUT-OF-RESOURCE" in job.text(), job.text()
    finally:
        job.__exit__()


def test_mpirun_killed_takes_its_ranks_along(serve):
    with Job(2, serve=serve) as job:
        members = job.members()
        assert sorted(members) == [0, 1]
        os.kill(job.process.pid, signal.SIGKILL)
        assert job.gone(GONE) is not None, [str(process) for process in job.processes()]
