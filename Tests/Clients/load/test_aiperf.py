"""aiperf measures each endpoint that it knows, and writes down the texts it was given."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

AIPERF = Path(sys.executable).parent / "aiperf"
REQUESTS = 4


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """Any tokenizer at all: aiperf counts by the server's numbers here, and still wants one."""
    folder = tmp_path_factory.mktemp("tokenizer")
    words = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "?"}')
    return folder


def measure(server, sentence, tokenizer, folder, kind, *flags):
    """What a run of four requests says of itself, and the texts of its answers."""
    (folder / "input.jsonl").write_text(json.dumps({"text": sentence}) + "\n")
    run = subprocess.run(
        [AIPERF, "profile", "--model", "en-de", "--url", server.url, "--endpoint-type", kind, "--input-file", "input.jsonl",
         "--custom-dataset-type", "single_turn", "--request-count", str(REQUESTS), "--concurrency", "2", "--tokenizer", tokenizer,
         "--use-server-token-count", "--export-outputs-json", "--artifact-dir", "out", "--ui", "none", "--no-gpu-telemetry", *flags],
        cwd=folder, capture_output=True, text=True, timeout=400)
    assert run.returncode == 0, run.stdout[-3000:]
    texts = [one["response_text"] for one in json.loads((folder / "out/outputs.json").read_text())["data"]]
    return json.loads((folder / "out/profile_export_aiperf.json").read_text()), texts


@pytest.mark.parametrize("kind, flags", [
    ("chat", ["--streaming", "--extra-inputs", "temperature:0"]), ("responses", ["--streaming", "--extra-inputs", "temperature:0"]),
    ("completions", ["--streaming", "--extra-inputs", "temperature:0"]),
    ("huggingface-generate", []),
], ids=lambda value: value if isinstance(value, str) else "")
def test_texts(server, sentence, expected, tokenizer, tmp_path, kind, flags):
    report, texts = measure(server, sentence, tokenizer, tmp_path, kind, *flags)
    assert report["request_count"]["avg"] == REQUESTS and texts == [expected] * REQUESTS


def test_embeddings(server, sentence, tokenizer, tmp_path):
    report, _ = measure(server, sentence, tokenizer, tmp_path, "embeddings")
    assert report["request_count"]["avg"] == REQUESTS
