"""Every command of a console block, run as it is written in its document, and what it is said to answer.

A command that answers differently, fails, or would need what the document did not make before, fails here.
"""

import re

import pytest

from document_session import Session
from documents import DOCUMENTS, NOT_RUN, all_blocks, blocks, flags_of, make_targets, subcommands
from switchyard_server import ROOT

# What a reader cannot expect to see again: times, names, digests of weights, and how the tokens of a prompt fall on
# experts, which one rounding may turn.
PASSING = [
    (r'"created":\d+', '"created":0'), (r'"id":"\w+-\w+"', '"id":""'), (r'"system_fingerprint":"\w+"', '"system_fingerprint":""'),
    (r'"imbalance":[\d.]+', '"imbalance":0'),
    (r'"tokens":\[([\d,]+)\]', lambda found: f'"tokens":{sum(map(int, found[1].split(",")))}'),
    (r'"experts":\[([\d,]+)\]', lambda found: f'"experts":{found[1].count(",") + 1}'),
]
COMMANDS = [
    pytest.param(document, command, shown, id=f"{block.place}-{number}")
    for document in DOCUMENTS for block in blocks(document) if block.language == "console"
    for number, (command, shown) in enumerate(block.commands())
]
# Their lines may be commands and are not run.
SHELL = all_blocks("sh")
# What a line that somebody should type begins with.
TYPED = re.compile(r"^(\$ |curl |make |switchyard |python3? |pip |docker )", re.MULTILINE)


def settled(text):
    for pattern, replacement in PASSING:
        text = re.sub(pattern, replacement, text)
    return text


def same(shown, found):
    """Whether an answer is what the document shows: an ellipsis stands for anything, long lines are wrapped, and the last
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
def sessions(tmp_path_factory):
    """One reader for each document. README says how the program comes to be on the path; the others take it to be there."""
    made = {}

    def of(document):
        if document not in made:
            made[document] = Session(tmp_path_factory.mktemp(document.stem), has_path=document.name != "README.md")
        return made[document]

    yield of
    for session in made.values():
        session.close()


# In the order in which they stand there: later commands need what earlier ones made, and count their tokens.
@pytest.mark.parametrize("document, command, shown", COMMANDS)
def test_a_command_answers_as_shown(sessions, document, command, shown):
    found = sessions(document).run(command)
    if command.startswith("switchyard serve "):
        missing = [line for line in shown.splitlines() if line != "…" and line not in found.splitlines()]
        assert not missing, f"{command}\nshown:\n{shown}\nfound:\n{found}"
    else:
        assert same(shown, found), f"{command}\nshown:\n{shown}\nfound:\n{found}"


def test_documents_have_commands():
    named = {document.name for document in DOCUMENTS}
    assert {"README.md", "CONTRIBUTING.md", "serving.md", "training.md", "tour.md"} <= named
    assert sum("curl" in parameters.values[1] for parameters in COMMANDS) >= 8


@pytest.mark.parametrize("block", SHELL, ids=lambda block: f"{block.place} {block.note}")
def test_what_is_not_run_says_why_and_exists(block):
    """Lists, by its cases, every block that no test runs."""
    assert block.note.startswith(NOT_RUN) and len(block.note) > len(NOT_RUN) + 8, f"{block.place}: why is it not run?"
    text = block.text.replace("\\\n", " ")
    for target in re.findall(r"^make (\S+)", text, re.MULTILINE):
        assert target in make_targets(), f"{block.place}: no rule makes {target}"
    for subcommand, rest in re.findall(r"^switchyard (\w+)(.*)$", text, re.MULTILINE):
        assert subcommand in subcommands(), f"{block.place}: no subcommand {subcommand}"
        unknown = set(re.findall(r"(?<= )--[a-z][\w-]*", rest)) - set(flags_of(subcommand))
        if subcommand == "sweep":
            unknown -= set(flags_of("train"))
        assert not unknown, f"{block.place}: {subcommand} has no {unknown}"


def test_other_blocks_hold_no_commands():
    for document in DOCUMENTS:
        for block in blocks(document):
            assert block.language, f"{block.place}: a fence without a language"
            if block.language not in ("console", "sh"):
                assert not TYPED.search(block.text), f"{block.place}: a command in a block that is never run"
            if block.language == "console":
                assert list(block.commands()), f"{block.place}: a console block without a command"


def test_every_fence_is_closed():
    for document in DOCUMENTS:
        assert document.read_text().count("\n```") == 2 * len(list(blocks(document))), document.relative_to(ROOT)
