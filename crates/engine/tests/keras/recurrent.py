"""Recurrent layers against Keras: outputs and gradients on small odd shapes, and ten steps of training -> recurrent.json.

Computed in f64. Dropout takes masks that Philox draws here as `random` draws them in Rust. Training starts from the weights
that Keras itself draws.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow as tf

from formula import hash32, plain, values, write
from layers import layer_case, make_layer, short_name

STEPS, BATCH, ROWS, COLUMNS, CLASSES = 10, 8, 7, 5, 3
IMAGES_SEED = 701


def philox(counters, key=(0, 0)):
    """Philox 4x32-10 (Salmon et al. 2011) of counters `[n,4]`."""
    c = counters.astype(np.uint64)
    k = [np.uint64(part) for part in key]
    mask = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * c[:, 0], np.uint64(0xCD9E8D57) * c[:, 2]
        c = np.stack([(b >> np.uint64(32)) ^ c[:, 1] ^ k[0], b & mask, (a >> np.uint64(32)) ^ c[:, 3] ^ k[1], a & mask], 1)
        k = [(k[0] + np.uint64(0x9E3779B9)) & mask, (k[1] + np.uint64(0xBB67AE85)) & mask]
    return c.astype(np.uint32)


def factors(shape, rate, stream):
    count = int(np.prod(shape))
    blocks = np.zeros((-(-count // 4), 4), np.uint32)
    blocks[:, 0], blocks[:, 2] = np.arange(len(blocks)), stream
    unit = (philox(blocks).ravel()[:count] >> 8).astype(np.float32) * np.float32(2.0**-24)
    return np.where(unit >= np.float32(rate), np.float32(1) / np.float32(1 - np.float32(rate)), 0).reshape(shape)


def with_masks(settings, batch, features):
    """Gives the cells of a layer, way by way, the masks that the engine draws."""

    def prepare(layer):
        ways = [layer.forward_layer, layer.backward_layer] if hasattr(layer, "forward_layer") else [layer]
        for number, way in enumerate(ways):
            cell = way.cell
            gates = {"SimpleRNNCell": 1, "LSTMCell": 4, "GRUCell": 3}[type(cell).__name__]
            stream = lambda of_states: (1 + 2 * number + of_states) << 16
            each = lambda all, width: [tf.constant(all[:, i * width:(i + 1) * width].astype(np.float64)) for i in range(gates)]
            of_states = cell.recurrent_dropout > 0
            if of_states:
                all = each(factors((batch, gates * cell.units), cell.recurrent_dropout, stream(1)), cell.units)
                cell.get_recurrent_dropout_mask = lambda _, m=all: m if gates > 1 else m[0]
            if cell.dropout > 0 and of_states and gates > 1:
                all = each(factors((batch, gates * features), cell.dropout, stream(0)), features)
                cell.get_dropout_mask = lambda _, m=all: m
            elif cell.dropout > 0:
                own = tf.constant(factors((batch, features), cell.dropout, stream(0)).astype(np.float64))
                cell.get_dropout_mask = lambda _, m=own: m

    return prepare


KINDS = [
    ("simple_rnn", "SimpleRNN", {}),
    ("lstm", "LSTM", {}),
    ("gru", "GRU", {}),
    ("gru, reset before", "GRU", {"resetAfter": False}),
]
OPTIONS = [
    ("", {}),
    (", sequences", {"returnSequences": True}),
    (", backwards", {"goBackwards": True}),
    (", sequences, backwards", {"returnSequences": True, "goBackwards": True}),
    (", no bias", {"useBias": False}),
    (", relu", {"activation": "relu"}),
    (", linear", {"activation": "linear"}),
]
GATES = [(", tanh gates", {"recurrentActivation": "tanh"}), (", relu gates", {"recurrentActivation": "relu"})]
DROPOUTS = [
    (", dropout", {"dropout": 0.3}),
    (", recurrent dropout", {"recurrentDropout": 0.4}),
    (", both dropouts, sequences", {"dropout": 0.5, "recurrentDropout": 0.25, "returnSequences": True}),
]


def layer_cases():
    cases = []
    shape = (3, 5, 4)
    for kind_number, (name, kind, own) in enumerate(KINDS):
        options = OPTIONS + (GATES if kind != "SimpleRNN" else [])
        for number, (label, option) in enumerate(options):
            seed = 1000 + 100 * kind_number + 4 * number
            settings = {"units": 6, **own, **option}
            cases.append(layer_case(name + label, kind, settings, values(seed, shape), seed=seed + 1))
        for number, (label, option) in enumerate(DROPOUTS):
            seed = 1080 + 100 * kind_number + 4 * number
            settings = {"units": 5, **own, **option}
            cases.append(layer_case(name + label, kind, settings, values(seed, shape), seed=seed + 1, training=True,
                                    prepare=with_masks(settings, shape[0], shape[2])))
    inner = {"type": "LSTM", "units": 4}
    for number, (label, own, option) in enumerate([
        ("", inner, {}),
        (", sequences", inner | {"returnSequences": True}, {}),
        (", sequences, sum", {"type": "GRU", "units": 4, "returnSequences": True}, {"mergeMode": "sum"}),
        (", mul", {"type": "GRU", "units": 4, "resetAfter": False}, {"mergeMode": "mul"}),
        (", ave", {"type": "SimpleRNN", "units": 4}, {"mergeMode": "ave"}),
        (", sequences, mul", {"type": "SimpleRNN", "units": 4, "returnSequences": True}, {"mergeMode": "mul"}),
        (", no bias", inner | {"useBias": False}, {}),
        (", both dropouts", inner | {"dropout": 0.25, "recurrentDropout": 0.5}, {}),
    ]):
        seed = 1600 + 20 * number
        settings = {"layer": own, **option}
        trains = "dropout" in own
        cases.append(layer_case("bidirectional" + label, "Bidirectional", settings, values(seed, shape), seed=seed + 1,
                                training=trains, prepare=with_masks(settings, shape[0], shape[2]) if trains else lambda _: None))
    cases.append(layer_case("lstm, one step", "LSTM", {"units": 3}, values(1500, (2, 1, 2)), seed=1501))
    return cases


def models():
    first = {"type": "Reshape", "targetShape": [ROWS, COLUMNS]}
    last = {"type": "Dense", "units": CLASSES, "activation": "softmax"}
    result = {}
    for name, kind, own in KINDS:
        one = {"type": kind, "units": 8, **own}
        result[name] = [first, one, last]
        result[name + ", backwards, l2, no bias"] = [first, one | {"goBackwards": True, "l2": 0.01, "useBias": False}, last]
        both = {"type": "Bidirectional", "layer": one | {"units": 5, "returnSequences": True}, "mergeMode": "sum"}
        result[name + ", both ways"] = [first, both, {"type": "Bidirectional", "layer": one | {"units": 4}}, last]
        result[name + ", twice"] = [first, one | {"returnSequences": True}, one | {"units": 5}, last]
    return result


OPTIMIZERS = {"SGD": {"type": "SGD", "learningRate": 0.1, "momentum": 0.9}, "Adam": {"type": "Adam", "learningRate": 0.01}}


def data():
    """Images `[n,ROWS,COLUMNS,1]` of noise and labels that have nothing to do with them."""
    count = BATCH * STEPS
    pixels = (hash32(IMAGES_SEED, count * ROWS * COLUMNS) % np.uint32(256)).reshape(count, ROWS, COLUMNS, 1)
    return pixels.astype(np.float64) / 255, (hash32(IMAGES_SEED + 1, count) % np.uint32(CLASSES)).astype(np.int32)


def optimizer(settings):
    if settings["type"] == "SGD":
        return keras.optimizers.SGD(settings["learningRate"], momentum=settings["momentum"])
    return keras.optimizers.Adam(settings["learningRate"])


def run(name, layers, optimizer_name, seed):
    keras.utils.set_random_seed(seed)
    keras.backend.clear_session()
    built = [make_layer(layer["type"], {key: value for key, value in layer.items() if key != "type"}) for layer in layers]
    model = keras.Sequential([keras.Input((ROWS, COLUMNS, 1)), *built])
    # As f32 holds them, so that both start from the same numbers.
    for weight in model.weights:
        weight.assign(np.asarray(weight).astype(np.float32))
    initial = [np.asarray(weight) for weight in model.weights]
    update = optimizer(OPTIMIZERS[optimizer_name])
    images, labels = data()
    losses = []
    for step in range(STEPS):
        rows = slice(step * BATCH, (step + 1) * BATCH)
        with tf.GradientTape() as tape:
            probabilities = model(images[rows], training=True)
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels[rows], probabilities))
            loss += sum(model.losses)
        gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
        update.apply(gradients, model.trainable_weights)
        losses.append(float(loss))
    names = [f"{layer.name}.{short_name(weight)}" for layer in model.layers for weight in layer.weights]
    print(name, optimizer_name, f"loss {losses[0]:.4f} to {losses[-1]:.4f}")
    return {
        "name": f"{name}, {optimizer_name}",
        "layers": layers,
        "optimizer": OPTIMIZERS[optimizer_name],
        "losses": plain(losses),
        "weights": {
            name: {"shape": list(before.shape), "before": plain(before), "after": plain(weight)}
            for name, before, weight in zip(names, initial, model.weights)
        },
    }


def main():
    runs = [run(name, layers, optimizer_name, 10 + number)
            for number, (name, layers) in enumerate(models().items()) for optimizer_name in OPTIMIZERS]
    numbers = {"steps": STEPS, "batchSize": BATCH, "rows": ROWS, "columns": COLUMNS, "classes": CLASSES, "imagesSeed": IMAGES_SEED}
    write("recurrent.json", {"layers": layer_cases(), **numbers, "runs": runs})


if __name__ == "__main__":
    main()
