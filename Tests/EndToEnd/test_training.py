"""`switchyard train` from text to a directory that the server serves and transformers loads."""
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from switchyard_server import binary

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
safetensors = pytest.importorskip("safetensors.torch")

SIZES = ["--width", "32", "--feed-forward", "48", "--heads", "2", "--head-width", "16", "--encoder-layers", "2",
         "--decoder-layers", "2", "--experts", "4", "--expert-capacity", "8"]
LOOP = ["--batch-tokens", "300", "--steps", "60", "--save-every", "5", "--validate-every", "60", "--log-every", "1",
        "--workers", "2", "--held-out", "20", "--bleu-sentences", "4", "--warmup", "10", "--learning-rate", "0.003",
        "--vocabulary-size", "120", "--average", "0.9"]


def pairs(path):
    choice = random.Random(3)
    nouns, verbs = ["dog", "cat", "man", "girl", "bird"], ["sees", "likes", "follows", "hears"]
    lines = {f"the {a} {v} the {b}\t{b} {v} {a}" for a in nouns for b in nouns for v in verbs for _ in [choice.random()]}
    path.write_text("\n".join(sorted(lines)) + "\n")
    return path


def command(run, data, *more):
    return [binary(), "train", str(run), "--pairs", str(data), *SIZES, *LOOP, *more]


def train(run, data, *more):
    done = subprocess.run(command(run, data, *more), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stderr


def log(run):
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def final_weights(run):
    checkpoint = sorted((run / "checkpoints").glob("step-????????"))[-1]
    return safetensors.load_file(checkpoint / "model.safetensors")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    data = pairs(folder / "pairs.tsv")
    train(folder / "whole", data)
    return folder, data


def test_a_run_killed_again_and_again_ends_with_the_same_weights(trained):
    folder, data = trained
    run = folder / "killed"
    choice = random.Random(8)
    for _ in range(3):
        process = subprocess.Popen(command(run, data), stderr=subprocess.DEVNULL)
        wanted = choice.randint(6, 20)
        start = time.monotonic()
        seen = len(log(run)) if (run / "log.jsonl").exists() else 0
        while process.poll() is None and time.monotonic() - start < 120:
            if (run / "log.jsonl").exists() and (run / "log.jsonl").read_bytes().count(b"\n") >= seen + wanted:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    train(run, data)
    whole, killed = final_weights(folder / "whole"), final_weights(run)
    assert whole.keys() == killed.keys()
    for name in whole:
        assert torch.equal(whole[name], killed[name]), name
    losses = [[(line["step"], line["objective"]) for line in log(r) if "objective" in line] for r in (folder / "whole", run)]
    assert losses[0] == losses[1]
    assert [step for step, _ in losses[0]] == list(range(1, 61))


def test_a_run_that_is_asked_to_end_leaves_a_checkpoint(trained, tmp_path):
    _, data = trained
    process = subprocess.Popen(command(tmp_path / "run", data, "--steps", "100000"), stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("step 3:"):
            process.terminate()
            break
    rest = process.stderr.read()
    assert process.wait(60) == 0
    assert "goes on from here" in rest
    assert list((tmp_path / "run" / "checkpoints").glob("step-????????"))


def test_transformers_loads_the_model_and_answers_the_same(trained):
    folder, _ = trained
    best = folder / "whole" / "best"
    model, info = transformers.SwitchTransformersForConditionalGeneration.from_pretrained(
        best, dtype=torch.float32, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"]
    prompt = "the dog sees the cat"
    done = subprocess.run([binary(), "generate", str(best), "--weights", "f32", "--json", "--max-tokens", "12",
                           "--prompt", prompt], capture_output=True, text=True, check=True)
    ours = json.loads(done.stdout)[0]
    import sentencepiece

    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(best / "spiece.model"))
    ids = torch.tensor([vocabulary.encode(prompt) + [1]])
    theirs = model.eval().generate(ids, max_new_tokens=12, do_sample=False)[0, 1:].tolist()
    assert ours["token_ids"] == theirs
    with torch.no_grad():
        scores = model(input_ids=ids, decoder_input_ids=torch.tensor([[0] + theirs])).logits[0].log_softmax(-1)
    total = sum(scores[i, token].item() for i, token in enumerate(theirs))
    assert abs(ours["cumulative_logprob"] - total) < 1e-3


def test_another_model_does_not_go_on_with_a_run(trained):
    folder, data = trained
    done = subprocess.run(command(folder / "whole", data, "--width", "64"), capture_output=True, text=True)
    assert done.returncode == 1
    assert "another model" in done.stderr


def test_a_rate_far_too_high_is_named(trained, tmp_path):
    _, data = trained
    done = subprocess.run(
        command(tmp_path / "run", data, "--learning-rate", "5", "--clip", "1e9", "--steps", "2000", "--warmup", "1",
                "--weight-decay", "0", "--decay", "constant"),
        capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "learning rate" in done.stderr


@pytest.mark.parametrize("arguments, sentence", [
    (["--pairs", "/nowhere.tsv"], "/nowhere.tsv"),
    ([], "--pairs"),
    (["--pairs", "x", "--dropout", "1"], "--dropout"),
    (["--pairs", "x", "--steps", "0"], "--steps"),
    (["--source", "x"], "--source"),
])
def test_bad_arguments_are_named(tmp_path, arguments, sentence):
    done = subprocess.run([binary(), "train", str(tmp_path / "run"), *arguments], capture_output=True, text=True)
    assert done.returncode in (1, 2)
    assert sentence in done.stderr
