"""What files and requests say of generation, on tiny checkpoints: transformers' tokens and scores.

Tests/Parity/generation_goldens.py wrote them; `make parity` compares far more.
"""

import json

import pytest

from switchyard_server import ROOT, Server

FIXTURES = ROOT / "Tests" / "Parity" / "Fixtures"
PATHS = {"completions": "/v1/completions", "beam_search": "/v1/beam_search"}
# What the goldens were made with.
FLAGS = ["--weights", "f32", "--max-output-tokens", 24, "--max-sequences", 16, "--cache-memory", "64M"]


def worlds():
    for file in sorted(FIXTURES.glob("*/generation.json")):
        for world in json.loads(file.read_text())["worlds"]:
            yield pytest.param(file.parent, world, id=f"{file.parent.name}, {world['name']}")


def linked(checkpoint, generation, path):
    for name in ("config.json", "model.safetensors"):
        (path / name).symlink_to(checkpoint / name)
    (path / "generation_config.json").write_text(json.dumps(generation))
    return path


def close(found, expected):
    return abs(found - expected) <= 1e-4 * max(1, abs(expected))


@pytest.mark.parametrize("checkpoint, world", list(worlds()))
def test_the_answer_is_the_references(tmp_path, checkpoint, world):
    with Server(linked(checkpoint, world["generation"], tmp_path), *FLAGS) as server:
        for case in world["cases"]:
            answer = server.post(PATHS[case["endpoint"]], **case["body"])
            assert answer.status_code == 200, (case, answer.text)
            choices = answer.json().get("choices") or answer.json()["beams"]
            given = len(case["body"].get("decoder_prompt") or [])
            count = len(case["tokens"])
            assert [choice["token_ids"][given:] for choice in choices[:count]] == case["tokens"], case
            for choice, score, sum in zip(choices, case["scores"] or [], case["sums"] or []):
                found = choice["score" if case["endpoint"] == "beam_search" else "beam_score"]
                assert close(found, score) and close(choice["cumulative_logprob"], sum), (case, choice)


def test_there_is_something_to_compare_with():
    names = [param.id for param in worlds()]
    assert len(names) > 100 and len({name.split(",")[0] for name in names}) > 1
