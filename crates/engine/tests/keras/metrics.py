"""Metrics as Keras and scikit-learn compute them, for tests/it/keras/metrics.rs. Writes metrics.json.

    python metrics.py
"""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import sklearn
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_auc_score

random = np.random.default_rng(7)


def batches(metric, target, output):
    """The metric over batches of 20, as `fit` and `evaluate` have them."""
    for start in range(0, len(target), 20):
        metric.update_state(target[start : start + 20], output[start : start + 20])
    return float(metric.result())


def listed(array):
    return [float(value) for value in np.asarray(array, np.float32).ravel()]


def several_classes():
    samples, classes = 90, 4
    labels = random.choice(classes, samples, p=[0.6, 0.25, 0.15, 0.0])
    scores = random.normal(size=(samples, classes)) + 1.2 * np.eye(classes)[labels]
    output = (np.exp(scores) / np.exp(scores).sum(1, keepdims=True)).astype(np.float32)
    predicted = output.argmax(1)
    precision, recall, f1, support = precision_recall_fscore_support(labels, predicted, labels=range(classes), zero_division=0)
    macro = precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0)
    target = np.eye(classes)[labels]
    return {
        "labels": [int(label) for label in labels],
        "output": listed(output),
        "outputs": classes,
        "confusion": confusion_matrix(labels, predicted, labels=range(classes)).tolist(),
        "perClass": [[int(s), float(p), float(r), float(f)] for s, p, r, f in zip(support, precision, recall, f1)],
        "metrics": {
            "accuracy": batches(keras.metrics.SparseCategoricalAccuracy(), labels, output),
            "precision": float(macro[0]),
            "recall": float(macro[1]),
            "f1": float(macro[2]),
            "mean_absolute_error": batches(keras.metrics.MeanAbsoluteError(), target, output),
        },
    }


def two_classes(outputs):
    samples = 120
    labels = random.choice(2, samples, p=[0.7, 0.3])
    second = 1 / (1 + np.exp(-(random.normal(size=samples) + 1.5 * (labels - 0.5))))
    # At 0.5 exactly Keras answers with the first class.
    if outputs == 1:
        second[5] = 0.5
    second = second.astype(np.float32)
    output = second[:, None] if outputs == 1 else np.stack([1 - second, second], 1)
    predicted = (second > 0.5).astype(int) if outputs == 1 else output.argmax(1)
    macro = precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0)
    accuracy = keras.metrics.BinaryAccuracy() if outputs == 1 else keras.metrics.SparseCategoricalAccuracy()
    target = labels[:, None] if outputs == 1 else np.eye(2)[labels]
    return {
        "labels": [int(label) for label in labels],
        "output": listed(output),
        "outputs": outputs,
        "confusion": confusion_matrix(labels, predicted).tolist(),
        "rocAucScore": float(roc_auc_score(labels, second)),
        "metrics": {
            "accuracy": batches(accuracy, labels[:, None] if outputs == 1 else labels, output),
            "precision": float(macro[0]),
            "recall": float(macro[1]),
            "f1": float(macro[2]),
            "auc": batches(keras.metrics.AUC(), labels, second),
            "mean_absolute_error": batches(keras.metrics.MeanAbsoluteError(), target, output),
        },
    }


def values():
    target = random.normal(size=(70, 2)) * 50
    output = target + random.normal(size=(70, 2)) * 9
    target, output = target.astype(np.float32), output.astype(np.float32)
    return {
        "target": listed(target),
        "output": listed(output),
        "outputs": 2,
        "metrics": {"mean_absolute_error": batches(keras.metrics.MeanAbsoluteError(), target, output)},
        "losses": {
            "mean_squared_error": float(keras.ops.mean(keras.losses.mean_squared_error(target, output))),
            "mean_absolute_error": float(keras.ops.mean(keras.losses.mean_absolute_error(target, output))),
            "huber": float(keras.losses.Huber()(target, output)),
        },
    }


document = {
    "versions": {"keras": keras.__version__, "scikit-learn": sklearn.__version__},
    "classes": [several_classes(), two_classes(1), two_classes(2)],
    "values": values(),
}
with open("metrics.json", "w") as file:
    json.dump(document, file)
    file.write("\n")
