"""Keras's random layers with the numbers that the engine draws: Philox 4x32-10 under the key (seed, step).

Only the draws are made here. What the layers do with them is Keras's own code.
"""

import keras
import numpy as np
import tensorflow as tf


class Step:
    """The key under which everything is drawn: the seed of the run, and the step."""

    key = (0, 0)


def philox(counters):
    """Philox 4x32-10 (Salmon et al. 2011) of counters `[n,4]`."""
    c = counters.astype(np.uint64)
    k = [np.uint64(part) for part in Step.key]
    mask = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * c[:, 0], np.uint64(0xCD9E8D57) * c[:, 2]
        c = np.stack([(b >> np.uint64(32)) ^ c[:, 1] ^ k[0], b & mask, (a >> np.uint64(32)) ^ c[:, 3] ^ k[1], a & mask], 1)
        k = [(k[0] + np.uint64(0x9E3779B9)) & mask, (k[1] + np.uint64(0xBB67AE85)) & mask]
    return c.astype(np.uint32)


def unit(words):
    return (words >> 8).astype(np.float32) * np.float32(2.0**-24)


def uniform(shape, stream):
    """Numbers from 0 to less than 1."""
    count = int(np.prod(shape))
    blocks = np.zeros((-(-count // 4), 4), np.uint32)
    blocks[:, 0], blocks[:, 2] = np.arange(len(blocks)), stream
    return unit(philox(blocks).ravel()[:count]).reshape(shape)


def factors(shape, rate, stream):
    """Factors of a dropout."""
    return np.where(uniform(shape, stream) >= np.float32(rate), np.float32(1) / np.float32(1 - np.float32(rate)), 0)


def normal(shape, stream):
    """Normal numbers by the polar method: of each element's points, the first in the unit circle."""
    count = int(np.prod(shape))
    numbers = np.full(count, np.nan)
    for draw in range(16):
        blocks = np.zeros((count, 4), np.uint32)
        blocks[:, 0], blocks[:, 1], blocks[:, 2] = np.arange(count), draw, stream
        points = 2 * unit(philox(blocks)).astype(np.float64) - 1
        for x, y in [(points[:, 0], points[:, 1]), (points[:, 2], points[:, 3])]:
            square = x * x + y * y
            is_first = np.isnan(numbers) & (square > 0) & (square < 1)
            with np.errstate(invalid="ignore", divide="ignore"):
                numbers = np.where(is_first, x * np.sqrt(-2 * np.log(square) / square), numbers)
    return numbers.reshape(shape)


def with_masks(batch, features, stream=0):
    """Gives the cells of a recurrent layer, way by way, the masks that the engine draws at each step."""

    def prepare(layer):
        ways = [layer.forward_layer, layer.backward_layer] if hasattr(layer, "forward_layer") else [layer]
        for number, way in enumerate(ways):
            cell = way.cell
            gates = {"SimpleRNNCell": 1, "LSTMCell": 4, "GRUCell": 3}[type(cell).__name__]
            own = lambda of_states, n=number: stream | (1 + 2 * n + of_states) << 16
            each = lambda all, width, g=gates: [tf.constant(all[:, i * width:(i + 1) * width].astype(np.float64)) for i in range(g)]
            of_states = cell.recurrent_dropout > 0
            if of_states:
                def states(_, c=cell, g=gates, o=own, e=each):
                    all = e(factors((batch, g * c.units), c.recurrent_dropout, o(1)), c.units)
                    return all if g > 1 else all[0]
                cell.get_recurrent_dropout_mask = states
            if cell.dropout > 0 and of_states and gates > 1:
                cell.get_dropout_mask = lambda _, c=cell, g=gates, o=own, e=each: e(
                    factors((batch, g * features), c.dropout, o(0)), features)
            elif cell.dropout > 0:
                cell.get_dropout_mask = lambda _, c=cell, o=own: tf.constant(
                    factors((batch, features), c.dropout, o(0)).astype(np.float64))

    return prepare


def between(bounds, random):
    low, high = bounds
    return (low + random.astype(np.float64) * (high - low))


class Drawn(keras.layers.Layer):
    """A random layer of Keras whose numbers come from `uniform` and `normal`."""

    def __init__(self, layer, stream):
        super().__init__(name=layer.name)
        self.supports_masking = layer.supports_masking
        self.layer, self.stream = layer, stream

    def compute_output_shape(self, shape):
        return shape

    def call(self, x, training=False):
        if not training or isinstance(x, keras.KerasTensor):
            return x
        return getattr(self, type(self.layer).__name__)(self.layer, x, x.shape[0], x.shape)

    def Dropout(self, layer, x, batch, shape):
        return x * factors(shape, layer.rate, self.stream).astype(np.float64)

    def SpatialDropout2D(self, layer, x, batch, shape):
        return x * factors((batch, 1, 1, shape[-1]), layer.rate, self.stream).astype(np.float64)

    def GaussianNoise(self, layer, x, batch, shape):
        return x + layer.stddev * normal(shape, self.stream)

    def RandomTranslation(self, layer, x, batch, shape):
        u = uniform((batch, 2), self.stream)
        down = between((layer.height_lower, layer.height_upper), u[:, :1]) * shape[1]
        right = between((layer.width_lower, layer.width_upper), u[:, 1:]) * shape[2]
        moves = tf.constant(np.concatenate([right, down], 1), tf.float32)
        return layer.transform_images(x, {"translations": moves, "input_shape": shape}, training=True)

    def RandomRotation(self, layer, x, batch, shape):
        angle = tf.constant(between(layer.factor, uniform((batch,), self.stream)) * 360, tf.float32)
        zeros, ones = tf.zeros(batch), tf.ones(batch)
        matrix = layer._compute_affine_matrix(
            center_x=0.5, center_y=0.5, angle=angle, translate_x=zeros, translate_y=zeros, scale=ones, shear_x=zeros,
            shear_y=zeros, height=shape[1], width=shape[2])
        return layer.transform_images(x, {"rotation_matrix": matrix}, training=True)

    def RandomZoom(self, layer, x, batch, shape):
        both = layer.width_factor is not None
        u = uniform((batch, 1 + both), self.stream)
        height = between((1 + layer.height_lower, 1 + layer.height_upper), u[:, :1])
        width = between((1 + layer.width_lower, 1 + layer.width_upper), u[:, 1:]) if both else height
        zooms = {"height_zoom": tf.constant(height, tf.float32), "width_zoom": tf.constant(width, tf.float32)}
        return layer.transform_images(x, {**zooms, "input_shape": shape}, training=True)

    def RandomFlip(self, layer, x, batch, shape):
        flips = tf.constant(uniform((batch, 1, 1, 1), self.stream) <= 0.5)
        return layer.transform_images(x, {"flips": flips, "input_shape": shape}, training=True)

    def RandomContrast(self, layer, x, batch, shape):
        lower, upper = layer.factor
        factor = between((1 - lower, 1 + upper), uniform((batch, 1, 1, 1), self.stream))
        return layer.transform_images(x, {"contrast_factor": tf.constant(factor)}, training=True)
