"""What a job cannot be started with: one sentence of ours says so, and nothing stays."""

import json
import re
import shutil
import time

import pytest

from rank_job import Job
from switchyard_server import MODEL

LAYERS, EXPERTS = 4, 8


def refused(job, within=15):
    """What mpirun printed, once the job is over by itself."""
    try:
        job.start()
        started = time.monotonic()
        assert job.process.wait(within) != 0
        assert job.gone(5) is not None, [str(process) for process in job.processes()]
        assert not job.left_behind()
        return job.text(), time.monotonic() - started
    finally:
        job.__exit__()


def sentences(text):
    """Our own, but for the log: neither Open MPI's boxes, nor what several ranks say alike twice, nor the word of a rank
    that mpirun ended because another was at fault."""
    ours = re.sub(r"^-{20,}$.*?^-{20,}$", "", text, flags=re.MULTILINE | re.DOTALL)
    return {line for line in ours.splitlines() if line.strip() and not re.match(r"\d{4}-\d\d-\d\dT|told to end while ", line)}


def bytes_swapped():
    return bytes(value ^ 1 for value in range(256))


@pytest.mark.parametrize("owners, sentence", [
    ([[0, 1, 0, 1, 0, 1, 0]] + [[0] * EXPERTS] * (LAYERS - 1), "it places 7 experts of sparse layer 0, which has 8"),
    ([[0] * EXPERTS] * (LAYERS - 1), "it places experts of 3 layers, the model has 4 sparse ones"),
    ([[0] * (EXPERTS - 1) + [2]] * LAYERS, "it places expert 7 of sparse layer 0 at rank 2 of 2"),
    ([[0] * (EXPERTS - 1) + [-1]] * LAYERS, "it places expert 7 of sparse layer 0 at rank -1 of 2"),
])
def test_a_placement_that_forgets_experts(owners, sentence, serve, tmp_path):
    file = tmp_path / "placement.json"
    file.write_text(json.dumps({"owners": owners}))
    text, _ = refused(Job(2, "--placement", file, serve=serve))
    assert len(sentences(text)) == 1 and sentence in sentences(text).pop(), text


def test_a_rank_without_the_model(serve, tmp_path):
    text, _ = refused(Job(2, serve=serve, own={1: {"model": tmp_path / "nothing"}}))
    assert len(sentences(text)) == 1 and str(tmp_path / "nothing") in sentences(text).pop(), text


def test_a_rank_with_another_model(serve, tmp_path):
    shutil.copytree(MODEL, tmp_path / "other")
    file = tmp_path / "other" / "model.safetensors"
    bytes = file.read_bytes()
    half = len(bytes) // 2
    # Samples are taken of it: one weight alone may be missed, another training is not.
    file.write_bytes(bytes[:half] + bytes[half:].translate(bytes_swapped()))
    text, _ = refused(Job(2, serve=serve, own={1: {"model": tmp_path / "other"}}))
    assert len(sentences(text)) == 1 and re.search("the model is .* at rank 0 on .*, but .* at rank 1", text), text


def test_a_rank_with_another_precision(serve):
    job = Job(2, serve=serve, own={0: {"flags": ["--weights", "bf16"]}, 1: {"flags": ["--weights", "int8"]}})
    text, _ = refused(job)
    assert len(sentences(text)) == 1 and "the precision of weights is bf16 at rank 0 on " in sentences(text).pop(), text


def test_fewer_ranks_than_were_asked_for(serve):
    text, _ = refused(Job(2, "--ranks", "3", serve=serve))
    assert len(sentences(text)) == 1 and "the job has 2 ranks, but --ranks asks for 3" in sentences(text).pop(), text


def test_a_host_that_is_not_there(hosts, serve):
    """Open MPI says it, and names the host."""
    text, _ = refused(Job(2, serve=serve, hosts=hosts, own={1: {"host": "nowhere"}}))
    assert re.search(r"nowhere", text), text
