"""Embeddings and their masks through other layers, against Keras -> masks.json.

Whole models on token ids, in f64: output, and the gradients of `sum(output * upstream)` with respect to all weights.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow as tf

from formula import hash32, plain, tensor, values, write
from layers import make_layer, short_name

BATCH, STEPS, VOCABULARY = 4, 6, 7


def ids():
    """Token ids `[BATCH,STEPS]`: padded behind, before, in the middle, and a row without any gap."""
    tokens = (hash32(41, BATCH * STEPS) % np.uint32(VOCABULARY - 1)).reshape(BATCH, STEPS).astype(np.int32) + 1
    tokens[0, 4:] = 0
    tokens[1, :3] = 0
    tokens[2, 2] = tokens[2, 5] = 0
    return tokens


EMBEDDING = {"type": "Embedding", "inputDim": VOCABULARY, "outputDim": 5, "maskZero": True}
MEAN = {"type": "GlobalAveragePooling1D"}
SEQUENCES = {"units": 4, "returnSequences": True}
MODELS = {
    "embedding": [EMBEDDING | {"maskZero": False}],
    "mean without mask": [EMBEDDING | {"maskZero": False}, MEAN],
    "mean": [EMBEDDING, MEAN],
    "simple_rnn": [EMBEDDING, {"type": "SimpleRNN", "units": 4}],
    "lstm": [EMBEDDING, {"type": "LSTM", "units": 4}],
    "gru": [EMBEDDING, {"type": "GRU", "units": 4}],
    "gru, reset before": [EMBEDDING, {"type": "GRU", "units": 4, "resetAfter": False}],
    "lstm, backwards": [EMBEDDING, {"type": "LSTM", "units": 4, "goBackwards": True}],
    "lstm, sequences": [EMBEDDING, {"type": "LSTM"} | SEQUENCES],
    "lstm, sequences, mean": [EMBEDDING, {"type": "LSTM"} | SEQUENCES, MEAN],
    "gru, sequences, backwards, mean": [EMBEDDING, {"type": "GRU", "goBackwards": True} | SEQUENCES, MEAN],
    "two recurrent layers": [EMBEDDING, {"type": "GRU"} | SEQUENCES, {"type": "SimpleRNN", "units": 3}],
    "both ways": [EMBEDDING, {"type": "Bidirectional", "layer": {"type": "GRU", "units": 4}}],
    "both ways, sequences": [EMBEDDING, {"type": "Bidirectional", "layer": {"type": "LSTM"} | SEQUENCES}],
    "both ways, sequences, mean": [EMBEDDING, {"type": "Bidirectional", "layer": {"type": "LSTM"} | SEQUENCES, "mergeMode": "sum"}, MEAN],
    "dense, dropout, normalisation": [
        EMBEDDING, {"type": "Dense", "units": 3, "useBias": False}, {"type": "Dropout", "rate": 0.0},
        {"type": "BatchNormalization"}, {"type": "GRU", "units": 4},
    ],
    "layer normalisation, activation, noise": [
        EMBEDDING, {"type": "LayerNormalization"}, {"type": "Activation", "activation": "tanh"},
        {"type": "GaussianNoise", "stddev": 0.0}, MEAN,
    ],
    "a convolution drops it": [EMBEDDING, {"type": "Conv1D", "filters": 3, "kernelSize": 3, "padding": "same"}, MEAN],
    "the maximum does not see it": [EMBEDDING, {"type": "GlobalMaxPooling1D"}],
}


def case(number, name, layers):
    keras.backend.clear_session()
    built = [make_layer(layer["type"], {key: value for key, value in layer.items() if key != "type"}) for layer in layers]
    model = keras.Sequential([keras.Input((STEPS,), dtype="int32"), *built])
    names = [f"{layer.name}.{short_name(weight)}" for layer in model.layers for weight in layer.weights]
    initial = {}
    for at, (own, weight) in enumerate(zip(names, model.weights)):
        scale, offset = {"gamma": (0.5, 1.0), "moving_variance": (0.5, 1.0)}.get(own.split(".")[-1], (0.7, 0.0))
        value = values(2000 + 30 * number + at, weight.shape, scale, offset)
        weight.assign(value.astype(np.float64))
        initial[own] = tensor(value)
    trained = [(own, weight) for own, weight in zip(names, model.weights) if weight.trainable]
    with tf.GradientTape() as tape:
        output = model(ids(), training=True)
        upstream = values(2020 + 30 * number, output.shape)
        loss = tf.reduce_sum(output * upstream.astype(np.float64))
    gradients = tape.gradient(loss, [weight.value for _, weight in trained])
    return {
        "name": name,
        "layers": layers,
        "weights": initial,
        "upstream": plain(upstream),
        "output": tensor(output),
        "gradients": {own: plain(tf.convert_to_tensor(gradient)) for (own, _), gradient in zip(trained, gradients)},
        "after": {own: plain(weight) for own, weight in zip(names, model.weights) if not weight.trainable},
    }


def main():
    cases = [case(number, name, layers) for number, (name, layers) in enumerate(MODELS.items())]
    write("masks.json", {"ids": ids().tolist(), "models": cases})


if __name__ == "__main__":
    main()
