"""shell-gpt, a command line with a system prompt of a screenful, which no translator translates."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("flags", [[], ["--no-md"], ["--role", "ShellGPT"]], ids=" ".join)
def test_shell_gpt(base, sentence, expected, tmp_path, flags):
    done = subprocess.run(
        [Path(sys.executable).parent / "sgpt", "--model", "en-de", "--temperature", "0", "--no-cache", *flags, sentence],
        env=os.environ | {"HOME": str(tmp_path), "API_BASE_URL": base, "OPENAI_API_KEY": "none"}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == expected, done.stderr
