#!/bin/sh
# onnxruntime 1.32.0 (onnx 1.23.2): the operator com.microsoft.MoE takes `router_probs`, but they must be logits.
#
# Seen: what is given as `router_probs` goes through a softmax inside. Five tokens whose chosen expert has probability
# 0.42 to 0.86 are scaled by 0.26 to 0.43 when probabilities are given; the logits give the probabilities.
# A good guess: an input called router_probs is used as it is, as "the router's probability times the expert's output".
# Why it matters: nothing fails; the expert chosen is the same, and every gate is pulled towards one in the number of experts.
. "$(dirname "$0")/environment.sh"
install onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$python" - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

TOKENS, EXPERTS, WIDTH, INNER = 5, 4, 8, 16
random = np.random.default_rng(0)
w_in = random.standard_normal((EXPERTS, INNER, WIDTH)).astype(np.float32)
w_out = random.standard_normal((EXPERTS, WIDTH, INNER)).astype(np.float32)
rows = random.standard_normal((TOKENS, WIDTH)).astype(np.float32)
logits = random.standard_normal((TOKENS, EXPERTS)).astype(np.float32)


def softmax(values):
    powers = np.exp(values - values.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def run(router):
    node = helper.make_node("MoE", ["rows", "router", "w_in", "", "w_out"], ["y"], domain="com.microsoft",
                            k=1, activation_type="relu", normalize_routing_weights=0)
    graph = helper.make_graph(
        [node], "moe",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, rows.shape),
         helper.make_tensor_value_info("router", TensorProto.FLOAT, router.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, rows.shape)],
        [helper.make_tensor(name, TensorProto.FLOAT, value.shape, value.tobytes(), raw=True)
         for name, value in (("w_in", w_in), ("w_out", w_out))])
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 17),
                                                                   helper.make_opsetid("com.microsoft", 1)])
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"rows": rows, "router": router})[0]


probabilities = softmax(logits)
expert = probabilities.argmax(-1)
plain = np.stack([w_out[e] @ np.maximum(w_in[e] @ row, 0) for e, row in zip(expert, rows)])


def gates(router):
    """By what factor each token's expert was scaled."""
    return (run(router) * plain).sum(-1) / (plain * plain).sum(-1)


print("onnxruntime", onnxruntime.__version__)
print("probability of the chosen expert:", probabilities.max(-1).round(4))
print("gate when probabilities are given:", gates(probabilities).round(4), "- guessed: the line above")
print("gate when logits are given:       ", gates(logits).round(4))
twice = np.allclose(gates(probabilities), softmax(probabilities).max(-1), atol=1e-4)
once = np.allclose(gates(logits), probabilities.max(-1), atol=1e-4)
if not (twice and once):
    raise SystemExit("The behaviour changed: router_probs no longer go through a softmax inside.")
PYTHON
