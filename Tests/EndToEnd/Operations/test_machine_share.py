"""Threads and memory that nobody asked for follow what affinity and control groups leave."""

import contextlib
import os
import re
import time
from pathlib import Path

import pytest

from switchyard_server import MODEL, Server, run_binary

CPU = Path("/sys/fs/cgroup/cpu")
# Runs a command in the group that is named first.
ENTER = 'echo $$ > "$0/cgroup.procs" && exec "$@"'


def metrics(server):
    found = re.findall(r"^switchyard_(threads|usable_\w+) (\S+)$", server.http.get("/metrics").text, re.MULTILINE)
    return {name: float(value) for name, value in found}


@pytest.fixture
def group():
    """Makes a control group of version 1, and one within it, with quotas in thousandths of a processor."""
    made = []

    def make(*quotas):
        directory = CPU
        for quota in quotas:
            directory = directory / f"switchyard-test-{os.getpid()}"
            try:
                directory.mkdir()
                made.append(directory)
                (directory / "cpu.cfs_period_us").write_text("100000")
                (directory / "cpu.cfs_quota_us").write_text(str(quota * 100))
            except OSError as error:
                pytest.skip(f"no control groups of version 1 can be made here: {error}")
        return directory

    yield make
    for directory in reversed(made):
        for _ in range(100):
            with contextlib.suppress(OSError):
                directory.rmdir()
                break
            time.sleep(0.05)


def test_one_processor_of_the_affinity_is_one_thread():
    one = str(min(os.sched_getaffinity(0)))
    with Server(MODEL, prefix=("taskset", "-c", one)) as server:
        found = metrics(server)
    assert (found["threads"], found["usable_processors"]) == (1, 1)
    assert found["usable_memory_bytes"] > 1 << 26


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two processors")
@pytest.mark.parametrize("quotas, usable, threads", [((1000,), 1, 1), ((1500,), 1.5, 2), ((500,), 0.5, 1), ((1000, 1000), 1, 1)])
def test_threads_follow_a_quota(group, quotas, usable, threads):
    prefix = ("sh", "-c", ENTER, str(group(*quotas)))
    with Server(MODEL, "--log-format", "text", prefix=prefix) as server:
        found = metrics(server)
    assert (found["usable_processors"], found["threads"]) == (usable, threads)
    line = next(line for line in server.log if "what this process may use of the machine" in line)
    assert f"quota={usable:.1f}" in line and f"threads={threads}" in line


def test_a_number_of_threads_that_was_asked_for_stays(group):
    with Server(MODEL, "--threads", 3, prefix=("sh", "-c", ENTER, str(group(1000)))) as server:
        assert metrics(server)["threads"] == 3


def test_inspect_says_what_the_defaults_are():
    shown = run_binary("inspect", MODEL).stdout
    assert re.search(r"^processors here       \d+.*: --threads [1-9]\d*$", shown, re.MULTILINE)
    assert re.search(r"^memory here           .* [MG]B: --cache-memory \d+[MG]$", shown, re.MULTILINE)
