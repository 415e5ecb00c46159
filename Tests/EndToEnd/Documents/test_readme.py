"""Every command of README.md, run as it is written there against a fresh server, and what it says the answer is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from switchyard_server import MODEL, ROOT, Server, binary, clean_environment

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What a reader cannot expect to see again: times, names, digests of weights, and how the tokens of a prompt fall on
# experts, which one rounding may turn.
PASSING = [
    (r'"created":\d+', '"created":0'), (r'"id":"\w+-\w+"', '"id":""'), (r'"system_fingerprint":"\w+"', '"system_fingerprint":""'),
    (r'"imbalance":[\d.]+', '"imbalance":0'),
    (r'"tokens":\[([\d,]+)\]', lambda found: f'"tokens":{sum(map(int, found[1].split(",")))}'),
]


def blocks(kind):
    return [text for language, text in BLOCK.findall((ROOT / "README.md").read_text()) if language == kind]


def commands(block):
    """Each command after a `$ ` with the lines it is continued on, and what is shown below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        count = 1
        while lines[count - 1].endswith("\\") or "\n".join(lines[:count]).count("'") % 2:
            count += 1
        yield "\n".join(lines[:count]), "\n".join(lines[count:])


CONSOLE = [pair for block in blocks("console") for pair in commands(block)]


def settled(text):
    for pattern, replacement in PASSING:
        text = re.sub(pattern, replacement, text)
    return text


def same(shown, found):
    """Whether an answer is what the README shows: an ellipsis stands for anything, long lines are wrapped, and the last
    digits of a score may differ."""
    shown, found = (re.sub(r"\n(?=\")", "", settled(text)).strip() for text in (shown, found))
    number = re.compile(r"-?\d+\.\d+")
    pattern = r".*?".join(re.escape(number.sub("#", part)) for part in shown.split("…"))
    if not re.fullmatch(pattern, number.sub("#", found), re.DOTALL):
        return False
    if "…" in shown:
        return True
    return all(abs(float(a) - float(b)) <= 0.02 for a, b in zip(number.findall(shown), number.findall(found)))


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A place to stand in, with the commands of the README on the path; curl fails when the answer is an error."""
    path = tmp_path_factory.mktemp("readme")
    (path / "bin").mkdir()
    (path / "bin" / "switchyard").symlink_to(Path(binary()).resolve())
    (path / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (path / "bin" / "python").chmod(0o755)
    (path / ".curlrc").write_text("fail-with-body\nmax-time = 30\n")
    return path


def shell(command, directory, **environment):
    paths = f"{directory / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=directory, capture_output=True, text=True, timeout=60,
        env=clean_environment({"PATH": paths, "CURL_HOME": str(directory)} | environment))


@pytest.fixture(scope="module")
def fresh_server():
    with Server(MODEL) as running:
        yield running


def test_the_readme_has_commands():
    assert len(CONSOLE) >= 6 and sum("curl" in command for command, _ in CONSOLE) >= 5


# In the order in which they stand there: later answers count the tokens of earlier ones.
@pytest.mark.parametrize("number", range(len(CONSOLE)))
def test_a_command_answers_as_shown(number, directory, fresh_server):
    command, shown = CONSOLE[number]
    if command.startswith("cat "):
        text = shown
        if fresh_server.port != 8080:
            text = text.replace("127.0.0.1:8080", f"127.0.0.1:{fresh_server.port}")
        (directory / command.split()[1]).write_text(text + "\n")
        return
    done = shell(command.replace("127.0.0.1:8080", f"127.0.0.1:{fresh_server.port}"), directory)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert same(shown, done.stdout), f"{command}\nshown:\n{shown}\nfound:\n{done.stdout}"


def test_every_make_target_exists():
    for line in (line for block in blocks("sh") for line in block.splitlines() if line.startswith("make ")):
        done = subprocess.run(["make", "-n", line.split()[1]], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_packing_and_serving_as_shown(directory):
    """`pack` and then `serve`, as the README has them; the shipped model stands for the large one."""
    [block] = [block for block in blocks("") if "switchyard pack switch-base-128" in block]
    pack, serve = block.splitlines()
    (directory / "switch-base-128").symlink_to(MODEL)
    done = shell(pack, directory)
    assert done.returncode == 0, done.stderr
    words = serve.split()
    assert words[:2] == ["switchyard", "serve"]
    with Server(directory / words[2], *words[3:]) as server:
        assert server.complete()["choices"][0]["text"].startswith("Ein Mann")


def test_each_subcommand_of_the_readme_has_help(directory):
    [block] = [block for block in blocks("") if "switchyard serve MODEL_DIR" in block]
    for line in block.splitlines():
        done = shell(" ".join(line.split()[:2]) + " --help", directory)
        assert done.returncode == 0 and "USAGE" in done.stdout.upper(), line
