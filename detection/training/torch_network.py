"""A Keras network as a PyTorch module with the same weights: it trains faster on CPUs, and gives the weights back.

PyTorch is needed for training only.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

Layer = Any  # Keras has no types


class TorchNetwork(nn.Module):  # type: ignore[misc]
    """Runs the layers of a Keras graph. Its outputs are logits: the last activations belong to the loss."""

    def __init__(self, model: Any, *, fixed_norms: bool = True) -> None:
        super().__init__()
        self.fixed_norms = fixed_norms
        self.parts = nn.ModuleList()
        self._nodes: list[tuple[Callable[..., Tensor], list[int], int]] = []
        self._numbers: dict[int, int] = {id(model.inputs[0]): 0}
        self._outputs = [self._number_of(tensor, last=True) for tensor in model.outputs]

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """`pixels`: a scaled batch, channels first in shape and last in memory."""
        tensors: dict[int, Tensor] = {0: pixels}
        for run, inputs, output in self._nodes:
            tensors[output] = run(*(tensors[number] for number in inputs))
        return [tensors[number] for number in self._outputs]

    def write_back(self, model: Any) -> Any:
        """The Keras network that this was made of, or a copy of it, with the weights as they are here."""
        for part in self.parts:
            part.write_back(model)
        return model

    def _number_of(self, tensor: Any, *, last: bool = False) -> int:
        if id(tensor) not in self._numbers:
            layer, sources = _origin(tensor)
            if self.fixed_norms and type(layer).__name__ == "BatchNormalization" and _is_conv(_origin(sources[0])[0]):
                conv, sources = _origin(sources[0])
                run: Callable[..., Tensor] = self._with_weights(Convolution(conv, norm=layer))
            elif type(layer).__name__ in WITH_WEIGHTS:
                part = self._with_weights(WITH_WEIGHTS[type(layer).__name__](layer))
                run = part if last else _then(part, layer)
            elif type(layer).__name__ in WITHOUT_WEIGHTS:
                run = WITHOUT_WEIGHTS[type(layer).__name__](layer, self)
            else:
                raise ValueError(f"{layer.name} is a {type(layer).__name__}, which has no counterpart here.")
            inputs = [self._number_of(source) for source in sources]
            self._numbers[id(tensor)] = len(self._nodes) + 1
            self._nodes.append((run, inputs, len(self._nodes) + 1))
        return self._numbers[id(tensor)]

    def _with_weights(self, part: nn.Module) -> nn.Module:
        self.parts.append(part)
        return part


class Convolution(nn.Module):  # type: ignore[misc]
    """With the batch norm behind it folded in, where that keeps its statistics."""

    def __init__(self, layer: Layer, *, norm: Layer = None) -> None:
        super().__init__()
        self.name, self.norm_name = layer.name, norm.name if norm is not None else ""
        self.depthwise = type(layer).__name__ == "DepthwiseConv2D"
        kernel = np.array(layer.kernel)
        self.groups = kernel.shape[2] if self.depthwise else 1
        if self.depthwise:  # (height, width, channels, times) to (channels · times, 1, height, width)
            kernel = kernel.transpose(2, 3, 0, 1).reshape(-1, 1, *kernel.shape[:2])
        else:
            kernel = kernel.transpose(3, 2, 0, 1)
        self.weight = _parameter(kernel, trained=layer.trainable)
        self.bias = _parameter(layer.bias, trained=layer.trainable) if layer.use_bias else None
        self.stride = layer.strides[0]
        self.same = layer.padding == "same"
        self.register_buffer("scale", None)
        self.register_buffer("shift", None)
        if norm is not None:
            scale = np.array(norm.gamma) / np.sqrt(np.array(norm.moving_variance) + norm.epsilon)
            shift = np.array(norm.beta) - np.array(norm.moving_mean) * scale
            self.scale = torch.tensor(scale[:, None, None, None])
            self.shift = torch.tensor(shift)

    def forward(self, x: Tensor) -> Tensor:
        weight, bias, padding = self.weight, self.bias, 0
        if self.scale is not None:
            weight = weight * self.scale
            bias = self.shift if bias is None else bias * self.scale.flatten() + self.shift
        if self.same:
            sides = [_missing(side, kernel, self.stride) for side, kernel in zip(x.shape[2:], weight.shape[2:])]  # noqa: B905
            if all(side % 2 == 0 for side in sides) and sides[0] == sides[1]:
                padding = sides[0] // 2
            else:  # Keras puts the odd row below and the odd column on the right
                (down, right), (top, left) = sides, (side // 2 for side in sides)
                x = functional.pad(x, (left, right - left, top, down - top))
        return functional.conv2d(x, weight, bias, self.stride, padding, 1, self.groups)

    def write_back(self, model: Any) -> None:
        layer = model.get_layer(self.name)
        weight = self.weight.detach().numpy()
        if self.depthwise:
            wide = tuple(layer.kernel.shape)
            layer.kernel.assign(weight.reshape(wide[2], wide[3], *wide[:2]).transpose(2, 3, 0, 1))
        else:
            layer.kernel.assign(weight.transpose(2, 3, 1, 0))
        if self.bias is not None:
            layer.bias.assign(self.bias.detach().numpy())


class Norm(nn.Module):  # type: ignore[misc]
    """A batch norm by itself: with learnt statistics, or behind something that is no convolution."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.name, self.epsilon = layer.name, layer.epsilon
        self.fixed = not layer.trainable
        self.gamma, self.beta = (_parameter(v, trained=layer.trainable) for v in (layer.gamma, layer.beta))
        self.register_buffer("mean", torch.tensor(np.array(layer.moving_mean)))
        self.register_buffer("variance", torch.tensor(np.array(layer.moving_variance)))

    def forward(self, x: Tensor) -> Tensor:
        learning = self.training and not self.fixed
        return functional.batch_norm(
            x, self.mean, self.variance, self.gamma, self.beta, learning, momentum=0.05, eps=self.epsilon
        )

    def write_back(self, model: Any) -> None:
        layer = model.get_layer(self.name)
        pairs = ("gamma", self.gamma), ("beta", self.beta), ("moving_mean", self.mean)
        for name, values in (*pairs, ("moving_variance", self.variance)):
            getattr(layer, name).assign(values.detach().numpy())


class Dense(nn.Module):  # type: ignore[misc]
    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.name = layer.name
        self.weight = _parameter(np.array(layer.kernel).T, trained=layer.trainable)
        self.bias = _parameter(layer.bias, trained=layer.trainable) if layer.use_bias else None

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, self.bias)

    def write_back(self, model: Any) -> None:
        layer = model.get_layer(self.name)
        layer.kernel.assign(self.weight.detach().numpy().T)
        if self.bias is not None:
            layer.bias.assign(self.bias.detach().numpy())


WITH_WEIGHTS: dict[str, Callable[[Layer], nn.Module]] = {
    "Conv2D": Convolution,
    "DepthwiseConv2D": Convolution,
    "BatchNormalization": Norm,
    "Dense": Dense,
}
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x,
    "relu": functional.relu,
    "relu6": functional.relu6,
    "sigmoid": torch.sigmoid,
}


def _relu(layer: Layer, _: nn.Module) -> Callable[..., Tensor]:
    if layer.max_value is not None and float(layer.max_value) == 6.0:
        return functional.relu6
    return functional.relu


def _zeros(layer: Layer, _: nn.Module) -> Callable[..., Tensor]:
    (top, bottom), (left, right) = layer.padding
    return lambda x: functional.pad(x, (left, right, top, bottom))


WITHOUT_WEIGHTS: dict[str, Callable[[Layer, nn.Module], Callable[..., Tensor]]] = {
    "ReLU": _relu,
    "Activation": lambda layer, _: ACTIVATIONS[layer.activation.__name__],
    "Add": lambda layer, _: torch.add,
    "ZeroPadding2D": _zeros,
    "GlobalAveragePooling2D": lambda layer, _: lambda x: x.mean((2, 3)),
    "Dropout": lambda layer, network: lambda x: functional.dropout(x, layer.rate, network.training),
}


def _origin(tensor: Any) -> tuple[Layer, list[Any]]:
    """The layer that makes a tensor, and the tensors that it takes."""
    history = tensor._keras_history
    return history.operation, list(history.operation._inbound_nodes[history.node_index].input_tensors)


def _is_conv(layer: Layer) -> bool:
    return WITH_WEIGHTS.get(type(layer).__name__) is Convolution and layer.activation.__name__ == "linear"


def _then(part: nn.Module, layer: Layer) -> Any:
    name = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if name == "linear":
        return part
    return lambda x: ACTIVATIONS[name](part(x))


def _missing(side: int, kernel: int, stride: int) -> int:
    """How many rows or columns “same” adds."""
    return max(0, (-(-side // stride) - 1) * stride + kernel - side)


def _parameter(values: Any, *, trained: bool = True) -> nn.Parameter:
    return nn.Parameter(torch.tensor(np.array(values)), requires_grad=trained)
