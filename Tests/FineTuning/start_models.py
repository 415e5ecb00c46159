"""Small checkpoints of every kind that a run may begin with, made by transformers, each with a vocabulary of its own.

Gated experts and language models, which transformers has not, are made of its parts (Tests/Parity).
"""
import io
import sys
from pathlib import Path

import sentencepiece
import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "Parity"))
import make_checkpoints  # noqa: E402

PIECES, ROWS = 90, 200  # the vocabulary, and the rows of embeddings: with room for T5's sentinels
SIZES = dict(vocab_size=ROWS, d_model=32, d_kv=8, d_ff=48, num_heads=4, num_layers=2, num_decoder_layers=2)
MODELS = {
    "t5": SIZES | dict(family="t5", feed_forward_proj="relu"),
    "t5-1.1": SIZES | dict(family="t5", feed_forward_proj="gated-gelu", layout="own-head"),
    "flan": SIZES | dict(family="t5", feed_forward_proj="gated-gelu", layout="own-head", num_layers=3, dtype="bfloat16"),
    "t5-silu": SIZES | dict(family="t5", feed_forward_proj="gated-silu"),
    "mt5": SIZES | dict(family="mt5", feed_forward_proj="gated-gelu", layout="own-head", d_model=40),
    "tied": SIZES | dict(num_experts=4),
    "untied": SIZES | dict(num_experts=4, tie_word_embeddings=False),
    "router-bias": SIZES | dict(num_experts=4, router_bias=True, format="pickle"),
    "all-sparse": SIZES | dict(num_experts=4, encoder_sparse_step=1, decoder_sparse_step=1),
    "odd-steps": SIZES | dict(num_experts=3, num_layers=4, encoder_sparse_step=3, decoder_sparse_step=0),
    "gelu": SIZES | dict(num_experts=4, dense_act_fn="gelu"),
    "gated-experts": SIZES | dict(num_experts=4, dense_act_fn="gelu_new", is_gated=True, tie_word_embeddings=False,
                                  layout="decoder-head"),
    "language-model": SIZES | dict(family="language-model", decoder_sparse_step=2, num_experts=4),
}
# What makes files of `gated-experts` say that they are gated.
GATED = dict(is_gated_act=True)

NOUNS = "dog cat man girl bird horse child woman boy fish".split()
VERBS = "sees likes follows hears finds".split()


def pairs():
    """Distinct lines: a few to learn from, a few to judge by."""
    lines = [(f"the {a} {v} the {b}", f"{b} {v} {a}") for a in NOUNS for v in VERBS for b in NOUNS if a != b]
    return lines[::31]


def vocabulary():
    text = [line for pair in pairs() for line in pair] + ["translate: " + " ".join(NOUNS + VERBS)]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text * 4), model_writer=model, vocab_size=PIECES, hard_vocab_limit=False, pad_id=0, eos_id=1,
        unk_id=2, bos_id=-1, minloglevel=2)
    return model.getvalue()


def make(name, directory, pieces):
    """Writes the checkpoint `name` and its vocabulary."""
    make_checkpoints.CHECKPOINTS = {name: MODELS[name]}
    make_checkpoints.SEEDS = {name: 1}
    model, spec = make_checkpoints.build(name)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            # As drawn for tests of serving, a rounding error grows threefold with each step.
            if any(part in key for part in (".q.weight", ".o.weight", ".wo.weight")):
                weight.mul_(0.25)
    make_checkpoints.save(model, spec, directory)
    (directory / "spiece.model").write_bytes(pieces)
