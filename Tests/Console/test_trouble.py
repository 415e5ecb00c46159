"""What goes wrong: servers that are away, streams that are cut, texts that would be more than text."""

import json
import random
import subprocess
import time

import pytest

from console_page import Page
from switchyard_server import MODEL, Server
from test_views import TEXT, ask
from unruly_proxy import UnrulyProxy

# Elements, scripts, entities, quotes, marks of direction, letters that combine, halves of characters.
HOSTILE = ["<made-of-text onmouseover=alert(1)>", "<script>window.made=1</script>", "<img src=x onerror='window.made=1'>",
           "</textarea><svg onload=window.made=1>", "&lt;made-of-text&gt;", "\u202edesrever\u202c", "\u2066isolate\u2069", "a\u0301\u0301\u0301",
           "\u0000\u0007\u001b[31m", "javascript:window.made=1", "{{constructor}}", "${window.made=1}", "'\"`><made-of-text>", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
           "]]><made-of-text/>", "<!--", "\ufeff\u200b", "𝕊𝕨\U0001f6a6", "\n\n\ttabs", "x" * 300]


def nothing_was_made(page):
    made = page.js("""return [window.made, document.querySelectorAll('made-of-text, iframe, object, embed, img, base, foreignObject').length,
        document.querySelectorAll('script').length, [...document.querySelectorAll('*')].filter((e) => [...e.attributes].some((a) => a.name.startsWith('on'))).length,
        [...document.querySelectorAll('a')].filter((a) => !['http:', 'https:', 'blob:'].includes(a.protocol)).length]""")
    assert made == [None, 0, 1, 0, 0]


@pytest.fixture
def proxy(server):
    with UnrulyProxy(server.port) as between:
        yield between


@pytest.fixture
def troubled(proxy):
    with Page(proxy.url) as page:
        yield page
        foreign = [url for url in page.requests() if not url.startswith(page.url)]
        assert not foreign


def test_a_refusal_is_told_in_its_words(troubled, proxy):
    troubled.open("ask").ready()
    for path, view in (("/v1/completions", "ask"), ("/v1/beam_search", "beams"), ("/v1/route", "tracks"), ("/v1/route", "attention")):
        proxy.refuse = {path: (503, json.dumps({"error": {"message": "The queue is full: <b>try</b> later.", "type": "x", "param": None, "code": "queue_full"}}))}
        ask(troubled, view=view)
        assert troubled.message == "The queue is full: <b>try</b> later."
        proxy.refuse = {path: (503, "<html><b>nginx</b></html>")}
        troubled.run()
        assert troubled.message == "The server answered 503 Service Unavailable."
        assert not troubled.js("return document.querySelector('form.composer button').disabled")
        proxy.refuse = {}
        troubled.run()
        assert "error" not in troubled.one(".message").get_attribute("class")
    proxy.refuse = {"/v1/experts": (503, "{}")}
    troubled.open("load")
    troubled.until(lambda: "503" in troubled.message)
    proxy.refuse = {}
    troubled.until(lambda: troubled.message == "" and troubled.all(".heat .cell"))


@pytest.mark.parametrize("bytes", [0, 1, 700, 3000])
def test_a_stream_that_is_cut_midway_is_told_of_and_kept(troubled, proxy, bytes):
    proxy.cut = {"/v1/completions": bytes, "/v1/beam_search": bytes}
    ask(troubled)
    assert "cut off" in troubled.message
    ask(troubled, view="beams")
    assert "cut off" in troubled.message
    if bytes >= 3000:
        assert troubled.all(".tree .node")
    proxy.cut = {}
    troubled.run()
    assert "beams." in troubled.message


def test_a_server_that_goes_away_comes_back(troubled, proxy):
    troubled.open("ask").ready()
    proxy.is_gone = True
    troubled.until(lambda: "away" in troubled.text("#status-text"))
    assert troubled.js("return document.getElementById('lamp').dataset.state") == "away"
    troubled.write(TEXT)
    troubled.run()
    assert "cannot be reached" in troubled.message
    troubled.go("load")
    troubled.until(lambda: "cannot be reached" in troubled.message)
    proxy.is_gone = False
    troubled.until(lambda: troubled.text("#status-text") == "Ready")
    troubled.until(lambda: troubled.all(".heat .cell") and troubled.message == "")
    troubled.go("ask")
    troubled.run()
    assert troubled.all(".answer .tokens .token")


def test_loading_and_draining_are_told(tmp_path):
    with Server(MODEL) as server, UnrulyProxy(server.port) as proxy, Page(proxy.url) as page:
        loading = {"status": "loading", "reason": "The model is loading.", "progress": 0.42}
        proxy.refuse = {"/readyz": (503, json.dumps(loading)), "/v1/": (503, json.dumps({"error": {"message": "The model is loading."}}))}
        page.open("ask")
        page.until(lambda: page.text("#status-text") == "The model is loading: 42 %")
        assert page.js("return [document.getElementById('progress').hidden, document.getElementById('progress').value]") == [False, 0.42]
        page.write(TEXT)
        page.run()
        assert page.message == "The model is loading."
        proxy.refuse = {}
        page.ready()
        assert page.js("return document.getElementById('progress').hidden")
        page.run()
        assert page.all(".answer .tokens .token")
        # One long answer keeps it draining.
        stream = server.http.stream("POST", "/v1/completions", json={"prompt": "A man.", "max_tokens": 500, "n": 8, "ignore_eos": True, "stream": True, "temperature": 1})
        proxy.refuse = {"/readyz": (503, json.dumps({"status": "draining", "reason": "The server is draining."}))}
        page.until(lambda: "Draining" in page.text("#status-text"))
        del stream


def test_a_key_is_asked_for_and_kept_for_the_tab(tmp_path):
    (tmp_path / "keys").write_text("secret-key-of-sixteen-characters\n")
    (tmp_path / "keys").chmod(0o600)
    with Server(MODEL, "--api-key-file", tmp_path / "keys") as server, Page(server.url) as page:
        page.open("ask")
        page.until(lambda: page.text("#status-text") == "Ready")
        # Nobody is asked before there is something to ask for.
        assert not page.js("return document.getElementById('key-dialog').open")
        page.write(TEXT)
        page.run(wait=False)
        page.until(lambda: page.js("return document.getElementById('key-dialog').open"))
        page.one("#key-cancel").click()
        page.rest()
        assert page.message == "The server wants a key."
        page.run(wait=False)
        page.until(lambda: page.js("return document.getElementById('key-dialog').open"))
        page.one("#key").send_keys("wrong-key-of-sixteen-characters\n")
        page.until(lambda: "did not take that key" in page.text("#key-note"))
        page.one("#key").send_keys("secret-key-of-sixteen-characters\n")
        page.rest()
        assert page.all(".answer .tokens .token")
        page.one(".request summary").click()
        assert "secret" not in page.driver.page_source and "$SWITCHYARD_API_KEY" in page.texts(".request code")[0]
        assert page.js("return [localStorage.length, document.cookie, location.href.includes('secret')]") == [0, "", False]
        page.go("load")
        page.until(lambda: page.all(".heat .cell"))
        page.driver.refresh()
        page.until(lambda: page.all(".heat .cell"))
        page.check(allowed=["401 (Unauthorized)"])
        # Another tab has to ask again.
        page.driver.switch_to.new_window("tab")
        page.driver.get(page.url)
        assert page.js("return sessionStorage.length") == 0


def test_a_prompt_of_4000_tokens(troubled):
    text = "dog " * 4000
    ask(troubled, text)
    assert troubled.all(".answer .tokens .token"), troubled.message
    ask(troubled, text, "tracks", max_tokens=2)
    assert len(troubled.all(".stripped:nth-of-type(2) .token")) >= 4000
    assert "first 1000 of 4,001 tokens" in troubled.js("return document.querySelector('.diagram > .hint').textContent")
    ask(troubled, text, "attention", max_tokens=8)
    assert "too many for a matrix" in troubled.text(".attention .panel-head .hint")
    troubled.hover(troubled.all(".tokens")[1].find_elements("css selector", ".token")[0])
    assert "was picked after looking at" in troubled.inspector
    ask(troubled, "dog " * 4200)
    assert "4096" in troubled.message and "error" in troubled.one(".message").get_attribute("class")
    assert not troubled.errors(allowed=["400 (Bad Request)"])


def test_texts_full_of_markup_are_text(troubled):
    text = "\n".join(HOSTILE)
    for view in ("ask", "beams", "tracks", "attention"):
        ask(troubled, text, view)
        assert "error" not in troubled.one(".message").get_attribute("class"), troubled.message
        nothing_was_made(troubled)
    shown = troubled.js("return [...document.querySelectorAll('.tokens')][0].textContent")
    assert "<script>" in shown.replace("⁇", "<").replace(" ", "") or "script" in shown
    # Marks of direction do not turn what stands around them.
    assert "\u202e" not in shown


def test_a_fuzz_of_names_and_texts_makes_no_element(server, proxy):
    """Everything the server could say is replaced, and everything one could write."""
    choice = random.Random(20)
    proxy.rewrite = lambda text: choice.choice(HOSTILE) + choice.choice(["", text]) + choice.choice(HOSTILE)
    with Page(proxy.url) as page:
        for round in range(6):
            for view in ("ask", "beams", "tracks", "attention", "load"):
                values = {choice.choice(["prompt", "from", "decoder_prompt", "beside", "max_tokens", "block", "x"]): choice.choice(HOSTILE) for _ in range(3)}
                page.open(view, **values)
                if view == "load":
                    time.sleep(0.3)
                else:
                    for name in ("from", "block", "max_tokens"):
                        if page.all(f"[name={name}]"):
                            page.set(name, "" if name != "max_tokens" else "6")
                    page.write(choice.choice(HOSTILE) + TEXT)
                    page.run()
                    assert "error" not in page.one(".message").get_attribute("class"), page.message
                    page.js("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
                    tokens = page.all(".tokens .token, .tree .node .hit")
                    for element in choice.sample(tokens, min(4, len(tokens))):
                        page.js("arguments[0].dispatchEvent(new PointerEvent('pointerover', {bubbles: true}))", element)
                nothing_was_made(page)
        # Names in pictures, too.
        page.open("tracks")
        page.write(HOSTILE[0])
        page.run()
        svg = page.js("return new XMLSerializer().serializeToString(document.querySelector('.base svg'))")
        assert "<made-of-text" not in svg
        page.check()


def test_a_client_that_leaves_midway_stops_the_search(server):
    with Page(server.url) as page:
        page.open("beams").ready()
        page.write("A man. " * 40)
        page.set("num_beams", 12)
        page.set("max_tokens", 128)
        page.run(wait=False)
        page.until(lambda: page.all(".tree .node"))
    assert server.idle(within=5)
