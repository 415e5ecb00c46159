#!/usr/bin/env python3
"""How the reference tokenizers split and join text: `tokenizer_reference.py MODEL_DIR OUT_DIR`.

Writes how sentencepiece cuts text with the model in MODEL_DIR and how transformers joins the ids, with special tokens and
without them, OUT_DIR/tokenizer-captions.json; a vocabulary with byte fallback trained on the sentences below,
OUT_DIR/bytes.model, with the same for it, OUT_DIR/tokenizer-bytes.json, where the decoders of `tokenizers` join, as T5's
tokenizer in transformers writes bytes out: {"versions", "cases": [{"text", "ids", "shown", "skipped"}]}.

OUT_DIR/tokenizer-joined.json has ids drawn at random from MODEL_DIR's vocabulary, rich in special tokens, and what
transformers makes of them, which must be the same from spiece.model and from the tokenizer.json it writes for that.

Prints the texts that transformers splits otherwise. Its tokenizer normalises whole grapheme clusters, so that a
combining mark after a space disappears with it; the models were trained on what sentencepiece does.
"""
import io
import json
import random
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import sentencepiece
from tokenizers import decoders
from transformers import AutoTokenizer, T5Tokenizer

SENTENCES = [
    "A man in a blue shirt is standing on a ladder.", "Two dogs run through the tall grass.",
    "Ein Mann in einem blauen Hemd steht auf einer Leiter.", "Zwei Hunde laufen durch das hohe Gras.",
    "Schüler üben Gesang; große Bäume säumen die Straße.", "The girl's red balloon floats over 12 houses.",
]
ALPHABETS = ["abcdefghij ", "ABC xyz  .,;!?'\"", "äöüßÄÖÜéèñç", "0123456789 -+", "你好世界日本語", "مرحبا بالعالم", "🙂🚀👩‍👩‍👧‍👦🇩🇪",
             "\u00a0\u2003\u200b\u200d\ufeff\u0301\u0308", "ﬁﬂ①½Ⅳ℃ａｂｃ", "\t\n\r\x00\x07\x7f", "▁▁<>|\\/{}[]", "ÅÅ한글กำ"]


def texts():
    choice = random.Random(11)
    made = SENTENCES + [sentence.upper() for sentence in SENTENCES[:2]] + ["", " ", "  two  spaces  ", "x" * 300]
    for _ in range(120):
        parts = ["".join(choice.choices(choice.choice(ALPHABETS), k=choice.randint(1, 8)))
                 for _ in range(choice.randint(1, 5))]
        made.append("".join(parts))
    return made


def write(path, cases):
    lines = ",\n".join("  " + json.dumps(case, separators=(",", ":")) for case in cases)
    versions = json.dumps({name: version(name) for name in ["sentencepiece", "tokenizers", "transformers"]})
    path.write_text(f'{{"versions": {versions},\n"cases": [\n{lines}\n]}}\n')


def cut(model, join):
    """`join(ids, skips)` is the text of ids, without special tokens when it skips them."""
    return [{"text": text, "ids": model.encode(text), "shown": join(model.encode(text), False),
             "skipped": join(model.encode(text), True)} for text in texts()]


def joined(tokenizers):
    """Ids with the text that all of `tokenizers` make of them."""
    choice = random.Random(12)
    cases = []
    for _ in range(200):
        ids = [choice.choice([0, 1, 2, 2, 2, 7, 7, choice.randrange(3, 40), choice.randrange(3, 6000),
                              choice.randrange(6000, 6100)]) for _ in range(choice.randint(1, 8))]
        shown, skipped = ({tokenizer.decode(ids, skip_special_tokens=skips) for tokenizer in tokenizers}
                          for skips in (False, True))
        (shown,), (skipped,) = shown, skipped
        cases.append({"ids": ids, "shown": shown, "skipped": skipped})
    return cases


def main():
    directory, out = sys.argv[1], Path(sys.argv[2])
    captions = sentencepiece.SentencePieceProcessor(model_file=f"{directory}/spiece.model")
    reference = T5Tokenizer.from_pretrained(directory)
    write(out / "tokenizer-captions.json", cut(captions, lambda ids, skips: reference.decode(ids, skip_special_tokens=skips)))
    with tempfile.TemporaryDirectory() as folder:
        reference.save_pretrained(folder)
        write(out / "tokenizer-joined.json", joined([reference, AutoTokenizer.from_pretrained(folder)]))
    for text in texts():
        other = reference(text, add_special_tokens=False).input_ids
        if other != captions.encode(text):
            print(f"{text!r}: transformers {other}, sentencepiece {captions.encode(text)}")
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES), model_writer=trained, vocab_size=330, byte_fallback=True,
        normalization_rule_name="identity", pad_id=0, eos_id=1, unk_id=2, bos_id=-1, hard_vocab_limit=False,
        num_threads=1, minloglevel=2)
    (out / "bytes.model").write_bytes(trained.getvalue())
    model = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    write(out / "tokenizer-bytes.json", cut(model, lambda ids, skips: decoder.decode(
        [model.id_to_piece(number) for number in ids if number > 2 or not skips])))


if __name__ == "__main__":
    main()
