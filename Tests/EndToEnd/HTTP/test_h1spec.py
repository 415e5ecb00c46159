"""uNetworking/h1spec itself, run by Deno: all of its cases pass.

It has no licence, so it is fetched when the test runs; H1SPEC names another copy. Without a network the test is skipped:
test_http_conformance.py holds the same cases.
"""

import os
import re
import subprocess
import urllib.request

import pytest

SCRIPT = "https://raw.githubusercontent.com/uNetworking/h1spec/57dd3139398c15f2ecd714b70e6af1309830e419/http_test.ts"


@pytest.fixture
def script(tmp_path):
    if "H1SPEC" in os.environ:
        return os.environ["H1SPEC"]
    try:
        with urllib.request.urlopen(SCRIPT, timeout=10) as answer:
            (tmp_path / "http_test.ts").write_bytes(answer.read())
    except OSError as error:
        pytest.skip(f"h1spec cannot be fetched: {error}")
    return str(tmp_path / "http_test.ts")


def test_h1spec_passes_in_full(server, script, tmp_path):
    deno = pytest.importorskip("deno").find_deno_bin()
    done = subprocess.run(
        [deno, "run", "--no-remote", "--allow-net", script, server.host, str(server.port)],
        capture_output=True, text=True, timeout=60, env=os.environ | {"DENO_DIR": str(tmp_path), "NO_COLOR": "1"},
    )
    passed, cases = map(int, re.search(r"(\d+) out of (\d+) tests passed", done.stdout).groups())
    assert passed == cases >= 33 and done.returncode == 0, done.stdout + done.stderr
