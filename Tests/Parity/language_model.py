"""A language model made of transformers' parts: the decoder's stack, whose cross-attention is never used, and a head.

transformers has no such class for Switch Transformers; its generation runs this one. Files have no cross-attention, so that a
block's feed-forward layer comes second.
"""
import copy
import json

import torch
from safetensors.torch import load_file, save_file
from transformers import GenerationConfig, GenerationMixin, SwitchTransformersConfig
from transformers.modeling_outputs import CausalLMOutputWithPast
from transformers.models.switch_transformers.modeling_switch_transformers import (
    SwitchTransformersPreTrainedModel, SwitchTransformersStack)


class LanguageModel(SwitchTransformersPreTrainedModel, GenerationMixin):
    def __init__(self, config):
        super().__init__(config)
        self.decoder = SwitchTransformersStack(copy.deepcopy(config))
        self.lm_head = torch.nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.post_init()

    def forward(self, input_ids, attention_mask=None, past_key_values=None, use_cache=None, **rest):
        out = self.decoder(
            input_ids=input_ids, attention_mask=attention_mask, past_key_values=past_key_values, use_cache=use_cache)
        return CausalLMOutputWithPast(
            logits=self.lm_head(out.last_hidden_state), past_key_values=out.past_key_values)


def renamed(name, sublayer, other):
    parts = name.split(".")
    if parts[:2] == ["decoder", "block"] and parts[4] == sublayer:
        parts[4] = other
    return ".".join(parts)


def is_crossing(name):
    return renamed(name, "1", "cross") != name


def save(model, directory):
    directory.mkdir(parents=True, exist_ok=True)
    tensors = {renamed(name, "2", "1"): value for name, value in model.state_dict().items() if not is_crossing(name)}
    save_file(tensors, directory / "model.safetensors", {"format": "pt"})
    model.config.save_pretrained(directory)
    model.generation_config.save_pretrained(directory)


def load(directory):
    config = SwitchTransformersConfig(**json.loads((directory / "config.json").read_text()))
    config._attn_implementation = "eager"
    model = LanguageModel(config).float().eval()
    tensors = {renamed(name, "1", "2"): value.float() for name, value in load_file(directory / "model.safetensors").items()}
    missing = model.load_state_dict(tensors, strict=False)
    assert not missing.unexpected_keys and all(map(is_crossing, missing.missing_keys)), missing
    model.generation_config = GenerationConfig.from_pretrained(directory)
    return model
