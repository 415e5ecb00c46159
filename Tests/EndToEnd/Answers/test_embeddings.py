"""Embeddings of a directory as sentence-transformers lays it out, beside those of transformers."""

import concurrent.futures
import json
import shutil
import struct

import pytest

from switchyard_server import ROOT, Server, run_binary

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


SENTENCES = json.loads((FIXTURES / "sentences.json").read_text())
STATES = json.loads((FIXTURES / "states.json").read_text())


def in_a_folder(directory):
    """The same model with its transformer in a directory of its own."""
    inner = directory / "0_Transformer"
    inner.mkdir()
    for path in list(directory.iterdir()):
        if path.is_file() and path.name not in ("modules.json", "config_sentence_transformers.json"):
            path.rename(inner / path.name)
    modules = json.loads((directory / "modules.json").read_text())
    modules[0]["path"] = inner.name
    (directory / "modules.json").write_text(json.dumps(modules))


@pytest.mark.parametrize("layout", ["flat", "folder", "packed", "packed folder"])
def test_vectors_of_texts_are_those_of_sentence_transformers(tmp_path, layout):
    model = shutil.copytree(FIXTURES / "tiny-sentence-t5", tmp_path / "model")
    if "folder" in layout:
        in_a_folder(model)
    if "packed" in layout:
        packed = run_binary("pack", model, tmp_path / "packed", "--weights", "f32")
        assert packed.returncode == 0, packed.stderr
        model = tmp_path / "packed"
    short = [case for case in SENTENCES if len(case["prompt"]) < 64]
    assert len(short) == 5
    with Server(model, "--weights", "auto" if "packed" in layout else "f32") as server:
        found = server.post("/v1/embeddings", input=[case["text"] for case in short]).json()["data"]
        for case, entry in zip(short, found):
            assert entry["embedding"] == pytest.approx(case["embedding"], abs=1e-5)
        cut = server.post("/embed", inputs=[case["text"] for case in SENTENCES], truncate=True).json()
        for case, row in zip(SENTENCES, cut):
            assert row == pytest.approx(case["embedding"], abs=1e-5)


def tensors(content):
    length = struct.unpack("<Q", content[:8])[0]
    header, data = json.loads(content[8:8 + length]), content[8 + length:]
    del header["__metadata__"]
    for entry in header.values():
        first, end = entry["data_offsets"]
        values = struct.unpack(f"<{(end - first) // 4}f", data[first:end])
        rows, width = entry["shape"]
        yield [list(values[row * width:(row + 1) * width]) for row in range(rows)]


@pytest.mark.parametrize("name", sorted(STATES))
def test_an_encoder_alone_gives_the_states_of_transformers_and_says_what_it_is(name):
    with Server(FIXTURES / name, "--weights", "f32") as server:
        answer = server.post("/v1/embeddings", input=[case["prompt"] for case in STATES[name]], encoding_format="safetensors")
        assert answer.status_code == 200 and answer.headers["content-type"] == "application/octet-stream"
        for case, states in zip(STATES[name], tensors(answer.content), strict=True):
            assert states == [pytest.approx(row, abs=1e-4) for row in case["states"]]
        assert server.http.get("/v1/models").json()["data"][0]["architecture"] == "encoder"
        assert server.http.get("/info").json()["model_pipeline_tag"] == "feature-extraction"
        assert server.http.get("/readyz").json() == {"status": "ok", "architecture": "encoder"}
        metrics = server.http.get("/metrics").text
        assert 'architecture="encoder"' in metrics and "switchyard_kv_cache_capacity_bytes 0" in metrics
        for path, body in [("/v1/completions", {"prompt": [5]}), ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}]}),
                           ("/v1/responses", {"input": "a"}), ("/v1/beam_search", {"prompt": [5]}), ("/generate", {"inputs": "a"}),
                           ("/translate", {"q": "a", "target": "de"}), ("/", {"inputs": "a", "parameters": {}})]:
            refusal = server.post(path, **body)
            assert refusal.status_code == 400 and "encoder alone" in refusal.text, path


def test_commands_say_what_an_encoder_alone_has_not(tmp_path):
    model = FIXTURES / "tiny-sentence-t5"
    shown = run_binary("inspect", model).stdout
    for words in ("embeddings: an encoder alone", "decoder               none", "projected to 12, of length 1"):
        assert words in shown
    (tmp_path / "pairs.tsv").write_text("a\tb\n")
    for arguments in (["generate", model, "--prompt", "a"], ["accuracy", model, "--pairs", tmp_path / "pairs.tsv"],
                      ["evaluate", model, "--pairs", tmp_path / "pairs.tsv"]):
        done = run_binary(*arguments)
        assert done.returncode != 0 and "is an encoder alone, without the decoder" in done.stderr and done.stderr.count("\n") == 1, done.stderr
    bench = run_binary("bench", model, "--rounds", 1, "--encode", 8, timeout=60)
    assert bench.returncode == 0 and "encode" in bench.stdout and "decode" not in bench.stdout


@pytest.mark.parametrize("weights", ["bf16", "int8", "int4"])
def test_rounded_weights_change_little(weights):
    texts = [case["text"] for case in SENTENCES[:4]]
    with Server(FIXTURES / "tiny-sentence-t5", "--weights", weights) as server:
        found = server.post("/v1/embeddings", input=texts).json()["data"]
    for case, entry in zip(SENTENCES, found):
        assert sum(a * b for a, b in zip(entry["embedding"], case["embedding"])) > (0.9 if weights == "int4" else 0.99)


def test_two_thousand_texts_in_one_request_leave_room_for_others(server):
    """The queue never holds more of them than the engine has at once, and a short request is answered in between."""
    texts = ["A man is riding a bicycle along the road, and a dog runs behind him."] * 2048
    with concurrent.futures.ThreadPoolExecutor() as pool:
        large = pool.submit(lambda: server.post("/v1/embeddings", input=texts, encoding_format="base64"))
        most, others = {"waiting": 0, "running": 0}, 0
        while not large.done():
            for state in most:
                most[state] = max(most[state], server.metric(f"switchyard_requests_{state}"))
            assert server.post("/v1/embeddings", input="A dog.").status_code == 200
            others += not large.done()
        answer = large.result()
    assert answer.status_code == 200 and len(answer.json()["data"]) == 2048
    assert others >= 3 and max(most.values()) <= 33
    assert len({entry["embedding"] for entry in answer.json()["data"]}) == 1
    more = server.post("/v1/embeddings", input=texts + ["x"])
    assert more.status_code == 400 and "2048" in more.json()["error"]["message"]
    long = server.post("/v1/embeddings", input=[[5] * 2048] * 147)
    assert long.status_code == 400 and "300000" in long.json()["error"]["message"]
