"""How transformers' ByT5Tokenizer cuts text and joins ids. Usage: byt5_reference.py FIXTURES_DIR

Writes FIXTURES_DIR/byt5/tokenizer_config.json and lines.json there: {"encoded": [{"text", "ids"}], "decoded": [{"ids", "text",
"all"}]}, where `all` shows special tokens, too. And the same of a SentencePiece vocabulary with MADLAD's tokens, in madlad.
"""
import json
import random
import sys
from pathlib import Path

import sentencepiece
from transformers import ByT5Tokenizer, T5Tokenizer

FIXTURES = Path(sys.argv[1])
TEXTS = ["A man rides.", "Grüße", "日本語 text", "🙂 and 👩‍👩‍👧", "", " spaces  kept ", "a<extra_id_0>b<extra_id_124>", "<pad>x</s>",
         "line\nbreak\ttab", "\u0000nul"]


def byt5():
    directory = FIXTURES / "byt5"
    tokenizer = ByT5Tokenizer()
    tokenizer.save_pretrained(directory)
    for extra in directory.glob("*"):
        if extra.name != "tokenizer_config.json":
            extra.unlink()
    draw = random.Random(0)
    sequences = [tokenizer.encode(text) for text in TEXTS]
    sequences += [[draw.choice(([3 + byte for byte in "é日🙂a".encode()]) + [draw.randrange(384)]) for _ in range(12)]
                  for _ in range(60)]
    write(directory, tokenizer, sequences)


def madlad():
    directory = FIXTURES / "madlad"
    directory.mkdir(exist_ok=True)
    lines = ["the cat sat on the mat", "die Katze sass auf der Matte", "a dog and a cat", "ein Hund und eine Katze"] * 20
    (directory / "text").write_text("\n".join(lines))
    sentencepiece.SentencePieceTrainer.train(
        input=str(directory / "text"), model_prefix=str(directory / "spiece"), vocab_size=64, unk_id=0, pad_id=1, eos_id=2, bos_id=-1,
        user_defined_symbols=["<2en>", "<2de>"], normalization_rule_name="identity",
        hard_vocab_limit=False, minloglevel=2)
    for name in ["text", "spiece.vocab"]:
        (directory / name).unlink()
    processor = sentencepiece.SentencePieceProcessor(str(directory / "spiece.model"))
    texts = ["<2de> the cat", "<2en> die Katze", "a <2de>dog"]
    encoded = [{"text": text, "ids": processor.encode(text)} for text in texts]
    (directory / "lines.json").write_text(json.dumps({"encoded": encoded, "decoded": []}) + "\n")


def write(directory, tokenizer, sequences):
    encoded = [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False)} for text in TEXTS]
    join = lambda ids, skip: tokenizer.decode(ids, skip_special_tokens=skip, clean_up_tokenization_spaces=False)
    decoded = [{"ids": ids, "text": join(ids, True), "all": join(ids, False)} for ids in sequences]
    (directory / "lines.json").write_text(json.dumps({"encoded": encoded, "decoded": decoded}) + "\n")


byt5()
madlad()
