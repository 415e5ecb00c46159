"""Whatever the number of ranks and wherever they are: the bodies of one process."""

import json
from collections import Counter
from contextlib import nullcontext

import pytest

from conftest import HOSTS, settings, shapes
from rank_hosts import Hosts
from rank_job import Job
from rank_requests import Draw, ask_all
from switchyard_server import MODEL, Server


def flags_of(setting):
    weights, instructions, memory = setting
    flags = ["--weights", weights, "--instruction-set", instructions]
    # A byte is room for one expert, the least there may be.
    return flags + (["--expert-memory", "1"] if memory == "one" else [])


def turn(setting, whole):
    """The shapes of a setting's jobs: all, or two, such that each shape meets all kinds of settings."""
    every = shapes()
    if whole:
        return every
    number = settings().index(setting)
    return [every[(number * 2 + offset) % len(every)] for offset in (0, 1)]


@pytest.fixture(scope="module")
def expected(request, setting):
    """The requests, and what one process answers."""
    count, seed = request.config.getoption("--requests"), request.config.getoption("--seed")
    requests = Draw(f"{seed} {setting}").requests(count)
    with Server(MODEL, *flags_of(setting), "--threads", "2") as one:
        answers = ask_all(requests, [one.url], seed)
    assert Counter(json.loads(answer)[0] for answer in answers) == {200: count}
    return requests, answers


def differences(requests, expected, found):
    return [(request, one, many) for request, one, many in zip(requests, expected, found) if one != many]


def test_bodies_are_those_of_one_process(request, setting, expected, serve):
    requests, answers = expected
    for kind, ranks in turn(setting, request.config.getoption("--whole")):
        with Hosts(ranks) if kind == HOSTS else nullcontext() as hosts:
            with Job(ranks, *flags_of(setting), serve=serve, hosts=hosts) as job:
                found = ask_all(requests, job.urls, request.config.getoption("--seed"))
                remote = sum(job.metric("switchyard_remote_rows_total", rank) for rank in job.serving)
                assert (remote > 0) == (ranks > 1)
                assert job.drain() == 0
            wrong = differences(requests, answers, found)
            assert not wrong, f"{ranks} ranks, {kind}: {len(wrong)} of {len(requests)} differ, the first: {wrong[0]}"
            assert not job.left_behind()
