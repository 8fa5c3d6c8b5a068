"""Outputs and gradients of Keras layers, activations and losses on small odd shapes -> layers.json.

Computed in f64 from inputs that are exact in f32. A gradient is that of `sum(output * upstream)`.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow as tf

from formula import plain, tensor, values, write

keras.config.set_floatx("float64")

# Layers that do something else while training.
RANDOM_OR_BATCH = ["BatchNormalization", "SpatialDropout2D", "GaussianNoise"]


# The weights that regularisers and constraints of a layer concern, and the axes of the weights that lead to one unit.
HELD_DOWN = {
    "Conv1D": {"kernel": [0, 1]},
    "Conv2D": {"kernel": [0, 1, 2]},
    "Conv2DTranspose": {"kernel": [0, 1, 3]},
    "DepthwiseConv2D": {"depthwise": [0, 1]},
    "SeparableConv2D": {"depthwise": [0, 1], "pointwise": [0, 1, 2]},
    "Embedding": {"embeddings": 1},
    "BatchNormalization": {"gamma": None},
    "LayerNormalization": {"gamma": None},
}


def snake(name):
    return "".join("_" + c.lower() if c.isupper() else c for c in name)


def tuples(value):
    return tuple(tuples(part) for part in value) if isinstance(value, list) else value


def make_layer(kind, settings):
    """The Keras layer of a spec, whose settings are Keras's in camel case."""
    settings = {snake(key): tuples(value) for key, value in settings.items()}
    if isinstance(settings.get("layer"), dict):
        inner = dict(settings["layer"])
        settings["layer"] = make_layer(inner.pop("type"), inner)
    held_down = HELD_DOWN.get(kind, {"kernel": 0})
    l1, l2, limit = (settings.pop(name, None) for name in ("l1", "l2", "max_norm"))
    for weight, axes in held_down.items():
        if l1 or l2:
            settings[f"{weight}_regularizer"] = keras.regularizers.L1L2(l1 or 0.0, l2 or 0.0)
        if limit:
            settings[f"{weight}_constraint"] = keras.constraints.MaxNorm(limit, axis=axes)
    return getattr(keras.layers, kind)(**settings)


def short_name(weight):
    """`kernel`, or `forward.kernel` in a bidirectional layer."""
    parts = weight.path.split("/")
    way = [word for part in parts for word in ("forward", "backward") if part.startswith(word + "_")]
    return ".".join(way[:1] + parts[-1:])


def layer_case(name, kind, settings, inputs, training=False, seed=50, prepare=lambda layer: None):
    """`settings` are those of chalkgrad's spec. `prepare` changes the layer before it runs."""
    layer = make_layer(kind, settings)
    x = tf.Variable(inputs.astype(np.float64))
    layer.build(x.shape)
    initial = {}
    for number, weight in enumerate(layer.weights):
        short = short_name(weight)
        scale, offset = {"gamma": (0.5, 1.0), "moving_variance": (0.5, 1.0)}.get(short, (0.5, 0.0))
        value = values(seed + number, weight.shape, scale, offset)
        weight.assign(value.astype(np.float64))
        initial[short] = tensor(value)
    prepare(layer)
    with tf.GradientTape() as tape:
        y = layer(x, training=training) if training or kind in RANDOM_OR_BATCH else layer(x)
        upstream = values(seed + 10, y.shape)
        loss = tf.reduce_sum(y * upstream.astype(np.float64))
    sources = [x] + [w.value for w in layer.trainable_weights]
    gradients = tape.gradient(loss, sources)
    names = ["input"] + [short_name(w) for w in layer.trainable_weights]
    case = {
        "name": name,
        "layer": {"type": kind, **settings},
        "input": tensor(inputs),
        "weights": initial,
        "upstream": plain(upstream),
        "output": tensor(y),
        "gradients": {key: plain(g) for key, g in zip(names, gradients)},
    }
    if training or kind == "BatchNormalization":
        case["training"] = training
    if kind == "BatchNormalization":
        case["after"] = {w.path.split("/")[-1]: plain(w) for w in layer.non_trainable_weights}
    return case


def conv(name, shape, filters, kernel, seed, **settings):
    settings = {"filters": filters, "kernelSize": list(kernel), **settings}
    return layer_case(name, "Conv2D", settings, values(seed, shape), seed=seed + 1)


def main():
    cases = [
        conv("conv2d 3x3", (2, 7, 6, 3), 5, (3, 3), 100),
        conv("conv2d 1x1", (1, 4, 5, 7), 3, (1, 1), 120),
        conv("conv2d same", (2, 5, 7, 2), 3, (3, 3), 140, padding="same"),
        conv("conv2d even kernel same", (1, 6, 5, 3), 2, (2, 4), 160, padding="same"),
        conv("conv2d stride 2 valid", (2, 9, 8, 1), 9, (3, 2), 180, strides=[2, 2]),
        conv("conv2d stride 2 same", (1, 8, 7, 3), 4, (3, 3), 200, strides=[2, 2], padding="same"),
        conv("conv2d stride 3 same kernel 2", (1, 7, 8, 2), 3, (2, 2), 220, strides=[3, 3], padding="same"),
        conv("conv2d dilation 2 valid", (1, 9, 8, 2), 3, (3, 3), 240, dilationRate=[2, 2]),
        conv("conv2d dilation 2x3 same", (1, 7, 9, 2), 3, (3, 2), 260, dilationRate=[2, 3], padding="same"),
        conv("conv2d kernel as large as input", (3, 4, 3, 2), 6, (4, 3), 280),
        conv("conv2d tanh, no bias", (1, 5, 5, 2), 3, (3, 3), 300, activation="tanh", useBias=False),
    ]

    # Few different values, so that most windows hold a tie: Keras sends the whole gradient to the first maximum.
    ties = lambda seed, shape: np.round(values(seed, shape, 1.5)).astype(np.float32)
    pools = [
        ("2x2 valid", (2, 5, 7, 3), dict(poolSize=[2, 2])),
        ("2x2 same", (2, 5, 7, 3), dict(poolSize=[2, 2], padding="same")),
        ("3x3 stride 2 same, overlapping", (1, 8, 7, 2), dict(poolSize=[3, 3], strides=[2, 2], padding="same")),
        ("3x2 stride 1 valid, overlapping", (1, 6, 5, 2), dict(poolSize=[3, 2], strides=[1, 1])),
        ("2x3 stride 3x1 valid", (1, 7, 6, 1), dict(poolSize=[2, 3], strides=[3, 1])),
    ]
    for number, (name, shape, settings) in enumerate(pools):
        seed = 400 + 20 * number
        cases.append(layer_case(f"max_pooling2d {name}", "MaxPooling2D", settings, values(seed, shape), seed=seed + 1))
        cases.append(
            layer_case(f"max_pooling2d {name}, ties", "MaxPooling2D", settings, ties(seed + 5, shape), seed=seed + 6)
        )
        cases.append(
            layer_case(f"average_pooling2d {name}", "AveragePooling2D", settings, values(seed, shape), seed=seed + 1)
        )
    cases.append(layer_case("global_average_pooling2d", "GlobalAveragePooling2D", {}, values(520, (2, 3, 5, 4))))
    cases.append(layer_case("flatten", "Flatten", {}, values(530, (2, 3, 2, 4))))

    cases.append(layer_case("dense", "Dense", {"units": 7}, values(540, (3, 11)), seed=541))
    cases.append(
        layer_case("dense sigmoid, no bias", "Dense", {"units": 3, "activation": "sigmoid", "useBias": False},
                   values(560, (5, 4)), seed=561)
    )
    cases.append(
        layer_case("dense softmax", "Dense", {"units": 10, "activation": "softmax"}, values(580, (3, 6), 3.0), seed=581)
    )

    for training in (True, False):
        word = "training" if training else "inference"
        cases.append(
            layer_case(f"batch_normalization images, {word}", "BatchNormalization", {},
                       values(600, (3, 3, 2, 5), 2.0, 0.5), training=training, seed=601)
        )
        cases.append(
            layer_case(f"batch_normalization vectors, {word}", "BatchNormalization",
                       {"momentum": 0.9, "epsilon": 0.01}, values(620, (7, 3), 2.0, -0.5), training=training, seed=621)
        )

    dense_axis = {"units": 5, "activation": "softmax"}
    cases += [
        layer_case("dense on the last axis of a sequence", "Dense", {"units": 4}, values(700, (2, 3, 5)), seed=701),
        layer_case("dense on the last axis of an image", "Dense", dense_axis, values(704, (2, 3, 2, 4)), seed=705),
        layer_case("global_max_pooling2d", "GlobalMaxPooling2D", {}, values(710, (2, 3, 5, 4))),
        layer_case("global_max_pooling2d, ties", "GlobalMaxPooling2D", {}, ties(711, (2, 4, 3, 3))),
        layer_case("global_average_pooling1d", "GlobalAveragePooling1D", {}, values(712, (2, 5, 4))),
        layer_case("global_max_pooling1d", "GlobalMaxPooling1D", {}, values(713, (3, 6, 2))),
        layer_case("max_pooling1d", "MaxPooling1D", {}, values(714, (2, 7, 3))),
        layer_case("max_pooling1d, ties, same, overlapping", "MaxPooling1D",
                   {"poolSize": 3, "strides": 2, "padding": "same"}, ties(715, (2, 8, 3))),
        layer_case("average_pooling1d", "AveragePooling1D", {"poolSize": 3}, values(716, (2, 8, 2))),
        layer_case("average_pooling1d same", "AveragePooling1D", {"poolSize": 3, "strides": 2, "padding": "same"},
                   values(717, (1, 8, 2))),
    ]
    lines = [
        ("valid", (2, 7, 3), {}),
        ("same, stride 2, relu", (2, 8, 2), dict(strides=2, padding="same", activation="relu")),
        ("causal, dilation 2", (2, 9, 2), dict(padding="causal", dilationRate=2)),
        ("causal, no bias", (1, 5, 4), dict(padding="causal", useBias=False)),
    ]
    for number, (name, shape, settings) in enumerate(lines):
        settings = {"filters": 4, "kernelSize": 3, **settings}
        cases.append(layer_case(f"conv1d {name}", "Conv1D", settings, values(720 + 4 * number, shape), seed=721 + 4 * number))
    transposed = [
        ("valid", (2, 4, 3, 2), [3, 3], {}),
        ("stride 2", (2, 3, 4, 3), [3, 2], dict(strides=[2, 2])),
        ("stride 2 same", (1, 4, 3, 2), [3, 3], dict(strides=[2, 2], padding="same")),
        ("stride 3, smaller kernel", (1, 3, 3, 2), [2, 2], dict(strides=[3, 3])),
        ("stride 3 same, smaller kernel", (1, 3, 2, 2), [2, 2], dict(strides=[3, 3], padding="same")),
        ("output padding", (1, 3, 2, 2), [2, 3], dict(strides=[2, 3], outputPadding=[1, 0])),
        ("output padding, larger", (2, 2, 3, 1), [4, 3], dict(strides=[3, 3], outputPadding=2)),
        ("output padding, same", (1, 3, 4, 2), [3, 4], dict(strides=[2, 3], padding="same", outputPadding=[0, 2])),
        # TensorFlow has no dilation here on a CPU.
        ("tanh, no bias", (2, 4, 4, 1), [2, 2], dict(activation="tanh", useBias=False)),
    ]
    for number, (name, shape, kernel, settings) in enumerate(transposed):
        settings = {"filters": 3, "kernelSize": kernel, **settings}
        seed = 750 + 4 * number
        cases.append(layer_case(f"conv2d_transpose {name}", "Conv2DTranspose", settings, values(seed, shape), seed=seed + 1))
    depthwise = [
        ("valid", (2, 5, 6, 3), [3, 3], {}),
        ("two results a channel, relu", (2, 6, 5, 2), [2, 3], dict(depthMultiplier=2, activation="relu")),
        ("stride 2 same", (1, 7, 6, 4), [3, 3], dict(strides=[2, 2], padding="same", useBias=False)),
        ("dilation 2", (2, 7, 7, 3), [3, 3], dict(dilationRate=[2, 2])),
    ]
    for number, (name, shape, kernel, settings) in enumerate(depthwise):
        seed = 800 + 4 * number
        settings = {"kernelSize": kernel, **settings}
        cases.append(layer_case(f"depthwise_conv2d {name}", "DepthwiseConv2D", settings, values(seed, shape), seed=seed + 1))
    image = values(780, (2, 4, 5, 3))
    separable = [
        ("valid", (2, 5, 6, 3), [3, 2], {}),
        ("two results a channel, relu, no bias", (2, 4, 5, 2), [2, 3], dict(depthMultiplier=2, activation="relu", useBias=False)),
        ("stride 2 same", (1, 7, 6, 3), [3, 3], dict(strides=[2, 2], padding="same")),
        ("dilation 2", (2, 6, 7, 2), [3, 3], dict(dilationRate=[2, 2])),
    ]
    for number, (name, shape, kernel, settings) in enumerate(separable):
        seed = 830 + 6 * number
        settings = {"filters": 4, "kernelSize": kernel, **settings}
        cases.append(layer_case(f"separable_conv2d {name}", "SeparableConv2D", settings, values(seed, shape), seed=seed + 1))
    cases += [
        layer_case("reshape", "Reshape", {"targetShape": [10, -1]}, image),
        layer_case("permute", "Permute", {"dims": [3, 1, 2]}, image),
        layer_case("permute a sequence", "Permute", {"dims": [2, 1]}, values(781, (2, 3, 4))),
        layer_case("zero_padding2d", "ZeroPadding2D", {}, image),
        layer_case("zero_padding2d, four sides", "ZeroPadding2D", {"padding": [[1, 0], [2, 3]]}, image),
        layer_case("zero_padding2d, height and width", "ZeroPadding2D", {"padding": [0, 2]}, image),
        layer_case("cropping2d", "Cropping2D", {"cropping": 1}, image),
        layer_case("cropping2d, four sides", "Cropping2D", {"cropping": [[1, 0], [2, 1]]}, image),
        layer_case("up_sampling2d", "UpSampling2D", {}, image),
        layer_case("up_sampling2d, height and width", "UpSampling2D", {"size": [1, 3]}, image),
        layer_case("up_sampling2d, bilinear", "UpSampling2D", {"interpolation": "bilinear"}, image),
        layer_case("up_sampling2d, bilinear, height and width", "UpSampling2D",
                   {"size": [3, 4], "interpolation": "bilinear"}, values(774, (1, 2, 3, 1))),
        layer_case("up_sampling2d, bilinear, one row", "UpSampling2D",
                   {"size": [3, 1], "interpolation": "bilinear"}, values(775, (2, 1, 3, 2))),
        layer_case("rescaling", "Rescaling", {"scale": 2.5, "offset": -0.5}, image),
        layer_case("layer_normalization, image", "LayerNormalization", {}, values(784, (2, 3, 2, 7), 2.0, 0.5), seed=785),
        layer_case("layer_normalization, vector", "LayerNormalization", {"epsilon": 0.01, "center": False},
                   values(790, (4, 6), 2.0, -0.5), seed=791),
        layer_case("layer_normalization, no scale", "LayerNormalization", {"scale": False},
                   values(794, (2, 3, 5), 1.5), seed=795),
        layer_case("layer_normalization, first axis", "LayerNormalization", {"axis": 1}, values(810, (2, 3, 5), 1.5), seed=811),
        layer_case("layer_normalization, two axes", "LayerNormalization", {"axis": [1, 3], "epsilon": 0.02},
                   values(813, (2, 3, 2, 4), 1.5), seed=814),
        layer_case("layer_normalization, all axes", "LayerNormalization", {"axis": [-3, -2, -1]},
                   values(817, (2, 2, 3, 2), 1.5), seed=818),
        layer_case("spatial_dropout2d, inference", "SpatialDropout2D", {"rate": 0.5}, image),
        layer_case("gaussian_noise, inference", "GaussianNoise", {"stddev": 0.5}, image),
    ]

    # Around zero, where the branches meet, and far out, where a careless formula overflows.
    points = np.array([-100, -30, -5, -2, -1, -0.5, -0.001, 0.001, 0.5, 1, 2, 5, 30, 100], np.float32)
    activations = []
    for name in ["relu", "leaky_relu", "elu", "gelu", "softplus", "swish", "sigmoid", "tanh"]:
        x = tf.Variable(points.astype(np.float64))
        with tf.GradientTape() as tape:
            y = keras.activations.get(name)(x)
        activations.append(
            {"name": name, "input": plain(points), "output": plain(y), "derivative": plain(tape.gradient(y, x))}
        )
    for name in ["softmax", "log_softmax"]:
        rows = values(640, (3, 7), 4.0)
        x = tf.Variable(rows.astype(np.float64))
        upstream = values(641, (3, 7))
        with tf.GradientTape() as tape:
            y = keras.activations.get(name)(x)
            loss = tf.reduce_sum(y * upstream)
        activations.append({
            "name": name, "shape": [3, 7], "input": plain(rows), "upstream": plain(upstream), "output": plain(y),
            "gradient": plain(tape.gradient(loss, x)),
        })

    # Losses with sample weights: per-sample values, and the gradient of sum(weight * loss).
    labels = np.array([3, 0, 6, 6, 1], np.int32)
    weights = np.array([1, 0.5, 0, 2, 1], np.float32)
    one_hot = np.eye(7)[labels]
    logits = values(660, (5, 7), 6.0)
    probabilities = (values(661, (5, 7), 0.45, 0.5)).astype(np.float32)
    losses = []
    for name, given, function in [
        ("softmax_cross_entropy", logits,
         lambda x: keras.losses.sparse_categorical_crossentropy(labels, x, from_logits=True)),
        ("mean_squared_error", probabilities, lambda x: keras.losses.mean_squared_error(one_hot, x)),
        ("mean_absolute_error", probabilities, lambda x: keras.losses.mean_absolute_error(one_hot, x)),
        ("huber", probabilities, lambda x: keras.losses.huber(one_hot, x, delta=0.4)),
        ("binary_crossentropy", probabilities, lambda x: keras.losses.binary_crossentropy(one_hot, x)),
    ]:
        x = tf.Variable(given.astype(np.float64))
        with tf.GradientTape() as tape:
            each = function(x)
            total = tf.reduce_sum(each * weights.astype(np.float64))
        losses.append({
            "name": name, "shape": [5, 7], "input": plain(given), "labels": labels.tolist(), "weights": plain(weights),
            "losses": plain(each), "gradient": plain(tape.gradient(total, x)),
        })

    write("layers.json", {"layers": cases, "activations": activations, "losses": losses})


if __name__ == "__main__":
    main()
