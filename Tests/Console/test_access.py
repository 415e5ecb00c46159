"""For everybody: keys alone, a screen reader, light and dark, 360 pixels."""

from pathlib import Path

import axe_playwright_python
import pytest
from selenium.webdriver.common.keys import Keys

from console_page import VIEWS
from test_views import TEXT, ask

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


def show(page, view):
    if view == "load":
        page.open("load", prompt=TEXT).ready()
        page.until(lambda: page.all(".heat .cell"))
    else:
        ask(page, view=view)
        page.js("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        if page.all(".tokens .token"):
            page.hover(page.all(".tokens .token")[1])


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("scheme, width", [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)])
def test_axe_finds_nothing(page, view, scheme, width):
    page.scheme(scheme)
    page.size(width)
    show(page, view)
    page.js(AXE)
    found = page.driver.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(({violations}) => done(violations))")
    serious = [(each["id"], each["impact"], [node["html"][:160] for node in each["nodes"]][:3]) for each in found]
    assert not serious
    assert page.js("return document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the window"
    page.size(1280)
    page.scheme("light")


def test_all_can_be_done_by_keys(page):
    page.open("ask").ready()
    page.js("document.activeElement?.blur()")
    reached = []
    for _ in range(14):
        page.press(Keys.TAB)
        reached.append(page.js("const a = document.activeElement; return a.name || a.textContent"))
    assert reached[0] == "Skip to the view"
    assert reached[1:6] == ["Ask", "Beams", "Tracks", "Attention", "Load"]
    assert reached[7 if reached[6] == "" else 6:][0] == "prompt"
    page.js("document.querySelector('[name=prompt]').focus()")
    page.press("A dog.", Keys.TAB, Keys.TAB)
    assert page.js("return document.activeElement.textContent") == "Ask"
    page.press(Keys.ENTER)
    page.rest()
    page.until(lambda: page.texts(".answer .tokens .token"))
    page.js("document.querySelector('.stations a').focus()")
    page.press(Keys.TAB, Keys.ENTER)
    page.until(lambda: page.text("h2") == "Beams")
    # The prompt came along.
    assert page.js("return document.querySelector('[name=prompt]').value") == "A dog."


def test_motion_is_left_out_where_it_is_not_wanted(page):
    page.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    ask(page, view="beams")
    assert page.js("return getComputedStyle(document.querySelector('.node')).animationName") == "none"
    page.scheme("light")
