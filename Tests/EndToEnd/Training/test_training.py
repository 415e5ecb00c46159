"""`switchyard train` from text to a directory that the server serves and transformers loads.

Tests with torch are left out where torch, transformers, safetensors and sentencepiece are not installed.
"""
import gzip
import json
import os
import random
import signal
import subprocess
import time

import httpx
import pytest

from switchyard_server import Server, binary, lines_of_words

try:
    import safetensors.torch as safetensors
    import sentencepiece
    import torch
    import transformers
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="torch and transformers are not installed")

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
    return (checkpoint / "model.safetensors").read_bytes()


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
    assert final_weights(folder / "whole") == final_weights(run)
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


@needs_torch
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


def test_a_rate_a_hundred_times_too_high_is_named(trained, tmp_path):
    _, data = trained
    done = subprocess.run(
        command(tmp_path / "run", data, "--learning-rate", "0.3", "--steps", "2000"),
        capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "learning rate" in done.stderr


@pytest.mark.parametrize("more, setting", [
    (["--seed", "2"], "seed"), (["--batch-tokens", "200"], "batch size"), (["--workers", "1"], "number of workers"),
    (["--precision", "bf16"], "precision"), (["--max-ratio", "3"], "data"),
])
def test_a_run_does_not_go_on_as_another(trained, more, setting):
    folder, data = trained
    done = subprocess.run(command(folder / "whole", data, *more), capture_output=True, text=True)
    assert done.returncode == 1 and f"another {setting}" in done.stderr


def test_a_run_does_not_go_on_with_other_text(trained, tmp_path):
    folder, data = trained
    copy = tmp_path / "pairs.tsv"
    copy.write_text(data.read_text())
    train(tmp_path / "run", copy, "--steps", "5")
    copy.write_text(data.read_text() + "one more\tpair\n")
    done = subprocess.run(command(tmp_path / "run", copy, "--steps", "5"), capture_output=True, text=True)
    assert done.returncode == 1 and "another text" in done.stderr
    (tmp_path / "run" / "training.json").write_text("{")
    done = subprocess.run(command(tmp_path / "run", copy, "--steps", "5"), capture_output=True, text=True)
    assert done.returncode == 1 and "training.json" in done.stderr


def test_there_must_be_something_to_judge_by(trained, tmp_path):
    _, data = trained
    (tmp_path / "none.tsv").write_text("")
    done = subprocess.run(command(tmp_path / "run", data, "--validation-pairs", str(tmp_path / "none.tsv")),
                          capture_output=True, text=True)
    assert done.returncode == 1 and "judge by" in done.stderr


def test_a_run_outlives_the_reader_of_its_progress(trained, tmp_path):
    _, data = trained
    process = subprocess.Popen(command(tmp_path / "run", data, "--steps", "20"), stderr=subprocess.PIPE)
    process.stderr.close()
    assert process.wait(120) == 0
    assert (tmp_path / "run" / "best" / "model.safetensors").exists()


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


def language_model(best):
    """A decoder of transformers whose cross-attention is never used, with the weights of a language model of ours."""
    config = transformers.SwitchTransformersConfig(**json.loads((best / "config.json").read_text()))
    config.is_encoder_decoder = False
    model = transformers.SwitchTransformersForConditionalGeneration(config).float().eval()
    weights = {}
    for name, value in safetensors.load_file(best / "model.safetensors").items():
        parts = name.split(".")
        if len(parts) > 5 and parts[3] == "layer" and parts[4] == "1":
            parts[4] = "2"  # where a block with cross-attention has its feed-forward layer
        weights[".".join(parts)] = value.float()
    missing = model.load_state_dict(weights, strict=False)
    assert not missing.unexpected_keys
    assert all(name.startswith(("encoder.", "shared.")) or "EncDecAttention" in name or ".layer.1.layer_norm" in name
               for name in missing.missing_keys)

    def logits(ids):
        states = model.decoder(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0]
        return model.lm_head(states)

    return logits


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("language")
    (folder / "text.txt").write_text(lines_of_words())
    done = subprocess.run(
        [binary(), "train", str(folder / "run"), "--task", "language-model", "--text", str(folder / "text.txt"),
         "--vocabulary-kind", "char", "--vocabulary-size", "100", "--max-tokens", "48", *SIZES, "--batch-tokens", "480",
         "--steps", "80", "--warmup", "10", "--learning-rate", "0.003", "--validate-every", "40", "--log-every", "20",
         "--held-out", "20", "--expert-capacity", "64"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return folder / "run" / "best"


@needs_torch
def test_a_language_model_continues_its_prompt_as_transformers_does(spoken):
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(spoken / "spiece.model"))
    logits = language_model(spoken)
    for prompt in ["to be or", "w", "question.\nthe"]:
        done = subprocess.run([binary(), "generate", str(spoken), "--weights", "f32", "--json", "--max-tokens", "20",
                               "--prompt", prompt], capture_output=True, text=True, check=True)
        ours = json.loads(done.stdout)[0]
        ids = vocabulary.encode(prompt)
        total = 0.0
        for token in ours["token_ids"]:
            with torch.no_grad():
                scores = logits(ids)[-1].log_softmax(-1)
            assert scores[token] >= scores.max() - 1e-4
            total += scores[token].item()
            ids.append(token)
        assert abs(total - ours["cumulative_logprob"]) < 1e-3
        assert vocabulary.decode(vocabulary.encode(prompt)) + ours["text"] == vocabulary.decode(ids)


@needs_torch
def test_an_echoed_prompt_has_the_log_probabilities_of_transformers(spoken):
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(spoken / "spiece.model"))
    logits = language_model(spoken)
    with Server(spoken, "--weights", "f32") as server:
        for prompt, more in [("to be or not", {}), ("the question", {"max_tokens": 0}), ("w", {"max_tokens": 3, "n": 2})]:
            answer = httpx.post(server.url + "/v1/completions", timeout=60, json={
                "prompt": prompt, "max_tokens": 2, "echo": True, "logprobs": 2, "temperature": 0,
                "return_token_ids": True} | more).json()
            for choice in answer["choices"]:
                ids = vocabulary.encode(prompt) + choice["token_ids"]
                found = choice["logprobs"]["token_logprobs"]
                assert len(found) == len(ids) and found[0] is None
                with torch.no_grad():
                    scores = logits(ids).log_softmax(-1)
                for position, token in enumerate(ids[1:]):
                    assert abs(scores[position, token].item() - found[position + 1]) < 1e-3
                assert choice["text"] == "".join(choice["logprobs"]["tokens"]) == vocabulary.decode(ids)
            count = len(vocabulary.encode(prompt))
            assert answer["usage"]["prompt_tokens"] == count
            assert answer["usage"]["completion_tokens"] == sum(len(c["token_ids"]) for c in answer["choices"])
        long = httpx.post(server.url + "/v1/completions", json={"prompt": [5] * 5000, "echo": True, "logprobs": 0})
        assert long.status_code == 400 and long.json()["error"]["code"] == "context_length_exceeded"


def test_a_language_model_is_served(spoken):
    with Server(spoken, "--weights", "f32") as server:
        def ask(**more):
            answer = httpx.post(server.url + "/v1/completions", timeout=60, json={
                "model": "best", "prompt": "to be ", "max_tokens": 12, "temperature": 0, "return_token_ids": True} | more)
            assert answer.status_code == 200, answer.text
            return answer.json()

        one = ask()
        assert one["usage"]["prompt_tokens"] == 6
        two = ask(prompt=["to be ", "question"])
        assert two["choices"][0]["text"] == one["choices"][0]["text"]
        several = ask(n=3, temperature=1, seed=4)
        assert len({choice["text"] for choice in several["choices"]}) > 1
        beams = ask(num_beams=4)
        assert len(beams["choices"][0]["text"]) > 0
        assert len(ask(prompt="")["choices"][0]["text"]) > 0


@pytest.fixture(scope="module")
def paired(tmp_path_factory):
    """A model whose tokens go to two of four experts, which take two tokens of a sequence."""
    folder = tmp_path_factory.mktemp("choices")
    train(folder / "run", pairs(folder / "pairs.tsv"), "--choices", "2", "--balance-kind", "squared", "--balance-loss",
          "0.1", "--expert-capacity", "2", "--steps", "30", "--validate-every", "30")
    return folder / "run" / "best"


def test_tokens_go_to_two_experts(paired):
    assert json.loads((paired / "config.json").read_text())["num_experts_per_tok"] == 2
    assert "Every token goes to 2 of 4 experts" in (paired / "README.md").read_text()
    shown = subprocess.run([binary(), "inspect", str(paired)], capture_output=True, text=True, check=True).stdout
    assert "4, 2 for each token, capacity 2" in shown
    with Server(paired, "--weights", "f32") as server:
        answer = server.post("/v1/completions", prompt="the dog sees the cat", temperature=0, max_tokens=8,
                             return_routed_experts=True)
        assert answer.status_code == 200, answer.text
        tokens = answer.json()["usage"]
        routed = answer.json()["choices"][0]["routed_experts"]
        route = server.post("/v1/route", prompt="the dog sees the cat", max_tokens=8, temperature=0).json()
        assert [route[stack]["layers"] for stack in ("encoder", "decoder")] == [routed["encoder"], routed["decoder"]]
        for stack, count in (("encoder", tokens["prompt_tokens"]), ("decoder", tokens["completion_tokens"])):
            first, second = routed[stack]
            assert [(layer["block"], layer["choice"]) for layer in (first, second)] == [(1, 0), (1, 1)]
            assert all(len(layer[key]) == count for layer in (first, second) for key in ("experts", "gates", "dropped"))
            assert all(one != other for one, other in zip(first["experts"], second["experts"]))
            assert all(one >= other and abs(one + other - 1) < 1e-5
                       for one, other in zip(first["gates"], second["gates"]))
            # An expert takes two of a sequence, first choices of all tokens before second ones; a decoder step has one.
            room = dict.fromkeys(range(4), 2 if stack == "encoder" else 1000)
            for layer in (first, second):
                for expert, dropped in zip(layer["experts"], layer["dropped"]):
                    assert dropped == (room[expert] == 0)
                    room[expert] -= not dropped
        load = server.http.get("/v1/experts").json()
        for stack, count in (("encoder", tokens["prompt_tokens"]), ("decoder", tokens["completion_tokens"])):
            total = load[stack][0]["total"]
            assert total["total_tokens"] + total["total_dropped"] == 2 * 2 * count  # two requests, two experts
        assert any(True in layer["dropped"] for layer in routed["encoder"])


@pytest.mark.parametrize("choices", ["0", "5"])
def test_choices_are_at_most_the_experts(tmp_path, choices):
    done = subprocess.run([binary(), "train", str(tmp_path / "run"), "--pairs", "x", "--experts", "4", "--choices", choices],
                          capture_output=True, text=True)
    assert done.returncode != 0 and "--choices" in done.stderr and "from 1 to 4" in done.stderr


@needs_torch
def test_evaluate_agrees_with_the_log_and_with_torch(trained, spoken):
    folder, _ = trained
    best = folder / "whole" / "best"
    data = folder / "some.tsv"
    data.write_text("the dog sees the cat\tcat sees dog\nthe man likes the bird\tbird likes man\n")
    done = subprocess.run([binary(), "evaluate", str(best), "--pairs", str(data), "--json", "--beams", "2", "--max-tokens",
                           "12"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(best / "spiece.model"))
    model = transformers.SwitchTransformersForConditionalGeneration.from_pretrained(best, dtype=torch.float32).eval()
    loss = count = 0
    for line in data.read_text().splitlines():
        source, target = (vocabulary.encode(side) for side in line.split("\t"))
        labels = torch.tensor([target + [1]])
        with torch.no_grad():
            scores = model(input_ids=torch.tensor([source + [1]]), decoder_input_ids=torch.tensor([[0] + target])).logits
        loss += torch.nn.functional.cross_entropy(scores[0], labels[0], reduction="sum").item()
        count += labels.numel()
    assert report["tokens"] == count
    assert abs(report["loss"] - loss / count) < 1e-4
    assert "bleu" in report and all(sum(layer["tokens"]) > 0 for layer in report["layers"])
    done = subprocess.run([binary(), "evaluate", str(spoken), "--text", str(spoken / "README.md"), "--json"],
                          capture_output=True, text=True)
    assert done.returncode == 0 and json.loads(done.stdout)["loss"] > 0
    done = subprocess.run([binary(), "evaluate", str(best), "--text", str(data)], capture_output=True, text=True)
    assert done.returncode == 1 and "language model" in done.stderr


def sweep(folder, data, *more, trials=("--vary", "learning-rate=0.003,0.001", "--vary", "tied=true,false")):
    call = [binary(), "sweep", str(folder), *trials, *more, "--", "--pairs", str(data), *SIZES, *LOOP, "--steps", "20",
            "--validate-every", "10"]
    return subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_sweep_killed_goes_on_and_compares_every_trial(trained, tmp_path):
    _, data = trained
    process = sweep(tmp_path / "sweep", data)
    for line in process.stderr:
        if line.startswith("trial 2 of 4"):
            break
    for line in process.stderr:
        if line.startswith("step 7:"):
            process.kill()
            break
    process.wait()
    first = (tmp_path / "sweep" / "trial-001" / "log.jsonl").stat().st_mtime_ns
    table, told = sweep(tmp_path / "sweep", data).communicate(timeout=300)
    assert "trial 1 of 4" not in told and "going on after step 5" in told, told
    assert (tmp_path / "sweep" / "trial-001" / "log.jsonl").stat().st_mtime_ns == first
    lines = table.splitlines()
    assert lines[0].split() == ["trial", "learning-rate", "tied", "steps", "minutes", "loss", "BLEU", "best", "at", "ending"]
    assert len(lines) == 5 and {line.split()[0] for line in lines[1:]} == {"1", "2", "3", "4"}
    results = json.loads((tmp_path / "sweep" / "results.json").read_text())
    scores = [result["best"]["bleu"] for result in results]
    assert float(lines[1].split()[6]) == pytest.approx(max(scores), abs=0.01)
    names = {path.name for path in (tmp_path / "sweep").iterdir()}
    assert {"report.html", "results.tsv", "loss.svg", "bleu.svg", "by-learning-rate.svg", "by-tied.svg"} <= names
    card = (tmp_path / "sweep" / "trial-003" / "best" / "README.md").read_text().replace("\\\n", "").split()
    command = card[card.index("switchyard"):]
    assert command[1] == "train" and {"--learning-rate=0.001", "--tied"} <= set(command)
    other, told = sweep(tmp_path / "sweep", data, "--seed", "2").communicate(timeout=60)
    assert "another sweep" in told and not other


def test_a_random_sweep_draws_and_its_time_ends_it(trained, tmp_path):
    _, data = trained
    trials = ("--vary", "dropout=0..0.3", "--vary", "learning-rate=log:1e-3..1e-2", "--search", "random", "--trials", "2")
    process = sweep(tmp_path / "sweep", data, "--max-minutes", "0.0001", trials=trials)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0 and "0 of 2 trials done" in told
    table, _ = sweep(tmp_path / "sweep", data, trials=trials).communicate(timeout=300)
    assert len({line.split()[1] for line in table.splitlines()[1:]}) == 2
    assert (tmp_path / "sweep" / "by-dropout.svg").exists()


@pytest.mark.parametrize("trials, sentence", [
    (("--vary", "colour=red"), "colour"),
    (("--vary", "dropout=0.1,7"), "trial 2"),
    (("--vary", "dropout=0..0.3"), "random"),
    (("--vary", "pairs=a.tsv,b.tsv"), "given for all trials"),
])
def test_a_sweep_of_settings_that_are_none_trains_nothing(trained, tmp_path, trials, sentence):
    _, data = trained
    process = sweep(tmp_path / "sweep", data, trials=trials)
    _, told = process.communicate(timeout=60)
    assert process.returncode in (1, 2) and sentence in told
    assert not (tmp_path / "sweep").exists()


def test_a_trial_that_cannot_be_trained_does_not_end_a_sweep(trained, tmp_path):
    _, data = trained
    trials = ("--vary", "vocabulary-size=16,120")
    for _ in range(2):
        process = sweep(tmp_path / "sweep", data, trials=trials)
        table, told = process.communicate(timeout=300)
        assert process.returncode == 1 and "trial 1 failed" in told and "1 of 2 trials done" in told
        assert [line.split()[:2] for line in table.splitlines()[1:]] == [["2", "120"]]


def test_a_run_of_so_many_minutes_ends_with_a_validation(trained, tmp_path):
    _, data = trained
    told = train(tmp_path / "run", data, "--steps", "1000000", "--max-minutes", "0.02")
    assert "its time is up" in told and "validation loss" in told
    last = log(tmp_path / "run")[-1]
    assert last["validation"]["step"] == last["step"] < 1000000
    assert "going on after step" in train(tmp_path / "run", data, "--steps", "1000000", "--max-minutes", "0.02")


def test_flags_come_from_the_environment_and_packed_text_is_read(trained, tmp_path):
    _, data = trained
    packed = tmp_path / "pairs.tsv.gz"
    packed.write_bytes(gzip.compress(data.read_bytes()))
    environment = os.environ | {"SWITCHYARD_STEPS": "3", "SWITCHYARD_PAIRS": str(packed), "SWITCHYARD_TIED": "true",
                                "SWITCHYARD_VERSION": "7", "SWITCHYARD_LEARNING_RATE": "0.5"}
    arguments = LOOP[:LOOP.index("--steps")] + LOOP[LOOP.index("--steps") + 2:]
    done = subprocess.run([binary(), "train", str(tmp_path / "run"), *SIZES, *arguments], capture_output=True, text=True,
                          env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    settings = json.loads((tmp_path / "run" / "training.json").read_text())["settings"]
    assert settings["steps"] == 3 and settings["model"]["isTied"]
    assert settings["learningRate"]["peak"] == 0.003, "the flag wins"
    assert "--steps=3" in (tmp_path / "run" / "best" / "README.md").read_text()


def test_the_run_has_its_pictures(trained):
    folder, _ = trained
    names = {path.name for path in (folder / "whole").iterdir()}
    assert {"report.html", "loss.svg", "rate.svg", "norm.svg", "experts-encoder-1.svg", "experts-decoder-1.svg"} <= names
