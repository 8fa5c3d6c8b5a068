"""Texts as Keras's TextVectorization makes token ids of them, for tests/it/keras/text.rs. Writes text.json.

    python text.py
"""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import tensorflow as tf

ENGLISH = [
    "The Rock is destined to be the 21st Century's new ''Conan'', and that he's going to make a splash!",
    "A gorgeously elaborate -- and well-known -- film; not bad, not bad at all...",
    "Effective but too-tepid biopic [sic] \\ {1/2} ~ 3.5*",
    "  the\tclichés of  Café CRÈME and Ångström\u00a0units\u3000here\x0bthere\x0cagain ",
    "",
    "!!! ??? ...",
    "the film the film the zebra zoo zebra-zoo b a c d d c b a É é",
    "#hash @at $5 & 50% `code` <tag> a=b a+b a^b a_b a|b \"quoted\" (so) said: he's ok",
]
CHINESE = [
    "做父母一定要有刘墉这样的心态，不断地学习！",
    "房间太小。其他的都一般 Wi-Fi 不好用。。。",
    "非常好，非常好；推荐！5★ ＡＢＣ abc",
    "，，，",
    "👍🏽 很好 e\u0301",
]
UNSEEN = [
    "The film was not THE worst, but unseen-words remain: zebra",
    "非常不好 ABC",
    "one two three four five six seven eight nine ten eleven twelve the film",
    "",
]

cases = []
for texts, split in [(ENGLISH, "whitespace"), (CHINESE, "character"), (ENGLISH + CHINESE, "character")]:
    for max_tokens, sequence_length in [(1000, 20), (12, 5), (3, 3)]:
        layer = keras.layers.TextVectorization(max_tokens, split=split, output_sequence_length=sequence_length)
        layer.adapt(tf.data.Dataset.from_tensor_slices(texts).batch(4))
        cases.append({
            "maxTokens": max_tokens,
            "sequenceLength": sequence_length,
            "split": split,
            "texts": texts,
            "vocabulary": layer.get_vocabulary(),
            "unseen": UNSEEN,
            "ids": [[int(token) for token in row] for row in layer(tf.constant(texts + UNSEEN)).numpy()],
        })

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "text.json"), "w") as file:
    json.dump({"keras": keras.__version__, "cases": cases}, file, indent=1)
