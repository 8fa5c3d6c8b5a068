"""The programs on reviews in Keras, beside those of examples/reviews.rs and of the page's presets: prints test accuracy and time
of three seeds each.

    python reviews.py FOLDER [NAME]...    # the folder that `cargo xtask data` fills: www/data
"""

import gzip
import json
import os
import statistics
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf
from keras import layers

ENGLISH = ("reviews-en", dict(max_tokens=5000, output_sequence_length=40, split="whitespace"))
CHINESE = ("reviews-zh", dict(max_tokens=3000, output_sequence_length=64, split="character"))
PROGRAMS = {
    "en-mean": (*ENGLISH, layers.GlobalAveragePooling1D, 10),
    "en-gru": (*ENGLISH, lambda: layers.GRU(32), 3),
    "zh-mean": (*CHINESE, layers.GlobalAveragePooling1D, 5),
    "zh-gru": (*CHINESE, lambda: layers.GRU(32), 2),
}


def read(folder):
    """Texts and classes of both parts."""
    with open(os.path.join(folder, "manifest.json")) as file:
        shards = json.load(file)["shards"]
    parts = {"train": ([], []), "test": ([], [])}
    for shard in shards:
        with gzip.open(os.path.join(folder, shard["file"])) as file:
            content = file.read()
        texts, classes = parts[shard["split"]]
        texts += content[: shard["text_bytes"]].decode().split("\n")[:-1]
        classes += content[shard["text_bytes"] :]
    return parts["train"], parts["test"]


def run(folder, name, seed):
    data, settings, middle, epochs = PROGRAMS[name]
    (train_texts, train_classes), (test_texts, test_classes) = read(os.path.join(folder, data))
    keras.utils.set_random_seed(seed)
    vectorize = layers.TextVectorization(**settings)
    vectorize.adapt(tf.data.Dataset.from_tensor_slices(train_texts).batch(1024))
    train, test = (vectorize(tf.constant(texts)).numpy() for texts in (train_texts, test_texts))
    model = keras.Sequential([
        keras.Input((settings["output_sequence_length"],), dtype="int32"),
        layers.Embedding(settings["max_tokens"], 32, mask_zero=True),
        middle(),
        layers.Dense(2, activation="softmax"),
    ])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    start = time.perf_counter()
    model.fit(train, np.array(train_classes), epochs=epochs, batch_size=32, verbose=0)
    seconds = time.perf_counter() - start
    return model.evaluate(test, np.array(test_classes), verbose=0)[1], seconds


folder, names = sys.argv[1], sys.argv[2:] or list(PROGRAMS)
for name in names:
    accuracies, seconds = zip(*(run(folder, name, seed) for seed in range(3)))
    shown = ", ".join(f"{accuracy:.4f}" for accuracy in accuracies)
    print(f"{name}: {shown}; {statistics.median(seconds):.0f} s", flush=True)
