"""Weights, images and small inputs that Python, Rust and JavaScript compute alike, bit for bit.

Everything comes from one integer hash, so that no big file of weights is needed. All integer arithmetic is modulo 2^32;
the finaliser is MurmurHash3's `fmix32` (Austin Appleby, public domain).

    hash(seed, i)  = fmix32(i + seed * 0x9E3779B9)
    unit(seed, i)  = (hash >> 8) * 2^-23 - 1          in [-1, 1), exact in f32
    value          = offset + scale * unit            each operation rounded to f32

`tests/it/keras.rs` and `tests/e2e/keras-parity.spec.js` hold the same few lines.
"""

import json
import math
import pathlib
import struct

import numpy as np

HERE = pathlib.Path(__file__).parent


def hash32(seed, count):
    with np.errstate(over="ignore"):
        h = np.arange(count, dtype=np.uint32) + np.uint32((seed * 0x9E3779B9) & 0xFFFFFFFF)
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(16)
    return h


def values(seed, shape, scale=1.0, offset=0.0):
    """`offset + scale * unit(seed, i)` in f32."""
    unit = (hash32(seed, math.prod(shape)) >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)
    return (np.float32(offset) + np.float32(scale) * unit).astype(np.float32).reshape(shape)


def initial_weight(name, seed, shape):
    """The initial value of a weight called `name` (`kernel`, ...); the seed goes up by one from weight to weight.

    Kernels are uniform within Glorot's limit, computed in f64 and rounded to f32. Biases and the parameters of a batch
    normalisation are not at their usual 0 and 1, so that a wrong gradient of them shows.
    """
    if name == "kernel":
        receptive = math.prod(shape[:-2])
        limit = math.sqrt(6.0 / (receptive * (shape[-2] + shape[-1])))
        return values(seed, shape, limit)
    scale, offset = {
        "bias": (0.0625, 0.0),
        "gamma": (0.25, 1.0),
        "beta": (0.25, 0.0),
        "moving_mean": (0.25, 0.0),
        "moving_variance": (0.5, 1.0),
    }[name]
    return values(seed, shape, scale, offset)


def noise_images(seed, shape, classes):
    """Images `shape` of noise, in f64 from 0 to 1, and labels that have nothing to do with them."""
    pixels = (hash32(seed, math.prod(shape)) % np.uint32(256)).reshape(shape)
    return pixels.astype(np.float64) / 255, (hash32(seed + 1, shape[0]) % np.uint32(classes)).astype(np.int32)


# Rows and columns (both ends included) of the seven segments of a digit 15 high and 9 wide, in the order a..g.
SEGMENTS = [
    (0, 1, 0, 8),
    (0, 7, 7, 8),
    (7, 14, 7, 8),
    (13, 14, 0, 8),
    (7, 14, 0, 1),
    (0, 7, 0, 1),
    (6, 8, 0, 8),
]
DIGITS = [0b0111111, 0b0000110, 0b1011011, 0b1001111, 0b1100110, 0b1101101, 0b1111101, 0b0000111, 0b1111111, 0b1101111]


def seven_segment_digits(count, seed=5000):
    """Images `[count,28,28]` (u8) and labels `[count]` of slightly moved, speckled seven-segment digits.

    Image n shows the digit `hash(seed, n) mod 10`; its top left corner is at row `3 + (hash >> 8) mod 8` and column
    `6 + (hash >> 16) mod 8`; pixel p of it (0..783), if lit, is `255 - hash(seed + 1, n * 784 + p) mod 128`.
    """
    h = hash32(seed, count)
    labels = (h % np.uint32(10)).astype(np.int32)
    speckle = (255 - hash32(seed + 1, count * 784) % np.uint32(128)).astype(np.uint8).reshape(count, 28, 28)
    images = np.zeros((count, 28, 28), np.uint8)
    for n in range(count):
        top, left = 3 + (int(h[n]) >> 8) % 8, 6 + (int(h[n]) >> 16) % 8
        for segment, (row0, row1, column0, column1) in enumerate(SEGMENTS):
            if DIGITS[labels[n]] >> segment & 1:
                area = (n, slice(top + row0, top + row1 + 1), slice(left + column0, left + column1 + 1))
                images[area] = speckle[area]
    return images, labels


def mnist_train(folder, count):
    """The first images and labels of MNIST's training files (IDX format)."""

    def read(name, header):
        with open(pathlib.Path(folder) / name, "rb") as file:
            struct.unpack(">" + "i" * header, file.read(4 * header))
            return np.frombuffer(file.read(count * (784 if header == 4 else 1)), np.uint8)

    return read("train-images-idx3-ubyte", 4).reshape(count, 28, 28), read("train-labels-idx1-ubyte", 2).astype(np.int32)


def plain(array):
    """A flat list of the shortest decimals that give the same f32."""
    return [float(str(value)) for value in np.asarray(array, np.float32).ravel()]


def tensor(array):
    return {"shape": list(np.shape(array)), "data": plain(array)}


def sample(array, seed, count=64):
    """The L2 norm, and up to `count` elements with their flat indexes."""
    flat = np.asarray(array, np.float64).ravel()
    index = np.arange(flat.size) if flat.size <= count else np.unique(hash32(seed, count) % np.uint32(flat.size))
    return {
        "shape": list(np.shape(array)),
        "norm": plain([np.linalg.norm(flat)])[0],
        "index": index.tolist(),
        "data": plain(flat[index]),
    }


def write(name, document):
    """Writes one value per line of the top two levels, so that a change shows as a readable difference."""
    path = HERE / name
    lines = []
    for key, value in document.items():
        if isinstance(value, list):
            rows = ",\n  ".join(json.dumps(row, separators=(",", ":")) for row in value)
            lines.append(f'"{key}": [\n  {rows}\n]')
        else:
            lines.append(f'"{key}": {json.dumps(value)}')
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path.name}: {path.stat().st_size} bytes")
