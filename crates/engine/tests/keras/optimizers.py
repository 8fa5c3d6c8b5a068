"""Keras optimizers over 20 steps on given gradients -> optimizers.json.

Two parameters, so that clipping by norm (each gradient by its own norm) shows; the same gradients for every case.
`settings` are chalkgrad's: its specs of optimizer and schedule. Computed in f64.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

from formula import plain, values, write

keras.config.set_floatx("float64")

STEPS = 20
STEPS_PER_EPOCH = 4
EPOCHS = 5
SHAPES = {"kernel": (2, 3), "bias": (3,)}
# Each step has its own seed. The last gradient of the bias is always zero: epsilon alone decides that update.
GRADIENTS = [{name: values(100 + 10 * step + len(name), shape, 0.5) for name, shape in SHAPES.items()}
             for step in range(STEPS)]
for step in GRADIENTS:
    step["bias"][2] = 0
INITIAL = {name: values(90 + len(name), shape) for name, shape in SHAPES.items()}


def constant(rate):
    return rate


def step_decay(rate):
    return keras.optimizers.schedules.ExponentialDecay(rate, 2 * STEPS_PER_EPOCH, 0.5, staircase=True)


def cosine(rate):
    return keras.optimizers.schedules.CosineDecay(rate, STEPS_PER_EPOCH * EPOCHS, alpha=0.1)


def exponential(rate):
    return keras.optimizers.schedules.ExponentialDecay(rate, 6, 0.7)


def stairs(rate):
    return keras.optimizers.schedules.ExponentialDecay(rate, 6, 0.7, staircase=True)


SCHEDULES = {
    constant: {"type": "Constant"},
    step_decay: {"type": "Step", "everyEpochs": 2, "factor": 0.5},
    cosine: {"type": "Cosine", "finalFactor": 0.1},
    exponential: {"type": "ExponentialDecay", "decaySteps": 6, "decayRate": 0.7},
    stairs: {"type": "ExponentialDecay", "decaySteps": 6, "decayRate": 0.7, "staircase": True},
}


def case(name, kind, schedule=constant, clip_norm=None, clip_value=None, **settings):
    words = {"learningRate": "learning_rate", "beta1": "beta_1", "beta2": "beta_2", "weightDecay": "weight_decay",
             "initialAccumulatorValue": "initial_accumulator_value"}
    given = {words.get(key, key): value for key, value in settings.items()}
    default = {"SGD": 0.01}.get(kind, 0.001)
    given["learning_rate"] = schedule(given.get("learning_rate", default))
    optimizer = getattr(keras.optimizers, kind)(**given, clipnorm=clip_norm, clipvalue=clip_value)
    variables = {key: keras.Variable(value.astype(np.float64)) for key, value in INITIAL.items()}
    steps = []
    for gradients in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(gradients[key].astype(np.float64)) for key in SHAPES],
                        list(variables.values()))
        steps.append({key: plain(variable) for key, variable in variables.items()})
    row = {"name": name, "optimizer": {"type": kind, **settings}, "schedule": SCHEDULES[schedule], "parameters": steps}
    if clip_norm is not None:
        row["clipNorm"] = clip_norm
    if clip_value is not None:
        row["clipValue"] = clip_value
    return row


write("optimizers.json", {
    "stepsPerEpoch": STEPS_PER_EPOCH,
    "epochs": EPOCHS,
    "shapes": {key: list(shape) for key, shape in SHAPES.items()},
    "initial": {key: plain(value) for key, value in INITIAL.items()},
    "gradients": [{key: plain(value) for key, value in step.items()} for step in GRADIENTS],
    "cases": [
        case("SGD", "SGD"),
        case("SGD momentum", "SGD", momentum=0.9),
        case("SGD Nesterov", "SGD", momentum=0.9, nesterov=True),
        case("RMSprop", "RMSprop"),
        case("RMSprop rho", "RMSprop", learningRate=0.01, rho=0.5, epsilon=0.001),
        case("Adagrad", "Adagrad"),
        case("Adagrad fast", "Adagrad", learningRate=0.1, initialAccumulatorValue=0.5),
        case("Adam", "Adam"),
        case("Adam other betas", "Adam", learningRate=0.01, beta1=0.8, beta2=0.99, epsilon=0.0001),
        case("AdamW", "AdamW"),
        case("AdamW strong decay", "AdamW", learningRate=0.01, weightDecay=0.1),
        case("SGD clip norm", "SGD", clip_norm=0.25, learningRate=0.1),
        case("SGD clip value", "SGD", clip_value=0.125, learningRate=0.1),
        case("Adam clip norm", "Adam", clip_norm=0.5),
        case("SGD step schedule", "SGD", schedule=step_decay, learningRate=0.1),
        case("SGD cosine schedule", "SGD", schedule=cosine, learningRate=0.1),
        case("Adam cosine schedule", "Adam", schedule=cosine),
        case("SGD exponential decay", "SGD", schedule=exponential, learningRate=0.1),
        case("Adam exponential decay in stairs", "Adam", schedule=stairs),
    ],
})
