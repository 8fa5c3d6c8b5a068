"""Ten steps of training with every layer and option, from the weights that Keras itself draws -> learning.json.

Each run is a small model on noise: losses of all steps, and the weights before the first and after the last. Computed in f64.
Layers that draw random numbers get those of the engine (`drawn.py`).
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow as tf

from drawn import Drawn, Step, with_masks
from formula import hash32, noise_images, plain, write
from layers import make_layer, short_name

keras.config.set_floatx("float64")

STEPS, BATCH, CLASSES = 10, 8, 3
DATA_SEED = 701
IMAGE, VOCABULARY, WORDS = [6, 5, 2], 7, 6
OPTIMIZERS = {"SGD": {"type": "SGD", "learningRate": 0.1, "momentum": 0.9}, "Adam": {"type": "Adam", "learningRate": 0.01}}

ONE_BY_ONE = {"Dropout", "SpatialDropout2D", "GaussianNoise", "RandomTranslation", "RandomRotation", "RandomZoom", "RandomFlip", "RandomContrast"}
DENSE = {"type": "Dense", "units": CLASSES, "activation": "softmax"}
FLATTEN = {"type": "Flatten"}
# Something to learn before the layer, so that its gradient counts. It has no bias: a normalisation would leave none of its gradient.
CONV = {"type": "Conv2D", "filters": 3, "kernelSize": 2, "activation": "tanh", "useBias": False}
ROWS = {"type": "Reshape", "targetShape": [6, 10]}
LINE = {"type": "Conv1D", "filters": 3, "kernelSize": 1, "activation": "tanh", "useBias": False}
WORD = {"type": "Embedding", "inputDim": VOCABULARY, "outputDim": 3}


def first(*layers):
    return [*layers, CONV, FLATTEN, DENSE]


def on_image(*layers, flatten=True):
    return [CONV, *layers, *([FLATTEN] if flatten else []), DENSE]


def on_rows(*layers, flatten=True):
    return [ROWS, LINE, *layers, *([FLATTEN] if flatten else []), DENSE]


def on_words(*layers, mask=True):
    return [WORD | {"maskZero": mask}, *layers, DENSE]


def on_vector(*layers):
    return [FLATTEN, {"type": "Dense", "units": 5, "activation": "tanh", "useBias": False}, *layers, DENSE]


def of(kind, **settings):
    return {"type": kind, **settings}


BIASED = {"biasInitializer": "he_uniform"}
HELD = {"l1": 0.01, "l2": 0.02}
NORMALISED = {"betaInitializer": "he_normal", "gammaInitializer": "he_uniform"}


def models():
    """The layers of each run by its name. The first run of each layer is repeated with Adam."""
    runs = {}
    convolutions = [
        ("conv2d", on_image, of("Conv2D", filters=2, kernelSize=[2, 3]), "kernelInitializer"),
        ("conv1d", on_rows, of("Conv1D", filters=2, kernelSize=3), "kernelInitializer"),
        ("depthwise_conv2d", on_image, of("DepthwiseConv2D", kernelSize=[2, 3]), "depthwiseInitializer"),
        ("separable_conv2d", on_image, of("SeparableConv2D", filters=2, kernelSize=[2, 3]), "depthwiseInitializer"),
        ("conv2d_transpose", on_image, of("Conv2DTranspose", filters=2, kernelSize=[2, 3]), "kernelInitializer"),
    ]
    for name, around, layer, initializer in convolutions:
        options = {
            "": {},
            ", relu, same, strides": {"activation": "relu", "padding": "same", "strides": 2},
            ", no bias, max norm": {"useBias": False, "maxNorm": 0.7},
            ", penalties, initialisers": {initializer: "he_normal", **BIASED, **HELD},
        }
        if name != "conv2d_transpose":
            # TensorFlow has no dilation there on a CPU.
            options[", dilation"] = {"dilationRate": 2, "padding": "same"}
        for label, option in options.items():
            runs[name + label] = around(layer | option)
    runs["conv1d, causal"] = on_rows(of("Conv1D", filters=2, kernelSize=3, padding="causal", dilationRate=2))
    runs["depthwise_conv2d, two results"] = on_image(of("DepthwiseConv2D", kernelSize=2, depthMultiplier=2))
    runs["separable_conv2d, two results"] = on_image(
        of("SeparableConv2D", filters=2, kernelSize=2, depthMultiplier=2, pointwiseInitializer="he_uniform"))
    for padding, extra in [("valid", [1, 0]), ("same", [1, 1])]:
        runs[f"conv2d_transpose, output padding, {padding}"] = on_image(
            of("Conv2DTranspose", filters=2, kernelSize=[2, 3], strides=2, padding=padding, outputPadding=extra))

    for pool in ["MaxPooling", "AveragePooling"]:
        name = {"MaxPooling": "max_pooling", "AveragePooling": "average_pooling"}[pool]
        runs[name + "2d"] = on_image(of(pool + "2D", poolSize=2))
        runs[name + "2d, same"] = on_image(of(pool + "2D", poolSize=[2, 3], strides=[1, 2], padding="same"))
        runs[name + "1d"] = on_rows(of(pool + "1D", poolSize=2))
        runs[name + "1d, same"] = on_rows(of(pool + "1D", poolSize=3, strides=2, padding="same"))
    for pool, name in [("GlobalAveragePooling", "global_average_pooling"), ("GlobalMaxPooling", "global_max_pooling")]:
        runs[name + "2d"] = on_image(of(pool + "2D"), flatten=False)
        runs[name + "1d"] = on_rows(of(pool + "1D"), flatten=False)

    runs["dense"] = on_vector(of("Dense", units=4))
    runs["dense, elu, no bias, max norm"] = on_vector(of("Dense", units=4, activation="elu", useBias=False, maxNorm=0.9))
    runs["dense, penalties, initialisers"] = on_vector(of("Dense", units=4, kernelInitializer="he_uniform", **BIASED, **HELD))
    runs["dense on a sequence"] = on_rows(of("Dense", units=4, activation="sigmoid"))
    for activation in ["relu", "leaky_relu", "elu", "gelu", "softplus", "swish", "sigmoid", "tanh", "softmax"]:
        runs[f"activation {activation}"] = on_vector(of("Activation", activation=activation))
    for name, around in [("images", on_image), ("vectors", on_vector)]:
        runs[f"batch_normalization, {name}"] = around(of("BatchNormalization"))
    runs["batch_normalization, options"] = on_image(
        of("BatchNormalization", momentum=0.8, epsilon=0.01, maxNorm=1.2, **NORMALISED, **HELD))
    runs["batch_normalization, bare"] = on_image(of("BatchNormalization", center=False, scale=False))
    runs["layer_normalization"] = on_image(of("LayerNormalization"))
    runs["layer_normalization, axes"] = on_image(of("LayerNormalization", axis=[1, 3], **NORMALISED, **HELD))
    runs["layer_normalization, all axes"] = on_rows(of("LayerNormalization", axis=[-2, -1], epsilon=0.02, maxNorm=2.0))
    runs["layer_normalization, bare"] = on_vector(of("LayerNormalization", axis=1, center=False, scale=False))

    runs["reshape"] = on_image(of("Reshape", targetShape=[10, -1]), of("Conv1D", filters=2, kernelSize=2))
    runs["permute"] = on_image(of("Permute", dims=[3, 1, 2]), of("Conv2D", filters=2, kernelSize=2))
    runs["flatten"] = [FLATTEN, DENSE]
    runs["rescaling"] = on_image(of("Rescaling", scale=1.5, offset=-0.2))
    runs["zero_padding2d"] = on_image(of("ZeroPadding2D", padding=[[1, 0], [0, 2]]), CONV)
    runs["cropping2d"] = on_image(of("Cropping2D", cropping=[[1, 0], [0, 1]]))
    runs["up_sampling2d"] = on_image(of("UpSampling2D", size=[2, 3]), CONV)
    runs["up_sampling2d, bilinear"] = on_image(of("UpSampling2D", size=[2, 3], interpolation="bilinear"), CONV)

    branches = [CONV | {"name": "a"}, CONV | {"name": "b", "inputs": ["input_layer"]}]
    for kind in ["Add", "Multiply", "Concatenate"]:
        runs[kind.lower()] = [*branches, of(kind, inputs=["a", "b"]), FLATTEN, DENSE]
    runs["concatenate, rows"] = [*branches, of("Concatenate", inputs=["a", "b", "a"], axis=1), FLATTEN, DENSE]

    runs["dropout"] = on_image(of("Dropout", rate=0.3))
    runs["spatial_dropout2d"] = on_image(of("SpatialDropout2D", rate=0.4))
    runs["gaussian_noise"] = on_image(of("GaussianNoise", stddev=0.3))
    for fill in ["reflect", "constant", "wrap", "nearest"]:
        own = {"fillMode": fill} | ({"fillValue": 0.3} if fill == "constant" else {})
        runs[f"random_translation, {fill}"] = first(of("RandomTranslation", heightFactor=0.3, widthFactor=[-0.1, 0.4], **own))
        runs[f"random_rotation, {fill}"] = first(of("RandomRotation", factor=[-0.1, 0.5], **own))
        runs[f"random_zoom, {fill}"] = first(of("RandomZoom", heightFactor=[-0.4, 0.6], **own))
    for kind, factors in [("Translation", {"heightFactor": 0.4, "widthFactor": 0.2}), ("Rotation", {"factor": 0.2}),
                          ("Zoom", {"heightFactor": 0.3, "widthFactor": [-0.5, 0.1]})]:
        runs[f"random_{kind.lower()}, nearest pixel"] = first(of("Random" + kind, interpolation="nearest", **factors))
    for mode in ["horizontal", "vertical", "horizontal_and_vertical"]:
        runs[f"random_flip, {mode}"] = on_image(of("RandomFlip", mode=mode))
    # Keras takes a single number for the upper bound alone, against its documentation.
    runs["random_contrast"] = on_image(of("RandomContrast", factor=[0.4, 0.4], valueRange=[-0.6, 0.7]))

    kinds = {"simple_rnn": of("SimpleRNN", units=4), "lstm": of("LSTM", units=3), "gru": of("GRU", units=3)}
    for name, layer in kinds.items():
        gates = {} if name == "simple_rnn" else {"recurrentActivation": "tanh"}
        runs[name] = on_rows(layer, flatten=False)
        runs[name + ", options"] = on_rows(
            layer | BIASED | HELD | gates | {"kernelInitializer": "he_normal", "recurrentInitializer": "glorot_uniform",
                                             "activation": "sigmoid", "maxNorm": 0.8}, flatten=False)
        runs[name + ", backwards, no bias"] = on_rows(layer | {"goBackwards": True, "useBias": False}, flatten=False)
        runs[name + ", sequences, both dropouts"] = on_rows(
            layer | {"returnSequences": True, "dropout": 0.3, "recurrentDropout": 0.4})
        runs[name + ", dropout"] = on_rows(layer | {"dropout": 0.3}, flatten=False)
        runs[name + ", twice"] = on_rows(layer | {"returnSequences": True}, layer, flatten=False)
        runs[name + ", masked"] = on_words(layer)
    runs["lstm, no forget bias"] = on_rows(kinds["lstm"] | BIASED | {"unitForgetBias": False}, flatten=False)
    runs["gru, reset before"] = on_rows(kinds["gru"] | {"resetAfter": False}, flatten=False)
    for mode, name in [("concat", "lstm"), ("sum", "gru"), ("mul", "simple_rnn"), ("ave", "gru")]:
        both = of("Bidirectional", layer=kinds[name] | {"units": 2, "returnSequences": True}, mergeMode=mode)
        runs[f"bidirectional, {mode}"] = on_rows(both)
        runs[f"bidirectional, {mode}, masked"] = on_words(both, of("GlobalAveragePooling1D"))

    runs["embedding"] = on_words(of("GlobalAveragePooling1D"), mask=False)
    runs["embedding, mean under a mask"] = on_words(of("GlobalAveragePooling1D"))
    runs["embedding, maximum under a mask"] = on_words(of("GlobalMaxPooling1D"))
    runs["embedding, options"] = [
        WORD | {"embeddingsInitializer": "glorot_uniform", "maxNorm": 0.6, **HELD}, FLATTEN, DENSE]
    return runs


def is_of_words(layers):
    return layers[0]["type"] == "Embedding"


def data(layers):
    """Inputs and labels of all steps."""
    count = BATCH * STEPS
    images, labels = noise_images(DATA_SEED, (count, *IMAGE), CLASSES)
    if not is_of_words(layers):
        return images, labels
    # The first words of a text are some, so that the mean of none does not come.
    ids = (hash32(DATA_SEED + 2, count * WORDS) % np.uint32(VOCABULARY)).reshape(count, WORDS).astype(np.int32)
    ids[:, 0] = np.maximum(ids[:, 0], 1)
    return ids, labels


def build(layers):
    source = keras.Input((WORDS,), dtype="int32") if is_of_words(layers) else keras.Input(IMAGE)
    outputs, last = {"input_layer": source}, source
    for stream, spec in enumerate(layers):
        settings = {key: value for key, value in spec.items() if key not in ("type", "inputs")}
        layer = make_layer(spec["type"], settings)
        if spec["type"] in ONE_BY_ONE:
            layer = Drawn(layer, stream)
        elif spec.get("dropout") or spec.get("recurrentDropout"):
            with_masks(BATCH, last.shape[-1], stream)(layer)
        last = layer([outputs[name] for name in spec["inputs"]] if len(spec.get("inputs", [])) > 1
                     else outputs[spec["inputs"][0]] if "inputs" in spec else last)
        outputs[layer.name] = last
    return keras.Model(source, last)


def optimizer(settings):
    if settings["type"] == "SGD":
        return keras.optimizers.SGD(settings["learningRate"], momentum=settings["momentum"])
    return keras.optimizers.Adam(settings["learningRate"])


def six_digits(weight):
    """Enough for a comparison with the way that the weight went, and shorter."""
    return [float(f"{value:.6g}") for value in np.asarray(weight).ravel()]


def run(name, layers, optimizer_name, seed):
    keras.utils.set_random_seed(seed)
    keras.backend.clear_session()
    Step.key = (0, 0)
    model = build(layers)
    # As f32 holds them, so that both start from the same numbers.
    for weight in model.weights:
        weight.assign(np.asarray(weight).astype(np.float32))
    initial = [np.asarray(weight) for weight in model.weights]
    update = optimizer(OPTIMIZERS[optimizer_name])
    inputs, labels = data(layers)
    losses = []
    for step in range(STEPS):
        Step.key = (0, step)
        rows = slice(step * BATCH, (step + 1) * BATCH)
        with tf.GradientTape() as tape:
            probabilities = model(inputs[rows], training=True)
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels[rows], probabilities))
            loss += sum(model.losses)
        gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
        # As dense tensors: of the slices of an embedding's gradient Adam on TensorFlow would square each by itself, where other
        # backends square the sum over a token's places.
        update.apply([tf.convert_to_tensor(gradient) for gradient in gradients], model.trainable_weights)
        losses.append(float(loss))
    names = [f"{layer.name}.{short_name(weight)}" for layer in model.layers for weight in layer.weights]
    own = {id(weight): name for name, weight in zip(names, [w for layer in model.layers for w in layer.weights])}
    print(f"{name}, {optimizer_name}: loss {losses[0]:.4f} to {losses[-1]:.4f}")
    return {
        "name": f"{name}, {optimizer_name}",
        "layers": layers,
        "optimizer": OPTIMIZERS[optimizer_name],
        "losses": plain(losses),
        "weights": {
            own[id(weight)]: {"shape": list(before.shape), "before": plain(before), "after": six_digits(weight)}
            for before, weight in zip(initial, model.weights)
        },
    }


def main():
    runs = []
    for number, (name, layers) in enumerate(models().items()):
        runs.append(run(name, layers, "SGD", 10 + number))
        if "," not in name:
            runs.append(run(name, layers, "Adam", 10 + number))
    numbers = {"steps": STEPS, "batchSize": BATCH, "image": IMAGE, "classes": CLASSES, "dataSeed": DATA_SEED,
               "vocabulary": VOCABULARY, "words": WORDS}
    write("learning.json", {**numbers, "runs": runs})


if __name__ == "__main__":
    main()
