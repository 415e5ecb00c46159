"""Jobs of several processes: what `make ranks` runs. See docs/ranks.md."""

import os
import shutil
import subprocess

import pytest

from machine_sets import instruction_sets
from switchyard_server import binary

SHARED, HOSTS = "shared", "hosts"


def pytest_addoption(parser):
    parser.addoption("--serve", default="first", help="what --ranks-serve is given: first, all")
    parser.addoption("--requests", type=int, default=300, help="requests to every job")
    parser.addoption("--kills", type=int, default=3, help="times every kind of job loses a rank")
    parser.addoption("--whole", action="store_true", help="every shape of job at every setting, not each at some")
    parser.addoption("--seed", type=int, default=1, help="of what is drawn")


def pytest_collection_modifyitems(items):
    linked = subprocess.run(["ldd", binary()], capture_output=True, text=True).stdout
    if "libmpi" not in linked or not shutil.which("mpirun"):
        for item in items:
            item.add_marker(pytest.mark.skip("needs 'swift build --traits MPI' and openmpi-bin"))
    elif os.geteuid() != 0 or not shutil.which("ip"):
        for item in items:
            if HOSTS in str(getattr(item, "callspec", "")) or "hosts" in item.fixturenames:
                item.add_marker(pytest.mark.skip("network namespaces need root and iproute2"))


def shapes(ranks=(1, 2, 4)):
    """Kinds of jobs: in shared memory, and over hosts of one rank each."""
    return [(SHARED, n) for n in ranks] + [(HOSTS, n) for n in ranks if n > 1]


def settings():
    """What bodies depend on, or must not: weights, instructions, experts in memory."""
    return [(weights, instructions, memory) for weights in ("f32", "bf16", "int8", "int4")
            for instructions in instruction_sets() for memory in ("all", "one")]


def pytest_generate_tests(metafunc):
    if "shape" in metafunc.fixturenames:
        ranks = getattr(metafunc.module, "RANKS", (1, 2, 4))
        metafunc.parametrize("shape", shapes(ranks), ids=lambda shape: f"{shape[1]}-{shape[0]}")
    if "setting" in metafunc.fixturenames:
        metafunc.parametrize("setting", settings(), ids="-".join, scope="module")


@pytest.fixture
def serve(request):
    return request.config.getoption("--serve")


@pytest.fixture
def hosts():
    """Four hosts, should the job want any."""
    from rank_hosts import Hosts

    with Hosts(4) as found:
        yield found
