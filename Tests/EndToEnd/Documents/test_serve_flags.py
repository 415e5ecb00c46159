"""The tables of docs/serving.md, held to `switchyard serve --help` and to what the program says of a value out of range.

A flag that is missing there or gone here, another default, value or range fails.
"""

import re
from dataclasses import dataclass

import pytest

from documents import flags_of, subcommands
from switchyard_server import MODEL, ROOT, run_binary

GUIDE = ROOT / "docs" / "serving.md"
RANGE = re.compile(r"(\d+) to (\d+)")


@dataclass
class Row:
    flag: str
    default: str
    unit: str
    variable: str
    meaning: str

    @property
    def range(self):
        found = RANGE.search(self.unit)
        return found and (int(found[1]), int(found[2]))


def rows():
    for line in GUIDE.read_text().splitlines():
        if re.match(r"\| `--[\w-]+` \|", line):
            flag, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            yield Row(flag.strip("`"), *cells)


ROWS = list(rows())
by_flag = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.flag)
RANGED = pytest.mark.parametrize("row", [row for row in ROWS if row.range], ids=lambda row: row.flag)


@pytest.fixture(scope="module")
def flags():
    """What the help says of each flag."""
    found = dict(flags_of("serve"))
    return {flag: text for flag, text in found.items() if flag not in ("--version", "--help")}


def said(text, name):
    """What the help says after `name`, up to the next of its kind; None when it says nothing."""
    found = re.search(rf"[(;] ?{name}: (.*?)(?:; \w+:|\)$)", text)
    return found and found[1]


def test_every_flag_has_one_row(flags):
    assert sorted(row.flag for row in ROWS) == sorted(flags)


@by_flag
def test_a_default_is_that_of_the_help(row, flags):
    default = said(flags[row.flag], "default")
    if default is None:
        # Words say what happens without the flag.
        assert row.default and not row.default.startswith("`"), row.default
    else:
        assert row.default == f"`{default}`"


@by_flag
def test_the_values_are_those_of_the_help(row, flags):
    values = said(flags[row.flag], "values")
    if values:
        assert re.findall(r"`([\w-]+)`", row.unit) == values.split(", ")


@by_flag
def test_a_row_is_complete(row, flags):
    assert row.variable == "`SWITCHYARD_" + row.flag.strip("-").replace("-", "_").upper() + "`"
    takes_value = "<" in flags[row.flag].split("  ")[0]
    assert bool(row.unit) == takes_value
    assert len(row.meaning) > 15


@RANGED
def test_a_value_out_of_range_is_refused_as_the_row_says(row):
    low, high = row.range
    needed = ["--api-key-file", "/dev/null"] if "key" in row.flag or "minute" in row.flag else []
    for value in (low - 1, high + 1):
        done = run_binary("serve", MODEL, *needed, f"{row.flag}={value}")
        assert done.returncode == 2, done.stderr
        assert f"must be from {low} to {high}" in done.stderr


@pytest.mark.parametrize("row", [row for row in ROWS if row.range and row.flag != "--port"], ids=lambda row: row.flag)
def test_the_variable_is_read(row):
    """By what the program says of a value that is no number."""
    needed = {"SWITCHYARD_API_KEY_FILE": "/dev/null"}
    done = run_binary("serve", MODEL, environment=needed | {row.variable.strip("`"): "many"})
    assert done.returncode == 2 and row.flag in done.stderr, done.stderr


def test_a_number_without_a_range_is_none_of_the_tables(flags):
    """Whoever adds a flag that counts something says from where to where."""
    for row in ROWS:
        if re.match(r"`\d+`$", row.default):
            assert row.range, row.flag


def test_every_subcommand_has_a_row():
    rows = re.findall(r"^\| `switchyard (\w+) ", GUIDE.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(subcommands())


def test_every_operation_has_a_row():
    """The endpoints of docs/serving.md are those of openapi.yaml."""
    described = (ROOT / "openapi.yaml").read_text().split("\ncomponents:")[0]
    operations, path = set(), None
    for line in described.splitlines():
        if found := re.match(r"  (/\S*):$", line):
            path = found[1]
        elif found := re.match(r"    (get|post|delete|put):$", line):
            operations.add((found[1].upper(), path))
    section = GUIDE.read_text().split("\n## Asking\n")[1].split("\n## ")[0]
    assert set(re.findall(r"`(GET|POST|DELETE) (/\S*)`", section)) == operations
