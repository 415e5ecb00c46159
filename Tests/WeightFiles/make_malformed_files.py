#!/usr/bin/env python3
"""Makes weight files that are not as PyTorch writes them, and `expected.json` with what a reader must say of each.

    make_malformed_files.py OUT_DIR

Needs nothing but Python 3.11. Each is harmless to a program that opens it all the same: what it names does nothing when it is
called, and its sizes are past what is there by little. What the guards are for is in README.md.
"""
import io
import json
import struct
import sys
import zipfile
from pathlib import Path

PROTO, STOP, MARK, DICT, NONE = b"\x80\x02", b".", b"(", b"}", b"N"
FOREIGN = "'{file}' asks for '%s', which a weight file has no use for"
ENDS = "'{file}' has a pickle that ends within the instruction before byte %d"
OPERAND = "'{file}' gives the pickle instruction '%s' before byte %d values it cannot take"
REFUSED = "'{file}' has the pickle instruction '%s' at byte %d, which a weight file has no use for"
DATA = bytes(range(16))


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value):
    if 0 <= value < 256:
        return b"K" + bytes([value])
    size = (value.bit_length() + 8) // 8
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def numbers(values):
    return MARK + b"".join(map(number, values)) + b"t"


def named(module, name):
    return f"c{module}\n{name}\n".encode()


def called(module, name, arguments=b")"):
    return named(module, name) + arguments + b"R"


def storage(kind="FloatStorage", key="0", count=4, more=b""):
    return MARK + text("storage") + named("torch", kind) + text(key) + text("cpu") + number(count) + more + b"tQ"


def tensor(where=None, offset=0, shape=(2, 2), strides=(2, 1), more=b""):
    arguments = MARK + (where or storage()) + number(offset) + numbers(shape) + numbers(strides) + b"\x89" \
        + called("collections", "OrderedDict") + more + b"t"
    return called("torch._utils", "_rebuild_tensor_v2", arguments)


def root(*values, names="abcdefgh"):
    return PROTO + DICT + MARK + b"".join(text(name) + value for name, value in zip(names, values)) + b"u" + STOP


GOOD = root(tensor())


def archive(pickle=GOOD, members=None, folder="archive", method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as out:
        for name, data in [("data.pkl", pickle), *(members or {"data/0": DATA}).items()]:
            out.writestr(zipfile.ZipInfo(f"{folder}/{name}"), data, compress_type=method)
    return buffer.getvalue()


def legacy(pickle=GOOD, keys=("0",), data=struct.pack("<q", 4) + DATA, magic=0x1950A86A20F9469CFC6C, version=1001,
           little=True):
    machine = PROTO + DICT + text("little_endian") + (b"\x88" if little else b"\x89") + b"s" + STOP
    listed = PROTO + b"](" + b"".join(map(text, keys)) + b"e" + STOP
    return b"".join([PROTO + number(magic) + STOP, PROTO + number(version) + STOP, machine, pickle, listed, data])


def patched(data, at, replacement):
    return data[:at] + replacement + data[at + len(replacement):]


def directory(data, nth=0):
    """Where the nth entry of the directory begins."""
    at = data.index(b"PK\1\2")
    for _ in range(nth):
        at = data.index(b"PK\1\2", at + 4)
    return at


def pickles():
    """Pickles alone, each to be put into an archive."""
    length = MARK + text("abc") + b"t"
    yield "function", PROTO + called("os", "getpid") + STOP, FOREIGN % "os.getpid"
    yield "function-in-c", PROTO + called("posix", "getpid") + STOP, FOREIGN % "posix.getpid"
    yield "builtin", PROTO + called("builtins", "len", length) + STOP, FOREIGN % "builtins.len"
    yield "builtin-old", PROTO + called("__builtin__", "len", length) + STOP, FOREIGN % "__builtin__.len"
    yield "torch-function", PROTO + called("torch", "is_tensor", length) + STOP, FOREIGN % "torch.is_tensor"
    yield "torch-module", PROTO + called("torch.nn", "Identity") + STOP, FOREIGN % "torch.nn.Identity"
    yield "torch-utils", PROTO + called("torch._utils", "is_compiling") + STOP, FOREIGN % "torch._utils.is_compiling"
    yield "other-collection", PROTO + called("collections", "Counter") + STOP, FOREIGN % "collections.Counter"
    yield "name-elsewhere", PROTO + named("typing", "OrderedDict") + STOP, FOREIGN % "typing.OrderedDict"
    yield "never-called", root(named("os", "getpid"), tensor()), FOREIGN % "os.getpid"
    yield "dotted", PROTO + b"\x80\x04\x8c\x05torch\x8c\x0aTensor.dim\x93" + STOP, FOREIGN % "torch.Tensor.dim"
    yield "stack-global", PROTO + b"\x8c\x02os\x8c\x06getpid\x93" + STOP, FOREIGN % "os.getpid"
    yield "line-in-name", PROTO + b"\x8c\x02os\x8c\x03a\nb\x93" + STOP, FOREIGN % "os.a\ufffdb"
    yield "instance", PROTO + MARK + b"ios\ngetpid\n" + STOP, REFUSED % ("inst", 3)
    yield "object", PROTO + MARK + named("collections", "OrderedDict") + b"o" + STOP, REFUSED % ("obj", 28)
    yield "extension", PROTO + b"\x82\x01" + STOP, REFUSED % ("ext1", 2)
    yield "new-object-ex", PROTO + named("collections", "OrderedDict") + b")}\x92" + STOP, REFUSED % ("newObjEx", 29)
    yield "buffer", PROTO + b"\x97" + STOP, REFUSED % ("nextBuffer", 2)
    yield "text-protocol", PROTO + b"I1\n" + STOP, REFUSED % ("int", 2)
    yield "unknown", PROTO + b"\xff" + STOP, "'{file}' has no pickle instruction at byte 2, but 255"
    yield "not-a-pickle", b"hello", "'{file}' has no pickle instruction at byte 0, but 104"
    yield "empty", b"", ENDS % 0
    yield "no-stop", GOOD[:-1], ENDS % (len(GOOD) - 1)
    yield "nothing", PROTO + STOP, OPERAND % ("stop", 3)
    yield "protocol-0", b"\x80\x00" + GOOD[2:], "'{file}' is pickled with protocol 0; expected 2 to 5"
    yield "protocol-9", b"\x80\x09" + GOOD[2:], "'{file}' is pickled with protocol 9; expected 2 to 5"
    for name, code in [("unicode8", b"\x8d"), ("bytes8", b"\x8e"), ("bytearray8", b"\x96"), ("frame", b"\x95")]:
        yield f"long-{name}", PROTO + code + struct.pack("<Q", 2) + STOP, ENDS % 11
    for name, code in [("unicode", b"X"), ("bytes", b"B"), ("string", b"T"), ("long4", b"\x8b")]:
        yield f"long-{name}", PROTO + code + struct.pack("<I", 2) + STOP, ENDS % 7
    for name, code in [("string", b"T"), ("long4", b"\x8b")]:
        yield f"negative-{name}", PROTO + code + struct.pack("<i", -1) + STOP, ENDS % 7
    yield "memo-absent", PROTO + b"h\x05" + STOP, "'{file}' has a pickle that misuses memo entry 5 before byte 4"
    yield "memo-far", PROTO + b"Nr\x08\0\0\0" + STOP, "'{file}' has a pickle that misuses memo entry 8 before byte 8"
    yield "mark-absent", PROTO + b"t" + STOP, OPERAND % ("tuple", 3)
    yield "below-mark", PROTO + b"N(0\x85" + STOP, "'{file}' holds no tensors by name; expected a state_dict"
    yield "over-mark", PROTO + b"N(\x85" + STOP, OPERAND % ("tuple1", 5)
    yield "odd-items", PROTO + b"}(NNNu" + STOP, OPERAND % ("setItems", 8)
    yield "append-to-dict", PROTO + b"}Na" + STOP, OPERAND % ("append", 5)
    yield "build-on-tensor", PROTO + tensor() + b"}b" + STOP, OPERAND % ("build", len(PROTO + tensor()) + 2)
    yield "call-a-number", PROTO + b"K\x01)R" + STOP, OPERAND % ("reduce", 6)
    yield "call-a-storage-class", PROTO + called("torch", "FloatStorage") + STOP, OPERAND % ("reduce", 24)
    yield "dict-of-pairs", PROTO + called("collections", "OrderedDict", b"]\x85") + STOP, OPERAND % ("reduce", 30)
    yield "not-utf8", PROTO + DICT + b"X\x02\0\0\0\xc3\x28" + tensor() + b"s" + STOP, \
        "'{file}' has a name at byte 8 of its pickle that is not UTF-8"
    yield "long-name", root(tensor(), names=["n" * 1025]), "'{file}' has a pickle of more than 1024 bytes in a name"
    yield "long-global", PROTO + b"c" + b"m" * 1025 + STOP, "'{file}' has a pickle of more than 1024 bytes in a name"
    yield "same-name", root(tensor(), tensor(), names="aa"), "'{file}' gives the name 'a' to two values"
    yield "two-levels", root(root(root(tensor())[2:-1], names=["model"])[2:-1], names=["state_dict"]), \
        "'{file}' holds no tensors by name; expected a state_dict"
    yield from pickled_tensors()


def pickled_tensors():
    def bad(problem):
        return "tensor 'a' in '{file}' " + problem

    yield "negative-size", root(tensor(shape=(-2, 2))), bad("has no usable 'shape'")
    yield "text-size", root(tensor(shape=()).replace(b"(t(", b"(NNt(", 1)), bad("has no usable 'shape'")
    yield "negative-stride", root(tensor(strides=(-2, 1))), bad("has no usable 'stride'")
    yield "fewer-strides", root(tensor(strides=(1,))), bad("has no usable 'stride'")
    yield "negative-offset", root(tensor(offset=-1)), bad("has no usable 'offset'")
    yield "offset-beyond", root(tensor(offset=1)), bad("ends at element 5 of a storage of 4")
    yield "stride-beyond", root(tensor(strides=(3, 1))), bad("ends at element 5 of a storage of 4")
    yield "empty-beyond", root(tensor(offset=5, shape=(0,), strides=(1,))), bad("ends at element 5 of a storage of 4")
    yield "nine-dimensions", root(tensor(shape=(1,) * 9, strides=(1,) * 9)), \
        "'{file}' has a pickle of more than 8 dimensions in a tensor"
    described = "storage '%s' of '{file}' is described as %d elements of type %s, but has 16 bytes"
    yield "storage-less", root(tensor(storage(count=3), shape=(3,), strides=(1,))), described % ("0", 3, "F32")
    yield "storage-narrower", root(tensor(storage("HalfStorage"))), described % ("0", 4, "F16")
    yield "storage-absent", root(tensor(storage(key="1"))), "storage '1' of '{file}' is described, but not there"
    yield "storage-elsewhere", root(tensor(storage(key="./0"))), \
        "storage './0' of '{file}' is described, but not there"
    yield "storage-in-two-ways", root(tensor(), tensor(storage("IntStorage"))), \
        "'{file}' describes storage '0' in two ways"
    start = len(PROTO + DICT + MARK + text("a"))
    end = start + len(named("torch._utils", "_rebuild_tensor_v2") + MARK)
    for name, where in [("storage-negative", storage(count=-1)), ("storage-of-a-tensor", storage("Tensor")),
                        ("storage-view", storage(more=numbers((1, 2)))),
                        ("storage-kind", storage().replace(b"storage", b"module!"))]:
        message = FOREIGN % "torch.Tensor" if "Tensor" in str(where) else OPERAND % ("binPersID", end + len(where))
        yield name, root(tensor(where)), message
    yield "tensor-without-storage", root(tensor(NONE)), OPERAND % ("reduce", start + len(tensor(NONE)))
    yield "parameter-of-nothing", PROTO + called("torch._utils", "_rebuild_parameter", b"N\x89}\x87") + STOP, \
        OPERAND % ("reduce", 2 + len(called("torch._utils", "_rebuild_parameter", b"N\x89}\x87")))
    yield "negated", root(tensor(more=DICT)), OPERAND % ("reduce", start + len(tensor(more=DICT)))


def archives():
    good = archive()
    entry, second, end = directory(good), directory(good, 1), good.index(b"PK\5\6")
    packed = archive(members={"data/0": DATA, "data/1": bytes(5000)}, method=zipfile.ZIP_DEFLATED)

    def damaged(what):
        return "'{file}' has %s" % what

    yield "cut", good[:-1], "'{file}' is a zip archive without its end"
    yield "volumes", patched(good, end + 4, b"\1\0\1\0"), "'{file}' is one of several volumes of a zip archive"
    yield "count-more", patched(good, end + 8, b"\3\0\3\0"), damaged(f"a damaged zip directory at byte {end}")
    yield "count-less", patched(good, end + 8, b"\1\0\1\0"), damaged(f"a damaged zip directory at byte {second}")
    yield "directory-beyond", patched(good, end + 16, struct.pack("<I", entry + 1)), damaged(f"a damaged zip directory at byte {end}")
    yield "directory-elsewhere", patched(good, end + 16, struct.pack("<I", entry - 1)), \
        damaged(f"a damaged zip directory at byte {entry - 1}")
    name, = struct.unpack("<H", good[second + 28:second + 30])
    yield "directory-name", patched(good, second + 28, struct.pack("<H", name + 1)), \
        damaged(f"a damaged zip directory at byte {second}")
    wide = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 2, 2, end - entry, entry + 1) + b"PK\6\7"
    yield "zip64-beyond", good[:end] + wide + struct.pack("<IQI", 0, end, 1) + good[end:], \
        damaged(f"a damaged zip directory at byte {end}")
    yield "zip64-elsewhere", good[:end] + wide + struct.pack("<IQI", 0, end + 1, 1) + good[end:], \
        damaged(f"a damaged zip directory at byte {end + 56}")
    many = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 3, 3, end - entry, entry) + b"PK\6\7"
    yield "zip64-count", good[:end] + many + struct.pack("<IQI", 0, end, 1) + good[end:], \
        damaged(f"a damaged zip directory at byte {end}")
    yield "zip64-size-absent", patched(good, entry + 24, b"\xff" * 4), damaged(f"a damaged zip directory at byte {entry}")
    yield "name-bytes", patched(patched(good, entry + 46, b"\xff"), 30, b"\xff"), \
        damaged(f"a zip member whose name at byte {entry + 46} is not UTF-8")
    yield "encrypted", patched(good, entry + 8, b"\1\0"), damaged("the encrypted zip member 'archive/data.pkl'")
    yield "bzip2", patched(good, entry + 10, b"\x0c\0"), \
        damaged("zip member 'archive/data.pkl' packed by method 12; expected 0 (stored) or 8 (deflated)")
    contradiction = damaged("zip member 'archive/data.pkl', whose header contradicts the directory")
    yield "other-method", patched(good, 8, b"\x08\0"), contradiction
    yield "other-name", patched(good, 30, b"x"), contradiction
    yield "other-size", patched(good, 22, b"\x01"), contradiction
    yield "no-header", patched(good, entry + 42, b"\x01"), contradiction
    yield "stored-in-less", patched(patched(good, entry + 24, b"\1"), 22, b"\1"), contradiction
    outside = damaged("zip member 'archive/data/0', which reaches past the data")
    yield "header-beyond", patched(good, second + 42, struct.pack("<I", entry - 29)), outside
    yield "data-beyond", patched(good, second + 20, struct.pack("<II", 100, 100)), outside
    yield "data-into-directory", patched(good, second + 20, struct.pack("<II", 17, 17)), outside
    twice = archive(members={"data/0": DATA, "data/1": DATA})
    third, copy = directory(twice, 2), twice.rindex(b"PK\3\4")
    yield "same-member", patched(patched(twice, third + 46 + 13, b"0"), copy + 30 + 13, b"0"), \
        damaged("two zip members 'archive/data/0'")
    yield "pickle-damaged", patched(good, 30 + 16 + 4, b"?"), damaged("the damaged zip member 'archive/data.pkl'")
    yield "deflate-damaged", patched(packed, 30 + 16 + 4, b"\xff\xff\xff"), damaged("the damaged zip member 'archive/data.pkl'")
    length, = struct.unpack("<I", packed[22:26])
    for name, change in [("deflate-longer", 1), ("deflate-shorter", -1)]:
        changed = struct.pack("<I", length + change)
        yield name, patched(patched(packed, 22, changed), directory(packed) + 24, changed), \
            damaged("the damaged zip member 'archive/data.pkl'")
    yield "no-pickle", archive(folder="archive/inner"), damaged("0 zip members named data.pkl; expected one")
    both = archive(members={"other.pkl": GOOD}).replace(b"archive/other.pkl", b"archives/data.pkl")
    yield "two-pickles", both, damaged("2 zip members named data.pkl; expected one")
    yield "big-endian", archive(members={"data/0": DATA, "byteorder": b"big"}), \
        "'{file}' holds numbers in the byte order 'big'; expected 'little'"
    yield "byte-order-long", archive(members={"data/0": DATA, "byteorder": b"little" * 9}), \
        damaged("zip member 'archive/byteorder' of 54 bytes; at most 16 are expected")


def legacies():
    head = "'{file}' "
    magic = head + "is not a PyTorch weight file, neither a zip archive nor of the format before 1.6"
    yield "magic", legacy(magic=2**77), magic
    yield "nothing", b"", magic
    yield "html", b"<!DOCTYPE html><html>not found</html>", magic
    yield "safetensors", struct.pack("<Q", 2) + b"{}", magic
    yield "version", legacy(version=1000), head + "is a PyTorch weight file of an unknown version; expected 1001"
    yield "big-endian", legacy(little=False), head + "was written by a big-endian machine; expected a little-endian one"
    yield "function", legacy(PROTO + called("os", "getpid") + STOP), FOREIGN % "os.getpid"
    yield "data-cut", legacy()[:-1], head + "ends within its storages"
    yield "count-cut", legacy(data=b"\4\0\0\0"), head + "ends within its storages"
    yield "count-negative", legacy(data=struct.pack("<q", -4) + DATA), head + "ends within its storages"
    yield "count-more", legacy(data=struct.pack("<q", 5) + DATA), head + "ends within its storages"
    yield "count-less", legacy(data=struct.pack("<q", 3) + DATA), \
        "storage '0' of '{file}' is described as 4 elements of type F32, but has 12 bytes"
    yield "trailing", legacy() + b"\0", head + "has 1 bytes behind its last storage"
    yield "no-keys", legacy(keys=()), "storage '0' of '{file}' is described, but not there"
    yield "strange-key", legacy(keys=("1",)), "storage '1' of '{file}' is there twice, or not described"
    yield "key-twice", legacy(keys=("0", "0")), "storage '0' of '{file}' is there twice, or not described"
    yield "keys-not-a-list", legacy(keys=()).replace(PROTO + b"](e.", PROTO + b"}."), \
        head + "has no list of storages behind its pickle"
    yield "keys-not-text", legacy(keys=()).replace(PROTO + b"](e.", PROTO + b"](Ne."), \
        head + "has no list of storages behind its pickle"


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    expected = {}
    files = [(f"pickle-{name}", archive(pickle), message) for name, pickle, message in pickles()]
    files += [(f"zip-{name}", data, message) for name, data, message in archives()]
    files += [(f"legacy-{name}", data, message) for name, data, message in legacies()]
    for name, data, message in files:
        assert name not in expected, name
        (out / f"{name}.bin").write_bytes(data)
        expected[name] = message
    (out / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")


main()
