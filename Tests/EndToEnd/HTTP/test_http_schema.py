"""schemathesis makes requests out of openapi.yaml, right and wrong ones: no answer is an error of the server, and every
answer is one of those described, to the letter of its schema.

SCHEMATHESIS_EXAMPLES is how many of each operation (60 unless told; `make schemathesis`: 2,000), SCHEMATHESIS_SEED the
seed. Not asked for: that a request that fits the schema is accepted, because the schema does not know the operator's limits.
"""

import os
import re
import subprocess
import sys

from switchyard_server import MODEL, ROOT, Server

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", 60))
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
# Answers of at most 8 tokens, so that they end; a queue that never fills.
FLAGS = ["--max-output-tokens", 8, "--max-input-tokens", 64, "--max-sequences", 8, "--max-queued-requests", 100_000]


def test_every_answer_is_as_described(tmp_path):
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "schema_checks", "PYTHONPATH": str(ROOT / "Tests/EndToEnd/Support")}
    with Server(MODEL, *FLAGS) as server:
        # One worker: threads of Python 3.11 that parse source at the same time, as strategies do to print themselves, fail
        # with "AST constructor recursion depth mismatch".
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", str(ROOT / "openapi.yaml"), "--url", server.url,
             "--max-examples", str(EXAMPLES), "--seed", SEED, "--workers", "1", "--continue-on-failure", "--no-color",
             "--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all",
             "--exclude-checks", "not_a_server_error,positive_data_acceptance"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=7200,
        )
        report = done.stdout[-20_000:] + done.stderr[-2_000:]
        print(done.stdout[done.stdout.rfind("SUMMARY"):])
        assert done.returncode == 0, report
        # Of its phases the last alone makes so many.
        cases = int(re.search(r"(\d+) generated", done.stdout)[1])
        operations = int(re.search(r"Tested: (\d+)", done.stdout)[1])
        with_parameters = 17
        assert operations >= 37 and cases >= min(EXAMPLES, 60) * with_parameters, report
        assert server.alive()
