#!/usr/bin/env python3
"""Makes the goldens of TrainingTests: a tiny model, the gradients of one batch, and the losses of ten optimizer steps.

    training_reference.py OUT_DIR

Written with torch 2.7.1, transformers 5.23.0 and safetensors 0.8.0 (Tests/Parity/requirements.txt). Everything is computed in
float64 and stored in float32, so that what is compared is the trainer's rounding and nothing else.

Each sequence is a batch of its own here, so that no padding exists: capacity is counted by sequence, as transformers does, and
padding would take part of it. The losses of the routers are those of the two papers, per layer and summed over layers:
transformers 5.23.0 joins the logits of all layers of a stack before it takes means.
"""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import SwitchTransformersConfig, SwitchTransformersForConditionalGeneration
from transformers.optimization import Adafactor

SMOOTHING, BALANCE, Z = 0.1, 0.01, 0.001
SIZES = dict(vocab_size=40, d_model=16, d_kv=6, d_ff=24, num_heads=2, num_layers=2, num_decoder_layers=2, num_experts=4,
             encoder_sparse_step=2, decoder_sparse_step=2, expert_capacity=3, relative_attention_num_buckets=8,
             relative_attention_max_distance=20, dropout_rate=0.0, router_jitter_noise=0.0, decoder_start_token_id=0,
             eos_token_id=1, pad_token_id=0)
BATCH = [
    ([5, 9, 13, 7, 22, 31, 8, 1], [4, 17, 6, 29, 1]),
    ([11, 3, 1], [12, 12, 25, 38, 2, 9, 14, 33, 1]),
    ([30, 21, 6, 6, 6, 6, 6, 6, 6, 6, 19, 1], [7, 1]),
]


def make_model(tied):
    torch.manual_seed(7)
    model = SwitchTransformersForConditionalGeneration(
        SwitchTransformersConfig(tie_word_embeddings=tied, **SIZES)).double()
    # Without tying, transformers 5 has embeddings of their own for both stacks; the trainer has one for both.
    model.set_input_embeddings(model.shared)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "layer_norm" in name:
                value.copy_(1 + 0.2 * torch.randn_like(value))
            elif "router" in name:
                value.copy_(0.7 * torch.randn_like(value))
            elif "shared" in name or "lm_head" in name:
                value.copy_(0.6 * torch.randn_like(value))
            else:
                value.copy_(torch.randn_like(value) * 0.3)
        for value in model.parameters():
            value.copy_(value.float().double())
    for module in model.modules():
        if hasattr(module, "jitter_noise"):
            module.dtype = torch.float64  # the configuration knows no such router
    return model.train()


def batch_loss(model):
    """The mean over all labels of the smoothed cross-entropy, and the router losses over all rows of each layer."""
    logits = {}
    hooks = [module.register_forward_hook(lambda m, i, o, name=name: logits.setdefault(name, []).append(o[2].flatten(0, -2)))
             for name, module in model.named_modules() if name.endswith("mlp.router")]
    scores, labels = [], []
    for source, target in BATCH:
        inputs = torch.tensor([[0] + target[:-1]])
        scores.append(model(input_ids=torch.tensor([source]), decoder_input_ids=inputs).logits[0])
        labels += target
    for hook in hooks:
        hook.remove()
    scores, labels = torch.cat(scores), torch.tensor(labels)
    plain = torch.nn.functional.cross_entropy(scores, labels)
    loss = torch.nn.functional.cross_entropy(scores, labels, label_smoothing=SMOOTHING)
    balance = z = 0
    for parts in logits.values():
        rows = torch.cat(parts)
        probabilities = rows.softmax(-1)
        shares = torch.nn.functional.one_hot(probabilities.argmax(-1), rows.shape[-1]).double().mean(0)
        balance = balance + rows.shape[-1] * (shares * probabilities.mean(0)).sum()
        z = z + (torch.logsumexp(rows, -1) ** 2).mean()
    return loss + BALANCE * balance + Z * z, plain, balance, z


def backward(loss, model):
    """Experts that got no token have gradients of 0, which optimizers count as steps."""
    loss.backward()
    for value in model.parameters():
        if value.grad is None:
            value.grad = torch.zeros_like(value)


def steps(model, optimizer):
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = batch_loss(model)[0]
        backward(loss, model)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def unique(model):
    return {name: value for name, value in model.named_parameters()}


def write(out, tied):
    model = make_model(tied)
    tensors = {name: value.detach().float().clone().contiguous() for name, value in unique(model).items()}
    save_file(tensors, out / "model.safetensors")
    loss, plain, balance, z = batch_loss(model)
    backward(loss, model)
    gradients = {name: value.grad.float().clone().contiguous() for name, value in unique(model).items()}
    save_file(gradients, out / "gradients" / "model.safetensors")
    norms = {"layer_norm", "relative_attention_bias"}
    decayed = [p for n, p in unique(model).items() if not any(k in n for k in norms)]
    others = [p for n, p in unique(model).items() if any(k in n for k in norms)]
    adamw = torch.optim.AdamW([dict(params=decayed, weight_decay=0.05), dict(params=others, weight_decay=0.0)],
                              lr=3e-3, betas=(0.9, 0.98), eps=1e-9)
    adamw_losses = steps(model, adamw)
    model = make_model(tied)
    # At ten times this rate the steps part from each other within ten: rounding in one float triples with each.
    adafactor = Adafactor(model.parameters(), lr=2e-3, scale_parameter=True, relative_step=False, warmup_init=False,
                          clip_threshold=1.0, decay_rate=-0.8)
    report = dict(
        sizes=SIZES, tied=tied, smoothing=SMOOTHING, balance_weight=BALANCE, z_weight=Z, batch=BATCH,
        objective=loss.item(), negative_log_likelihood=plain.item(), balance=balance.item(), z=z.item(),
        adamw=adamw_losses, adafactor=steps(model, adafactor))
    (out / "reference.json").write_text(json.dumps(report, indent=1) + "\n")


for kind in ("tied", "untied"):
    directory = Path(sys.argv[1]) / kind
    (directory / "gradients").mkdir(parents=True, exist_ok=True)
    write(directory, kind == "tied")
