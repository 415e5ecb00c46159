import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "EndToEnd" / "Support")]

import alone  # noqa: E402

SEPARATED = alone.leave_the_network()

from switchyard_server import MODEL, Server  # noqa: E402


def pytest_report_header():
    return "network: " + ("none but loopback" if SEPARATED else "not separated, which this user may not do")


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


@pytest.fixture(scope="session")
def embedded(server, sentence):
    """The sentence's embedding as the server writes it in plain numbers."""
    return server.post("/v1/embeddings", input=sentence).json()["data"][0]["embedding"]
