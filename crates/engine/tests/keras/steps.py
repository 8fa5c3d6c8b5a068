"""Single steps from Keras's own states, along 20 steps -> steps.json and steps.bin.

    python steps.py

Before each step all weights and slots are rounded to what 16 bits hold, in Keras itself, so that the file can hold every
state exactly: weights are multiples of 2^-13, slots are bfloat16. `tests/it/keras.rs` loads such a state with its iteration,
takes the step on the same batch, and compares loss and all that the step changed. Nothing adds up from step to step, so
every seed serves. Computed in f64.

steps.bin, little endian, case by case as listed in steps.json and step by step:

    i16    every weight, in the order of `weights`; times 2^-13
    u16    per slot, every trainable weight's; the upper half of an f32
    f32    the loss of the step, penalties included
    f32    the sum of `new weight * values(PROJECTION + position)` over each weight
    f32    the same over all of a slot, for each slot
    f32    after a case's last step: class probabilities of the first images, `[PREDICTED,CLASSES]`, inference mode
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow as tf

from formula import HERE, initial_weight, noise_images, values, write
from models import optimizer, short, snake

keras.config.set_floatx("float64")

STEPS, BATCH, BATCHES_PER_EPOCH, EPOCHS = 20, 8, 5, 4
SIZE, CLASSES, PREDICTED = 10, 3, 4
IMAGES_SEED, PROJECTION = 501, 9000
SEEDS = range(5)
L2 = 0.01

# Every kind of layer that has weights or looks at neighbours. A bias before the normalisation would have a gradient of 0
# where no ReLU is shut: only rounding would be left of it, which Adam would blow up.
LAYERS = [
    {"type": "Conv2D", "filters": 2, "kernelSize": [3, 3], "padding": "same", "activation": "relu", "useBias": False},
    {"type": "MaxPooling2D", "poolSize": [2, 2]},
    {"type": "BatchNormalization"},
    {"type": "Conv2D", "filters": 2, "kernelSize": [2, 2]},
    {"type": "Activation", "activation": "elu"},
    {"type": "AveragePooling2D", "poolSize": [2, 2]},
    {"type": "Flatten"},
    {"type": "Dense", "units": CLASSES, "activation": "softmax"},
]
PENALISED = [layer | {"l2": L2} if "filters" in layer or "units" in layer else layer for layer in LAYERS]

OPTIMIZERS = {
    "SGD": {"type": "SGD", "learningRate": 0.05},
    "momentum": {"type": "SGD", "learningRate": 0.05, "momentum": 0.9},
    "Nesterov": {"type": "SGD", "learningRate": 0.05, "momentum": 0.9, "nesterov": True},
    "RMSprop": {"type": "RMSprop"},
    "Adagrad": {"type": "Adagrad", "learningRate": 0.02},
    "Adam": {"type": "Adam"},
    "AdamW": {"type": "AdamW", "weightDecay": 0.1},
}
SLOTS = {
    "SGD": [],
    "momentum": ["momentums"],
    "Nesterov": ["momentums"],
    "RMSprop": ["_velocities"],
    "Adagrad": ["_accumulators"],
    "Adam": ["_momentums", "_velocities"],
    "AdamW": ["_momentums", "_velocities"],
}
STEP = {"type": "Step", "everyEpochs": 1, "factor": 0.5}
COSINE = {"type": "Cosine", "finalFactor": 0.1}
CASES = [{"optimizer": name, "seed": seed} for name in OPTIMIZERS for seed in SEEDS] + [
    {"optimizer": "momentum", "seed": 0, "l2": True},
    {"optimizer": "Adam", "seed": 1, "l2": True},
    {"optimizer": "SGD", "seed": 2, "clipNorm": 0.1},
    {"optimizer": "RMSprop", "seed": 3, "clipValue": 0.05},
    {"optimizer": "Adam", "seed": 4, "learningRateSchedule": STEP},
    {"optimizer": "SGD", "seed": 0, "learningRateSchedule": COSINE},
    {"optimizer": "AdamW", "seed": 1, "l2": True, "clipNorm": 0.1, "learningRateSchedule": COSINE},
]


def build(layers, seed):
    keras.backend.clear_session()
    built = [keras.Input((SIZE, SIZE, 1))]
    for layer in layers:
        settings = {snake(key): tuple(v) if isinstance(v, list) else v for key, v in layer.items() if key != "type"}
        if "l2" in settings:
            settings["kernel_regularizer"] = keras.regularizers.L2(settings.pop("l2"))
        built.append(getattr(keras.layers, layer["type"])(**settings))
    model = keras.Sequential(built)
    for number, weight in enumerate(model.weights, start=first_seed(seed)):
        weight.assign(initial_weight(weight.path.split("/")[-1], number, tuple(weight.shape)))
    return model


def first_seed(seed):
    return 100 * seed + 1


def schedule(case, rate):
    match case.get("learningRateSchedule", {}).get("type"):
        case "Step":
            return keras.optimizers.schedules.ExponentialDecay(rate, BATCHES_PER_EPOCH, 0.5, staircase=True)
        case "Cosine":
            return keras.optimizers.schedules.CosineDecay(rate, BATCHES_PER_EPOCH * EPOCHS, alpha=0.1)
        case _:
            return rate


def projection(tensors):
    return sum(np.sum(np.asarray(t) * values(PROJECTION + i, tuple(t.shape)).astype(np.float64)) for i, t in tensors)


def fixed(weight):
    return np.rint(np.asarray(weight) * 8192).astype("<i2")


def upper_half(slot):
    bits = np.asarray(slot).astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")


def run(case, images, labels):
    model = build(PENALISED if case.get("l2") else LAYERS, case["seed"])
    settings = dict(OPTIMIZERS[case["optimizer"]])
    update = optimizer(settings)
    update = type(update).from_config(update.get_config() | {
        "learning_rate": schedule(case, float(update.learning_rate)),
        "clipnorm": case.get("clipNorm"),
        "clipvalue": case.get("clipValue"),
    })
    update.build(model.trainable_weights)
    slots = [getattr(update, name) for name in SLOTS[case["optimizer"]]]
    out, losses = [], []
    for step in range(STEPS):
        for weight in model.weights:
            stored = fixed(weight)
            weight.assign(stored / 8192)
            out.append(stored)
        for slot in slots:
            for variable in slot:
                stored = upper_half(variable)
                variable.assign((stored.astype(np.uint32) << 16).view(np.float32).astype(np.float64))
                out.append(stored)
        batch = step % BATCHES_PER_EPOCH
        rows = slice(batch * BATCH, (batch + 1) * BATCH)
        assert int(update.iterations) == step
        with tf.GradientTape() as tape:
            probabilities = model(images[rows], training=True)
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels[rows], probabilities))
            loss += sum(model.losses)
        gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
        update.apply(gradients, model.trainable_weights)
        losses.append(float(loss))
        sums = [projection([(i, weight)]) for i, weight in enumerate(model.weights)]
        sums += [projection(list(enumerate(slot))) for slot in slots]
        out.append(np.array([losses[-1], *sums], "<f4"))
    out.append(np.asarray(model(images[:PREDICTED], training=False)).astype("<f4"))
    print(case, f"loss {losses[0]:.3f} to {losses[-1]:.3f}")
    return b"".join(part.tobytes() for part in out)


def main():
    images, labels = noise_images(IMAGES_SEED, (BATCH * BATCHES_PER_EPOCH, SIZE, SIZE, 1), CLASSES)
    path = HERE / "steps.bin"
    path.write_bytes(b"".join(run(case, images, labels) for case in CASES))
    print(f"{path.name}: {path.stat().st_size} bytes")
    write("steps.json", {
        "steps": STEPS,
        "batchSize": BATCH,
        "batchesPerEpoch": BATCHES_PER_EPOCH,
        "epochs": EPOCHS,
        "size": SIZE,
        "classes": CLASSES,
        "predicted": PREDICTED,
        "imagesSeed": IMAGES_SEED,
        "projection": PROJECTION,
        "layers": LAYERS,
        "penalisedLayers": PENALISED,
        "weights": [{"name": short(w), "shape": list(w.shape), "trainable": w.trainable}
                    for w in build(LAYERS, 0).weights],
        "optimizers": OPTIMIZERS,
        "cases": CASES,
    })


if __name__ == "__main__":
    main()
