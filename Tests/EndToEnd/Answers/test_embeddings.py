"""Embeddings of a directory as sentence-transformers lays it out, beside those of transformers."""

import json
import shutil
import struct

import pytest

from switchyard_server import ROOT, Server

FIXTURES = ROOT / "Tests/Parity/Fixtures"
WIDTH = 16


def write_safetensors(path, name, rows):
    values = [value for row in rows for value in row]
    header = json.dumps({name: {"dtype": "F32", "shape": [len(rows), len(rows[0])], "data_offsets": [0, 4 * len(values)]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + struct.pack(f"<{len(values)}f", *values))


@pytest.mark.parametrize("normalizes", [False, True])
def test_the_modules_behind_the_encoder_are_followed(tmp_path, normalizes):
    model = shutil.copytree(FIXTURES / "tiny-f32-tied", tmp_path / "model")
    module = "sentence_transformers.models."
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense")] + [("3_Normalize", "Normalize")] * normalizes
    (model / "modules.json").write_text(json.dumps(
        [{"idx": index, "name": str(index), "path": path, "type": module + kind} for index, (path, kind) in enumerate(modules)]))
    for name in ("1_Pooling", "2_Dense"):
        (model / name).mkdir()
    (model / "1_Pooling/config.json").write_text(json.dumps(
        {"word_embedding_dimension": WIDTH, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}))
    (model / "2_Dense/config.json").write_text(json.dumps(
        {"in_features": WIDTH, "out_features": 3, "bias": False, "activation_function": "torch.nn.modules.linear.Identity"}))
    rows = [[(row * 7 + column * 3) % 5 / 4 - 0.5 for column in range(WIDTH)] for row in range(3)]
    write_safetensors(model / "2_Dense/model.safetensors", "linear.weight", rows)
    cases = json.loads((FIXTURES / "embeddings.json").read_text())["tiny-f32-tied"]
    with Server(model, "--weights", "f32") as server:
        answer = server.post("/v1/embeddings", input=[case["prompt"] for case in cases]).json()
    assert len(answer["data"]) == len(cases) == 2
    for case, entry in zip(cases, answer["data"]):
        expected = [sum(a * b for a, b in zip(row, case["embedding"])) for row in rows]
        length = sum(value ** 2 for value in expected) ** 0.5 if normalizes else 1
        assert entry["embedding"] == pytest.approx([value / length for value in expected], abs=1e-4)
