"""Images through given affine maps, by `keras.ops.image.affine_transform` -> affine.json.

On the TensorFlow backend: others fill the border in other ways. Computed in f32, as TensorFlow has the maps in f32 alone.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

from formula import plain, tensor, values, write

SHAPE = (6, 5, 7, 2)


def maps():
    """A turn, a zoom in, a zoom out with a turn, a move by more than an image, a flip, and a move within a pixel's half."""
    turn = lambda angle, zoom: (zoom * np.cos(angle), -zoom * np.sin(angle), zoom * np.sin(angle), zoom * np.cos(angle))
    rows = []
    for a, b, c, d, x, y in [
        (*turn(0.4, 1.0), 1.3, -0.9), (*turn(0.0, 0.63), 1.1, 0.7), (*turn(-2.1, 1.9), 4.3, 6.1), (1, 0, 0, 1, -16.4, 11.3),
        (-1, 0, 0, -1, 6, 4), (1, 0, 0, 1, 0.37, -0.41),
    ]:
        rows.append([a, b, x, c, d, y])
    return np.array(rows, np.float32)


def main():
    images = values(901, SHAPE)
    cases = []
    for fill in ["constant", "reflect", "wrap", "nearest"]:
        for interpolation in ["nearest", "bilinear"]:
            output = keras.ops.image.affine_transform(
                images, np.concatenate([maps(), np.zeros((len(maps()), 2), np.float32)], 1),
                interpolation=interpolation, fill_mode=fill, fill_value=0.3)
            cases.append({"fill": fill, "interpolation": interpolation, "output": plain(output)})
    write("affine.json", {"images": tensor(images), "maps": tensor(maps()), "cases": cases})


if __name__ == "__main__":
    main()
