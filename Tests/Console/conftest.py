"""The page in a real browser: what `make console` runs. See docs/console.md."""

import pytest

import random_checkpoint
from console_page import Page
from switchyard_server import MODEL, ROOT, Server

MODELS = {"en-de": MODEL, "shakespeare": ROOT / "models/shakespeare"}


@pytest.fixture(scope="session")
def experts64(tmp_path_factory):
    """Random, 64 experts in two sparse layers of each stack."""
    return random_checkpoint.make(tmp_path_factory.mktemp("models") / "experts64")


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running
        assert running.alive(), "".join(running.log[-5:])


@pytest.fixture(scope="module")
def page(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    with Page(server.url, downloads=folder) as opened:
        opened.downloads = folder
        yield opened
        opened.check()


@pytest.fixture
def served(request, experts64):
    """A server of the model that a test names."""
    with Server(MODELS.get(request.param, experts64)) as running:
        yield running
        assert running.alive()
