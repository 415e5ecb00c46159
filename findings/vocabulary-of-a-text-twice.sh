#!/bin/sh
# sentencepiece 0.2.3: a text and the same text written twice give different unigram vocabularies.
#
# Seen: 6,000 lines of made-up words, 1,000 pieces; of the lines twice over, 15 of the pieces are others, though every
# relative frequency is the same. The lines shuffled give the same pieces. (The trainer drops pieces whose expected count is below a
# half, and its update goes through the digamma function: both see counts, not frequencies.)
# A good guess: a vocabulary depends on relative frequencies, so a text repeated as a whole changes nothing.
. "$(dirname "$0")/environment.sh"
install sentencepiece==0.2.3
"$python" - <<'PYTHON'
import io
import random

import sentencepiece

random.seed(1)
SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
words = ["".join(random.choice(SYLLABLES) for _ in range(random.randint(1, 4))) for _ in range(4000)]
lines = [" ".join(random.choices(words, [1 / (rank + 1) for rank in range(4000)], k=12)) for _ in range(6000)]


def pieces(lines):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=model, vocab_size=1000,
                                             num_threads=1, minloglevel=2)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return {processor.id_to_piece(id) for id in range(processor.vocab_size())}


once = pieces(lines)
twice = pieces(lines * 2)
shuffled = pieces(random.sample(lines, len(lines)))
print("sentencepiece", sentencepiece.__version__)
print(f"the lines shuffled: {len(shuffled - once)} of 1000 pieces are others")
print(f"the lines twice: {len(twice - once)} of 1000 pieces are others - guessed: 0")
if not twice - once or shuffled - once:
    raise SystemExit("The behaviour changed: repeating the text no longer changes the vocabulary, or its order does.")
PYTHON
