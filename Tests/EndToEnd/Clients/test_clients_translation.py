"""Translation as its clients ask for it, and a long text: what is no sentence stays, and each sentence is as it is alone."""

import random
import re

import deepl
import pytest

from strict_description import StrictDescription
from switchyard_server import JSON, MODEL, Server, one_sentence, run_binary

TEXT = "A man is walking."
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def description():
    return StrictDescription()


@pytest.fixture(scope="module")
def expected(server):
    return server.complete(TEXT, max_tokens=None)["choices"][0]["text"]


@pytest.fixture(scope="module")
def client(server):
    return deepl.DeepLClient("none", server_url=server.url)


def ask(server, description, method="POST", path="/translate", **how):
    answer = server.http.request(method, path, **how)
    description.check(method, path, answer.status_code, answer.headers, answer.content)
    return answer


# DeepL


def test_deepl_translates(client, expected):
    one = client.translate_text(TEXT, target_lang="DE")
    assert (one.text, one.detected_source_lang, one.billed_characters) == (expected, "EN", len(TEXT))
    many = client.translate_text([TEXT, "42", TEXT], source_lang="EN", target_lang="de")
    assert [each.text for each in many] == [expected, "42", expected]
    marked = client.translate_text(f"<p>{TEXT}</p><code>a man</code>", target_lang="DE", tag_handling="html")
    assert marked.text == f"<p>{expected}</p><code>a man</code>"


def test_deepl_lists_languages_and_usage(client):
    assert [(each.code, each.name) for each in client.get_source_languages()] == [("EN", "English")]
    assert [each.code for each in client.get_target_languages()] == ["DE"]
    before = client.get_usage().character.count
    client.translate_text("12345", target_lang="DE")
    assert client.get_usage().character.count == before + 5 and not client.get_usage().any_limit_reached


def test_deepl_is_told_what_is_wrong(client):
    for how, words in [({"target_lang": "FR"}, "'target_lang' must be one of de"),
                       ({"target_lang": "DE", "source_lang": "FR"}, "'source_lang' must be one of en"),
                       ({"target_lang": "DE", "formality": "more"}, "'formality'")]:
        with pytest.raises(deepl.DeepLException, match=words):
            client.translate_text(TEXT, **how)


def test_deepl_brings_its_key(tmp_path):
    (tmp_path / "keys").write_text("somebody the-key\n")
    with Server(MODEL, "--api-key-file", tmp_path / "keys") as server:
        assert deepl.DeepLClient("the-key", server_url=server.url).translate_text(TEXT, target_lang="DE").text
        with pytest.raises(deepl.AuthorizationException):
            deepl.DeepLClient("another", server_url=server.url).translate_text(TEXT, target_lang="DE")


# LibreTranslate


@pytest.mark.parametrize("how", [
    {"json": {"q": TEXT, "source": "en", "target": "de"}},
    {"json": {"q": TEXT, "source": "auto", "target": "DE", "format": "text", "api_key": ""}},
    {"data": {"q": TEXT, "source": "en", "target": "de"}},
    {"params": {"q": TEXT, "source": "en", "target": "de", "format": "text", "api_key": ""}},
], ids=["json", "auto", "form", "query"])
def test_a_text_comes_in_three_ways(server, description, expected, how):
    assert ask(server, description, **how).json()["translatedText"] == expected


def test_a_list_alternatives_and_languages(server, description, expected):
    answer = ask(server, description, json={"q": [TEXT, "7"], "source": "en", "target": "de", "alternatives": 2}).json()
    assert answer["translatedText"][1] == "7" and answer["alternatives"][1] == []
    beams = server.complete(TEXT, num_beams=3, n=3, max_tokens=None)["choices"]
    assert [answer["translatedText"][0], *answer["alternatives"][0]] == [beam["text"] for beam in beams]
    assert ask(server, description, "GET", "/languages").json()[1] == {"code": "en", "name": "English", "targets": ["de"]}
    assert ask(server, description, path="/detect", data={"q": TEXT}).json() == [{"confidence": 100, "language": "en"}]


@pytest.mark.parametrize("path, how, status", [
    ("/translate", {"json": {"q": TEXT, "source": "en", "target": "fr"}}, 400),
    ("/translate", {"json": {"q": {"a": 1}, "source": "en", "target": "de"}}, 400),
    ("/translate", {"content": b"[", "headers": JSON}, 400),
    ("/translate", {"content": b"q=%zz", "headers": FORM}, 400),
    ("/translate", {"content": b"q=%ff&target=de", "headers": FORM}, 400),
    ("/translate", {"content": b"&" * 9000, "headers": FORM}, 400),
    ("/translate", {"content": b"x=1&" * 9000, "headers": FORM}, 400),
    ("/translate", {"content": b"q=a", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 415),
    ("/translate", {"json": {"q": "a " * 250_001, "target": "de"}}, 413),
    ("/translate", {"json": {"q": "Go. " * 10_001, "target": "de"}}, 413),
    ("/v2/translate", {"json": {"text": [1], "target_lang": "DE"}}, 400),
    ("/v2/translate", {"content": b"text=%", "headers": FORM}, 400),
    ("/generate", {"json": {"inputs": 3}}, 400),
    ("/", {"json": {"inputs": "a " * 200_000}}, 400),
])
def test_bad_input_is_one_clear_error(server, description, path, how, status):
    answer = ask(server, description, path=path, **how)
    body = answer.json()
    assert answer.status_code == status and len(answer.content) < 600
    assert isinstance(body.get("error", body.get("message")), str)


def test_a_model_without_the_file_says_so(tmp_path, description):
    for file in MODEL.iterdir():
        if file.name != "translation.json":
            (tmp_path / file.name).symlink_to(file)
    with Server(tmp_path) as server:
        answer = ask(server, description, json={"q": TEXT, "source": "en", "target": "de"})
        assert answer.status_code == 404 and "no translation.json" in answer.json()["error"]
        assert "translation" not in server.http.get("/v1/models").json()["data"][0]


# A text of twenty pages


SENTENCES = [
    "A man is riding a bicycle.", "Two dogs are running!", "Is the woman sitting on a bench?", "Mr. Smith is walking.",
    "A boy, e.g. Tom, plays with 3.5 balls.", "The U.S. team wins.", "Dr. J. R. Brown sees No. 5 on p. 12.",
    "\u201cStop!\u201d he says.", "A girl (with a hat) smiles.", "People are standing at www.example.org today.",
    "A cat sleeps; the dog eats.", "\u201cA man is running.\u201d", "The children play\u2026", "He has 1,000 apples etc. in the house.",
]
KEPT = ["", "42", "https://example.org/a?b=c&d=e", "3.14 %", "---", "12:30", "mail@example.org", "   "]
MARKS = ["# ", "## ", "- ", "* ", "1. ", "12) ", "  (a) ", "> ", "\t", "    - ", ""]


def long_text(pages, seed=7):
    """A text of about that many pages, and its parts in order: (is a sentence, what it says)."""
    draw = random.Random(seed)
    parts = []
    for _ in range(pages * 20):
        parts.append((False, draw.choice(MARKS)))
        if draw.random() < 0.25:
            parts += [(False, draw.choice(KEPT))]
        else:
            for number in range(draw.randint(1, 7)):
                parts += [(False, draw.choice([" ", "  "]))] if number else []
                parts.append((True, draw.choice(SENTENCES)))
        parts.append((False, draw.choice(["\n", "\n\n", "\r\n", " \n", "\n\n\n"])))
    return "".join(text for _, text in parts), parts


@pytest.fixture(scope="module")
def alone(server):
    """Every sentence as it is translated by itself, by the plain endpoint."""
    choices = server.post("/v1/completions", prompt=SENTENCES).json()["choices"]
    return {sentence: choice["text"].strip() for sentence, choice in zip(SENTENCES, choices)}


def test_a_long_text_keeps_everything(server, description, alone):
    text, parts = long_text(20)
    assert len(text) > 20 * 1500
    answer = ask(server, description, json={"q": text, "source": "en", "target": "de"})
    assert answer.json()["translatedText"] == "".join(alone[part] if is_sentence else part for is_sentence, part in parts)
    assert server.idle()


def test_long_markup_keeps_everything(server, description, alone):
    draw = random.Random(9)
    frames = [("<p class=\"a > b\">", "</p>"), ("<li>", "</li>\n"), ("<h2 id='x'>", "</h2>"), ("<td>", "</td>"),
              ("<blockquote><!-- A man. Two. -->", "</blockquote>"), ("<b>", "</b> <br/>")]
    others = ["<pre>A man is riding.\n  Two.</pre>", "<code>a man</code>", "<script>if (a < b) { f('A man.') }</script>",
              "<style>p > a { x: y }</style>", "<img alt='A man.' src=\"a.png\">", "<p>42 &amp; 7</p>", "&copy; 2020"]
    source, target = "", ""
    for _ in range(200):
        if draw.random() < 0.2:
            other = draw.choice(others)
            source, target = source + other, target + other
            continue
        before, after = draw.choice(frames)
        sentence = draw.choice(SENTENCES)
        source, target = source + before + sentence + after, target + before + alone[sentence] + after
    answer = ask(server, description, json={"q": source, "source": "en", "target": "de", "format": "html"})
    assert answer.json()["translatedText"] == target
    assert re.findall("<[^>]*>", answer.json()["translatedText"]) == re.findall("<[^>]*>", source)


def test_more_sentences_than_the_queue_takes(alone):
    text, parts = long_text(2)
    with Server(MODEL, "--max-queued-requests", 2, "--max-sequences", 4) as server:
        answer = server.post("/translate", q=text, source="en", target="de")
        assert answer.json()["translatedText"] == "".join(alone[part] if is_sentence else part for is_sentence, part in parts)
        assert server.idle()


def test_a_sentence_longer_than_the_model_is_cut(alone):
    with Server(MODEL, "--max-input-tokens", 16) as server:
        sentence = "A man is riding a bicycle, " * 8 + "and he is happy."
        answer = server.post("/translate", q=f"{SENTENCES[0]} {sentence}", source="en", target="de")
        assert answer.status_code == 200 and answer.json()["translatedText"].startswith(alone[SENTENCES[0]])
        assert len(answer.json()["translatedText"]) > 8 * 10


@pytest.mark.parametrize("content, words", [
    ("{", "translation.json"), ('{"languages": {"en": "E", "de": "G"}, "directions": [{"source": "en", "target": "xx"}]}', "'directions.0.target'"),
    ('{"languages": {"en": "E", "de": "G"}, "directions": [{"source": "en", "target": "de", "forced_bos_token": "deu_Latn"}]}',
     "'directions.0'"),
])
def test_a_file_that_cannot_be_followed_ends_the_process(tmp_path, content, words):
    for file in MODEL.iterdir():
        if file.name != "translation.json":
            (tmp_path / file.name).symlink_to(file)
    (tmp_path / "translation.json").write_text(content)
    for command in (["serve", tmp_path, "--port", 0], ["inspect", tmp_path]):
        done = run_binary(*command)
        assert done.returncode == 1 and words in done.stderr and one_sentence(done.stderr), done.stderr
