#!/usr/bin/env python3
"""Greedy and beam-4 outputs of a whole model directory through transformers, as text and as tokens.

    model_reference.py MODEL_DIR SENTENCES.gz OUT.json [--count N] [--prefix TEXT]

SENTENCES.gz holds one source sentence a line, the first N are used. The model runs in float32 with eager attention on
one thread; prompts are tokenized with the directory's spiece.model and end with its end token.
"""
import argparse
import gzip
import json
from importlib.metadata import version
from pathlib import Path

import sentencepiece
import torch

from reference import generate, load, rounded, truncated

MAX_NEW_TOKENS = 64


def describe(pieces, tokens, ends):
    return {"tokens": tokens, "text": pieces.decode([token for token in tokens if token not in ends])}


def answer(model, pieces, prompt, ends):
    ids = pieces.encode(prompt) + ends[:1]
    greedy = generate(model, ids, max_new_tokens=MAX_NEW_TOKENS, num_beams=1)
    beam = generate(model, ids, max_new_tokens=MAX_NEW_TOKENS, num_beams=4)
    return {
        "prompt": prompt,
        "prompt_tokens": ids,
        "greedy": describe(pieces, truncated(greedy.sequences[0], ends), ends),
        "beam4": describe(pieces, truncated(beam.sequences[0], ends), ends)
        | {"score": rounded(beam.sequences_scores.tolist())[0]},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("sentences", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--prefix", default="")
    arguments = parser.parse_args()
    model = load(arguments.model)
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(arguments.model / "spiece.model"))
    end = model.generation_config.eos_token_id
    ends = end if isinstance(end, list) else [end]
    with gzip.open(arguments.sentences, "rt", encoding="utf-8") as file:
        sentences = [line.strip() for _, line in zip(range(arguments.count), file)]
    with torch.no_grad():
        answers = [answer(model, pieces, arguments.prefix + sentence, ends) for sentence in sentences]
    versions = {name: version(name) for name in ("torch", "transformers", "sentencepiece")}
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in answers)
    arguments.out.write_text(
        f'{{"versions": {json.dumps(versions)}, "max_new_tokens": {MAX_NEW_TOKENS}, "answers": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
