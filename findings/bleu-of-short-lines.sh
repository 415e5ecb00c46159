#!/bin/sh
# sacrebleu 2.6.0: a corpus of translations that are word for word the references scores 0.00, if its lines are short.
#
# Seen: a hundred lines of two and three tokens, each its own reference: BLEU = 0.00 100.0/100.0/100.0/0.0. With one line of
# four tokens among them it is 100. Smoothing ("exp", the default) does not help: there is no 4-gram to smooth.
# A good guess: 100 for a perfect corpus whatever its lines are, as chrF and TER say.
. "$(dirname "$0")/environment.sh"
install sacrebleu==2.6.0
"$python" - <<'PYTHON'
import sacrebleu

lines = ["Ja .", "Guten Tag !"] * 50
short = sacrebleu.corpus_bleu(lines, [lines])
longer = sacrebleu.corpus_bleu(lines + ["Wie geht es ?"], [lines + ["Wie geht es ?"]])
chrf = sacrebleu.corpus_chrf(lines, [lines])
print("sacrebleu", sacrebleu.__version__)
print(f"lines of two and three tokens, their own references: {short} - guessed: 100")
print(f"and one line of four: {longer.score:.2f}; chrF of the short lines: {chrf.score:.2f}")
if short.score > 0.01 or longer.score < 99.9 or chrf.score < 99.9:
    raise SystemExit("The behaviour changed: short lines no longer make a perfect corpus score nothing.")
PYTHON
