#!/usr/bin/env python3
"""Makes bleu.json: corpora and what sacreBLEU 2.6.0 scores and how it cuts lines by default (13a, exp, cased).

    bleu_reference.py OUT_FILE
"""
import json
import sys

from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

LINES = [
    "Ein Mann sitzt auf einer Bank.", "Zwei junge, weiße Männer sind im Freien (in der Nähe vieler Büsche).",
    "It costs 3,000.50 $ -- or 2-3 times that...", "a..b,,c .5 5. ,x x, 1,2 a-b 1-b a-1 -", "&quot;Hi&quot; &amp; &lt;bye&gt; &apos;",
    "Dr. Smith's \"quoted\" text; isn't it? 100% {yes} [no] ~`^_", "«Guillemets» und „deutsche“ Zeichen – Gedankenstrich…",
    "tabs\tand  double  spaces ", "日本語のテキスト、です。", "<skipped> e-mail@example.org/path?x=1&y=2", "", "...", "1.", ".1.", "A.B.C.",
    "&lt;\u0301 cafe\u0301 a-\r\nb",
]
CORPORA = {
    "mixed": (["Ein Mann sitzt auf der Bank.", "Zwei Männer sind draußen.", "Eine Frau mit 2,5 Hunden läuft."],
              ["Ein Mann sitzt auf einer Bank.", "Zwei junge Männer sind im Freien.", "Eine Frau mit 2,5 Hunden rennt weg."]),
    "same": (["the cat sat on the mat ."], ["the cat sat on the mat ."]),
    "short": (["the cat"], ["the cat sat on the mat"]),
    "no 4-grams match": (["the cat the dog the bird sat", "a b c d e"], ["the cat sat on a dog", "a c b e d"]),
    "nothing matches": (["x y z w v"], ["a b c d e"]),
    "empty": (["", "two words here now ."], ["something else", "two words here now ."]),
    "other code points": (["das cafe\u0301 ist heute offen"], ["das caf\u00e9 ist heute offen"]),
    "longer": (["a b c d e f g h i j"], ["a b c d e"]),
}

bleu, tokenize = BLEU(), Tokenizer13a()
out = dict(
    lines=[dict(line=line, tokens=tokenize(line.rstrip()).split()) for line in LINES],
    corpora=[dict(name=name, hypotheses=h, references=r, score=bleu.corpus_score(h, [r]).score)
             for name, (h, r) in CORPORA.items()])
with open(sys.argv[1], "w") as file:
    json.dump(out, file, ensure_ascii=False, indent=1)
    file.write("\n")
