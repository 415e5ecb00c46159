"""README.md as the front page: short, with figures that stand in the pages it names, and two commands that work or say why not."""

import os
import re
import shutil
import subprocess

import pytest

from documents import DOCUMENTS
from switchyard_server import ROOT

README = (ROOT / "README.md").read_text()
# What `make serve` and `make test` need before they look for Swift.
TOOLS = ["bash", "cat", "dirname", "env", "make", "sh", "uname"]


def test_it_is_short():
    assert len(README.splitlines()) <= 120


def test_the_figures_of_the_first_table_are_measured():
    """Each number stands in the row of docs/performance.md that has its streams and its engine."""
    performance = (ROOT / "docs" / "performance.md").read_text()
    header, *rows = [line.strip("| ").split(" | ") for line in re.findall(r"^\|.*\|$", README.split("\n## Start")[0], re.MULTILINE)
                     if "---" not in line]
    assert len(rows) == 2 and len(header) == 6
    for name, *figures in rows:
        streams = name.split()[0]
        for engine, figure in zip(header[1:], figures):
            figure = re.escape(figure.strip("*"))
            if engine.startswith("Switchyard"):
                pattern = rf"^\| {streams} \| {engine} \| {figure} \("
            else:
                pattern = rf"^\| {streams} \| transformers f32 · bf16 \| {figure} ·" if engine.endswith("f32") else \
                    rf"^\| {streams} \| transformers f32 · bf16 \| \S+ · {figure} \|"
            assert re.search(pattern, performance, re.MULTILINE), (streams, engine, figure)


def test_the_claims_of_exactness_are_measured():
    measurements = (ROOT / "docs" / "measurements.md").read_text()
    checkpoints = re.search(r"holds (\d+) small checkpoints", README)[1]
    assert f"| {checkpoints} small checkpoints" in measurements
    assert re.search(r"(\d+) of \1 captions", README)[1] + " of 300 the same tokens" in measurements


def test_make_serves_what_the_examples_ask():
    # A make around this test would have its own word on what this one prints.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(["make", "-n", "serve"], cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == ".build/release/switchyard serve models/en-de"


def test_every_page_is_linked_from_it():
    for document in DOCUMENTS:
        name = str(document.relative_to(ROOT))
        assert name == "README.md" or f"]({name}" in README, name


@pytest.fixture
def tools(tmp_path):
    """A path with little on it: no Swift, no packages."""
    for tool in TOOLS:
        (tmp_path / tool).symlink_to(shutil.which(tool))
    return tmp_path


def script(path, text):
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def refusal(target, tools):
    """The one sentence that a command of README says before it gives up."""
    done = subprocess.run(["make", target], cwd=ROOT, capture_output=True, text=True, env={"PATH": str(tools)})
    assert done.returncode != 0
    assert "swift build" not in done.stdout
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize("target", ["serve", "test"])
def test_without_swift_a_command_says_so(target, tools):
    said = refusal(target, tools)
    assert "no 'swift' on the PATH" in said and "install Swift 6.2 or newer" in said and "make" in said


@pytest.mark.parametrize("target", ["serve", "test"])
@pytest.mark.parametrize("version", ["6.1.2", "5.10"])
def test_with_an_old_swift_a_command_says_so(target, version, tools):
    script(tools / "swift", f"echo 'Swift version {version} (swift-{version}-RELEASE)'")
    said = refusal(target, tools)
    assert f"newer Swift than {'.'.join(version.split('.')[:2])}" in said and "install Swift 6.2 or newer" in said


@pytest.mark.parametrize("target", ["serve", "test"])
def test_elsewhere_than_on_linux_a_command_says_so(target, tools):
    script(tools / "uname", "echo Darwin")
    script(tools / "swift", "echo 'Apple Swift version 6.3 (swiftlang-6.3.0)'")
    said = refusal(target, tools)
    assert "needs Linux" in said and "Darwin" in said and "docker run" in said


@pytest.mark.parametrize("target", ["serve", "test"])
def test_without_the_libraries_and_apt_a_command_says_so(target, tools):
    script(tools / "swift", "echo 'Swift version 6.3.1 (swift-6.3.1-RELEASE)'")
    said = refusal(target, tools)
    assert "libopenblas-dev" in said and "no apt-get here" in said


def test_with_everything_it_goes_on(tools):
    """The refusals above come from what is missing, and from nothing else."""
    script(tools / "swift", "echo \"Swift version 6.2 (swift-6.2-RELEASE)\"")
    script(tools / "dpkg", "exit 0")
    done = subprocess.run(["make", "packages"], cwd=ROOT, capture_output=True, text=True, env={"PATH": str(tools)})
    assert done.returncode == 0 and not done.stderr, done.stderr
