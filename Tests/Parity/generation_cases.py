"""Every key of generation_config.json and every member of a request, alone and together: the cases of the comparison.

A rule is made of tokens that the checkpoint's plain answer has, so that it bites.
"""
import random

from generation.cases import Case, World
from generation.random_cases import random_members

MIXTURES = 20
# Searches that every member is tried in, beside greedy.
SEARCHES = [
    ("completions", {"num_beams": 2}), ("beam_search", {"num_beams": 4, "num_return_sequences": 4}),
    ("completions", {"num_beams": 4, "n": 2, "length_penalty": 2.0, "early_stopping": True}),
    ("beam_search", {"num_beams": 4, "num_return_sequences": 2, "length_penalty": 0.0, "early_stopping": "never"}),
    ("beam_search", {"num_beams": 2, "num_return_sequences": 2, "length_penalty": -1.0, "early_stopping": False}),
]
# Filters, for one continuation, for several, and for beams: enough tokens are left that none of those drawn is chance.
DRAWN = [
    {}, {"temperature": 0.6}, {"temperature": 1.8}, {"top_k": 5}, {"top_p": 0.7}, {"min_p": 0.08}, {"typical_p": 0.6},
    {"temperature": 1.4, "top_k": 20, "top_p": 0.95, "min_p": 0.01, "typical_p": 0.9},
]


def rules(context):
    """What belongs to a model, one key after another, in values that change the plain answer."""
    a, end, start = context.answer, context.ends[0], context.start
    early = {"eos_token_id": [end, a[2]]}
    return [
        ("forced_bos_token_id", {"forced_bos_token_id": a[2]}),
        ("forced_eos_token_id", {"forced_eos_token_id": end, "max_new_tokens": 6}),
        ("forced_eos_token_id of several", {"forced_eos_token_id": [a[3], a[1]], "max_new_tokens": 6}),
        ("forced_bos_token_id and forced_eos_token_id",
         {"forced_bos_token_id": a[1], "forced_eos_token_id": a[2], "max_new_tokens": 1}),
        ("bad_words_ids", {"bad_words_ids": [[a[0], a[1]], [a[2]]]}),
        ("bad_words_ids with an end token", {"bad_words_ids": [[end], [a[0]], [start, a[1]]]}),
        ("suppress_tokens", {"suppress_tokens": sorted({a[0], a[2]})}),
        ("begin_suppress_tokens", {"begin_suppress_tokens": [a[0], end]}),
        ("begin_suppress_tokens after a forced token",
         {"begin_suppress_tokens": [a[0], a[1], a[2]], "forced_bos_token_id": a[3]}),
        ("sequence_bias", {"sequence_bias": [[[start, a[1]], 9.0], [[a[0]], -6.0], [[a[1], a[2]], 4.5]]}),
        ("sequence_bias of one token twice", {"sequence_bias": [[[a[0]], -9.0], [[start, a[0]], 6.5], [[a[0]], -2.0]]}),
        ("no_repeat_ngram_size 1", {"no_repeat_ngram_size": 1}),
        ("no_repeat_ngram_size 2", {"no_repeat_ngram_size": 2}),
        ("encoder_no_repeat_ngram_size 1", {"encoder_no_repeat_ngram_size": 1}),
        ("encoder_no_repeat_ngram_size 2", {"encoder_no_repeat_ngram_size": 2}),
        ("min_length", early | {"min_length": 9}),
        ("min_new_tokens", early | {"min_new_tokens": 9}),
        ("min_new_tokens over min_length", early | {"min_new_tokens": 3, "min_length": 12}),
        ("min_new_tokens of none over min_length", early | {"min_new_tokens": 0, "min_length": 12}),
        ("repetition_penalty", {"repetition_penalty": 1.7}),
        ("repetition_penalty below 1", {"repetition_penalty": 0.6}),
        ("encoder_repetition_penalty", {"encoder_repetition_penalty": 2.5}),
        ("encoder_repetition_penalty below 1", {"encoder_repetition_penalty": 0.5}),
        ("exponential_decay_length_penalty", {"exponential_decay_length_penalty": [2, 1.5]}),
        ("renormalize_logits", {"renormalize_logits": True, "suppress_tokens": [a[0]], "repetition_penalty": 1.4}),
    ]


def lengths(context):
    return [("max_new_tokens", {"max_new_tokens": 5}), ("max_length", {"max_length": 5}),
            ("max_new_tokens over max_length", {"max_length": 4, "max_new_tokens": 7}),
            ("max_length above the server's", {"max_length": context.limit + 30})]


def searched():
    """What a request that says nothing gets."""
    beams = {"num_beams": 4, "max_new_tokens": 12}
    return [
        ("num_beams", {"num_beams": 3}), ("length_penalty", beams | {"length_penalty": 2.0}),
        ("length_penalty below 0", beams | {"length_penalty": -1.5}), ("length_penalty 0", beams | {"length_penalty": 0.0}),
        ("early_stopping", beams | {"early_stopping": True}),
        ("early_stopping never", beams | {"early_stopping": "never", "length_penalty": 1.3}),
        ("num_return_sequences", beams | {"num_return_sequences": 3}),
        ("do_sample", {"do_sample": True}), ("do_sample with beams", beams | {"do_sample": True, "top_k": 0}),
        ("beams with filters", beams | {"do_sample": True, "temperature": 1.7, "top_k": 30, "top_p": 0.98}),
        ("filters without do_sample", {"temperature": 0.3, "top_k": 2, "top_p": 0.5}),
    ] + [(f"do_sample {filters}", {"do_sample": True} | filters) for filters in DRAWN[1:]]


def tokens(context):
    """Ids that the files name, other than the checkpoint's own."""
    a, end = context.answer, context.ends[0]
    return [
        ("eos_token_id", {"eos_token_id": a[2]}), ("eos_token_id of several", {"eos_token_id": [a[3], end]}),
        ("eos_token_id repeated", {"eos_token_id": [end, end, a[3]], "num_beams": 3}),
        ("eos_token_id repeated where beams are drawn",
         {"eos_token_id": [end, end, end], "num_beams": 3, "do_sample": True, "top_k": 1}),
        ("no eos_token_id", {"eos_token_id": None}),
        ("decoder_start_token_id", {"decoder_start_token_id": a[1]}),
        ("bos_token_id", {"decoder_start_token_id": None, "bos_token_id": a[2]}),
        ("no start token", {"decoder_start_token_id": None}),
        ("pad_token_id", {"pad_token_id": a[0], "num_beams": 2}),
    ]


def published(context):
    """As summarizers, translators and speech models are published, on a vocabulary of this size."""
    end, pad, limit, a = context.ends[0], context.pad, context.limit, context.answer
    many = context.ordinary()[:min(90, len(context.ordinary()) * 3 // 4)]
    summarizer = {"num_beams": 4, "length_penalty": 2.0, "no_repeat_ngram_size": 3, "early_stopping": True}
    return [
        ("summarizer", summarizer | {"min_length": 10, "max_length": 20, "forced_bos_token_id": a[1],
                                     "forced_eos_token_id": end}),
        ("summarizer of one sentence", summarizer | {"num_beams": 6, "length_penalty": 1.0, "min_length": 6, "max_length": 12}),
        ("wide summarizer", {"num_beams": 8, "length_penalty": 0.8, "max_length": limit, "forced_eos_token_id": end}),
        ("translator", {"num_beams": 4, "bad_words_ids": [[pad]], "max_length": limit, "forced_eos_token_id": end,
                        "renormalize_logits": True}),
        ("multilingual translator", {"num_beams": 5, "forced_bos_token_id": a[2], "forced_eos_token_id": end,
                                     "max_length": 16, "early_stopping": True}),
        ("dialogue", {"num_beams": 8, "length_penalty": 0.65, "no_repeat_ngram_size": 3,
                      "encoder_no_repeat_ngram_size": 3, "min_length": 12, "max_length": 20}),
        ("speech", {"suppress_tokens": many, "begin_suppress_tokens": [context.ordinary()[-1], end], "max_length": 16}),
        ("paraphraser", {"do_sample": True, "top_k": 120, "top_p": 0.95, "max_length": 16}),
    ]


def file_cases(context):
    """Requests that say nothing but a prompt, to a model whose files do."""
    files = [("plain", {})] + rules(context) + lengths(context) + searched() + tokens(context) + published(context)
    for name, values in files:
        file = {key: value for key, value in (context.tokens | values).items() if value is not None}
        yield World(f"file: {name}", file, [
            Case("prompt alone", prompt, {"seed": 5}, place=f"file {prompt}") for prompt in context.prompts])


def old_file_cases(context):
    """The same keys in config.json, beside which there is no generation_config.json."""
    for name, values in rules(context) + lengths(context) + searched():
        yield World(f"config.json: {name}", None, [Case("prompt alone", context.prompts[0], {"seed": 7})], config=values)
    yield World("config.json beside generation_config.json", context.tokens,
                [Case("prompt alone", context.prompts[0])], config={"num_beams": 3, "no_repeat_ngram_size": 1})
    yield World("config.json: force_bos_token_to_be_generated", None, [Case("prompt alone", context.prompts[0])],
                config={"force_bos_token_to_be_generated": True, "bos_token_id": context.answer[2]})


def searches(index, context, count):
    """Greedy and `count` others, which are others for other rules and checkpoints; without a rule all of them."""
    if index == 0:
        return [("completions", {}), *SEARCHES]
    turn = index + sum(context.answer)
    return [("completions", {})] + [SEARCHES[(turn + more) % len(SEARCHES)] for more in range(count)]


def member_cases(context, count=2, with_decoder_prompt=True):
    """Every member alone, greedy and in `count` searches of beams, with a decoder prompt and without; then mixtures."""
    choice = random.Random(11)
    asked = [("nothing", {})]
    asked += [(name, {key: value for key, value in values.items() if key != "eos_token_id"})
              for name, values in rules(context)]
    asked += [("allowed_token_ids", {"allowed_token_ids": context.ordinary()[::2] + context.ends})]
    asked += [(f"mixture {index}", random_members(choice, context)) for index in range(MIXTURES)]
    decoder = {"decoder_prompt": context.answer[3:3 + min(2, context.room)]}
    cases = []
    for index, (name, members) in enumerate(asked):
        for endpoint, search in searches(index, context, count):
            if search and isinstance(members.get("forced_eos_token_id"), list):
                # Beams that end in one or the other are equal, and in an order of chance.
                continue
            cases.append(Case(name, context.prompts[0], members | search, endpoint, place=f"{endpoint} {search}"))
            if with_decoder_prompt:
                cases.append(Case(f"{name} after a decoder prompt", context.prompts[-1], members | search | decoder, endpoint,
                                  place=f"{endpoint} {search} {decoder}"))
    yield World("members", context.tokens, cases)


def override_cases(context):
    """Files that say much, and requests that say otherwise, null, or nothing of a kind."""
    a, end = context.answer, context.ends[0]
    said = {"num_beams": 3, "no_repeat_ngram_size": 2, "bad_words_ids": [[a[0]]], "suppress_tokens": [a[2]],
            "begin_suppress_tokens": [a[1]], "forced_eos_token_id": end, "min_length": 8, "max_length": 14,
            "repetition_penalty": 1.3, "length_penalty": 1.6, "early_stopping": True, "forced_bos_token_id": a[3],
            "sequence_bias": [[[a[2]], 3.0]], "encoder_no_repeat_ngram_size": 2, "encoder_repetition_penalty": 1.2,
            "exponential_decay_length_penalty": [4, 1.2], "renormalize_logits": True}
    asked = [{}, {name: None for name in said}] + [{name: None} for name in said if name != "max_length"]
    asked += [{name: []} for name in ("bad_words_ids", "suppress_tokens", "begin_suppress_tokens", "sequence_bias",
                                      "forced_eos_token_id")]
    asked += [{"num_beams": 1}, {"num_beams": 2}, {"no_repeat_ngram_size": 0}, {"bad_words_ids": [[a[3]]]},
              {"suppress_tokens": [a[4 % len(a)]]}, {"begin_suppress_tokens": a[:3]}, {"forced_eos_token_id": [a[1], end]},
              {"min_length": 0}, {"min_new_tokens": 2}, {"max_tokens": 6}, {"max_new_tokens": 9}, {"repetition_penalty": 1.0},
              {"length_penalty": -1.0}, {"early_stopping": False}, {"forced_bos_token_id": a[0]}, {"renormalize_logits": False},
              {"sequence_bias": [[[a[1]], -2.5]]}, {"encoder_no_repeat_ngram_size": 0}, {"encoder_repetition_penalty": 1.0},
              {"exponential_decay_length_penalty": [1, 1.1]}, {"n": 2}, {"n": 5}, {"temperature": 0},
              {"temperature": 0.8, "seed": 3}, {"do_sample": False}, {"do_sample": True, "seed": 2}, {"top_k": 4, "seed": 4},
              {"top_p": 0.8, "seed": 5}, {"min_p": 0.1, "seed": 6}, {"typical_p": 0.7, "seed": 7}]
    yield World("overridden", context.tokens | said, [Case(f"overridden by {members}", context.prompts[0], members)
                                                       for members in asked])
    least = {"min_new_tokens": 5, "eos_token_id": [end, a[2]], "do_sample": True, "top_p": 0.9, "temperature": 0.7}
    asked = [{}, {"min_length": 0}, {"min_length": 12}, {"min_tokens": 0}, {"min_new_tokens": 8}, {"temperature": 0},
             {"do_sample": False}, {"temperature": 1.3}, {"top_p": 1.0}, {"top_k": 3}, {"top_k": -1}, {"num_beams": 2},
             {"num_beams": 2, "temperature": 0}, {"n": 3}]
    yield World("drawn and overridden", context.tokens | least, [
        Case(f"overridden by {members}", context.prompts[0], members | {"seed": 9}) for members in asked])


def drawn_cases(context):
    """Tokens drawn one by one, and beams of drawn tokens, with rules and without."""
    a, cases = context.answer, []
    bent = {"repetition_penalty": 1.2, "suppress_tokens": [a[0]], "no_repeat_ngram_size": 2, "bad_words_ids": [[a[1]]],
            "sequence_bias": [[[a[2]], 1.5]], "encoder_repetition_penalty": 1.1, "min_new_tokens": 4,
            "exponential_decay_length_penalty": [5, 1.1], "begin_suppress_tokens": [a[3]]}
    for seed, (filters, members) in enumerate((filters, members) for filters in DRAWN for members in ({}, bent)):
        asked = {"do_sample": True, "seed": seed} | filters | members
        cases.append(Case(f"drawn {filters}", context.prompts[0], asked | {"n": 4}))
        if filters.get("top_k", 99) < 16:
            continue
        for endpoint, width, count in (("completions", 2, 1), ("beam_search", 4, 3)):
            search = {"num_beams": width, "num_return_sequences": count}
            cases.append(Case(f"beams drawn {filters}", context.prompts[-1], asked | search, endpoint))
            cases.append(Case(f"beams drawn {filters} renormalized", context.prompts[-1],
                              asked | search | {"renormalize_logits": True, "length_penalty": 0.5}, endpoint))
    yield World("drawn", context.tokens, cases)


def worlds(context, with_old_files=False, is_thin=False):
    if is_thin:
        yield from member_cases(context, count=1, with_decoder_prompt=False)
        return
    yield from member_cases(context)
    yield from drawn_cases(context)
    yield from override_cases(context)
    yield from file_cases(context)
    if with_old_files:
        yield from old_file_cases(context)
