import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "EndToEnd" / "Support"))

from switchyard_server import MODEL, Server  # noqa: E402


@pytest.fixture(scope="session")
def server():
    """Takes every name of a model: some of these clients send one of their own."""
    with Server(MODEL, "--any-model") as running:
        yield running
        assert running.alive()


@pytest.fixture(scope="session")
def expected(server):
    """What a completion makes of the sentence that every client sends, greedily."""
    return server.complete(SENTENCE)["choices"][0]["text"]


SENTENCE = "A man is walking."


@pytest.fixture(scope="session")
def sentence():
    return SENTENCE


@pytest.fixture(scope="session")
def base(server):
    return server.url + "/v1"
