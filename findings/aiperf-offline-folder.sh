#!/bin/sh
# aiperf 0.13.0: with HF_HUB_OFFLINE=1 a tokenizer in a folder on this disk cannot be had; without it no network is needed.
#
# Seen: `--tokenizer FOLDER`, by its help a filesystem path, loads a folder with tokenizer.json and tokenizer_config.json, and
# asks nobody. With HF_HUB_OFFLINE=1, which is for machines without a network, the same folder is looked up as a repository in
# Hugging Face's cache: an absolute path is no valid name of one, and a relative one "is not present in the cache, run online once".
# A good guess: the same tokenizer both times, as in transformers, whose from_pretrained takes the folder either way.
. "$(dirname "$0")/environment.sh"
install aiperf==0.13.0
unset HF_HUB_OFFLINE
cat >"$folder/load.py" <<'PYTHON'
import importlib.metadata
import os
import sys

from aiperf.common.tokenizer import Tokenizer
from tokenizers import Tokenizer as Words
from tokenizers import models, pre_tokenizers
from transformers import AutoTokenizer

path = sys.argv[1]
words = Words(models.WordLevel({"?": 0, "dog": 1}, unk_token="?"))
words.pre_tokenizer = pre_tokenizers.Whitespace()
words.save(f"{path}/tokenizer.json")
with open(f"{path}/tokenizer_config.json", "w") as file:
    file.write('{"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "?"}')
isOffline = "HF_HUB_OFFLINE" in os.environ
try:
    found = str(Tokenizer.from_pretrained(path).encode("a dog"))
except Exception as error:
    found = f"{type(error).__name__}: {error}"
reference = AutoTokenizer.from_pretrained(path).encode("a dog")
print("aiperf", importlib.metadata.version("aiperf"), "offline" if isOffline else "online")
print(f"  aiperf: {found[:160]} - guessed: [0, 1]\n  transformers: {reference}")
asBefore = found.startswith("TokenizerError") if isOffline else found == "[0, 1]"
if reference != [0, 1] or not asBefore:
    raise SystemExit("The behaviour changed: a folder is taken offline, or not taken at all.")
PYTHON
mkdir "$folder/tokenizer"
"$python" "$folder/load.py" "$folder/tokenizer"
HF_HUB_OFFLINE=1 "$python" "$folder/load.py" "$folder/tokenizer"
