"""Programs that are started and not imported, and one that makes a page of a chat."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service import free_port, running

PROGRAMS = Path(sys.executable).parent


# llm, a command line


@pytest.fixture(scope="module")
def llm(base, tmp_path_factory):
    """Runs `llm` with two models that its own file describes, one for each way to ask."""
    folder = tmp_path_factory.mktemp("llm")
    (folder / "extra-openai-models.yaml").write_text("".join(
        f"- model_id: {name}\n  model_name: en-de\n  api_base: {base}\n{more}"
        for name, more in [("chat", ""), ("completion", "  completion: true\n")]))

    def run(*arguments):
        return subprocess.run([PROGRAMS / "llm", *arguments], capture_output=True, text=True, timeout=120, check=True,
                              env=os.environ | {"LLM_USER_PATH": str(folder), "OPENAI_API_KEY": "none"}).stdout.strip()
    return run


@pytest.mark.parametrize("model", ["chat", "completion"])
@pytest.mark.parametrize("flags", [[], ["--no-stream"]], ids=["stream", "whole"])
def test_llm(llm, sentence, expected, model, flags):
    assert llm("-m", model, "-o", "temperature", "0", *flags, sentence) == expected


def test_llm_with_a_system_prompt(llm, sentence, expected):
    assert llm("-m", "chat", "-o", "temperature", "0", "-s", "Translate.", sentence) == expected


# gradio's page for a chat


def test_gradio(base, sentence, expected, monkeypatch):
    import gradio
    from openai.resources.chat import completions
    ask = completions.Completions.create
    # The page has no way to ask for one: without it answers are drawn.
    monkeypatch.setattr(completions.Completions, "create", lambda self, **how: ask(self, temperature=0, **how))
    page = gradio.load_chat(base, model="en-de", token="none", streaming=True)
    answers = list(page.fn(sentence, []))
    assert answers[-1] == expected and len(answers) > 3


# mlflow's gateway


@pytest.fixture(scope="module")
def gateway(base, tmp_path_factory):
    """The gateway with an endpoint of each kind before the server."""
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    (folder / "gateway.yaml").write_text("endpoints:\n" + "".join(
        f"  - name: {kind}\n    endpoint_type: llm/v1/{kind}\n    model:\n      provider: openai\n      name: en-de\n"
        f"      config:\n        openai_api_key: none\n        openai_api_base: {base}\n"
        for kind in ("chat", "completions", "embeddings")))
    command = [PROGRAMS / "mlflow", "gateway", "start", "--config-path", folder / "gateway.yaml", "--port", str(port), "--workers", "1"]
    url = f"http://127.0.0.1:{port}"
    # It starts others by their names.
    with running(command, folder, url + "/health", PATH=f"{PROGRAMS}:{os.environ['PATH']}"):
        yield url


def test_mlflow_gateway(gateway, sentence, expected, embedded):
    from mlflow.deployments import get_deploy_client
    client = get_deploy_client(gateway)
    asked = {"messages": [{"role": "user", "content": sentence}], "temperature": 0}
    answer = client.predict(endpoint="chat", inputs=asked)
    assert answer["choices"][0]["message"]["content"] == expected
    answer = client.predict(endpoint="completions", inputs={"prompt": sentence, "temperature": 0})
    assert answer["choices"][0]["text"] == expected
    answer = client.predict(endpoint="embeddings", inputs={"input": sentence})
    assert answer["data"][0]["embedding"] == pytest.approx(embedded, abs=1e-6)
