"""Recurrent layers against Keras: outputs and gradients on small odd shapes -> recurrent.json.

Computed in f64. Dropout takes masks that Philox draws as the engine does (`drawn.py`).
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from drawn import with_masks
from formula import values, write
from layers import layer_case

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
                                    prepare=with_masks(shape[0], shape[2])))
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
                                training=trains, prepare=with_masks(shape[0], shape[2]) if trains else lambda _: None))
    cases.append(layer_case("lstm, one step", "LSTM", {"units": 3}, values(1500, (2, 1, 2)), seed=1501))
    return cases


def main():
    write("recurrent.json", {"layers": layer_cases()})


if __name__ == "__main__":
    main()
