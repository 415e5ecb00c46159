"""The project's documents: their fenced blocks, the commands in them, and what they name.

A fence says what becomes of its block:

    ```console                 commands after `$ ` with what they answer; a test runs them as they are written
    ```sh not-run: REASON      commands that no test can run, and why; their targets and flags are still looked up
    ```text, ```python, …      no commands
"""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from switchyard_server import ROOT, run_binary

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\S*) ?(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
NOT_RUN = "not-run: "


@dataclass
class Block:
    document: Path
    line: int
    language: str
    note: str
    text: str

    @property
    def place(self):
        return f"{self.document.relative_to(ROOT)}:{self.line}"

    def commands(self):
        """Each command after a `$ ` with the lines it is continued on, and what is shown below it."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            count = next(n for n in range(1, len(lines) + 1) if is_whole(lines[:n]))
            yield "\n".join(lines[:count]), "\n".join(lines[count:])


def is_whole(lines):
    """Whether the shell would wait for no further line."""
    if here := re.search(r"<<'(\w+)'", lines[0]):
        return lines[-1] == here[1] and len(lines) > 1
    return not lines[-1].endswith("\\") and "\n".join(lines).count("'") % 2 == 0


def blocks(document):
    text = document.read_text()
    for found in FENCE.finditer(text):
        yield Block(document, text.count("\n", 0, found.start()) + 1, *found.groups())


def all_blocks(language):
    return [block for document in DOCUMENTS for block in blocks(document) if block.language == language]


def prose(document):
    """A document without its fenced blocks."""
    return FENCE.sub("", document.read_text())


def code_spans(document):
    """What stands between single backquotes outside fenced blocks, on one line each."""
    return [" ".join(span.split()) for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose(document))]


def make_targets():
    rules = re.findall(r"^([a-z][\w -]*):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return {target for rule in rules for target in rule.split()}


@functools.cache
def subcommands():
    """The names of the program's subcommands."""
    listed = run_binary("--help").stdout.split("SUBCOMMANDS:")[1]
    return re.findall(r"^  ([a-z]\w*)  ", listed, re.MULTILINE)


@functools.cache
def help_of(subcommand):
    """The help of a subcommand, each paragraph on one line."""
    done = run_binary(subcommand, "--help")
    assert done.returncode == 0, done.stderr
    return re.sub(r"\n {5,}", " ", done.stdout)


@functools.cache
def flags_of(subcommand):
    """The flags of a subcommand, with what its help says of each."""
    return dict(re.findall(r"^  (?:-\w, )?(--[\w-]+)(.*)$", help_of(subcommand), re.MULTILINE))


@functools.cache
def project_files():
    """Every file of the project, relative to its root; what builds and environments leave there is not."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")] + [ROOT / ".ci"]
    found = [path for path in ROOT.iterdir() if path.is_file()]
    found += [path for folder in folders for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return [path.relative_to(ROOT) for path in found]
