#!/usr/bin/env python3
"""Lines of every kind and how the reference tokenizers cut them: `tokenizer_lines.py OUT_DIR [--lines N] [TEXT.gz ...]`.

Makes one folder per tokenizer with its files and `lines.jsonl`: first {"vocabulary": rows of a model's embedding}, then
{"text", "ids", "shown", "skipped"} per line, the latter two decoded with special tokens and without them. They are null
where byte pieces spell no UTF-8: `tokenizers` then replaces good characters beside the wrong bytes, too.


    t5         tokenizer.json as transformers 5 writes it for Fixtures/captions; `tokenizers` cuts
    converted  tokenizer.json as transformers 4 converted it: spaces are merged, then every ▁ begins a word
    bytes      a vocabulary with byte fallback and its own small charsmap, added tokens with every flag, and more of
               them in tokenizer_config.json
    trained    a vocabulary and scores of tokenizers' own trainer, no charsmap, no prefix
    pieces     spiece.model of Fixtures/captions; sentencepiece cuts between the special tokens, transformers joins

--fixtures FOLDER writes instead what is committed: 160 lines of t5, and bytes whole with as many.
Lines come from a generator with a fixed seed and from the TEXT files, every third from those.
"""
import argparse
import base64
import gzip
import io
import json
import random
import re
import shutil
from pathlib import Path

import sentencepiece
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, T5Tokenizer
from transformers.convert_slow_tokenizer import import_protobuf

CAPTIONS = Path(__file__).resolve().parent / "Fixtures" / "captions"
SPECIALS = ["<pad>", "</s>", "<unk>"] + [f"<extra_id_{i}>" for i in range(100)]

WORDS = {
    "english": "a man in the blue shirt stands on top of his ladder cleaning windows while two dogs run through grass "
               "playground children's well-known don't 3,000 U.S.A. e.g. state-of-the-art",
    "german": "ein Mann in einem blauen Hemd steht auf der Leiter und putzt Fenster große Bäume Straße Übung Äpfel "
              "Donaudampfschifffahrtsgesellschaft läuft schön 12,5 z.B.",
    "french": "l'été où garçon naïf œuvre ça déjà", "cyrillic": "Привет мир йод ёлка объект Київ їжак",
    "greek": "καλημέρα κόσμε ΐδιος Ἀθῆναι ᾳ", "han": "你好 世界 日本語 漢字 东京都 人工智能", "kana": "こんにちは カタカナ ｶﾀｶﾅ ﾊﾞ が",
    "hangul": "안녕하세요 세계 한국어 한글 각", "arabic": "مرحبا بالعالم العَرَبِيَّة ﷺ لا", "hebrew": "שלום עולם שָׁלוֹם",
    "devanagari": "नमस्ते दुनिया क्षत्रिय हिन्दी", "thai": "สวัสดีชาวโลก กำ น้ำ", "tamil": "வணக்கம் உலகம்",
}
EMOJI = "🙂 🚀 👩‍👩‍👧‍👦 🇩🇪 👍🏽 🏳️‍🌈 ❤️ ☃︎ 1️⃣ 🧑🏿‍🚒 🇦🇧🇨 ™️".split()
MARKS = "\u0300\u0301\u0308\u0323\u0327\u0338\u034f\u0483\u064b\u093c\u0e31\u20e3\u3099\ufe0f\u200d\u1acf\U000e0100"
FOLDED = "ﬁﬂﬃ①½Ⅳⅳ℃ａｂｃＡＢ！？＜＞／ªº²㎏㍿ﾀﾞ…‥‼™Ａ\u0301ª\u0301ﬀ\u0308Å\u0327"
SPACES = " \t\n\r\x0b\x0c\x85\u00a0\u1680\u2003\u2009\u2028\u2029\u202f\u205f\u3000\u200b\u2060\ufeff"
CONTROLS = "".join(map(chr, [*range(0x20), 0x7F, *range(0x80, 0xA0)])) + "\u00ad\u200e\u202e\ufff9\ufffd\ufffe\uffff"
PUNCTUATION = ".,;:!?'\"()[]{}<>|\\/@#$%^&*_+-=~`–—„“”‘’«»▁·•§¶"
ODD = ["</s>", "<pad>", "<unk>", "＜/s＞", "＜unk＞", "＜pad＞", "＜extra_id_0＞", "<extra_id_", "<extra_id_100>", "<extra_id_07>", "<s>",
       "▁", "▁▁", "<0x41>", "<0xE4>", "<mine>", "<wide>", "[name]", "[Name]", "name", "ＮＡＭＥ", "<config>", "\r\n", "a\u0301"]


def part(choice):
    """A few characters of one kind."""
    words = " ".join(WORDS.values()).split()
    kind = choice.randrange(16)
    if kind < 4:
        language = choice.choice(list(WORDS.values())).split()
        return " ".join(choice.choices(language, k=choice.randint(1, 6)))
    if kind == 4:
        return "".join(choice.choices(EMOJI, k=choice.randint(1, 3)))
    if kind == 5:
        return "".join(choice.choice(CONTROLS) + choice.choice("ab ") for _ in range(choice.randint(1, 3)))
    if kind == 6:
        return "".join(choice.choice("aeioun zAªﬁ가क") + choice.choice(MARKS) * choice.randint(0, 2)
                       for _ in range(choice.randint(1, 6)))
    if kind == 7:
        return "".join(choice.choices(FOLDED, k=choice.randint(1, 6)))
    if kind == 8:
        return choice.choice(SPACES) * choice.randint(1, 20) + choice.choice(words)
    if kind == 9:
        return "".join(choice.choices(SPACES, k=choice.randint(1, 5)))
    if kind == 10:
        return choice.choice(["", " ", "  "]) + f"<extra_id_{choice.randint(0, 99)}>" + choice.choice(["", " ", "\t"])
    if kind == 11:
        return choice.choice(["", " "]) + choice.choice(ODD) + choice.choice(["", " ", "  "])
    if kind == 12:
        return "".join(choice.choices(PUNCTUATION + "ab0", k=choice.randint(1, 8)))
    if kind == 13:
        return "".join(map(chr, choice.choices([*range(0xD800), *range(0xE000, 0x110000)], k=choice.randint(1, 5))))
    if kind == 14:
        return choice.choice(words)[:choice.randint(1, 4)] * choice.randint(2, 40)
    return str(choice.randint(0, 10 ** choice.randint(1, 9))) + choice.choice(["", ".000", "%", " €"])


def lines(count, texts, seed=41):
    choice = random.Random(seed)
    read = [line.rstrip("\n") for path in texts for line in gzip.open(path, "rt", encoding="utf-8")]
    made = ["", " ", "   ", "\n", "\0", "▁", "</s>", "<extra_id_0>", "x" * 300]
    while len(made) < count:
        if read and len(made) % 3 == 0:
            made.append(choice.choice(read))
        else:
            made.append(choice.choice(["", " "]).join(part(choice) for _ in range(choice.randint(1, 6))))
    return made[:count]


def added(number, content, **flags):
    return {"id": number, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": True, **flags}


def metaspace(scheme):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": True}


def make_t5(out):
    shutil.copy(CAPTIONS / "spiece.model", out)
    T5Tokenizer.from_pretrained(CAPTIONS).save_pretrained(out)
    (out / "spiece.model").unlink()
    return Tokenizer.from_file(str(out / "tokenizer.json"))


def make_converted(out):
    make_t5(out)
    (out / "tokenizer_config.json").unlink()
    written = json.loads((out / "tokenizer.json").read_text())
    written["normalizer"] = {"type": "Sequence", "normalizers": [
        written["normalizer"], {"type": "Strip", "strip_left": False, "strip_right": True},
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]}
    written["pre_tokenizer"] = metaspace("first")
    written["decoder"] = metaspace("first")
    written["added_tokens"] += [added(6100, "<mine>", special=False), added(6101, "[name]", normalized=True)]
    (out / "tokenizer.json").write_text(json.dumps(written))
    return Tokenizer.from_file(str(out / "tokenizer.json"))


def make_bytes(out):
    rules = io.StringIO()
    for before, after in {"ﬁ": "fi", "ª": "a", "½": "1/2", "\u00a0": " ", "\t": " ", "\n": " ", "\r": " ", "\u3000": " ",
                          "\u200b": " ", "\x01": "", "\x7f": "", "e\u0301": "é", "a\u0308": "ä", "A\u0308": "Ä",
                          "ﬀ": "ff", **{chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}}.items():
        rules.write(" ".join(f"{ord(c):X}" for c in before) + "\t" + " ".join(f"{ord(c):X}" for c in after) + "\n")
    (out / "rules.tsv").write_text(rules.getvalue())
    model = io.BytesIO()
    sentences = [" ".join(random.Random(i).choices((WORDS["english"] + " " + WORDS["german"]).split(), k=12))
                 for i in range(400)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=model, vocab_size=600, byte_fallback=True, pad_id=0, eos_id=1,
        unk_id=2, bos_id=-1, hard_vocab_limit=False, num_threads=1, minloglevel=2,
        normalization_rule_tsv=str(out / "rules.tsv"))
    (out / "rules.tsv").unlink()
    proto = import_protobuf().ModelProto.FromString(model.getvalue())
    vocabulary = [[piece.piece, piece.score] for piece in proto.pieces] + [["<extra_id_1>", 0.0], ["<extra_id_0>", 0.0]]
    size = len(vocabulary)
    charsmap = base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()
    written = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [added(0, "<pad>"), added(1, "</s>"), added(2, "<unk>"), added(size - 2, "<extra_id_1>"),
                         added(size - 1, "<extra_id_0>", lstrip=True, rstrip=True),
                         added(size, "<mine>", lstrip=True), added(size + 1, "[name]", normalized=True, special=False),
                         added(size + 2, "name", single_word=True, special=False), added(size + 3, "<wide>", rstrip=True)],
        "normalizer": {"type": "Precompiled", "precompiled_charsmap": charsmap},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True},
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, metaspace("always")]},
        "model": {"type": "Unigram", "unk_id": 2, "vocab": vocabulary, "byte_fallback": True}}
    (out / "tokenizer.json").write_text(json.dumps(written, separators=(",", ":")))
    (out / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>",
        "extra_special_tokens": ["<config>"]}))
    return AutoTokenizer.from_pretrained(out).backend_tokenizer


def make_trained(out):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    sentences = [" ".join(random.Random(i).choices(" ".join(WORDS.values()).split(), k=12)) for i in range(2000)]
    tokenizer.train_from_iterator(sentences, trainers.UnigramTrainer(
        vocab_size=500, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    written = json.loads(tokenizer.to_str())
    written["decoder"] = metaspace("never")
    (out / "tokenizer.json").write_text(json.dumps(written))
    return Tokenizer.from_file(str(out / "tokenizer.json"))


def cut(tokenizer, text):
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    shown, skipped = (tokenizer.decode(ids, skip_special_tokens=skips) for skips in (False, True))
    if shown.count("\ufffd") != text.count("\ufffd"):
        shown = skipped = None
    return {"text": text, "ids": ids, "shown": shown, "skipped": skipped}


def cut_by_pieces(model, reference, text):
    ids = []
    for stretch in re.split("(" + "|".join(map(re.escape, SPECIALS)) + ")", text):
        if stretch in SPECIALS:
            number = SPECIALS.index(stretch)
            ids.append(number if number < 3 else model.get_piece_size() + 102 - number)
        else:
            ids += model.encode(stretch)
    shown, skipped = (reference.decode(ids, skip_special_tokens=skips) for skips in (False, True))
    return {"text": text, "ids": ids, "shown": shown, "skipped": skipped}


def write(path, vocabulary, cases):
    rows = [{"vocabulary": vocabulary}] + cases
    path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("texts", nargs="*")
    parser.add_argument("--lines", type=int, default=20000)
    parser.add_argument("--fixtures", action="store_true")
    options = parser.parse_args()
    texts = lines(160 if options.fixtures else options.lines, options.texts)
    kinds = {"t5": make_t5, "converted": make_converted, "bytes": make_bytes, "trained": make_trained}
    for name in ["t5", "bytes"] if options.fixtures else kinds:
        folder = options.out / f"unigram-{name}" if options.fixtures else options.out / name
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer = kinds[name](folder)
        write(folder / "lines.jsonl", tokenizer.get_vocab_size(), [cut(tokenizer, text) for text in texts])
        if options.fixtures and name == "t5":
            # The test makes the file from spiece.model.
            for file in ["tokenizer.json", "tokenizer_config.json"]:
                (folder / file).unlink()
    if not options.fixtures:
        folder = options.out / "pieces"
        folder.mkdir(exist_ok=True)
        shutil.copy(CAPTIONS / "spiece.model", folder)
        model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
        reference = T5Tokenizer.from_pretrained(CAPTIONS)
        write(folder / "lines.jsonl", 6100, [cut_by_pieces(model, reference, text) for text in texts])


if __name__ == "__main__":
    main()
