"""Switch Transformers with random weights and a tokenizer of text, as many experts and blocks as a test wants."""

import json
import shutil

import numpy

from switchyard_server import MODEL

MODEL_WIDTH, INNER, HEADS, VOCABULARY = 32, 16, 2, 6000


def shapes(layers, experts, step):
    found = {"shared.weight": [VOCABULARY, MODEL_WIDTH]}
    for stack in ("encoder", "decoder"):
        found[f"{stack}.final_layer_norm.weight"] = [MODEL_WIDTH]
        found[f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"] = [32, HEADS]
        for block in range(layers):
            parts = ["SelfAttention", "EncDecAttention"] if stack == "decoder" else ["SelfAttention"]
            for number, part in enumerate(parts):
                prefix = f"{stack}.block.{block}.layer.{number}"
                found[f"{prefix}.layer_norm.weight"] = [MODEL_WIDTH]
                found |= {f"{prefix}.{part}.{name}.weight": [MODEL_WIDTH, MODEL_WIDTH] for name in "qkvo"}
            prefix = f"{stack}.block.{block}.layer.{len(parts)}"
            found[f"{prefix}.layer_norm.weight"] = [MODEL_WIDTH]
            is_sparse = block % step == step - 1
            inside = [f"experts.expert_{expert}." for expert in range(experts)] if is_sparse else [""]
            if is_sparse:
                found[f"{prefix}.mlp.router.classifier.weight"] = [experts, MODEL_WIDTH]
            for part in inside:
                found[f"{prefix}.mlp.{part}wi.weight"] = [INNER, MODEL_WIDTH]
                found[f"{prefix}.mlp.{part}wo.weight"] = [MODEL_WIDTH, INNER]
    return found


def make(directory, layers=4, experts=64, step=2, capacity=64):
    """Writes a checkpoint of `layers` blocks a stack, every `step`-th of them sparse, and returns its folder."""
    directory.mkdir(parents=True, exist_ok=True)
    random, header, pieces, offset = numpy.random.default_rng(7), {}, [], 0
    for name, shape in shapes(layers, experts, step).items():
        if name.endswith("layer_norm.weight"):
            values = numpy.ones(shape)
        else:
            values = random.standard_normal(shape) * (1 if name.startswith("shared") or ".router." in name else shape[-1] ** -0.5)
        data = values.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(data)]}
        pieces.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (directory / "model.safetensors").write_bytes(b"".join([len(text).to_bytes(8, "little"), text, *pieces]))
    (directory / "config.json").write_text(json.dumps({
        "architectures": ["SwitchTransformersForConditionalGeneration"], "model_type": "switch_transformers",
        "d_model": MODEL_WIDTH, "d_kv": MODEL_WIDTH // HEADS, "d_ff": INNER, "num_heads": HEADS, "vocab_size": VOCABULARY,
        "num_layers": layers, "num_decoder_layers": layers, "num_experts": experts, "expert_capacity": capacity,
        "encoder_sparse_step": step, "decoder_sparse_step": step, "relative_attention_num_buckets": 32,
        "relative_attention_max_distance": 128, "layer_norm_epsilon": 1e-6, "dense_act_fn": "relu",
        "tie_word_embeddings": True, "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1,
    }))
    shutil.copy(MODEL / "spiece.model", directory)
    return directory
