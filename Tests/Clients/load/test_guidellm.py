"""guidellm's default, chat. It cannot be imported without torch, which is not among what is installed for these tests."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="guidellm wants torch")
GUIDELLM = Path(sys.executable).parent / "guidellm"


def test_guidellm(server, sentence, expected, tmp_path):
    (tmp_path / "data.jsonl").write_text(json.dumps({"prompt": sentence}) + "\n")
    run = subprocess.run(
        [GUIDELLM, "run", "--backend", f"kind=openai_http,target={server.url},extras.body.temperature=0", "--profile",
         "kind=synchronous", "--constraint", "kind=max_requests,count=1", "--data", "kind=json_file,path=data.jsonl", "--output",
         "kind=json,path=out.json", "--disable-console"], cwd=tmp_path, capture_output=True, text=True, timeout=400)
    assert run.returncode == 0, run.stderr[-3000:]
    (benchmark,) = json.loads((tmp_path / "out.json").read_text())["benchmarks"]
    assert [request["output"] for request in benchmark["requests"]["successful"]] == [expected]
