"""What ranks take: nothing while idle, and memory for their own experts only."""

import time

import psutil
import pytest

from conftest import HOSTS
from rank_hosts import Hosts
from rank_job import CLIENT, Job
from rank_requests import Draw, ask_all
from rank_weights import MODEL_SHAPE, bytes_of, make

RANKS = (1, 2, 4)
MEGABYTE = 1 << 20
# Beside dense weights, experts and caches.
SPARE = 64 * MEGABYTE


def measured(kind, ranks, check):
    if kind == HOSTS:
        with Hosts(ranks) as hosts:
            return check(hosts)
    return check(None)


def test_idle_ranks_leave_the_processors_to_others(shape, serve):
    kind, ranks = shape

    def check(hosts):
        with Job(ranks, serve=serve, hosts=hosts) as job:
            ask_all(Draw(2).requests(24), job.urls, 2)
            time.sleep(3)
            members = job.members()
            before = {rank: sum(process.cpu_times()[:2]) for rank, process in members.items()}
            start = time.monotonic()
            time.sleep(10)
            seconds = time.monotonic() - start
            shares = {rank: (sum(process.cpu_times()[:2]) - before[rank]) / seconds for rank, process in members.items()}
            print(f"{ranks} ranks, {kind}, idle: " + ", ".join(f"{share:.1%}" for _, share in sorted(shares.items())))
            assert len(shares) == ranks and max(shares.values()) < 0.05

    measured(kind, ranks, check)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Experts of 400 MB, so that a share of them is seen."""
    folder = tmp_path_factory.mktemp("large")
    make(folder)
    yield folder


@pytest.mark.parametrize("ranks", [2, 4])
def test_memory_is_for_own_experts(large, ranks, serve):
    cache = 16 * MEGABYTE
    with Job(ranks, "--weights", "f32", "--cache-memory", cache, serve=serve, model=large) as job:
        for url in job.urls:
            for _ in range(8):
                body = {"prompt": list(range(5, 200)), "max_tokens": 16, "temperature": 0}
                assert CLIENT.post(url + "/v1/completions", json=body, timeout=60).status_code == 200
        dense, experts = bytes_of(MODEL_SHAPE)
        for rank, process in sorted(job.members().items()):
            memory = process.memory_info()
            private = memory.rss - memory.shared + shared_anonymous(process)
            most = experts // ranks + SPARE + (dense + cache if rank in job.serving else 0)
            print(f"{ranks} ranks, rank {rank}: {private / MEGABYTE:.0f} MB of {most / MEGABYTE:.0f}")
            assert private <= most


def shared_anonymous(process):
    """Bytes of memory shared between ranks, which files mapped are not."""
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("RssShmem"))
