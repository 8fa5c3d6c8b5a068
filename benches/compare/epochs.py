"""Keras natively on the same shards, for `cargo xtask bench epochs`: python epochs.py keras THREADS FOLDER

Says `{"ready": version}`, then answers each line: `{"epochs": n}` with `{"ms"}`, `{"evaluate": true}` with `{"accuracy"}`.
"""

import gzip
import json
import os
import sys
import time
from pathlib import Path

THREADS, FOLDER = int(sys.argv[2]), Path(sys.argv[3])
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
answers, sys.stdout = sys.stdout, sys.stderr

import keras
import numpy as np
import tensorflow as tf
from keras import layers

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
keras.utils.set_random_seed(0)
shards = json.loads((FOLDER / "manifest.json").read_text())["shards"]


def split(name):
    images, labels = [], []
    for shard in (shard for shard in shards if shard["split"] == name):
        data = np.frombuffer(gzip.decompress((FOLDER / shard["file"]).read_bytes()), np.uint8)
        images.append(data[: -shard["images"]].reshape(-1, 28, 28, 1).astype("float32") / 255)
        labels.append(data[-shard["images"] :])
    return np.concatenate(images), np.concatenate(labels)


train, test = split("train"), split("test")
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(64, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(64, 3, activation="relu"),
    layers.Flatten(),
    layers.Dense(64, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

print(json.dumps({"ready": keras.__version__}), file=answers, flush=True)
for line in sys.stdin:
    request = json.loads(line)
    start = time.perf_counter()
    if "epochs" in request:
        model.fit(*train, batch_size=32, epochs=request["epochs"], verbose=0)
        answer = {"ms": (time.perf_counter() - start) * 1e3}
    else:
        answer = {"accuracy": model.evaluate(*test, verbose=0)[1]}
    print(json.dumps(answer), file=answers, flush=True)
