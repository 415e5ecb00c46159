"""A checkpoint that takes seconds to load and no disk: its weights are zeros in a file with a hole."""

import json

D_MODEL, D_FF, HEADS, VOCABULARY, LAYERS, EXPERTS = 512, 2048, 8, 1000, 4, 64


def attention(prefix):
    return {f"{prefix}.{name}.weight": [D_MODEL, D_MODEL] for name in "qkvo"}


def feed_forward(prefix, is_sparse):
    if not is_sparse:
        return {f"{prefix}.mlp.wi.weight": [D_FF, D_MODEL], f"{prefix}.mlp.wo.weight": [D_MODEL, D_FF]}
    shapes = {f"{prefix}.mlp.router.classifier.weight": [EXPERTS, D_MODEL]}
    for expert in range(EXPERTS):
        shapes[f"{prefix}.mlp.experts.expert_{expert}.wi.weight"] = [D_FF, D_MODEL]
        shapes[f"{prefix}.mlp.experts.expert_{expert}.wo.weight"] = [D_MODEL, D_FF]
    return shapes


def shapes():
    found = {"shared.weight": [VOCABULARY, D_MODEL]}
    for stack in ("encoder", "decoder"):
        found[f"{stack}.final_layer_norm.weight"] = [D_MODEL]
        for block in range(LAYERS):
            parts = ["SelfAttention", "EncDecAttention"] if stack == "decoder" else ["SelfAttention"]
            for number, part in enumerate([*parts, None]):
                prefix = f"{stack}.block.{block}.layer.{number}"
                found[f"{prefix}.layer_norm.weight"] = [D_MODEL]
                found |= attention(f"{prefix}.{part}") if part else feed_forward(prefix, block % 2 == 1)
        found[f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"] = [32, HEADS]
    return found


def make(directory):
    header, offset = {}, 0
    for name, shape in shapes().items():
        size = 4
        for extent in shape:
            size *= extent
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(directory / "model.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + offset)
    (directory / "config.json").write_text(json.dumps({
        "architectures": ["SwitchTransformersForConditionalGeneration"], "model_type": "switch_transformers",
        "d_model": D_MODEL, "d_kv": D_MODEL // HEADS, "d_ff": D_FF, "num_heads": HEADS, "vocab_size": VOCABULARY,
        "num_layers": LAYERS, "num_decoder_layers": LAYERS, "num_experts": EXPERTS, "expert_capacity": 64,
        "encoder_sparse_step": 2, "decoder_sparse_step": 2, "relative_attention_num_buckets": 32,
        "relative_attention_max_distance": 128, "layer_norm_epsilon": 1e-6, "dense_act_fn": "relu",
        "tie_word_embeddings": True, "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1,
    }))
    return directory
