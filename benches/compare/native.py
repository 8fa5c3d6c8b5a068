"""PyTorch or Keras natively, for `cargo xtask bench`: python native.py torch|keras THREADS

Says `{"ready": version}`, then answers a line `{"layers", "batch", "task", "batches"}` with `{"ms"}`, on and on. Images are
noise: none of the work depends on values. With Keras there are three tasks more, on the data set in the folder `data`: `load`,
`epoch`, and `accuracy`, whose answer has it as `value`.
"""

import functools
import gzip
import json
import os
import sys
import time
from pathlib import Path

LIBRARY, THREADS = sys.argv[1], int(sys.argv[2])
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")


def prepare_torch(layers, batch):
    parts, is_flat = [], False
    for index, layer in enumerate(layers):
        if layer["type"] == "conv":
            parts += [nn.Conv2d(layer["input"][2], layer["filters"], layer["kernel"])]
        elif layer["type"] == "pool":
            parts += [nn.MaxPool2d(layer["size"])]
            continue
        elif layer["type"] == "lstm":
            parts += [Rows(layer["input"], layer["units"])]
            is_flat = True
            continue
        else:
            parts += [] if is_flat else [nn.Flatten()]
            is_flat = True
            parts += [nn.Linear(layer["input"][2], layer["units"])]
        if index < len(layers) - 1:
            parts += [nn.ReLU()]
    model = nn.Sequential(*parts)
    optimizer, loss = torch.optim.Adam(model.parameters(), 1e-3), nn.CrossEntropyLoss()
    x, y = torch.rand(batch, 1, 28, 28), torch.arange(batch) % 10

    def training():
        optimizer.zero_grad(set_to_none=True)
        loss(model(x), y).backward()
        optimizer.step()

    def forward():
        with torch.inference_mode():
            model(x)

    return {"training": training, "evaluation": forward, "prediction": forward}


@functools.cache
def dataset(folder, name):
    images, labels = [], []
    for shard in json.loads((Path(folder) / "manifest.json").read_text())["shards"]:
        if shard["split"] == name:
            data = np.frombuffer(gzip.decompress((Path(folder) / shard["file"]).read_bytes()), np.uint8)
            images.append(data[: -shard["images"]].reshape(-1, 28, 28, 1).astype("float32") / 255)
            labels.append(data[-shard["images"] :])
    return np.concatenate(images), np.concatenate(labels)


def prepare_keras(layers, batch):
    parts, is_flat = [keras.Input((28, 28, 1))], False
    for index, layer in enumerate(layers):
        activation = "relu" if index < len(layers) - 1 else "softmax"
        if layer["type"] == "conv":
            parts.append(keras.layers.Conv2D(layer["filters"], layer["kernel"], activation=activation))
        elif layer["type"] == "pool":
            parts.append(keras.layers.MaxPooling2D(layer["size"]))
        elif layer["type"] == "lstm":
            parts += [keras.layers.Reshape(layer["input"][:2]), keras.layers.LSTM(layer["units"])]
            is_flat = True
        else:
            parts += [] if is_flat else [keras.layers.Flatten()]
            is_flat = True
            parts.append(keras.layers.Dense(layer["units"], activation=activation))
    model = keras.Sequential(parts)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    x, y = np.random.rand(batch, 28, 28, 1).astype("float32"), np.arange(batch) % 10

    def load(folder):
        dataset(folder, "train"), dataset(folder, "test")

    def epoch(folder):
        model.fit(*dataset(folder, "train"), batch_size=batch, verbose=0)

    def accuracy(folder):
        images, labels = dataset(folder, "test")
        return float(np.mean(model.predict(images, verbose=0).argmax(1) == labels))

    return {
        "training": lambda: model.train_on_batch(x, y),
        "evaluation": lambda: model.predict_on_batch(x),
        "prediction": lambda: model.predict_on_batch(x),
        # The work of `fit` beside the steps is spread over many of them.
        "fit": lambda batches: model.fit(np.tile(x, (batches, 1, 1, 1)), np.tile(y, batches), batch_size=batch, verbose=0),
        "load": load,
        "epoch": epoch,
        "accuracy": accuracy,
    }


if LIBRARY == "torch":
    import torch
    from torch import nn


    class Rows(nn.Module):
        """An LSTM over the rows of an image, of which the last state goes on."""

        def __init__(self, shape, units):
            super().__init__()
            self.shape, self.lstm = shape, nn.LSTM(shape[1], units, batch_first=True)

        def forward(self, x):
            return self.lstm(x.reshape(len(x), *self.shape[:2]))[0][:, -1]

    torch.set_num_threads(THREADS)
    prepare, version = prepare_torch, torch.__version__
else:
    import keras
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    prepare, version = prepare_keras, keras.__version__

answers = sys.stdout
sys.stdout = sys.stderr
print(json.dumps({"ready": version}), file=answers, flush=True)
prepared = {}
for line in sys.stdin:
    request = json.loads(line)
    key = json.dumps([request["layers"], request["batch"]])
    tasks = prepared.get(key) or prepared.setdefault(key, prepare(request["layers"], request["batch"]))
    start, value = time.perf_counter(), None
    if "data" in request:
        value = tasks[request["task"]](request["data"])
    elif request["task"] == "training" and "fit" in tasks:
        tasks["fit"](request["batches"])
    else:
        for _ in range(request["batches"]):
            tasks[request["task"]]()
    print(json.dumps({"ms": (time.perf_counter() - start) * 1e3, "value": value}), file=answers, flush=True)
