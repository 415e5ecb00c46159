import pytest

from switchyard_server import Server


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running
        assert running.alive(), "the server died during the tests: " + "".join(running.log[-5:])
