"""Clocks an hour apart make no difference.

The time of day is moved by a library, because libfaketime changes the environment at start, after which a Swift program no
longer finds its arguments; the clock of waits by a namespace.
"""

import shutil
import subprocess
from datetime import datetime
from email.utils import parsedate_to_datetime

import pytest

from rank_job import CLIENT, Job
from rank_requests import Draw, ask_all
from switchyard_server import MODEL, ROOT, Server

HOUR = 3600


@pytest.fixture
def moved(tmp_path):
    """What a rank is started with whose clocks are off by some seconds."""
    compiler = shutil.which("cc") or shutil.which("clang")
    if not compiler:
        pytest.skip("no C compiler")
    library = tmp_path / "jumping_clock.so"
    source = ROOT / "Tests/EndToEnd/Support/jumping_clock.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source], check=True)

    def by(seconds, since_start):
        offset = tmp_path / f"offset{seconds}"
        offset.write_text(f"{seconds}\n")
        clocks = ["unshare", "--time", "--monotonic", str(since_start), "--boottime", str(since_start)]
        return {"environment": {"LD_PRELOAD": str(library), "JUMPING_CLOCK_FILE": str(offset)}, "prefix": clocks}

    return by


def test_clocks_an_hour_apart(serve, moved):
    requests = Draw(9).requests(60)
    with Server(MODEL, "--threads", "1") as one:
        expected = ask_all(requests, [one.url], 9)
    with Job(2, serve=serve, own={0: moved(HOUR, HOUR), 1: moved(-HOUR, 3 * HOUR)}) as job:
        told = parsedate_to_datetime(CLIENT.get(job.urls[0] + "/livez").headers["date"]).timestamp()
        assert abs(told - datetime.now().timestamp() - HOUR) < 60, "the clock is not off"
        assert ask_all(requests, job.urls, 9) == expected
        assert job.drain() == 0
