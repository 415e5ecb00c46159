"""`switchyard train --from`: a model directory goes on learning; what is refused, what is told, and what may change midway."""
import json
import random
import shutil
import signal
import subprocess
import time

import pytest

from switchyard_server import Server, binary
from test_training import command, final_weights, log, pairs, train, trained  # noqa: F401

LOOP = ["--batch-tokens", "300", "--steps", "30", "--save-every", "5", "--validate-every", "30", "--log-every", "1",
        "--workers", "2", "--held-out", "20", "--bleu-sentences", "4", "--prefix", "turn: "]


def tuning(run, data, start, *more):
    return [binary(), "train", str(run), "--pairs", str(data), "--from", str(start), *LOOP, *more]


def tune(run, data, start, *more):
    done = subprocess.run(tuning(run, data, start, *more), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def tuned(trained, tmp_path_factory):  # noqa: F811
    folder, data = trained
    run = tmp_path_factory.mktemp("tuning") / "whole"
    told = tune(run, data, folder / "whole" / "best")
    return folder / "whole" / "best", data, run, told


def test_a_model_goes_on_with_its_own_vocabulary_and_settings(tuned):
    start, _, run, told = tuned
    best = run / "best"
    for name in ["spiece.model", "generation_config.json"]:
        assert (best / name).read_bytes() == (start / name).read_bytes()
    old, new = (json.loads((folder / "config.json").read_text()) for folder in (start, best))
    changed = {"dropout_rate", "router_jitter_noise", "router_aux_loss_coef", "router_z_loss_coef"}
    assert {key for key in old | new if old.get(key) != new.get(key)} <= changed
    card = (best / "README.md").read_text()
    assert "| began as | best |" in card and "| prefix | `turn: ` |" in card
    for part in ["--optimizer adafactor: ", "--expert-dropout 0.4: ", "memory: at most ", "weights ", "activations "]:
        assert part in told
    assert not (run / "spiece.model").exists()


def test_what_a_run_begins_with_is_judged_first(tuned):
    _, _, run, _ = tuned
    validations = [line["validation"] for line in log(run) if "validation" in line]
    assert [validation["step"] for validation in validations] == [0, 30]


def test_a_killed_run_ends_with_the_weights_of_one_left_alone(tuned, tmp_path):
    start, data, whole, _ = tuned
    choice = random.Random(5)
    for _ in range(3):
        process = subprocess.Popen(tuning(tmp_path / "run", data, start), stderr=subprocess.PIPE, text=True)
        left = choice.randint(2, 9)
        for line in process.stderr:
            left -= line.startswith("step ")
            if left == 0:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
    tune(tmp_path / "run", data, start)
    assert final_weights(tmp_path / "run") == final_weights(whole)
    # Activations that are computed again are the same, so a run may go on either way.
    tune(tmp_path / "again", data, start, "--recompute")
    assert final_weights(tmp_path / "again") == final_weights(whole)


def test_what_is_frozen_stays(tuned, tmp_path):
    start, data, _, _ = tuned
    told = tune(tmp_path / "run", data, start, "--freeze", "embeddings", "--freeze", "experts", "--steps", "5")
    assert "of them learnt" in told
    assert "| not learnt | embeddings, experts |" in (tmp_path / "run" / "best" / "README.md").read_text()


@pytest.mark.parametrize("more, sentence", [
    (["--width", "64"], "--from the sizes are the model's own"),
    (["--freeze", "wings"], "wings"),
    (["--vocabulary", "x.model"], "--vocabulary"),
    (["--memory", "1M"], "it needs"),
    (["--task", "language-model", "--text", "x"], "one with an encoder"),
    (["--task", "span-corruption", "--text", __file__], "<extra_id_0>"),
])
def test_what_does_not_go_with_a_model_is_named(tuned, tmp_path, more, sentence):
    start, data, _, _ = tuned
    done = subprocess.run(tuning(tmp_path / "run", data, start, *more), capture_output=True, text=True)
    assert done.returncode != 0 and sentence in done.stderr, done.stderr


def test_memory_that_is_not_there_is_told_with_what_would_fit(tuned, tmp_path):
    start, data, _, told = tuned
    need = float(told.split("memory: at most ")[1].split(" MB")[0])
    limit = str(int(need * 1e6 - 1e5))
    done = subprocess.run(tuning(tmp_path / "run", data, start, "--memory", limit), capture_output=True, text=True)
    assert done.returncode == 1 and "it would fit with --" in done.stderr, done.stderr
    flags = done.stderr.split("it would fit with ")[1].split(", and")[0].split()
    tune(tmp_path / "run", data, start, "--memory", limit, *flags)


def damaged(start, folder, change):
    shutil.copytree(start, folder)
    change(folder)
    return folder


@pytest.mark.parametrize("change, sentence", [
    (lambda folder: (folder / "spiece.model").unlink(), "no tokenizer"),
    (lambda folder: (folder / "spiece.model").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n"), "Git LFS"),
    (lambda folder: (folder / "model.safetensors").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n"), "Git LFS"),
    (lambda folder: (folder / "config.json").write_text(
        (folder / "config.json").read_text().replace('"d_ff": 48', '"d_ff": 50')), "has shape"),
])
def test_a_model_that_contradicts_itself_is_named(tuned, tmp_path, change, sentence):
    start, data, _, _ = tuned
    model = damaged(start, tmp_path / "model", change)
    done = subprocess.run(tuning(tmp_path / "run", data, model), capture_output=True, text=True)
    assert done.returncode == 1 and sentence in done.stderr, done.stderr


def test_another_model_under_the_same_name_does_not_go_on(tuned, tmp_path):
    start, data, _, _ = tuned
    shutil.copytree(start, tmp_path / "model")
    tune(tmp_path / "run", data, tmp_path / "model", "--steps", "5")
    shutil.copy(tmp_path / "run" / "best" / "model.safetensors", tmp_path / "model" / "model.safetensors")
    done = subprocess.run(tuning(tmp_path / "run", data, tmp_path / "model", "--steps", "5"), capture_output=True, text=True)
    assert done.returncode == 1 and "another model to begin with" in done.stderr


def test_settings_change_only_where_it_is_asked_for(trained, tmp_path):  # noqa: F811
    _, data = trained
    train(tmp_path / "run", data, "--steps", "10")
    other = ["--steps", "15", "--learning-rate", "0.001", "--dropout", "0.2"]
    done = subprocess.run(command(tmp_path / "run", data, *other), capture_output=True, text=True)
    assert done.returncode == 1 and "--change" in done.stderr and "is 0.2, was 0.1" in done.stderr
    assert "another" not in train(tmp_path / "run", data, "--steps", "10", "--log-every", "2")
    told = train(tmp_path / "run", data, *other, "--change")
    assert "from step 11 on --learning-rate is 0.001, was 0.003" in told
    turns = [line["changed"] for line in log(tmp_path / "run") if "changed" in line]
    assert {change["flag"] for change in turns[-1]} == {"--steps", "--learning-rate", "--dropout", "--log-every"}
    record = json.loads((tmp_path / "run" / "training.json").read_text())
    assert [turn["step"] for turn in record["history"]] == [10, 10]
    done = subprocess.run(command(tmp_path / "run", data, *other, "--change", "--optimizer", "adafactor"),
                          capture_output=True, text=True)
    assert done.returncode == 1 and "another optimizer" in done.stderr


@pytest.mark.parametrize("name", ["model.safetensors", "progress.json", "seal.json"])
def test_a_damaged_checkpoint_is_passed_by(trained, tmp_path, name):  # noqa: F811
    folder, data = trained
    shutil.copytree(folder / "whole", tmp_path / "run")
    newest, older = sorted((tmp_path / "run" / "checkpoints").glob("step-*"), reverse=True)[:2]
    whole = final_weights(tmp_path / "run")
    damaged = bytearray((newest / name).read_bytes())
    damaged[len(damaged) // 2] ^= 8
    (newest / name).write_bytes(damaged)
    told = train(tmp_path / "run", data)
    # A seal that is another speaks of the files it no longer fits.
    assert str(newest if name == "seal.json" else newest / name) in told and f"going on after step {int(older.name[5:])}" in told
    assert final_weights(tmp_path / "run") == whole
    for checkpoint in (tmp_path / "run" / "checkpoints").glob("step-*"):
        (checkpoint / name).write_bytes(b"")
    done = subprocess.run(command(tmp_path / "run", data), capture_output=True, text=True)
    assert done.returncode == 1 and "no checkpoint is whole" in done.stderr and name in done.stderr


def test_a_best_model_that_is_gone_is_not_pointed_at(trained, tmp_path):  # noqa: F811
    folder, data = trained
    shutil.copytree(folder / "whole", tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "best")
    assert "which is not there any more" in train(tmp_path / "run", data)


def test_text_that_is_not_utf8_is_counted(trained, tmp_path):  # noqa: F811
    folder, data = trained
    (tmp_path / "latin.tsv").write_bytes(data.read_bytes() + "die Kühe\tKühe die\nein Käse\tKäse\n".encode("latin-1"))
    count = data.read_bytes().count(b"\n")
    told = train(tmp_path / "run", tmp_path / "latin.tsv", "--steps", "2", "--vocabulary", str(folder / "whole" / "spiece.model"))
    assert f"2 lines are not UTF-8, the first is line {count + 1}" in told
    best = folder / "whole" / "best"
    judged = subprocess.run([binary(), "evaluate", str(best), "--pairs", str(tmp_path / "latin.tsv"), "--loss-only"],
                            capture_output=True, text=True)
    assert judged.returncode == 0 and "2 lines are not UTF-8" in judged.stderr
    asked = subprocess.run([binary(), "generate", str(best), "--max-tokens", "3"], capture_output=True,
                           input=b"the dog\nK\xfche\n")
    assert asked.returncode == 0 and b"standard input: 1 line is not UTF-8, the first is line 2" in asked.stderr
    (tmp_path / "wide.tsv").write_text("the dog\tdog the\n", encoding="utf-16")
    for call in [command(tmp_path / "wide", tmp_path / "wide.tsv"),
                 [binary(), "evaluate", str(best), "--pairs", str(tmp_path / "wide.tsv")]]:
        done = subprocess.run(call, capture_output=True, text=True)
        assert done.returncode == 1 and "UTF-16" in done.stderr and "wide.tsv" in done.stderr
    asked = subprocess.run([binary(), "generate", str(best)], capture_output=True, input="the dog\n".encode("utf-16"))
    assert asked.returncode == 1 and b"UTF-16" in asked.stderr


def test_the_most_used_experts_are_kept(trained, tmp_path):  # noqa: F811
    folder, data = trained
    best = folder / "whole" / "best"

    def judged(model):
        done = subprocess.run([binary(), "evaluate", str(model), "--pairs", str(data), "--json", "--loss-only"],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    (tmp_path / "profile.json").write_text(json.dumps(judged(best)))

    def pack(out, share, *more):
        return subprocess.run([binary(), "pack", str(best), str(tmp_path / out), "--keep-experts", share, "--profile",
                               str(tmp_path / "profile.json"), *more], capture_output=True, text=True)

    done = pack("all", "1", "--unpacked")
    assert done.returncode == 0 and "kept 4 of 4 experts: 100.0 %" in done.stdout, done.stderr
    assert judged(tmp_path / "all")["loss"] == judged(best)["loss"]
    assert pack("half", "0.5", "--unpacked").returncode == 0
    layers = judged(tmp_path / "half")["layers"]
    assert all(len(layer["tokens"]) == 2 for layer in layers)
    before = judged(best)["layers"]
    assert [sum(layer["tokens"]) for layer in layers] == [sum(layer["tokens"]) for layer in before]
    shown = subprocess.run([binary(), "inspect", str(tmp_path / "half")], capture_output=True, text=True, check=True).stdout
    assert "2 of 4 that there were" in shown and "repaired" not in shown
    assert "2 of 4 experts of each sparse layer are left" in (tmp_path / "half" / "README.md").read_text()
    # What is left goes on learning, and is served, packed or not.
    tune(tmp_path / "run", data, tmp_path / "half", "--steps", "3")
    assert pack("packed", "0.5", "--weights", "f32").returncode == 0
    answers = []
    for model in ["half", "packed"]:
        with Server(tmp_path / model, "--weights", "f32") as server:
            answers.append(server.post("/v1/completions", prompt="the dog sees the cat", temperature=0).json()["choices"])
            served = server.http.get("/v1/experts").json()
    assert answers[0] == answers[1]
    (tmp_path / "profile.json").write_text(json.dumps(served))
    done = pack("other", "0.5")
    assert done.returncode == 1 and "of another model" in done.stderr


def test_a_dense_model_becomes_sparse(trained, tmp_path):  # noqa: F811
    _, data = trained
    train(tmp_path / "dense", data, "--sparse-step", "0")
    dense = tmp_path / "dense" / "best"

    def first_loss(run, *more):
        told = tune(run, data, dense, "--steps", "5", *more)
        return [line["validation"]["loss"] for line in log(run) if "validation" in line][0], told

    wanted, _ = first_loss(tmp_path / "still")
    sparse = ["--upcycle-experts", "4", "--sparse-step", "2", "--expert-capacity", "64"]
    one, _ = first_loss(tmp_path / "one", *sparse)
    two, _ = first_loss(tmp_path / "two", *sparse, "--choices", "2")
    assert abs(one - wanted) < 0.02 and abs(two - wanted) < 1e-4, (wanted, one, two)
    shown = subprocess.run([binary(), "inspect", str(tmp_path / "one" / "best")], capture_output=True, text=True,
                           check=True).stdout
    assert "2 layers, sparse: 1" in shown and "repaired" not in shown
    assert "whose layers became 4 experts each" in (tmp_path / "one" / "best" / "README.md").read_text()
    for more, sentence in [(["--upcycle-experts", "4", "--sparse-step", "0"], "no block"), (sparse, "experts already")]:
        start = tmp_path / "one" / "best" if "already" in sentence else dense
        done = subprocess.run(tuning(tmp_path / f"no {len(more)}", data, start, *more), capture_output=True, text=True)
        assert done.returncode == 1 and sentence in done.stderr, done.stderr
