"""The table of docs/generation.md: what holds a row is there."""

import json
import re

import pytest

from switchyard_server import ROOT

SECTION = (ROOT / "docs" / "generation.md").read_text().split("\n## Where good guesses are wrong\n")[1].split("\n## ")[0]
ROWS = [line.strip("|").split("|") for line in SECTION.splitlines() if line.startswith("|")][2:]


def rules():
    """The names of what is compared with answers that are committed."""
    for file in (ROOT / "Tests" / "Parity" / "Fixtures").glob("*/generation.json"):
        for world in json.loads(file.read_text())["worlds"]:
            yield world["name"]
            yield from (case["name"] for case in world["cases"])


RULES = set(rules())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1].strip())
def test_a_row_names_what_holds_it(row):
    holders = re.findall(r"`([^`]+)`", row[3])
    assert holders
    for holder in holders:
        is_suite = re.fullmatch(r"\w+Tests", holder) and list((ROOT / "Tests").rglob(f"{holder}.swift"))
        assert is_suite or holder in RULES, holder
