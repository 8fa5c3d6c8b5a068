"""Whole models against Keras, from weights that a formula gives -> models.json.

    python models.py FOLDER        FOLDER holds MNIST's uncompressed IDX files

Twenty steps of batches of 32 in file order, on MNIST and on seven-segment digits (formula.py), images / 255: the loss
of every step for four optimizers, the gradients of the first batch, and every layer's output for the first image.
Computed in f64; how far Keras in f32 is from that is printed, to judge tolerances by.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow as tf

from formula import initial_weight, mnist_train, plain, sample, seven_segment_digits, write

STEPS, BATCH = 20, 32
# The seed of the first weight.
FIRST_SEED = 1

REFERENCE = [
    {"type": "Conv2D", "filters": 32, "kernelSize": [3, 3], "activation": "relu"},
    {"type": "MaxPooling2D", "poolSize": [2, 2]},
    {"type": "Conv2D", "filters": 64, "kernelSize": [3, 3], "activation": "relu"},
    {"type": "MaxPooling2D", "poolSize": [2, 2]},
    {"type": "Conv2D", "filters": 64, "kernelSize": [3, 3], "activation": "relu"},
    {"type": "Flatten"},
    {"type": "Dense", "units": 64, "activation": "relu"},
    {"type": "Dense", "units": 10, "activation": "softmax"},
]
# Layers that the reference CNN lacks, without random numbers. There is no max pooling: after a batch normalisation the
# rounding of f32 breaks ties between equal windows, and Keras's own gradient then differs from its f64 one by 1e-2.
NORMALISED = [
    {"type": "Conv2D", "filters": 6, "kernelSize": [3, 3], "padding": "same", "useBias": False},
    {"type": "BatchNormalization", "momentum": 0.9},
    {"type": "Activation", "activation": "elu"},
    {"type": "AveragePooling2D", "poolSize": [2, 2], "padding": "same"},
    {"type": "Conv2D", "filters": 9, "kernelSize": [5, 3], "strides": [2, 2], "padding": "same", "useBias": False},
    {"type": "BatchNormalization"},
    {"type": "Activation", "activation": "gelu"},
    {"type": "AveragePooling2D", "poolSize": [3, 3], "strides": [2, 2], "padding": "same"},
    {"type": "Conv2D", "filters": 12, "kernelSize": [2, 2], "dilationRate": [2, 2], "activation": "swish"},
    {"type": "GlobalAveragePooling2D"},
    {"type": "Dense", "units": 10, "activation": "softmax"},
]
# Layers that branch and merge: a residual block, a concatenation and a gate.
RESIDUAL = [
    {"type": "Conv2D", "filters": 8, "kernelSize": [3, 3], "padding": "same", "activation": "elu"},
    {"type": "AveragePooling2D", "poolSize": [2, 2]},
    {"type": "Conv2D", "filters": 8, "kernelSize": [3, 3], "padding": "same", "useBias": False},
    {"type": "BatchNormalization"},
    {"type": "Activation", "activation": "elu"},
    {"type": "Conv2D", "filters": 8, "kernelSize": [3, 3], "padding": "same"},
    {"type": "Add", "inputs": ["average_pooling2d", "conv2d_2"]},
    {"type": "Conv2D", "filters": 6, "kernelSize": [1, 1], "activation": "tanh"},
    {"type": "Concatenate", "inputs": ["conv2d_3", "add", "average_pooling2d"]},
    {"type": "GlobalAveragePooling2D"},
    {"type": "Dense", "units": 22, "activation": "sigmoid"},
    {"type": "Multiply", "inputs": ["global_average_pooling2d", "dense"]},
    {"type": "Dense", "units": 10, "activation": "softmax"},
]
MODELS = {"reference": REFERENCE, "normalised": NORMALISED, "residual": RESIDUAL}
OPTIMIZERS = {
    "SGD": {"type": "SGD", "learningRate": 0.01},
    "momentum": {"type": "SGD", "learningRate": 0.01, "momentum": 0.9},
    "RMSprop": {"type": "RMSprop"},
    "Adam": {"type": "Adam"},
}


def snake(name):
    return "".join("_" + c.lower() if c.isupper() else c for c in name)


def build(layers):
    keras.backend.clear_session()  # automatic names start again at conv2d
    tensors = {None: keras.Input((28, 28, 1))}
    last, built = None, []
    for layer in layers:
        settings = {snake(key): tuple(v) if isinstance(v, list) else v for key, v in layer.items()
                    if key not in ("type", "inputs")}
        keras_layer = getattr(keras.layers, layer["type"])(**settings)
        inputs = [tensors[name] for name in layer.get("inputs", [last])]
        last = keras_layer.name
        tensors[last] = keras_layer(inputs if len(inputs) > 1 else inputs[0])
        built.append(keras_layer)
    model = keras.Model(tensors[None], tensors[last])
    # Layer by layer in the order of the list, trainable or not.
    for number, weight in enumerate(weights_of(built), start=FIRST_SEED):
        weight.assign(initial_weight(weight.path.split("/")[-1], number, tuple(weight.shape)))
    return model, built


def weights_of(layers):
    return [weight for layer in layers for weight in layer.weights]


def optimizer(settings):
    settings = {snake(key): value for key, value in settings.items()}
    return getattr(keras.optimizers, settings.pop("type"))(**settings)


def short(weight):
    return ".".join(weight.path.split("/")[-2:])


def run(layers, settings, images, labels):
    """Losses of all steps, gradients of the first, and the model afterwards."""
    model, _ = build(layers)
    update = optimizer(settings)
    losses, first = [], None
    for step in range(STEPS):
        rows = slice(step * BATCH, (step + 1) * BATCH)
        with tf.GradientTape() as tape:
            probabilities = model(images[rows], training=True)
            each = keras.losses.sparse_categorical_crossentropy(labels[rows], probabilities)
            loss = tf.reduce_mean(each)
        gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
        losses.append(float(loss))
        if first is None:
            first = {short(w): np.asarray(g) for w, g in zip(model.trainable_weights, gradients)}
        update.apply(gradients, model.trainable_weights)
    return losses, first, model


def cases(data, floatx):
    keras.config.set_floatx(floatx)
    for data_name, (pixels, labels) in data.items():
        images = (pixels.astype(floatx) / 255)[..., None]
        for model_name, layers in MODELS.items():
            result = {"model": model_name, "data": data_name, "losses": {}, "gradients": None}
            for name, settings in OPTIMIZERS.items():
                result["losses"][name], first, model = run(layers, settings, images, labels)
                result["gradients"] = result["gradients"] or first
            result["trained"] = {"optimizer": name, "probabilities": np.asarray(model(images[:4], training=False))}
            fresh, built = build(layers)
            outputs = keras.Model(fresh.inputs, [layer.output for layer in built])(images[:1], training=False)
            result["outputs"] = {layer.name: np.asarray(y) for layer, y in zip(built, outputs)}
            yield result


def main():
    count = STEPS * BATCH
    data = {"digits": seven_segment_digits(count), "mnist": mnist_train(sys.argv[1], count)}
    runs = []
    for single, double in zip(list(cases(data, "float32")), list(cases(data, "float64"))):
        title = f'{single["model"]} on {single["data"]}'
        for name in OPTIMIZERS:
            pair = np.array([single["losses"][name], double["losses"][name]])
            print(f"{title}: f32 loss off by {np.max(np.abs(pair[0] / pair[1] - 1)):.1e} with {name}")
        worst = max(np.linalg.norm(single["gradients"][w] - g) / np.linalg.norm(g) for w, g in double["gradients"].items())
        print(f"{title}: f32 gradients off by {worst:.1e}")
        runs.append({
            "model": double["model"],
            "data": double["data"],
            "losses": {name: plain(values) for name, values in double["losses"].items()},
            "gradients": {name: sample(g, 31 + i) for i, (name, g) in enumerate(double["gradients"].items())},
            # After 20 steps of the last optimizer above: probabilities of the first four images, inference mode.
            "trained": {"optimizer": double["trained"]["optimizer"],
                        "probabilities": plain(double["trained"]["probabilities"])},
            # With the initial weights, inference mode, first image; after the activation function, as in Keras.
            "outputs": {name: sample(y, 71 + i) for i, (name, y) in enumerate(double["outputs"].items())},
        })
    write("models.json", {
        "batchSize": BATCH,
        "steps": STEPS,
        "firstSeed": FIRST_SEED,
        "models": {name: {"layers": layers} for name, layers in MODELS.items()},
        # Names and shapes in the order of their seeds.
        "weights": {
            name: [{"name": short(w), "shape": list(w.shape)} for w in weights_of(build(layers)[1])]
            for name, layers in MODELS.items()
        },
        "optimizers": OPTIMIZERS,
        "runs": runs,
    })


if __name__ == "__main__":
    main()
