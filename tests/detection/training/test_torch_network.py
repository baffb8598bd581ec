"""A Keras network trains in PyTorch, and comes back with what it learnt."""

from typing import Any

import numpy as np
import pytest

from detection import networks

torch = pytest.importorskip("torch", reason="the training from a cache is done by PyTorch")
torch_network = pytest.importorskip("detection.training.torch_network")

PICTURES = np.random.default_rng(1).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)


def settled(model: Any, *, trained: bool) -> Any:
    """With batch norms that do something."""
    chance = np.random.default_rng(2)
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            layer.set_weights([chance.uniform(0.6, 1.4, w.shape) for w in layer.get_weights()])
            layer.trainable = trained
    return model


def in_torch(net: Any) -> list[Any]:
    with torch.no_grad():
        outputs = net(torch.tensor(PICTURES.transpose(0, 3, 1, 2)))
    return [outputs[0].sigmoid().numpy(), outputs[1].softmax(1).numpy()]


def in_keras(model: Any) -> list[Any]:
    return [np.asarray(out) for out in model(PICTURES, training=False)]


def build(name: str) -> Any:
    return (
        networks.residual_network(64, width=4, kinds=4)
        if name == "residual"
        else networks.image_network(64, name, kinds=4)
    )


@pytest.mark.parametrize("name", ["tiny", "residual", "mobilenetv2", "efficientnet_lite0"])
@pytest.mark.parametrize("fixed", [True, False])
def test_both_answer_the_same_before_and_after_a_step(name: str, fixed: bool) -> None:
    model = settled(build(name), trained=not fixed)
    net = torch_network.TorchNetwork(model, fixed_norms=fixed)
    net.eval()
    before = in_torch(net)
    for one, other in zip(before, in_keras(model), strict=True):
        assert one == pytest.approx(other, abs=1e-4)
    net.train()
    score, kinds = net(torch.tensor(PICTURES.transpose(0, 3, 1, 2)))
    (score.sum() + kinds[:, 0].sum()).backward()
    torch.optim.SGD([p for p in net.parameters() if p.requires_grad], 1e-2).step()
    net.eval()
    after = in_torch(net)
    assert np.abs(after[1] - before[1]).max() > 1e-4
    for one, other in zip(after, in_keras(net.write_back(model)), strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_norms_that_are_fixed_stay_as_they_came() -> None:
    model = settled(build("tiny"), trained=False)
    norms = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    before = [np.concatenate(norm.get_weights()) for norm in norms]
    net = torch_network.TorchNetwork(model)
    score, _ = net(torch.tensor(PICTURES.transpose(0, 3, 1, 2)))
    score.sum().backward()
    torch.optim.SGD([p for p in net.parameters() if p.requires_grad], 1e-2).step()
    net.write_back(model)
    for norm, values in zip(norms, before, strict=True):
        assert np.concatenate(norm.get_weights()) == pytest.approx(values)
