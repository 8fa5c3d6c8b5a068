"""Trains the presets with Keras, beside chalkgrad -> the table in README.md.

    venv/bin/python presets.py [NAME ...]       with scikit-learn; `cargo` on the PATH, data by `cargo xtask data`

`cargo run --release --example presets` trains the presets natively from the seeds 0, 1 and 2. It also exports networks, training
settings and data sets, from which Keras gets the same program here. Initial weights and the order of the examples are Keras's own.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from sklearn.preprocessing import StandardScaler

ROOT = pathlib.Path(__file__).parents[4]
TABLE = ROOT / "README.md"
BEGIN, END = "<!-- presets.py -->\n", "<!-- end -->\n"
SEEDS = range(3)
EXAMPLE = ["cargo", "run", "--release", "--quiet", "--example", "presets", "--"]


def snake(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def layer_of(spec):
    """The Keras layer of a spec, whose settings have Keras's names in camel case."""
    settings = {snake(key): value for key, value in spec.items() if key not in ("type", "inputs")}
    settings = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    return getattr(keras.layers, spec["type"])(**settings)


def build(spec):
    """The functional model of a spec. Layers have chalkgrad's names, which are Keras's in a fresh session."""
    keras.backend.clear_session()
    x = inputs = keras.Input(spec["inputShape"])
    outputs = {}
    for layer in spec["layers"]:
        own = layer_of(layer)
        x = own([outputs[name] for name in layer["inputs"]] if len(layer.get("inputs", [])) > 1
                else outputs[layer["inputs"][0]] if layer.get("inputs") else x)
        outputs[own.name] = x
    return keras.Model(inputs, x)


def arrays(folder, preset, part):
    """Inputs, as the network gets them before standardisation, and targets of a part."""
    stem = f"{folder}/{preset['dataset']}.{part}"
    dtype = {"u8": np.uint8, "f32": np.float32, "tokens": np.int32}[preset["dtype"]]
    x = np.fromfile(f"{stem}.inputs", dtype).reshape(-1, *preset["shape"])
    x = x if dtype is np.int32 else x.astype(np.float32)
    x = x / 255 if dtype is np.uint8 else x
    if preset["target"] == "input":
        return x, x.reshape(len(x), -1)
    y = np.fromfile(f"{stem}.targets", np.uint8 if preset["target"] == "class" else np.float32)
    return x, y.astype(np.int32) if preset["target"] == "class" else y.reshape(len(x), -1)


def measure(folder, preset, seed):
    training = preset["training"]
    (x, y), (test_x, test_y) = (arrays(folder, preset, part) for part in ("train", "test"))
    x, y = x[: training["trainSamples"]], y[: training["trainSamples"]]
    if training["standardize"]:
        scaler = StandardScaler().fit(x)
        x, test_x = scaler.transform(x), scaler.transform(test_x)
    keras.utils.set_random_seed(seed)
    model = build(preset["model"])
    optimizer = {snake(key): value for key, value in training["optimizer"].items() if key != "type"}
    beta = {key.replace("beta1", "beta_1").replace("beta2", "beta_2"): value for key, value in optimizer.items()}
    loss = training["loss"] if isinstance(training["loss"], str) else training["loss"]["type"]
    metric = "accuracy" if preset["target"] == "class" else "mean_absolute_error"
    model.compile(getattr(keras.optimizers, training["optimizer"]["type"])(**beta), loss=loss, metrics=[metric])
    model.fit(x, y, epochs=training["epochs"], batch_size=training["batchSize"], verbose=0)
    return model.evaluate(test_x, test_y, batch_size=500, verbose=0)[1]


def own_rows(names):
    """By name, the cells that chalkgrad's example prints."""
    printed = subprocess.run(EXAMPLE + names, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in printed.splitlines()[2:]]
    return {row[0]: row for row in rows}


def main(names):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(EXAMPLE + ["--export", folder] + names, cwd=ROOT, check=True)
        presets = json.loads(pathlib.Path(folder, "presets.json").read_text())
        own = own_rows(names)
        lines = ["| preset | data set | epochs | measure on the test part | chalkgrad, three seeds | Keras, three seeds |", "|---|---|---|---|---|---|"]
        for preset in presets:
            name, dataset, epochs, what, *rest = own[preset["name"]]
            keras_values = [f"{measure(folder, preset, seed):.4f}" for seed in SEEDS]
            name = name.removeprefix("preset_").replace("_", " ")
            lines.append(f"| {name} | {dataset} | {epochs} | {what} | {', '.join(rest[:3])} | {', '.join(keras_values)} |")
            print(lines[-1], flush=True)
    before, rest = TABLE.read_text().split(BEGIN)
    TABLE.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + rest.split(END)[1])


if __name__ == "__main__":
    main(sys.argv[1:])
