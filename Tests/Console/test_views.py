"""Each view, used as a person would: with a pointer, with keys, by a link."""

import json
import os
import subprocess
import sys
import time
from xml.etree import ElementTree

import pytest
from selenium.webdriver.common.keys import Keys

from console_page import Page
from switchyard_server import Server

TEXT = "A man is riding a bicycle down the street."
TEXTS = {"en-de": TEXT, "shakespeare": "To be, or not to", "experts64": TEXT}
ALL = pytest.mark.parametrize("served", ["en-de", "shakespeare", "experts64"], indirect=True)


def ask(page, text=TEXT, view="ask", **values):
    page.open(view).ready()
    page.write(text)
    for name, value in values.items():
        page.set(name, value)
    page.run()


# Ask.

def test_an_answer_streams_in_and_tells_of_every_token(page, server):
    page.open("ask").ready()
    page.write(TEXT)
    page.one("[name=prompt]").send_keys(Keys.CONTROL, Keys.ENTER)
    page.until(lambda: page.texts(".answer .token[role=option]"))
    page.rest()
    logprobs = server.complete(TEXT, max_tokens=128, logprobs=5)["choices"][0]["logprobs"]
    assert page.texts(".answer .tokens .token") == logprobs["tokens"]
    assert page.text(".answer [role=log]") == server.complete(TEXT, max_tokens=128)["choices"][0]["text"]
    page.hover(page.all(".answer .tokens .token")[3])
    assert logprobs["tokens"][3].strip() in page.inspector and "%" in page.inspector
    assert len(page.all(".runners li")) >= 4
    page.all(".answer .tokens .token")[3].click()
    page.press(Keys.ARROW_RIGHT)
    assert logprobs["tokens"][4].strip() in page.text(".inspector .chosen")
    page.press(Keys.END)
    assert "</s>" in page.text(".inspector .chosen")
    assert page.text(".facts").startswith(f"{len(logprobs['tokens'])} tokens, ended by itself")


def test_an_answer_can_be_stopped(page, server):
    page.open("ask").ready()
    page.write("A man. " * 60)
    page.set("max_tokens", 500)
    page.set("repetition_penalty", 1)
    page.js("document.querySelector('.parameters').open = true")
    page.one("form.composer button[type=submit]").click()
    page.until(lambda: page.all(".answer .tokens .token"))
    page.js("[...document.querySelectorAll('form.composer button')].find((b) => b.textContent === 'Stop').click()")
    page.rest()
    assert page.message in ("Stopped.", "")
    assert server.idle()


def test_a_link_holds_prompt_and_parameters(page):
    ask(page, TEXT, max_tokens=7, repetition_penalty=1.3)
    link = page.driver.current_url
    assert "#ask?" in link and "?" not in link.split("#")[0]
    page.driver.get("about:blank")
    page.driver.get(link)
    page.until(lambda: page.all("[name=prompt]"))
    assert page.js("return ['prompt', 'max_tokens', 'repetition_penalty'].map((n) => document.querySelector(`[name=${n}]`).value)") == [TEXT, "7", "1.3"]
    assert page.js("return document.querySelector('[name=temperature]').value") == "0"
    page.run()
    assert page.text(".facts").startswith("7 tokens, cut at the longest answer")


def test_the_request_can_be_run_elsewhere(page):
    hard = "It's \"quoted\" $HOME `date` \\n – süß 日本"
    ask(page, hard, max_tokens=12)
    page.one(".request summary").click()
    page.until(lambda: page.texts(".request code")[1] != "")
    shown = page.text(".answer [role=log]")
    curl, python = page.texts(".request code")
    done = subprocess.run(["bash", "-c", curl], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout)["choices"][0]["text"] == shown
    environment = os.environ | {"PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-c", python], capture_output=True, text=True, timeout=60, env=environment)
    assert done.stdout.rstrip("\n") == shown, done.stderr
    assert page.one(".code pre").get_attribute("tabindex") == "0"


def test_the_tab_remembers(page):
    ask(page, "A dog.", max_tokens=3)
    ask(page, "A cat.", max_tokens=4)
    page.js("document.querySelector('.earlier').parentElement.open = true")
    assert page.texts(".earlier a")[:2] == ["A cat.", "A dog."]
    page.one(".earlier li:nth-child(2) a").click()
    page.until(lambda: page.js("return document.querySelector('[name=prompt]').value") == "A dog.")
    assert page.js("return document.querySelector('[name=max_tokens]').value") == "3"


# Beams.

def steps_of(server, **body):
    body = {"num_beams": 4, "num_return_sequences": 4, "max_tokens": 48, "stream": True} | body
    text = server.post("/v1/beam_search", **body).text
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


def test_the_tree_has_every_candidate_and_the_beams(page, server):
    ask(page, view="beams")
    events = steps_of(server, prompt=TEXT)
    real = [candidate for event in events[1:-1] for candidate in event["candidates"] if candidate["score"] > -1e8]
    assert len(page.all(".tree .node")) == len(real)
    for outcome in ("kept", "finished", "pruned"):
        assert len(page.all(f".tree .node.{outcome}")) == sum(each["outcome"] == outcome for each in real)
    assert page.texts("tbody td:nth-child(2)") == [beam["text"] for beam in events[-1]["beams"]]
    assert page.texts("tbody td:nth-child(3)")[0].replace("−", "-") == f"{events[-1]['beams'][0]['score']:.4f}"
    # The main line is the best beam's.
    assert len(page.all(".main-line .edge")) == len(events[-1]["beams"][0]["token_ids"])


def test_a_node_tells_its_path_and_keys_walk_the_tree(page):
    ask(page, view="beams")
    page.hover(page.one(".tree .step:nth-child(3) .node.kept .hit"))
    assert "kept after 3 tokens" in page.inspector and "sum of log-probabilities −" in page.inspector
    page.js("document.querySelector('.scroller').focus()")
    page.press(Keys.ARROW_LEFT)
    assert "after 2 tokens" in page.inspector
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert "after 4 tokens" in page.inspector
    before = page.text(".inspector .chosen")
    page.press(Keys.ARROW_DOWN)
    assert page.text(".inspector .chosen") != before


def test_a_pruned_branch_is_gone_on_from(page, server):
    ask(page, view="beams")
    events = steps_of(server, prompt=TEXT)
    first = next(each for each in events[1]["candidates"] if each["outcome"] == "pruned")
    page.js("document.querySelector('.scroller').scrollLeft = 0")
    page.one(".tree .node.pruned .hit").click()
    page.rest()
    assert page.js("return document.querySelector('[name=from]').value") == str(first["id"])
    texts = page.texts("tbody td:nth-child(2)")
    assert all(text.startswith(first["text"]) for text in texts), (first, texts)
    assert "not quite the branch" in page.text(".crumb")
    expected = steps_of(server, prompt=TEXT, decoder_prompt=[first["id"]])[-1]["beams"]
    assert page.texts("tbody td:nth-child(2)") == [beam["text"] for beam in expected]
    page.js("[...document.querySelectorAll('.crumb button')][0].click()")
    page.until(lambda: page.texts("tbody td:nth-child(2)") == [beam["text"] for beam in events[-1]["beams"]])


def test_a_changed_width_or_penalty_is_seen_at_once(page, server):
    ask(page, view="beams")
    page.set("num_beams", 2)
    page.until(lambda: len(page.texts("tbody tr")) == 2)
    page.rest()
    assert page.texts("tbody td:nth-child(2)") == [beam["text"] for beam in steps_of(server, prompt=TEXT, num_beams=2, num_return_sequences=2)[-1]["beams"]]
    for members in ({"length_penalty": -2}, {"early_stopping": "true"}):
        for name, value in members.items():
            page.set(name, value)
        expected = steps_of(server, prompt=TEXT, num_beams=2, num_return_sequences=2, length_penalty=-2,
                            early_stopping="early_stopping" in members)[-1]["beams"]
        page.until(lambda: page.texts("tbody td:nth-child(3)") == [f"{beam['score']:.4f}".replace("-", "−") for beam in expected])


# Tracks.

def test_tokens_and_experts_light_each_other(page, server):
    ask(page, view="tracks", max_tokens=6)
    route = server.post("/v1/route", prompt=TEXT, max_tokens=6).json()
    assert len(page.all(".base rect.stop")) == 4 * 8
    assert page.texts(".stripped:nth-of-type(2) .token, .stripped .tokens .token")[: len(route["encoder"]["tokens"])] == [token["text"] for token in route["encoder"]["tokens"]]
    page.hover(page.all(".tokens .token")[2])
    first, second = (layer["experts"][2] for layer in route["encoder"]["layers"])
    assert f"block 1: expert {first}, gate" in page.inspector and f"block 3: expert {second}, gate" in page.inspector
    assert len(page.all(".overlay .pass")) == 2 and "dim" in page.one(".base").get_attribute("class")
    # The stop of the first token's expert, by its place in the drawing.
    expert = route["encoder"]["layers"][0]["experts"][0]
    stop = page.all(".base rect.stop")[expert]
    x, y, height = (float(stop.get_attribute(name)) for name in ("x", "y", "height"))
    page.hover(page.one(".stage"), x + 3, y + height / 2)
    taken = [index for index, each in enumerate(route["encoder"]["layers"][0]["experts"]) if each == expert]
    assert f"Encoder, block 1, expert {expert}" in page.inspector
    assert f"{len(taken)} of {len(route['encoder']['tokens'])} tokens" in page.inspector
    lit = page.js("return [...document.querySelectorAll('.tokens')][0].querySelectorAll('.lit').length")
    assert lit == len(taken)
    page.js("document.querySelector('.stage').focus()")
    page.press(Keys.ARROW_RIGHT)
    assert "block 3" in page.inspector
    page.press(Keys.ARROW_DOWN, Keys.ARROW_UP)
    assert "Encoder, block 3" in page.inspector


def test_dropped_tokens_are_broken_lines_and_two_prompts_stand_side_by_side(page, server):
    text = "dog " * 150
    route = server.post("/v1/route", prompt=text, max_tokens=0).json()
    assert any(any(layer["dropped"]) for layer in route["encoder"]["layers"])
    page.open("tracks").ready()
    page.set("max_tokens", 0)
    page.write(text)
    page.write(TEXT, "beside")
    page.run()
    panels = page.all(".diagram")
    assert len(panels) == 2 and panels[0].location["y"] == panels[1].location["y"]
    assert page.js("return [...document.querySelectorAll('.diagram')].map((d) => d.querySelectorAll('.track.dropped').length > 0)") == [True, False]
    assert page.js("return getComputedStyle(document.querySelector('.track.dropped')).strokeDasharray") == "3px, 5px"


# Attention.

def test_a_token_tells_what_it_was_picked_after_looking_at(page, server):
    ask(page, view="attention", max_tokens=8)
    found = server.post("/v1/route", prompt=TEXT, max_tokens=8, return_cross_attention=True).json()
    rows = found["cross_attention"]["weights"]
    page.hover(page.all(".tokens")[1].find_elements("css selector", ".token")[1])
    best = max(range(len(rows[1])), key=rows[1].__getitem__)
    assert page.texts(".runners li bdi")[0].strip("␣") == found["encoder"]["tokens"][best]["text"].strip()
    assert page.texts(".runners .number")[0] == f"{100 * rows[1][best]:.1f} %"
    page.hover(page.all(".tokens .token")[best])
    assert "was looked at for" in page.inspector
    page.set("block", 0)
    page.until(lambda: "Block 0 of 0 to 3" in page.text(".attention .panel-head .hint"))
    page.rest()
    other = server.post("/v1/route", prompt=TEXT, max_tokens=8, return_cross_attention=True, cross_attention_block=0).json()
    page.hover(page.all(".tokens")[1].find_elements("css selector", ".token")[1])
    row = other["cross_attention"]["weights"][1]
    assert page.texts(".runners .number")[0] == f"{100 * max(row):.1f} %"


# Load.

def test_load_is_live(page, server):
    server.complete(TEXT)
    page.open("load").ready()
    page.until(lambda: page.all(".heat .cell"))
    report = server.http.get("/v1/experts").json()
    assert page.texts(".map:first-child tbody td:nth-child(2)") == [f"{layer['window']['total_tokens']:,}" for layer in report["encoder"]]
    before = page.texts(".map tbody td:nth-child(2)")
    server.complete(TEXT)
    page.until(lambda: page.texts(".map tbody td:nth-child(2)") != before)
    assert page.texts(".readings dt") == ["Waiting", "Running", "Tokens a second", "First token", "Between tokens", "Cache", "Expert memory"]
    # Last in the drawing of the encoder: the cell of expert 7 in block 3.
    page.hover(page.one(".heat"), 74 + 26 * 7 + 12, 22 + 22 + 10)
    assert "Encoder, block 3, expert 7:" in page.text("p.inspector")
    page.js("document.querySelector('[value=total]').click()")
    assert page.texts(".map:first-child tbody td:nth-child(2)") == [f"{layer['total']['total_tokens']:,}" for layer in server.http.get("/v1/experts").json()["encoder"]]
    page.js("[...document.querySelectorAll('.panel button')].find((b) => b.textContent === 'Pause').click()")
    told = page.texts(".map tbody td:nth-child(2)")
    server.complete(TEXT)
    time.sleep(1.5)
    assert page.texts(".map tbody td:nth-child(2)") == told


def test_memory_for_some_of_the_experts_is_told(experts64):
    with Server(experts64, "--expert-memory", 400_000) as server, Page(server.url) as page:
        page.open("load").ready()
        page.until(lambda: page.all(".heat .cell"))
        server.http.post("/v1/completions", json={"prompt": "a dog", "max_tokens": 40, "temperature": 0, "ignore_eos": True})
        page.until(lambda: "% found in it" in page.texts(".readings dd")[-1])
        assert page.texts(".readings dd")[-1].split(" ")[1] in ("kB", "MB")
        page.check()


# Pictures.

@pytest.mark.parametrize("view", ["beams", "tracks", "attention", "load"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_opens_elsewhere_as_it_was(page, tmp_path, view, scheme):
    page.scheme(scheme)
    if view == "load":
        page.open("load").ready()
        page.until(lambda: page.all(".heat .cell"))
    else:
        ask(page, view=view)
    file = page.downloads / f"switchyard-{view}.svg"
    file.unlink(missing_ok=True)
    page.js("document.querySelector('.save').click()")
    page.until(lambda: file.exists() and file.stat().st_size > 0)
    time.sleep(0.2)
    text = file.read_text()
    assert "var(" not in text and "class=" not in text and "color(" not in text and "http" not in text.replace("http://www.w3.org/2000/svg", "")
    drawing = ElementTree.fromstring(text)
    names = [element for element in drawing.iter() if element.tag.endswith("}text")]
    assert names and all("sans" in name.get("font-family") or "mono" in name.get("font-family") for name in names)
    ground = {"light": "#fffdf8", "dark": "#171d21"}[scheme]
    assert any(element.get("fill") == ground for element in drawing.iter())
    drawn = [element for element in drawing.iter() if element.tag.rsplit("}")[-1] in ("path", "rect", "circle", "text")]
    assert len(drawn) > 20 and all(element.get("fill") for element in drawn)
    page.scheme("light")


# Every model.

@ALL
def test_every_view_with_every_model(served, request):
    name = request.node.callspec.params["served"]
    with Page(served.url) as page:
        for view in ("ask", "beams", "tracks"):
            ask(page, TEXTS[name], view)
            assert "error" not in page.one(".message").get_attribute("class"), page.message
            assert page.all({"ask": ".answer .token", "beams": ".tree .node", "tracks": ".base .track"}[view])
        ask(page, TEXTS[name], "attention")
        if name == "shakespeare":
            assert "encoder" in page.message
        else:
            assert page.all(".matrix .weight")
        page.go("load")
        page.until(lambda: page.all(".heat .cell"))
        if name == "experts64":
            assert len(page.texts(".map tbody tr")) == 4
        page.check(allowed=["400 (Bad Request)"] if name == "shakespeare" else [])
