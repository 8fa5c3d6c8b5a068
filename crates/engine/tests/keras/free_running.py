"""How far 20 steps drift apart when nothing corrects them -> free_running.json and the table in README.md.

    python free_running.py FOLDER        FOLDER holds MNIST's uncompressed IDX files; `cargo` has to be on the PATH

The reference CNN on MNIST from the weights of seeds 0 to 9 (the formula's seeds count from 100 * seed + 1), by chalkgrad
(`cargo test --test keras -- free_running`) and by Keras in f64 and, each in a process of its own, in f32: as it
is, without oneDNN, and on one thread.
"""

import json
import os
import subprocess
import sys

import numpy as np

from formula import HERE, plain, write

SEEDS = range(10)
VARIANTS = {
    "Keras f64": {"FLOATX": "float64"},
    "Keras f32": {},
    "Keras f32, no oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "Keras f32, one thread": {"THREADS": "1"},
}
BEGIN, END = "<!-- free_running.py -->\n", "<!-- end -->\n"


def keras_losses(folder):
    """In a process of its own: prints every run."""
    import keras
    import tensorflow as tf

    import models
    from formula import mnist_train

    if "THREADS" in os.environ:
        tf.config.threading.set_intra_op_parallelism_threads(int(os.environ["THREADS"]))
        tf.config.threading.set_inter_op_parallelism_threads(int(os.environ["THREADS"]))
    floatx = os.environ.get("FLOATX", "float32")
    keras.config.set_floatx(floatx)
    pixels, labels = mnist_train(folder, models.STEPS * models.BATCH)
    images = (pixels.astype(floatx) / 255)[..., None]
    for seed in SEEDS:
        models.FIRST_SEED = 100 * seed + 1
        for name, settings in models.OPTIMIZERS.items():
            losses, _, _ = models.run(models.REFERENCE, settings, images, labels)
            print("free", json.dumps([name, seed, losses]), flush=True)


def collect(command, settings=None, folder=HERE):
    done = subprocess.run(command, env=os.environ | (settings or {}), cwd=folder, capture_output=True, text=True)
    rows = [json.loads(line.split("free ", 1)[1]) for line in done.stdout.splitlines() if "free [" in line]
    if done.returncode or not rows:
        sys.exit(done.stderr)
    return {(name, seed): np.array(losses) for name, seed, losses in rows}


def drift(runs, truth, optimizer):
    """For each seed the largest relative deviation of a loss."""
    return [np.max(np.abs(runs[optimizer, seed] / truth[optimizer, seed] - 1)) for seed in SEEDS]


def main(folder):
    runs = {}
    for name, settings in VARIANTS.items():
        runs[name] = collect([sys.executable, __file__, "--one", folder], settings)
        print(name, "done")
    truth = runs.pop("Keras f64")
    # In f64, by optimizer and seed; chalkgrad's test compares with this file.
    write("free_running.json", {"runs": [[name, seed, plain(losses)] for (name, seed), losses in truth.items()]})
    cargo = ["cargo", "test", "--test", "keras", "--", "--nocapture", "free_running"]
    runs = {"chalkgrad": collect(cargo, folder=HERE.parent.parent)} | runs
    optimizers = list(dict.fromkeys(optimizer for optimizer, _ in truth))
    lines = ["| against Keras in f64 | " + " | ".join(optimizers) + " |", "|---|" + "---|" * len(optimizers)]
    for name, own in runs.items():
        drifts = [drift(own, truth, optimizer) for optimizer in optimizers]
        cells = [f"{sum(d < 1e-3 for d in seeds)} of {len(seeds)}, median {np.median(seeds):.0e}, worst {max(seeds):.0e}"
                 for seeds in drifts]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    readme = HERE / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    readme.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + rest.split(END)[1])
    print("\n".join(lines))


if __name__ == "__main__":
    keras_losses(sys.argv[2]) if sys.argv[1] == "--one" else main(sys.argv[1])
