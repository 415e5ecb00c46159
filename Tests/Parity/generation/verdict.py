"""Whether an answer of the server is transformers'."""
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from generation.expected import Answer, LeftToChance, NothingAllowed

TOLERANCE = 1e-4
# Scores that are equal but for rounding.
EQUAL = 1e-5
# Logits moved by as much decide what a near-tie is; tried from small to large.
NEAR, TRIALS = (1e-7, 1e-6, 1e-5), 24


@dataclass
class Verdict:
    kind: str
    """same, near-tie, rounding, chance, nothing-allowed or different."""
    detail: str = ""
    expected: Answer | None = None


def answer_of(body, case):
    """The server's answer."""
    if case.endpoint == "completions":
        choices, score = body["choices"], "beam_score"
    else:
        choices, score = body["beams"], "score"
    skipped = len(case.asked.get("decoder_prompt", []))
    return Answer([choice["token_ids"][skipped:] for choice in choices], [choice.get(score) for choice in choices],
                  [choice.get("cumulative_logprob") for choice in choices])


def close(one, other):
    return one is not None and other is not None and abs(one - other) <= TOLERANCE * max(1.0, abs(one))


def difference(expected, found):
    """Nothing where they agree. Of beams, those that are alive in the reference are compared."""
    count = len(expected.tokens)
    if expected.tokens != found.tokens[:count]:
        return "tokens"
    if expected.scores is not None:
        for name in ("scores", "sums"):
            pairs = zip(getattr(expected, name), getattr(found, name)[:count], strict=True)
            if not all(close(*pair) for pair in pairs):
                return name
    return None


@contextmanager
def shaken(oracle, amplitude, seed):
    """Moves every logit by up to `amplitude`: those of routers too, and the processed scores of beams."""
    noise = torch.Generator().manual_seed(seed)

    def moved(values):
        return values + amplitude * (2 * torch.rand(values.shape, generator=noise) - 1)

    modules = [module for name, module in oracle.model.named_modules()
               if name.endswith("lm_head") or name.endswith("router.classifier")]
    hooks = [module.register_forward_hook(lambda _, inputs, output: moved(output)) for module in modules]
    oracle.shaking = lambda input_ids, scores: moved(scores)
    try:
        yield
    finally:
        oracle.shaking = None
        for hook in hooks:
            hook.remove()


def nearest(oracle, case, found):
    """The least move of the logits that was tried and makes transformers' answer the server's."""
    for amplitude in NEAR:
        for trial in range(TRIALS):
            with shaken(oracle, amplitude, trial):
                try:
                    if difference(oracle.answer(case), found) is None:
                        return amplitude
                except (LeftToChance, NothingAllowed):
                    continue
    return None


def equal_scores(expected, found):
    """Whether other sequences, or the same in another order, have the scores of the expected ones."""
    return expected.scores is not None and all(
        abs(one - other) <= EQUAL for one, other in zip(expected.scores, found.scores))


def within_rounding(oracle, case, expected, found):
    """Whether the server is no further from the reference in double precision than twice what its own floats are."""
    with oracle.in_double():
        exact = oracle.answer(case)
    return exact.tokens == expected.tokens and all(
        abs(ours - real) <= max(TOLERANCE, 2 * abs(theirs - real))
        for ours, theirs, real in zip(found.sums, expected.sums, exact.sums))


def verdict(oracle, case, reply):
    """What to make of a status and a body."""
    status, body = reply
    try:
        expected = oracle.answer(case)
    except LeftToChance:
        return Verdict("chance" if status == 200 else "different", f"status {status} {body.get('error')}")
    except NothingAllowed:
        return Verdict("nothing-allowed", "answered" if status == 200 else "refused")
    if status != 200:
        return Verdict("different", f"status {status} {body.get('error')}")
    found = answer_of(body, case)
    where = difference(expected, found)
    if where is None:
        return Verdict("same", expected=expected)
    both = f"transformers {expected} ours {found}"
    if where != "tokens" and within_rounding(oracle, case, expected, found):
        return Verdict("rounding", f"{where}: within twice the reference's own: {both}")
    if equal_scores(expected, found):
        return Verdict("near-tie", f"equal scores: {both}")
    moved = nearest(oracle, case, found)
    if moved is None:
        return Verdict("different", f"{where}: {both}")
    return Verdict("near-tie", f"{where}: the same once logits move by {moved}: {both}")
