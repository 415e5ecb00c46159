#!/usr/bin/env python3
"""What transformers computes for a checkpoint: the oracle of the parity tests.

    reference.py CHECKPOINT OUT.json [--small]

The model is loaded in float32 whatever its files hold, with eager attention, one thread and a KV cache.

{
  "versions": {...},
  "forced":  [{"prompt", "decoder", "logits": [[f32 per vocabulary entry] per decoder token]}],
      Logits of a cached decoder fed `decoder` (which begins with the start token) one token at a time; of a language model
      after its prompt.
  "routing": [{"prompt", "layers": [{"block", "experts", "gates", "dropped", "margin"}]}],
      Sparse encoder layers, or those of a language model: the expert chosen for each token, its probability, the
      positions that found it full, and the smallest distance between the two highest router logits.
  "greedy":  [{"prompt", "tokens", "margin"}],
      Up to 48 tokens without the start token, the end token included where one came; `margin` is the smallest distance
      between the two highest logits on the way.
  "beams":   [{"prompt", "beams", "length_penalty", "early_stopping", "max_new_tokens", "sequences": [{"tokens",
      "score"}]}]      All sequences, best first.
  "constrained": [{"prompt", "constraints", "beams", "max_new_tokens", "tokens"}],
      The best sequence, greedy (one beam) or by beam search, under constraints on the tokens.
  "continued": [{"prompt", "decoder_prompt", "tokens", "margin", "logprobs", "rounding": {"logprobs", "gates"},
      "layers": [as of routing], "beams": [as above]}],
      Up to 24 greedy tokens after `decoder_prompt`, which the decoder reads in one pass after the start token, or after a
      language model's prompt; log-probabilities of the tokens of `decoder_prompt` and of those; where the sparse decoder
      layers sent what was read in that pass; how far the reference's own rounding takes it from double precision; and sequences by beam search.
}
"""
import argparse
import copy
import functools
import json
import random
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import (
    AutoConfig, DynamicCache, EncoderDecoderCache, GenerationConfig, LogitsProcessor, LogitsProcessorList,
    MT5ForConditionalGeneration,
    SwitchTransformersForConditionalGeneration, T5ForConditionalGeneration, UMT5ForConditionalGeneration)
from transformers.models.switch_transformers.modeling_switch_transformers import SwitchTransformersTop1Router

import language_model
from gated_experts import gate_experts

GREEDY_TOKENS = 48
BEAM_TOKENS = 24


def rounded(values):
    """float32 values with 7 significant digits."""
    return [float(f"{value:.7g}") for value in values]


def load(directory):
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    truth = directory / "truth" if (directory / "truth").exists() else directory
    config = AutoConfig.from_pretrained(truth)
    if not config.is_encoder_decoder:
        return language_model.load(directory)
    model_type = {"switch_transformers": SwitchTransformersForConditionalGeneration, "t5": T5ForConditionalGeneration,
                  "mt5": MT5ForConditionalGeneration, "umt5": UMT5ForConditionalGeneration}[config.model_type]
    tensors = {name: tensor for file in directory.glob("*.safetensors") for name, tensor in load_file(file).items()}
    is_pickled = not tensors
    for file in directory.glob("*.bin"):
        tensors |= torch.load(file, weights_only=True)
    gate_experts(any(".wi_0." in name for name in tensors))
    if not is_pickled and "decoder.lm_head.weight" not in tensors:
        model = model_type.from_pretrained(
            directory, config=config, dtype=torch.float32, attn_implementation="eager").eval()
        model.generation_config = GenerationConfig.from_pretrained(truth)
        return model
    # transformers does not look for the head there, and reads pickles of its own making only.
    if "decoder.lm_head.weight" in tensors:
        tensors["lm_head.weight"] = tensors.pop("decoder.lm_head.weight")
    tensors = {f"{stack}.embed_tokens.weight": tensors["shared.weight"] for stack in ("encoder", "decoder")} | tensors
    if config.model_type != "switch_transformers":
        # A head of its own is loaded beside the embedding; what T5 scales by is another key.
        config.tie_word_embeddings = False
    model = model_type(config).eval()
    model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    model.generation_config = GenerationConfig.from_pretrained(truth)
    return model


def make_prompts(model, lengths, seed=7):
    """Random prompts without special tokens, each ending with an end token as a tokenizer would leave it for an encoder."""
    generation = model.generation_config
    ends = generation.eos_token_id if isinstance(generation.eos_token_id, list) else [generation.eos_token_id]
    special = {generation.pad_token_id, generation.decoder_start_token_id, *ends}
    ordinary = [token for token in range(model.config.vocab_size) if token not in special]
    choice = random.Random(seed)
    end = ends[:1] if model.config.is_encoder_decoder else []
    return [choice.choices(ordinary, k=length - len(end)) + end for length in lengths], ends


def begin(model, prompt):
    """What the decoder reads first, and a function that has it read more in one pass and returns logits after each token."""
    if not model.config.is_encoder_decoder:
        cache, extra, first, name = DynamicCache(), {}, prompt, "input_ids"
    else:
        cache, name = EncoderDecoderCache(DynamicCache(), DynamicCache()), "decoder_input_ids"
        extra = {"encoder_outputs": model.encoder(input_ids=torch.tensor([prompt]))}
        first = [model.generation_config.decoder_start_token_id]

    def read(tokens):
        return model(**extra, **{name: torch.tensor([tokens])}, past_key_values=cache, use_cache=True).logits[0]

    return first, read


def exact(model):
    """The model in double precision, its norms as well, which transformers takes in float32 whatever comes in."""
    model = copy.deepcopy(model).double()
    for module in model.modules():
        if hasattr(module, "variance_epsilon"):
            module.forward = functools.partial(norm, module)
    return model


def norm(module, states):
    return module.weight * states * (states.square().mean(-1, keepdim=True) + module.variance_epsilon).rsqrt()


@torch.no_grad()
def forced(model, prompt, steps):
    """In double precision: the reference's own rounding, up to 1e-4 where every layer is sparse, is not ours to copy."""
    model = exact(model)
    first, read = begin(model, prompt)
    decoder = first
    if not model.config.is_encoder_decoder:
        read(first)
        decoder = [model.generation_config.decoder_start_token_id]
    decoder = decoder + random.Random(len(prompt)).choices(range(model.config.vocab_size), k=steps - 1)
    return {"prompt": prompt, "decoder": decoder, "logits": [rounded(read([token])[0].tolist()) for token in decoder]}


def routing(stack, run):
    """Where the sparse layers of a stack send the tokens of the one sequence that `run` has it read."""
    layers, hooks = [], []
    for block, layer in enumerate(stack.block):
        for module in layer.modules():
            if isinstance(module, SwitchTransformersTop1Router):
                def record(module, inputs, outputs, block=block):
                    kept, gates, logits = outputs
                    best = logits[0].topk(2, dim=-1).values
                    layers.append({
                        "block": block, "experts": logits[0].argmax(-1).tolist(),
                        "gates": rounded(gates[0, :, 0].tolist()),
                        "dropped": (kept[0].sum(-1) == 0).nonzero()[:, 0].tolist(),
                        "margin": float((best[:, 0] - best[:, 1]).min()),
                    })
                hooks.append(module.register_forward_hook(record))
    run()
    for hook in hooks:
        hook.remove()
    return layers


@torch.no_grad()
def prompt_routing(model, prompt):
    first, read = begin(model, prompt)
    if model.config.is_encoder_decoder:
        return routing(model.encoder, lambda: model.encoder(input_ids=torch.tensor([prompt])))
    return routing(model.decoder, lambda: read(first))


def generate(model, prompt, decoder_prompt=(), **options):
    """With `sequences` of what comes after `decoder_prompt`."""
    cache = DynamicCache()
    if model.config.is_encoder_decoder:
        inputs = torch.tensor([prompt])
        # A cache sized by the configuration has too few layers for a decoder deeper than its encoder.
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        first = [model.generation_config.decoder_start_token_id, *decoder_prompt]
        options["decoder_input_ids"] = torch.tensor([first])
    else:
        first = [*prompt, *decoder_prompt]
        inputs = torch.tensor([first])
    out = model.generate(
        inputs, attention_mask=torch.ones_like(inputs), do_sample=False, use_cache=True, past_key_values=cache,
        output_scores=True, return_dict_in_generate=True, **options)
    out.sequences = out.sequences[:, len(first):]
    return out


def truncated(sequence, ends):
    """The tokens up to and including the first end token."""
    tokens = sequence.tolist()
    for index, token in enumerate(tokens):
        if token in ends:
            return tokens[:index + 1]
    return tokens


def greedy(model, prompt, ends, **options):
    out = generate(model, prompt, num_beams=1, output_logits=True, **{"max_new_tokens": GREEDY_TOKENS} | options)
    best = torch.stack(out.logits)[:, 0].topk(2, dim=-1).values
    return {"prompt": prompt, "tokens": truncated(out.sequences[0], ends),
            "margin": float((best[:, 0] - best[:, 1]).min())}


def beams(model, prompt, ends, width, penalty, early, decoder_prompt=()):
    options = dict(num_beams=width, length_penalty=float(penalty), early_stopping=early, max_new_tokens=BEAM_TOKENS,
                   decoder_prompt=decoder_prompt)
    out = generate(model, prompt, num_return_sequences=width, **options)
    sequences = [{"tokens": truncated(tokens, ends), "score": rounded([score])[0]}
                 for tokens, score in zip(out.sequences, out.sequences_scores.tolist())]
    one = generate(model, prompt, num_return_sequences=1, **options)
    assert truncated(one.sequences[0], ends) == sequences[0]["tokens"], "fewer sequences must be the first of more"
    return {"prompt": prompt, "beams": width, "length_penalty": float(penalty), "early_stopping": early,
            "max_new_tokens": BEAM_TOKENS, "sequences": sequences}


# Scores differ by less than a tenth of this from one processor to another; what hangs on it is no reference.
NEAR = 3e-4


class Nudge(LogitsProcessor):
    """Moves every token's score a little, each step anew."""

    def __init__(self, sign):
        self.random, self.sign = torch.Generator().manual_seed(7), sign

    def __call__(self, ids, scores):
        return scores + self.sign * NEAR * torch.randn(scores.shape, generator=self.random).to(scores.dtype)


def is_stable(model, prompt, width, decoder_prompt=()):
    """Whether a search finds the same beams where all scores differ as little as those of two processors do."""
    found = [generate(model, prompt, decoder_prompt, num_beams=width, num_return_sequences=width, length_penalty=1.0,
                      max_new_tokens=BEAM_TOKENS, early_stopping=False,
                      logits_processor=LogitsProcessorList([Nudge(sign)])).sequences.tolist() for sign in (1, -1)]
    return found[0] == found[1]


@torch.no_grad()
def followed(model, prompt, decoder_prompt, tokens):
    """Log-probabilities of the tokens of an output, of which the first are read in one pass, and where that pass sent them."""
    first, read = begin(model, prompt)
    rows = []
    layers = routing(model.decoder, lambda: rows.append(read(first + decoder_prompt)[-len(decoder_prompt) - 1:]))
    rows += [read([token]) for token in tokens[:-1]]
    scores = torch.cat(rows).log_softmax(-1)
    return [row[token].item() for row, token in zip(scores, decoder_prompt + tokens, strict=True)], layers


def distance(some, others):
    return max((abs(one - other) for one, other in zip(some, others, strict=True)), default=0.0)


def continued(model, prompt, length, ends, widths):
    choice = random.Random(100 * len(prompt) + length)
    for _ in range(20):
        decoder_prompt = choice.choices([t for t in range(model.config.vocab_size) if t not in ends], k=length)
        if all(is_stable(model, prompt, width, decoder_prompt) for width in widths):
            break
    record = greedy(model, prompt, ends, decoder_prompt=decoder_prompt, max_new_tokens=BEAM_TOKENS)
    # As `forced`.
    logprobs, layers = followed(exact(model), prompt, decoder_prompt, record["tokens"])
    own = followed(model, prompt, decoder_prompt, record["tokens"])
    gates = [distance(one["gates"], other["gates"]) for one, other in zip(own[1], layers, strict=True)]
    rounding = {"logprobs": distance(own[0], logprobs), "gates": max(gates, default=0.0)}
    return {"prompt": prompt, "decoder_prompt": decoder_prompt, "tokens": record["tokens"], "margin": record["margin"],
            "logprobs": rounded(logprobs), "rounding": rounding, "layers": layers,
            "beams": [beams(model, prompt, ends, width, 1, False, decoder_prompt) for width in widths]}


def constrained(model, prompt, ends, width, constraints):
    options = {name: value for name, value in constraints.items() if name != "bias"}
    if "bias" in constraints:
        options["sequence_bias"] = {(int(token),): float(value) for token, value in constraints["bias"].items()}
    out = generate(model, prompt, num_beams=width, max_new_tokens=BEAM_TOKENS, **options)
    return {"prompt": prompt, "constraints": constraints, "beams": width, "max_new_tokens": BEAM_TOKENS,
            "tokens": truncated(out.sequences[0], ends)}


def make_constraints(tokens, ends):
    """Alone and all at once; the bias favours a token of the answer's and forbids nothing."""
    bias = {str(tokens[0]): -3.0, str(tokens[-1]): 2.5, str(ends[0]): 1.0}
    single = [{"repetition_penalty": 1.7}, {"repetition_penalty": 0.6}, {"no_repeat_ngram_size": 1},
              {"no_repeat_ngram_size": 2}, {"min_new_tokens": 12}, {"bias": bias}]
    return single + [{"repetition_penalty": 1.3, "no_repeat_ngram_size": 3, "min_new_tokens": 5, "bias": bias}]


def reference(model, small):
    prompts, ends = make_prompts(model, [5, 24] if small else [1, 2, 9, 21, 33, 47, 60])
    searched = prompts[-1:] if small else [prompts[2], prompts[-1]]
    widths = (2, 4) if small else (2, 4, 8)
    stable = [(prompt, width) for prompt in searched for width in widths if is_stable(model, prompt, width)]
    assert stable, "no search that would find the same beams elsewhere"
    return {
        "versions": {name: version(name) for name in ("torch", "transformers")},
        "forced": [forced(model, prompt, 12 if small else 24) for prompt in searched],
        "routing": [{"prompt": prompt, "layers": prompt_routing(model, prompt)} for prompt in prompts],
        "greedy": [greedy(model, prompt, ends) for prompt in prompts],
        "beams": [beams(model, prompt, ends, width, penalty, early)
                  for prompt, width in stable for penalty in (0, 1, 2)
                  for early in (False, True, "never")],
        "constrained": [constrained(model, prompt, ends, width, constraints) for prompt in searched for width in (1, 4)
                        for constraints in make_constraints(greedy(model, prompt, ends)["tokens"], ends)],
        "continued": [continued(model, prompts[index], length, ends, (3,) if small else (2, 4))
                      for index, length in (((0, 1), (1, 20)) if small else ((1, 1), (2, 2), (3, 7), (4, 21), (6, 60)))],
    }


def write(result, path):
    """One line per record, so that differences can be read."""
    parts = []
    for key, value in result.items():
        if isinstance(value, list):
            text = "[\n" + ",\n".join("  " + json.dumps(item, separators=(",", ":")) for item in value) + "\n]"
        else:
            text = json.dumps(value)
        parts.append(f"{json.dumps(key)}: {text}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--small", action="store_true", help="fewer prompts and widths, for committed goldens")
    arguments = parser.parse_args()
    result = reference(load(arguments.checkpoint), arguments.small)
    write(result, arguments.out)
    layers = [layer for record in result["routing"] for layer in record["layers"]]
    print(json.dumps({
        "checkpoint": arguments.checkpoint.name,
        "smallest margins": [min(r["margin"] for r in result["greedy"]), min((l["margin"] for l in layers), default=None)],
        "dropped": sum(len(layer["dropped"]) for layer in layers),
        "experts": len({e for layer in layers for e in layer["experts"]}),
        "gates": [min((g for l in layers for g in l["gates"]), default=None),
                  max((g for l in layers for g in l["gates"]), default=None)],
        "read": [min(layer["margin"] for r in result["continued"] for layer in r["layers"] or [{"margin": 9}]),
                 sum(len(layer["dropped"]) for r in result["continued"] for layer in r["layers"])],
        "searches": len(result["beams"]),
        "continued margin": min(r["margin"] for r in result["continued"]),
        "greedy lengths": [len(r["tokens"]) for r in result["greedy"]],
        "distinct tokens": [len(set(r["tokens"])) for r in result["greedy"]],
        "beam lengths": sorted({len(s["tokens"]) for r in result["beams"] for s in r["sequences"]}),
    }))


if __name__ == "__main__":
    main()
