"""`bench` and `accuracy` where keys and values, or pairs, are not to be had: one sentence, before anything is measured."""
import re
import subprocess

import pytest

from switchyard_server import MODEL, binary, clean_environment


def run(*arguments):
    return subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          env=clean_environment())


@pytest.fixture
def pairs(tmp_path):
    (tmp_path / "pairs.tsv").write_text("A man sleeps.\tEin Mann schläft.\n")
    return tmp_path / "pairs.tsv"


@pytest.mark.parametrize("memory", ["1", "64K", "1M"])
def test_a_cache_too_small_for_a_measurement_says_what_it_needs(memory):
    done = run("bench", MODEL, "--cache-memory", memory, "--sequences", 64, "--encode", 64, "--rounds", 1)
    assert done.returncode == 1
    # 8 MiB of bfloat16, which processors without it hold as Float32.
    assert re.match(r"keys and values need (8388608|16777216) bytes and have ", done.stderr)
    assert "--cache-memory" in done.stderr and done.stderr.count("\n") == 1


def test_a_cache_too_small_for_a_pair_says_so(pairs):
    done = run("accuracy", MODEL, "--cache-memory", 1, "--pairs", pairs)
    assert done.returncode == 1 and done.stderr.startswith("keys and values need ")


def test_a_cache_of_nothing_is_refused():
    done = run("bench", MODEL, "--cache-memory", 0)
    assert done.returncode == 2 and "--cache-memory" in done.stderr


def test_pairs_that_cannot_be_read_are_named(tmp_path):
    done = run("accuracy", MODEL, "--pairs", tmp_path / "nothing.tsv")
    assert done.returncode == 1 and "nothing.tsv cannot be read" in done.stderr and done.stderr.count("\n") == 1


def test_pairs_that_are_not_utf8_are_refused(tmp_path):
    (tmp_path / "pairs.tsv").write_bytes(b"A man sleeps.\tEin Mann schl\xe4ft.\n")
    done = run("accuracy", MODEL, "--pairs", tmp_path / "pairs.tsv")
    assert done.returncode == 1 and "pairs.tsv cannot be read: it is not UTF-8" in done.stderr
