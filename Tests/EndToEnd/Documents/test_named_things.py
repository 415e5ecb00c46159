"""What documents name is there: files, sections, make targets, flags, variables, endpoints.

A document that still speaks of what was moved, renamed or taken away fails here.
"""

import re

import pytest

from documents import DOCUMENTS, code_spans, flags_of, make_targets, project_files, prose, subcommands
from switchyard_server import ROOT

FILES = project_files()
NAMES = {path.name for path in FILES}
PATHS = {str(path) for path in FILES} | {str(folder) for path in FILES for folder in path.parents}
# A name with one of these endings is a file of the project; others, such as `.json`, are often a reader's own.
SOURCE = re.compile(r"^[\w+.-][\w+./-]*\.(swift|py|c|h|sh|yaml|svg|md)$")
FOLDER = re.compile(r"^(Sources|Tests|docs|deploy|scripts|benchmarks|models)/[\w./+-]*$")
# Files that a reader makes or has elsewhere.
THEIRS = {"http_test.ts", "README.md"}
TEXT = {document: prose(document) for document in DOCUMENTS}
by_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def anchors(document):
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", TEXT[document], re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXT[document]):
        if not re.match(r"https?://", target):
            yield target


@by_document
def test_links_lead_somewhere(document):
    for target in links(document):
        path, _, anchor = target.partition("#")
        found = (document.parent / path).resolve() if path else document
        assert found.exists() and str(found.relative_to(ROOT)) in PATHS, target
        if anchor:
            assert anchor in anchors(found), target


@by_document
def test_files_named_in_code_exist(document):
    for span in code_spans(document):
        for word in span.split():
            word = word.rstrip(",;:")
            if FOLDER.match(word):
                assert word.rstrip("/") in PATHS, word
            elif SOURCE.match(word) and word not in THEIRS:
                assert word in NAMES if "/" not in word else word in PATHS or f"docs/{word}" in PATHS, word


@by_document
def test_suites_named_in_code_exist(document):
    """A word that ends in `Tests` is a target of tests or a file of them."""
    targets = {path.parts[1] for path in FILES if path.parts[0] == "Tests" and len(path.parts) > 2}
    for span in code_spans(document):
        for name in re.findall(r"^(\w+Tests)$", span):
            assert f"{name}.swift" in NAMES or name in targets, name


@by_document
def test_targets_of_make_exist(document):
    for span in code_spans(document):
        words = span.split()
        if words[:1] == ["make"] and len(words) > 1:
            for target in words[1:]:
                assert "=" in target or target in make_targets(), span


@by_document
def test_flags_exist(document):
    every = {flag for subcommand in subcommands() for flag in flags_of(subcommand)}
    for span in code_spans(document):
        words = span.split()
        if words[0].startswith("--"):
            assert words[0].split("=")[0] in every or words[0] in ("--on-…", "--ulimit"), span
        if words[0] == "switchyard" and len(words) > 1 and words[1] in subcommands():
            assert {word.split("=")[0] for word in words if word.startswith("--")} <= set(flags_of(words[1])), span


@by_document
def test_variables_exist(document):
    variables = {"SWITCHYARD_" + flag.strip("-").replace("-", "_").upper()
                 for subcommand in subcommands() for flag in flags_of(subcommand)}
    for variable in re.findall(r"\bSWITCHYARD_\w+", document.read_text()):
        assert variable in variables, variable


@by_document
def test_endpoints_exist(document):
    described = set(re.findall(r"^  (/\S*):$", (ROOT / "openapi.yaml").read_text(), re.MULTILINE))
    for span in code_spans(document):
        if found := re.fullmatch(r"(?:GET|POST|DELETE|HEAD) (/\S*)", span):
            assert found[1] in described, span


def test_the_tour_stops_at_files_everywhere():
    """Every target that a request passes through has a stop."""
    stops = {target.removeprefix("../").split("/")[1] for target in links(ROOT / "docs" / "tour.md") if "../Sources/" in target}
    passed = {"HTTPServing", "InferenceAPI", "Tokenization", "Batching", "Generation", "SwitchModel", "Tensors", "CKernels",
              "Checkpoints", "Telemetry", "TraceExport", "Training", "switchyard"}
    assert passed <= stops
