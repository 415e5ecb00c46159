#!/bin/sh
# t5 0.9.4 (seqio 0.0.20, TensorFlow 2.21.0): T5's span corruption masks the last token of every text, and never the first.
#
# Seen: random_spans_noise_mask, 100 tokens, 15 % noise, spans of 3 on average, 400 seeds: position 99 is masked 400 times in 400,
# 98 three times in four, position 0 never; the middle about 13 times in 100. Spans of text and of noise take turns, text
# first and noise last, and only their lengths are drawn.
# A good guess: every position is masked 15 times in 100.
. "$(dirname "$0")/environment.sh"
install --no-deps \
    babel==2.19.0 pyglove==0.4.5 narwhals==2.29.0 typing_extensions==4.16.0 opt_einsum==3.4.0 Pygments==2.21.0 \
    tensorflow-metadata==1.21.0 absl-py==2.5.1 rouge_score==0.1.2 flatbuffers==25.12.19 msgpack==1.2.4 \
    namex==0.1.0 googleapis-common-protos==1.76.0 protobuf==7.36.2 astunparse==1.6.3 wrapt==2.5.2 requests==2.34.2 \
    jax==0.10.2 keras==3.15.1 numpy==2.4.6 etils==1.15.0 packaging==26.4 scikit-learn==1.9.1 \
    charset-normalizer==3.5.3 tensorflow-datasets==4.9.10 t5==0.9.4 ml_dtypes==0.6.0 pandas==3.1.1 idna==3.20 \
    tabulate==0.10.0 gast==0.7.0 termcolor==3.3.0 PyYAML==6.0.4 gin-config==0.5.0 threadpoolctl==3.8.0 \
    immutabledict==4.3.1 toml==0.10.2 flax==0.12.8 simplejson==4.3.0 sentencepiece==0.2.3 colorama==0.4.6 \
    h5py==3.14.0 rich==15.0.0 jaxlib==0.10.2 urllib3==2.8.0 tensorflow-cpu==2.21.0 \
    regex==2026.11.19 optree==0.20.0 pyarrow==26.0.1 sacrebleu==2.6.0 psutil==7.2.2 tqdm==4.70.1 joblib==1.6.0 \
    editdistance==0.8.1 tensorflow-text==2.21.1 docstring_parser==0.18.0 six==1.17.0 scipy==1.17.1 clu==0.0.12 \
    seqio==0.0.20 nltk==3.10.4 promise==2.3 portalocker==4.4.2 defusedxml==0.7.1 lxml==6.1.3 cloudpickle==3.1.3 \
    filelock==4.3.1 google-pasta==0.2.0 python-dateutil==4.0.0 certifi==2026.10.19.post1
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES= "$python" - <<'PYTHON' 2>"$folder/log" || { tail -3 "$folder/log"; exit 1; }
from importlib.metadata import version

import numpy as np
import t5.data.preprocessors

LENGTH, SEEDS = 100, 400
masked = np.zeros(LENGTH, int)
for seed in range(SEEDS):
    masked += t5.data.preprocessors.random_spans_noise_mask(LENGTH, 0.15, [(seed, 1), (seed, 2)], 3.0).numpy()
print("t5", version("t5"))
for position in (0, 1, 50, 97, 98, 99):
    print(f"position {position} of {LENGTH}: masked {masked[position]} times in {SEEDS} - guessed: about 60")
if masked[0] != 0 or masked[-1] != SEEDS or not 30 < masked[50] < 75:
    raise SystemExit("The behaviour changed: the first token may be masked, or the last may not.")
PYTHON
