"""EfficientNet-Lite answers as the PyTorch networks do whose weights it takes."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import Model

from detection import efficientnet_lite, networks

torch = pytest.importorskip("torch", reason="the weights come in PyTorch's files")

# Every 200th of the pooled features, and the mean of all: what the PyPI package efficientnet-lite-pytorch 0.1.0 gives
# for the picture and the weights below, at 64 pixels.
REFERENCE = {
    "efficientnet_lite0": ([0.0, 0.024048, 2.950218, 0.0, 5.616329, 0.0, 2.12009], 1.325008),
    "efficientnet_lite1": ([1.902029, 0.993263, 0.009585, 0.0, 2.182738, 0.170227, 1.083107], 1.407155),
    "efficientnet_lite2": ([0.828354, 0.0, 1.091403, 0.141301, 0.0, 0.720564, 0.0], 1.443072),
}
BLOCKS = {"efficientnet_lite0": 16, "efficientnet_lite1": 21, "efficientnet_lite2": 21}


def random_tensor(name: str, shape: tuple[int, ...]) -> Any:
    chance = np.random.default_rng(zlib.crc32(name.encode()))
    if len(shape) == 1 and name.endswith(("running_var", "weight")):
        return chance.uniform(0.5, 1.5, shape).astype(np.float32)
    if len(shape) == 1:
        return chance.normal(0, 0.1, shape).astype(np.float32)
    return chance.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)


def stored_as_the_package_does(model: Any, blocks: int) -> dict[str, Any]:
    """Names as in its files, with the shapes of this model's layers."""
    names = {"stem_conv": "_conv_stem", "stem_norm": "_bn0", "head_conv": "_conv_head", "head_norm": "_bn1"}
    norms = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}
    for block in range(blocks):
        for part, norm in norms.items():
            names[f"block{block}_{part}_conv"] = f"_blocks.{block}._{part}_conv"
            names[f"block{block}_{part}_norm"] = f"_blocks.{block}.{norm}"
    stored = {}
    for layer in model.layers:
        if layer.name not in names:
            continue
        if layer.name.endswith("_norm"):
            for part in ("weight", "bias", "running_mean", "running_var"):
                stored[f"{names[layer.name]}.{part}"] = tuple(layer.gamma.shape)
        else:
            height, width, incoming, outgoing = layer.kernel.shape
            depthwise = "depthwise" in layer.name
            shape = (incoming, 1, height, width) if depthwise else (outgoing, incoming, height, width)
            stored[f"{names[layer.name]}.weight"] = shape
    return {name: torch.tensor(random_tensor(name, shape)) for name, shape in stored.items()}


@pytest.mark.parametrize("name", list(REFERENCE))
def test_it_answers_as_the_network_whose_weights_it_takes(name: str, tmp_path: Path) -> None:
    model = networks.image_network(64, name)
    torch.save(stored_as_the_package_does(model, BLOCKS[name]), tmp_path / "weights.pth")
    efficientnet_lite.read_imagenet(tmp_path / "weights.pth", model)
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)
    pooled = np.asarray(Model(model.inputs[0], model.get_layer("pooled").output)(picture, training=False))[0]
    some, mean = REFERENCE[name]
    assert pooled[::200] == pytest.approx(some, abs=1e-4)
    assert pooled.mean() == pytest.approx(mean, abs=1e-4)
