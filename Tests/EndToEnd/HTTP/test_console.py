"""The page at `/`: in a browser once; all else of it is tried by `make console`."""

import re
import sys

import pytest

from switchyard_server import ROOT

sys.path.append(str(ROOT / "Tests/Console/Support"))
from console_page import Page

FILES = sorted(path.name for path in (ROOT / "Sources/switchyard/Console").iterdir())
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_browsers_get_the_page_and_others_json(server):
    page = server.http.get("/", headers=BROWSER)
    assert page.headers["content-type"] == "text/html; charset=utf-8" and page.text.startswith("<!doctype html>")
    assert server.http.get("/").json()["name"] == "switchyard"
    for accept in (BROWSER["Accept"], "*/*", "application/json"):
        answer = server.http.get("/", headers={"Accept": accept})
        assert "accept" in [name.strip().lower() for name in answer.headers["vary"].split(",")]


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_in_the_executable_and_asks_nobody_else(server, name):
    text = (ROOT / "Sources/switchyard/Console" / name).read_text()
    answer = server.http.get(f"/console/{name}")
    assert answer.status_code == 200 and answer.text == text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage|\bstyle=", text)


def test_an_answer_is_asked_for_in_a_browser(server):
    with Page(server.url) as page:
        page.open("ask", prompt="A man is riding a bicycle.").ready()
        page.run()
        assert page.text(".answer [role=log]") == "Ein Mann fährt Fahrrad."
        page.check()
