"""Packed models: what is served is what was packed, and what does not fit gets one clear answer."""

import gzip
import json
import shutil

import pytest

from switchyard_server import MODEL, ROOT, Server, one_sentence, run_binary

TEXTS = """A man is standing in a field.
Two dogs are playing in the snow.\tZwei Hunde spielen im Schnee.

A young girl in a red dress is climbing a set of stairs.
People are sitting at a table outside of a restaurant.\tMenschen sitzen an einem Tisch vor einem Restaurant.
A woman holds a child.
"""
DENSE = ROOT / "Tests" / "Parity" / "Fixtures" / "tiny-t5-gated"
NO_TOKENIZER = ROOT / "Tests" / "Parity" / "Fixtures" / "tiny-bf16-untied"


def pack(*arguments, timeout=120):
    return run_binary("pack", *arguments, timeout=timeout)


def refused(done, *mentions):
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr[-400:])
    assert done.stdout == "" and one_sentence(done.stderr), done.stderr[-800:]
    assert "Fatal error" not in done.stderr and "Error(" not in done.stderr, done.stderr[-400:]
    for mention in mentions:
        assert mention in done.stderr, done.stderr[-400:]


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """models/en-de, int8 with experts of two bits that were rounded for some texts."""
    directory = tmp_path_factory.mktemp("packed")
    (directory / "texts").write_text(TEXTS)
    done = pack(MODEL, directory / "model", "--weights", "int8", "--expert-weights", "int2", "--calibration", directory / "texts")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("calibrated with 5 of 5 texts: "), done.stdout
    return directory / "model"


@pytest.fixture(scope="module")
def packed_int4(tmp_path_factory):
    directory = tmp_path_factory.mktemp("packed-int4") / "model"
    done = pack(MODEL, directory, "--weights", "int4")
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture
def copy(request, tmp_path):
    """A copy of a packed model whose file can be changed."""
    def make(name):
        return shutil.copytree(request.getfixturevalue(name), tmp_path / "model")
    return make


BOTH = pytest.mark.parametrize("name", ["packed", "packed_int4"])


# What is packed


def served(directory, *flags):
    with Server(directory, *flags) as server:
        answer = server.complete("Two dogs are playing.")
        model = server.http.get("/v1/models").json()["data"][0]
        metrics = server.http.get("/metrics").text
    return answer, model, metrics


def test_experts_of_two_bits_are_served_and_named(packed):
    answer, model, metrics = served(packed)
    assert answer["choices"][0]["text"] == "Zwei Hunde spielen."
    assert (model["weights"], model["expert_weights"]) == ("int8", "int2")
    info = next(line for line in metrics.splitlines() if line.startswith("switchyard_model_info{"))
    assert 'dtype="int8"' in info and 'expert_dtype="int2"' in info
    shelved, _, metrics = served(packed, "--expert-memory", "64K", "--weights", "int8", "--expert-weights", "int2")
    assert shelved["choices"] == answer["choices"]
    assert any(line.startswith("switchyard_expert_memory") for line in metrics.splitlines())


def test_experts_may_have_fewer_bits_without_packing():
    first, model, _ = served(MODEL, "--weights", "int8", "--expert-weights", "int3")
    second, other, _ = served(MODEL, "--weights", "int8")
    assert (model["expert_weights"], other["expert_weights"]) == ("int3", "int8")
    assert first["system_fingerprint"] != second["system_fingerprint"]


def test_inspect_says_what_a_model_is_packed_as(packed, packed_int4):
    for directory, packing in [(packed, "int8/1/balanced/experts-int2"), (packed_int4, "int4/1/balanced")]:
        done = run_binary("inspect", directory)
        assert done.returncode == 0 and f"packed as             {packing}\n" in done.stdout


def test_fewer_bits_are_fewer_bytes(packed, packed_int4, tmp_path):
    assert pack(MODEL, tmp_path / "int8", "--weights", "int8").returncode == 0

    def size(directory):
        return (directory / "model.packed").stat().st_size

    # 5.5 bits of each of 2,097,152 weights of experts, and one number less for each of 12,288 outputs.
    assert size(tmp_path / "int8") - size(packed) == 2_097_152 * 5.5 / 8 + 12_288 * 4
    assert size(packed_int4) < size(tmp_path / "int8")


def test_accuracy_compares_a_packed_model_with_its_origin(packed, tmp_path):
    pairs = tmp_path / "pairs"
    pairs.write_text("A man is standing.\tEin Mann steht.\nTwo dogs.\tZwei Hunde.\n")
    done = run_binary("accuracy", packed, "--reference", MODEL, "--pairs", pairs, timeout=60)
    assert done.returncode == 0 and done.stdout.startswith("positions "), done.stderr
    refused(run_binary("accuracy", packed, "--pairs", pairs), "--reference")
    refused(run_binary("accuracy", packed, "--reference", MODEL, "--layers", "--pairs", pairs), "--layers")


def test_bench_says_what_it_measured(packed):
    done = run_binary("bench", packed, "--sequences", "1", "--encode", "8", "--rounds", "1", "--json", timeout=120)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["weights"], report["expert_weights"]) == ("int8", "int2")


def test_texts_may_be_gzipped(packed, tmp_path):
    (tmp_path / "texts.gz").write_bytes(gzip.compress(TEXTS.encode()))
    done = pack(MODEL, tmp_path / "model", "--weights", "int8", "--expert-weights", "int2", "--calibration", tmp_path / "texts.gz")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model" / "model.packed").read_bytes() == (packed / "model.packed").read_bytes()


# What is not


@pytest.mark.parametrize("content, mention", [
    (b"", "no text"), (b"\n \n\t\n\r\n", "no text"), (b"A man.\n\xff\xfe\n", "UTF-8"), (b"\xed\xa0\x80", "UTF-8")],
    ids=["empty", "blank", "not UTF-8", "surrogate"])
def test_a_calibration_without_text_is_refused(tmp_path, content, mention):
    (tmp_path / "texts").write_bytes(content)
    refused(pack(MODEL, tmp_path / "model", "--expert-weights", "int2", "--calibration", tmp_path / "texts"), mention, "texts")
    assert not (tmp_path / "model").exists()


def test_a_calibration_that_is_no_file_is_refused(tmp_path):
    flags = ("--expert-weights", "int2", "--calibration")
    refused(pack(MODEL, tmp_path / "model", *flags, tmp_path / "gone"), "does not exist")
    refused(pack(MODEL, tmp_path / "model", *flags, tmp_path), "is a directory")
    (tmp_path / "texts.gz").write_bytes(gzip.compress(TEXTS.encode())[:-9])
    refused(pack(MODEL, tmp_path / "model", *flags, tmp_path / "texts.gz"), "gzip")
    assert not (tmp_path / "model").exists()


def test_a_calibration_needs_experts_to_round_and_a_tokenizer(tmp_path):
    (tmp_path / "texts").write_text(TEXTS)
    calibration = ("--calibration", tmp_path / "texts")
    refused(pack(MODEL, tmp_path / "model", *calibration), "--expert-weights")
    refused(pack(NO_TOKENIZER, tmp_path / "model", "--expert-weights", "int2", *calibration), "tokenizer")
    small = ("--expert-weights", "int2", "--cache-memory", "1K")
    refused(pack(MODEL, tmp_path / "model", *small, *calibration), "--cache-memory")
    assert not (tmp_path / "model").exists()


def test_a_model_without_experts_has_none_of_few_bits(tmp_path):
    refused(pack(DENSE, tmp_path / "model", "--expert-weights", "int2"), "no experts")
    refused(run_binary("serve", DENSE, "--port", "0", "--expert-weights", "int2"), "no experts")
    assert not (tmp_path / "model").exists()


def test_a_packed_model_is_not_packed_again(packed, tmp_path):
    refused(pack(packed, tmp_path / "model", "--weights", "int4"), "packed already")


@pytest.mark.parametrize("flags", [["--weights", "int4"], ["--weights", "f32"], ["--expert-weights", "int3"],
                                   ["--weights", "int8", "--expert-weights", "int4"]], ids=" ".join)
def test_another_precision_than_packed_is_refused(packed, flags):
    refused(run_binary("serve", packed, "--port", "0", *flags), "int8/1/balanced/experts-int2")


@pytest.mark.parametrize("flags", [["--weights", "int8"], ["--expert-weights", "int2"]], ids=" ".join)
def test_so_is_another_than_four_bits(packed_int4, flags):
    refused(run_binary("serve", packed_int4, "--port", "0", *flags), "int4/1/balanced")


def test_four_bits_of_experts_are_four_bits(packed_int4):
    answer, model, _ = served(packed_int4, "--weights", "int4", "--expert-weights", "int4")
    assert answer["choices"][0]["text"] and model["expert_weights"] == "int4"


def change(directory, old, new):
    file = directory / "model.packed"
    data = file.read_bytes()
    assert data.count(old) >= 1 and len(old) == len(new)
    file.write_bytes(data.replace(old, new, 1))


@BOTH
def test_another_version_of_the_layout_is_refused(copy, name):
    directory = copy(name)
    change(directory, b"/1/balanced", b"/2/balanced")
    refused(run_binary("serve", directory, "--port", "0"), "/2/balanced", "pack the model again")


@BOTH
def test_fewer_bits_than_there_are_cannot_be_claimed(copy, name):
    directory = copy(name)
    old, new = (b"experts-int2", b"experts-int3") if name == "packed" else (b'"int4/1', b'"int8/1')
    change(directory, old, new)
    refused(run_binary("serve", directory, "--port", "0"), "shape")


@BOTH
@pytest.mark.parametrize("old, new", [
    (b'"dtype":"F32"', b'"dtype":"F33"'), (b'"dtype"', b'"dtypf"'), (b'"data_offsets":[0,', b'"data_offsets":[1,'),
    (b'"shape":[', b'"shape":{'), (b"__metadata__", b"__netadata__"), (b'{"__meta', b'["__meta'), (b".packed\"", b".pucked\""),
    (b'switchyard.packing', b'switchyard.pucking')], ids=lambda b: b.decode())
def test_a_changed_manifest_is_refused(copy, name, old, new):
    directory = copy(name)
    change(directory, old, new)
    refused(run_binary("serve", directory, "--port", "0"))


@BOTH
@pytest.mark.parametrize("share", [0, 1e-6, 0.001, 0.5, 0.999999])
def test_a_cut_off_file_is_refused(copy, name, share):
    file = copy(name) / "model.packed"
    data = file.read_bytes()
    file.write_bytes(data[:int(len(data) * share)])
    refused(run_binary("serve", file.parent, "--port", "0"), "model.packed")
