"""What transformers answers to a request, by `model.generate` with nothing but what the request says."""
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import DynamicCache, EncoderDecoderCache, GenerationConfig
from transformers.utils import logging

import reference
from generation.cases import DRAWING
from generation.draws import Draws, injected

logging.set_verbosity_error()
warnings.filterwarnings("ignore")

# A beam that could not be continued keeps the score that the reference rules it out with.
# Their sum may have been divided by a length.
DEAD = -1e6
NAMES = {"max_tokens": "max_new_tokens", "min_tokens": "min_new_tokens", "n": "num_return_sequences"}
SAME = ("length_penalty", "early_stopping", "bad_words_ids", "suppress_tokens", "begin_suppress_tokens",
        "forced_bos_token_id", "forced_eos_token_id", "encoder_no_repeat_ngram_size", "no_repeat_ngram_size",
        "encoder_repetition_penalty", "repetition_penalty", "exponential_decay_length_penalty", "sequence_bias",
        "min_length", "min_new_tokens", "max_new_tokens", "num_return_sequences", "renormalize_logits")


class NothingAllowed(Exception):
    """The constraints rule out every token, or the longest answer of the files ends before its first."""


class LeftToChance(Exception):
    """Which continuations without a probability are drawn decides the answer."""


@dataclass
class Answer:
    """The sequences, best first, without start token and decoder prompt."""
    tokens: list
    scores: list | None = None
    """Of beams: over the length to the power of the penalty."""
    sums: list | None = None


def strategy(asked, own, endpoint):
    """Beams, whether tokens are drawn, and the filters: the request's word, then the files', then transformers'."""
    speaks = any(name in asked for name in DRAWING)
    files_beams = own.num_beams or 1
    if endpoint == "beam_search":
        beams = asked.get("num_beams") or (files_beams if files_beams > 1 else 4)
    else:
        beams = asked.get("num_beams") or (1 if speaks else files_beams)
        if "num_beams" not in asked and beams > 1:
            beams = max(beams, asked.get("n", 1))
    draws = asked.get("do_sample", bool(own.do_sample) or (speaks and beams == 1))
    chosen = {"num_beams": beams, "do_sample": draws and asked.get("temperature") != 0}
    if chosen["do_sample"] and speaks:
        # transformers would draw from 50; a request that speaks of drawing draws from all.
        chosen["top_k"] = own.top_k or 0
        chosen |= {name: asked[name] for name in ("temperature", "top_p", "min_p", "typical_p") if name in asked}
        if "top_k" in asked:
            chosen["top_k"] = max(asked["top_k"], 0)
    return chosen


def arguments(case, own, config, limit):
    """What `generate` is told."""
    asked, told = case.asked, {}
    for name in asked:
        if NAMES.get(name, name) in SAME:
            # An empty list takes the model's away.
            told[NAMES.get(name, name)] = None if asked[name] == [] else asked[name]
    if any(name in asked for name in (*DRAWING, "num_beams")) or case.endpoint == "beam_search":
        told |= strategy(asked, own, case.endpoint)
    elif asked.get("n", 1) > (own.num_beams or 1) > 1:
        told["num_beams"] = asked["n"]
    beams = told.get("num_beams", own.num_beams) or 1
    if beams == 1 and not told.get("do_sample", own.do_sample):
        told.pop("num_return_sequences", None)
    if (own.num_return_sequences or 1) > 1:
        told.setdefault("num_return_sequences", 1)
    if "allowed_token_ids" in asked:
        told["prefix_allowed_tokens_fn"] = lambda *_: sorted(set(asked["allowed_token_ids"]))
    if "max_new_tokens" not in told:
        # transformers would go on to 20 where nothing is said; the server has a limit of its own.
        given = 1 + len(asked.get("decoder_prompt", []))
        by_length = own.max_length - given if own.max_length and not own.max_new_tokens else limit
        if not own.max_length or by_length > limit:
            told["max_new_tokens"] = min(own.max_new_tokens or limit, limit)
    if own.eos_token_id is None:
        told["eos_token_id"] = config.eos_token_id
    if own.decoder_start_token_id is None and own.bos_token_id is None:
        told["decoder_start_token_id"] = config.decoder_start_token_id
    return told


class Oracle:
    """A checkpoint in transformers, with the generation configuration of one directory after another."""

    def __init__(self, directory, limit):
        self.model = reference.load(Path(directory))
        self.shaking = None
        self.limit = limit

    def configure(self, directory):
        """As `from_pretrained` does, with `generation_config.json` or without."""
        files = {"_from_model_config": True, "config_file_name": "config.json"}
        if (Path(directory) / "generation_config.json").exists():
            files = {}
        self.model.generation_config = GenerationConfig.from_pretrained(directory, **files)

    @property
    def own(self):
        return self.model.generation_config

    @contextmanager
    def in_double(self):
        self.model.double()
        try:
            yield
        finally:
            self.model.float()

    def start(self):
        tokens = (self.own.decoder_start_token_id, self.own.bos_token_id, self.model.config.decoder_start_token_id)
        return next(token for token in tokens if token is not None)

    def answer(self, case):
        """Raises `NothingAllowed` and `LeftToChance` where transformers has no answer of its own."""
        draws = Draws(from_the_end=False)
        answer = self.generated(case, draws)
        if draws.ran_out and self.generated(case, Draws(from_the_end=True)) != answer:
            raise LeftToChance
        return answer

    def generated(self, case, draws):
        told = arguments(case, self.own, self.model.config, self.limit)
        given = [self.start(), *case.asked.get("decoder_prompt", [])]
        if not told.get("max_new_tokens", self.own.max_new_tokens) and len(given) >= (self.own.max_length or torch.inf):
            raise NothingAllowed
        if len(given) > 1:
            told["decoder_input_ids"] = torch.tensor([given])
        beams = told.get("num_beams", self.own.num_beams) or 1
        if self.shaking and beams > 1:
            # Equal scores of beams are in an order of chance; of equal logits the first is greedy's.
            told["logits_processor"] = [self.shaking]
        inputs = torch.tensor([case.prompt])
        with injected(case.asked.get("seed", 0), draws), torch.no_grad():
            out = self.model.generate(
                inputs, attention_mask=torch.ones_like(inputs), return_dict_in_generate=True, output_scores=True,
                past_key_values=EncoderDecoderCache(DynamicCache(), DynamicCache()), **told)
        ends = told.get("eos_token_id", self.own.eos_token_id)
        ends = ends if isinstance(ends, list) else [ends]
        tokens = [ended(sequence.tolist()[len(given):], ends) for sequence in out.sequences]
        if "sequences_scores" in out and out.sequences_scores is not None:
            return searched(tokens, out.sequences_scores.tolist(), told.get("length_penalty", self.own.length_penalty))
        check(tokens, out.scores)
        count = case.asked.get("n", 1)
        return Answer(tokens if len(tokens) == count else tokens * count)


def ended(tokens, ends):
    """Up to and including the first end token."""
    length = next((index + 1 for index, token in enumerate(tokens) if token in ends), len(tokens))
    return tokens[:length]


def searched(tokens, scores, penalty):
    penalty = 1.0 if penalty is None else penalty
    sums = [score * len(sequence) ** penalty for sequence, score in zip(tokens, scores)]
    # What a dead beam became is chance: all of them have the same score.
    alive = next((index for index, pair in enumerate(zip(sums, scores)) if not min(pair) > DEAD), len(sums))
    if alive == 0:
        raise NothingAllowed
    return Answer(tokens[:alive], scores[:alive], sums[:alive])


def check(tokens, scores):
    for step, rows in enumerate(scores):
        for row, sequence in zip(rows, tokens):
            if step < len(sequence) and not (row > -torch.inf).any():
                raise NothingAllowed


__all__ = ["Answer", "LeftToChance", "NothingAllowed", "Oracle", "arguments"]
