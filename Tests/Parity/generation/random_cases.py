"""Random rules, requests and files, made so that they bite and that some answer is left."""
from generation.cases import Case, World


def tokens_of(choice, context, count):
    """Half of them from the plain answer."""
    pool = context.ordinary()
    return [choice.choice(context.answer if choice.random() < 0.5 else pool) for _ in range(count)]


def runs(choice, context):
    return [tokens_of(choice, context, choice.choice([1, 1, 2, 2, 3])) for _ in range(choice.randint(1, 4))]


def biased(choice, context):
    pairs = [[run, round(choice.uniform(-6, 6), 2)] for run in runs(choice, context)]
    if choice.random() < 0.3:
        pairs.append([[context.start, *tokens_of(choice, context, 1)], round(choice.uniform(2, 8), 2)])
    return pairs


def rounded(choice, low, high):
    return float(f"{choice.uniform(low, high):.3g}")


RULES = {
    "forced_bos_token_id": lambda choice, context: tokens_of(choice, context, 1)[0],
    # Several are equal, and which of equal beams comes first is chance.
    "forced_eos_token_id": lambda choice, context: choice.choice(
        [context.ends[0]] * 6 + tokens_of(choice, context, 3) + [tokens_of(choice, context, 2)]),
    "bad_words_ids": runs,
    "suppress_tokens": lambda choice, context: sorted(set(tokens_of(choice, context, choice.randint(1, 6)))),
    "begin_suppress_tokens": lambda choice, context: sorted(
        set(tokens_of(choice, context, choice.randint(1, 4)) + context.ends[:choice.randint(0, 1)])),
    "sequence_bias": biased,
    "no_repeat_ngram_size": lambda choice, context: choice.choice([0, 1, 2, 2, 3]),
    "encoder_no_repeat_ngram_size": lambda choice, context: choice.choice([0, 1, 2, 3]),
    "min_length": lambda choice, context: choice.randint(0, context.limit),
    "min_new_tokens": lambda choice, context: choice.randint(0, 6),
    "repetition_penalty": lambda choice, context: rounded(choice, 0.5, 2),
    "encoder_repetition_penalty": lambda choice, context: rounded(choice, 0.5, 2),
    "exponential_decay_length_penalty": lambda choice, context: [choice.randint(0, 10), rounded(choice, 0.8, 2)],
    "renormalize_logits": lambda choice, context: choice.random() < 0.7,
}
FILTERS = {
    "temperature": lambda choice, context: rounded(choice, 0.3, 2),
    "top_k": lambda choice, context: choice.choice([0, 1, 3, 10, 25, 60]),
    "top_p": lambda choice, context: rounded(choice, 0.3, 1),
    "min_p": lambda choice, context: rounded(choice, 0, 0.2),
    "typical_p": lambda choice, context: rounded(choice, 0.4, 0.99),
}


MILD = {"temperature": 1.3, "top_k": 60, "top_p": 0.97, "min_p": 0.003, "typical_p": 0.97}


def some(choice, context, makers, share):
    return {name: make(choice, context) for name, make in makers.items() if choice.random() < share}


def random_members(choice, context):
    """Rules of a request."""
    members = some(choice, context, RULES, choice.choice([0.1, 0.25, 0.4]))
    if choice.random() < 0.15:
        pool = context.ordinary()
        allowed = choice.sample(pool, choice.randint(len(pool) // 2, len(pool))) + context.ends
        forced = members.get("forced_bos_token_id")
        members["allowed_token_ids"] = allowed if forced is None else [*allowed, forced]
    return possible(members)


def possible(rules):
    """Without what would be refused: forced and suppressed at once."""
    forced = rules.get("forced_eos_token_id", [])
    forced = [rules.get("forced_bos_token_id"), *(forced if isinstance(forced, list) else [forced])]
    if "suppress_tokens" in rules:
        rules["suppress_tokens"] = [token for token in rules["suppress_tokens"] if token not in forced]
    return rules


def random_search(choice, context):
    """How tokens are picked: the endpoint, and what it is told."""
    search = {}
    if choice.random() < 0.6:
        search = {"num_beams": choice.choice([1, 2, 3, 4, 6])}
        if choice.random() < 0.5:
            search["length_penalty"] = choice.choice([-1.0, 0.0, 0.6, 1.0, 2.0, rounded(choice, -2, 3)])
        if choice.random() < 0.5:
            search["early_stopping"] = choice.choice([True, False, "never"])
    if choice.random() < 0.35:
        search |= some(choice, context, FILTERS, 0.35)
        if choice.random() < 0.7:
            search["do_sample"] = choice.random() < 0.9
        # Filters that leave beams fewer continuations than are drawn leave the answer to chance.
        if search.get("num_beams", 2) > 1 and choice.random() < 0.8:
            search |= {name: value for name, value in MILD.items() if name in search}
    return search


def random_case(choice, context, index, own):
    endpoint = choice.choice(["completions", "beam_search"])
    members = random_members(choice, context) if choice.random() < 0.8 else {}
    members |= random_search(choice, context) | {"seed": index}
    if endpoint == "beam_search" and members.get("num_beams") == 1:
        del members["num_beams"]
    beams = members.get("num_beams", own.get("num_beams", 1) if endpoint == "completions" else 2)
    if beams > 1 and choice.random() < 0.6:
        members["n" if endpoint == "completions" else "num_return_sequences"] = choice.randint(1, min(beams, 4))
    if choice.random() < 0.3:
        members[choice.choice(["max_tokens", "max_new_tokens"])] = choice.randint(1, context.limit)
    if choice.random() < 0.3 and context.room:
        members["decoder_prompt"] = tokens_of(choice, context, choice.randint(1, context.room))
    for name in own:
        if name not in context.tokens and name not in members and choice.random() < 0.08:
            members[name] = choice.choice([None, [] if isinstance(own[name], list) and name in LISTS else None])
    return Case(f"seed {index}", choice.choice(context.prompts), legal(members, context, own), endpoint)


LISTS = ("bad_words_ids", "suppress_tokens", "begin_suppress_tokens", "sequence_bias")


def legal(members, context, own):
    """Within what a request may say: the rest is tested as bad input."""
    maxima = (members.get("max_tokens"), members.get("max_new_tokens"), own.get("max_new_tokens"), own.get("max_length"))
    longest = next((maximum for maximum in maxima if maximum), context.limit)
    if members.get("min_new_tokens"):
        members["min_new_tokens"] = min(members["min_new_tokens"], longest - 1)
    if members.get("do_sample") and members.get("temperature") == 0:
        del members["temperature"]
    merged = {name: members.get(name) or own.get(name) for name in RULES if members.get(name) or own.get(name)}
    allowed = possible(dict(merged)).get("suppress_tokens")
    if allowed != merged.get("suppress_tokens"):
        members["suppress_tokens"] = allowed
    if "allowed_token_ids" in members and merged.get("forced_bos_token_id") is not None:
        members["allowed_token_ids"].append(merged["forced_bos_token_id"])
    return members


def random_world(choice, context, first, count):
    """Files, and so many requests; the number of the first is part of every seed."""
    own = dict(context.tokens)
    if choice.random() < 0.7:
        own |= possible(some(choice, context, RULES, choice.choice([0.05, 0.15, 0.3])))
        if choice.random() < 0.4:
            own |= {"num_beams": choice.choice([1, 2, 3, 4, 5])}
            own |= {name: value for name, value in random_search(choice, context).items() if name != "num_beams"}
        own |= choice.choice([{}, {"max_length": choice.randint(8, 30)}, {"max_new_tokens": choice.randint(6, 30)}])
    if own.get("min_p") == 0:
        del own["min_p"]
    if choice.random() < 0.3:
        own["eos_token_id"] = [*context.ends, *tokens_of(choice, context, choice.randint(1, 2))]
    cases = [random_case(choice, context, first + index, own) for index in range(count)]
    return World(f"world of seed {first}", own, cases)
