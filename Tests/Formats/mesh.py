#!/usr/bin/env python3
"""Writes models as Mesh TensorFlow leaves them: bundles of TensorFlow's, by its own Saver.

    mesh.py TWINS_DIR OUT_DIR

Index blocks packed with Snappy, as Google's own TensorFlow writes them and its public wheels do not, are made of the others.
"""
import os
import shutil
import struct
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"], os.environ["CUDA_VISIBLE_DEVICES"] = "3", ""
import cramjam
import numpy
import tensorflow.compat.v1 as tf

from t5x import layer_count, load

tf.disable_v2_behavior()
STEP = 524288


def mesh_names(tensors, *, cycle=1, norm="layer_norm", final="final_layer_norm", gate="switch_gating"):
    """Mesh TensorFlow's names: a block holds `cycle` layers, whose parts are numbered on."""
    flat = {"shared/embedding": tensors["shared.weight"]}
    if "lm_head.weight" in tensors:
        flat["decoder/logits/kernel"] = tensors["lm_head.weight"].T
    for side, parts in (("encoder", 2), ("decoder", 3)):
        flat[f"{side}/{final}/scale"] = tensors[f"{side}.final_layer_norm.weight"]
        for layer in range(layer_count(tensors, side)):
            for index in range(parts):
                there = f"{side}.block.{layer}.layer.{index}."
                here = f"{side}/block_{layer // cycle:03d}/layer_{layer % cycle * parts + index:03d}/"
                flat[f"{here}{norm}/scale"] = tensors[there + "layer_norm.weight"]
                stacks = {}
                for key, value in tensors.items():
                    if not key.startswith(there) or "layer_norm" in key:
                        continue
                    path = key[len(there):].split(".")
                    if "Attention" in path[0]:
                        flat[here + "/".join(path[:-1])] = value.T
                    elif path[1] == "router":
                        flat[f"{here}MoE1D/{gate}/kernel"] = value.T
                    elif path[1] == "experts":
                        stacks.setdefault(path[3], {})[int(path[2].split("_")[1])] = value.T
                    else:
                        flat[f"{here}DenseReluDense/{path[1]}/kernel"] = value.T
                for matrix, stack in stacks.items():
                    flat[f"{here}MoE1D/{matrix}/kernel"] = numpy.stack([stack[e] for e in sorted(stack)])
    return {name: numpy.ascontiguousarray(value) for name, value in flat.items()}


def write(directory, variables, *, dtype=tf.float32, devices=1, parts=None, settings=None):
    """`parts` is the axis along which matrices are cut in two."""
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    with tf.Graph().as_default():
        feeds, assigns = {}, []
        for number, (name, value) in enumerate(variables.items()):
            cut = parts is not None and value.ndim > parts + 1
            partitioner = tf.fixed_size_partitioner(2, axis=parts) if cut else None
            with tf.device(f"/cpu:{number % devices}"):
                variable = tf.get_variable(
                    name, shape=value.shape, dtype=dtype, use_resource=False, partitioner=partitioner)
            start = 0
            for piece in list(variable) if cut else [variable]:
                length = int(piece.shape[parts]) if cut else None
                part = numpy.take(value, range(start, start + length), axis=parts) if cut else value
                start += length or 0
                placeholder = tf.placeholder(dtype, piece.shape)
                feeds[placeholder] = part.astype(dtype.as_numpy_dtype)
                assigns.append(tf.assign(piece, placeholder))
        for slot in ("shared/embedding_slot_vr", "shared/embedding_slot_vc", "encoder/final_layer_norm/scale_slot_v"):
            tf.get_variable(slot, shape=[8], dtype=tf.float32, use_resource=False)
        tf.get_variable("global_step", initializer=numpy.int64(STEP), use_resource=False)
        saver = tf.train.Saver(tf.global_variables(), sharded=True, save_relative_paths=True)
        with tf.Session(config=tf.ConfigProto(device_count={"CPU": devices})) as session:
            session.run(tf.global_variables_initializer())
            session.run(assigns, feeds)
            saver.save(session, os.path.join(directory, "model.ckpt"), global_step=STEP, write_meta_graph=False)
    if settings:
        (Path(directory) / "operative_config.gin").write_text(settings)


def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


def crc(data, table=[]):
    if not table:
        for value in range(256):
            for _ in range(8):
                value = value >> 1 ^ 0x82F63B78 if value & 1 else value >> 1
            table.append(value)
    total = 0xFFFFFFFF
    for byte in data:
        total = table[(total ^ byte) & 255] ^ total >> 8
    total ^= 0xFFFFFFFF
    return (total >> 15 | total << 17 & 0xFFFFFFFF) + 0xA282EAD8 & 0xFFFFFFFF


def entries(block):
    end = len(block) - 4 - 4 * struct.unpack_from("<I", block, len(block) - 4)[0]
    at, key = 0, b""
    while at < end:
        shared, at = read_varint(block, at)
        fresh, at = read_varint(block, at)
        length, at = read_varint(block, at)
        key = key[:shared] + block[at:at + fresh]
        yield key, block[at + fresh:at + fresh + length]
        at += fresh + length


def pack(path):
    """Packs the blocks of an index with Snappy."""
    data = Path(path).read_bytes()
    out = bytearray()

    def seal(block):
        packed = bytes(cramjam.snappy.compress_raw(block)) + b"\1"
        start = len(out)
        out.extend(packed + struct.pack("<I", crc(packed)))
        return varint(start) + varint(len(packed) - 1)

    def handle(bytes, at=0):
        start, at = read_varint(bytes, at)
        size, at = read_varint(bytes, at)
        return data[start:start + size], at

    def table(pairs):
        block, restarts = b"", []
        for key, value in pairs:
            restarts.append(len(block))
            block += varint(0) + varint(len(key)) + varint(len(value)) + key + value
        restarts = restarts or [0]
        return block + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))

    footer = data[-48:]
    _, at = handle(footer)
    index, _ = handle(footer, at)
    blocks = [(key, seal(handle(value)[0])) for key, value in entries(index)]
    handles = seal(table([])) + seal(table(blocks))
    out.extend(handles.ljust(40, b"\0") + footer[-8:])
    Path(path).write_bytes(out)


def main():
    twins, out = sys.argv[1], Path(sys.argv[2])
    for name in ("switch", "switch-deep", "switch-untied", "switch-gated", "t5", "t5-gated", "t5-silu"):
        tensors, _ = load(twins, name)
        at = lambda layout: out / f"mesh-{layout}@{name}"
        said = "DenseReluDense.activation = ['swish', 'linear']\n" if name == "t5-silu" else None
        # A cycle is two layers, the second sparse; where all are, or none, one.
        write(at("f32"), mesh_names(tensors, cycle=2 if name in ("switch", "switch-deep", "switch-gated") else 1), settings=said)
        if name != "switch-deep":
            continue
        cycles = mesh_names(tensors, cycle=2)
        write(at("single"), mesh_names(tensors, gate="switch_max_gating"))
        write(at("rms"), mesh_names(tensors, cycle=2, norm="rms_norm", final="rms_norm"))
        write(at("shards"), cycles, devices=2)
        write(at("rows"), cycles, parts=0)
        write(at("columns"), cycles, parts=1)
        write(at("snappy"), cycles)
        pack(at("snappy") / f"model.ckpt-{STEP}.index")
    tensors, _ = load(twins, "tiny")
    write(out / "mesh-snappy@tiny", mesh_names(tensors, cycle=2), devices=2)
    pack(out / "mesh-snappy@tiny" / f"model.ckpt-{STEP}.index")
    write(out / "mesh-parts@tiny", mesh_names(tensors, cycle=2), parts=1)
    tensors, _ = load(twins, "switch-brain")
    write(out / "mesh-bfloat16@switch-brain", mesh_names(tensors, cycle=2), dtype=tf.bfloat16)
    # What TensorFlow 2 saves of objects.
    with tf.Graph().as_default(), tf.Session() as session:
        keras = tf.get_variable("w/.ATTRIBUTES/VARIABLE_VALUE", initializer=numpy.ones(3, numpy.float32), use_resource=False)
        session.run(tf.global_variables_initializer())
        (out / "refused-keras").mkdir(exist_ok=True)
        tf.train.Saver([keras]).save(session, str(out / "refused-keras" / "ckpt"), global_step=1, write_meta_graph=False)
    print(len(list(out.glob("mesh-*"))), "bundles of Mesh TensorFlow")


if __name__ == "__main__":
    main()
