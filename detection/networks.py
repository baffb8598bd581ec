"""The networks themselves, in Keras 3: small enough for a CPU, and made so that they can be explained.

Keras takes seconds to import. Training and the import of somebody's model need it; ordinary service does not.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import layers

from . import efficientnet_lite
from .errors import BadBundle

Model: TypeAlias = Any  # Keras has no types


def image_network(size: int = 224, backbone: str = "mobilenetv2", *, kinds: int = 0, dropout: float = 0.2) -> Model:
    """A face crop, scaled to -1…1, to P(manipulated). One dense unit over a mean: its class map is exact."""
    inputs = keras.Input((size, size, 3), name="crop")
    return _with_heads(inputs, _features(inputs, size, backbone), kinds, dropout, f"image_{backbone}")


def residual_network(size: int = 128, *, width: int = 32, kinds: int = 0) -> Model:
    """A window of unresized pixels, scaled to -1…1: only what is left when the picture itself is filtered away."""
    inputs = keras.Input((size, size, 3), name="window")
    filters = _high_pass()
    sieve = layers.DepthwiseConv2D(
        5, padding="same", depth_multiplier=filters.shape[-1], use_bias=False, trainable=False, name="high_pass"
    )
    x = sieve(inputs)
    sieve.set_weights([np.repeat(filters[:, :, None, :], 3, axis=2)])
    for step, channels in enumerate((width, width * 2, width * 3, width * 4)):
        x = _block(x, channels, f"block{step}", strides=1 if step == 0 else 2)
        x = _residual(x, channels, f"block{step}b")
    return _with_heads(inputs, x, kinds, 0.2, "residual")


def temporal_head(frames: int = 8, width: int = 1280, *, units: int = 64) -> Model:
    """Embeddings of one track's frames, in order, to P(manipulated). Unrolled: any runtime can then run it."""
    inputs = keras.Input((frames, width), name="embeddings")
    x = layers.LayerNormalization()(inputs)
    x = layers.Dense(units * 2, activation="relu")(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Bidirectional(layers.LSTM(units, return_sequences=True, unroll=True))(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid", name="score")(x), name="temporal")


def autoencoder(way: str, width: int = 16, code: int = 12) -> Model:
    """Pictures of any size, scaled to -1…1, through a quarter of their numbers and back, enlarged twice in one way."""
    inputs = keras.Input((None, None, 3), name="picture")
    x = layers.Conv2D(width, 5, 2, padding="same", activation="relu")(inputs)
    x = layers.Conv2D(width * 2, 3, 2, padding="same", activation="relu")(x)
    x = layers.Conv2D(code, 3, padding="same")(x)
    x = layers.Conv2D(width * 2, 3, padding="same", activation="relu")(x)
    x = _upsampled(x, width * 2, way)
    x = _upsampled(x, width, way)
    return keras.Model(inputs, layers.Conv2D(3, 3, padding="same", name="drawn")(x), name=f"autoencoder_{way}")


def _upsampled(x: Any, channels: int, way: str) -> Any:
    """Twice the size, as decoders do it."""
    if way == "transposed":
        return layers.Conv2DTranspose(channels, 3, 2, padding="same", activation="relu")(x)
    if way == "shuffle":
        x = layers.Conv2D(channels * 4, 3, padding="same", activation="relu")(x)
        return PixelShuffle()(x)
    x = layers.UpSampling2D()(x)
    if way == "bilinear":  # of a size that is not known before: copies, then a mean over neighbours
        mean = layers.DepthwiseConv2D(3, padding="same", use_bias=False, trainable=False)
        x = mean(x)
        mean.set_weights(
            [np.broadcast_to(np.outer([1, 2, 1], [1, 2, 1])[..., None, None] / 16, (3, 3, x.shape[-1], 1))]
        )
    return layers.Conv2D(channels, 3, padding="same", activation="relu")(x)


class PixelShuffle(layers.Layer):  # type: ignore[misc]
    """Four channels become the four pixels of a square."""

    def call(self, x: Any) -> Any:
        _, height, width, channels = keras.ops.shape(x)
        x = keras.ops.reshape(x, (-1, height, width, 2, 2, channels // 4))
        return keras.ops.reshape(keras.ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, height * 2, width * 2, channels // 4))

    def compute_output_shape(self, shape: Any) -> Any:
        batch, height, width, channels = shape
        return batch, height and height * 2, width and width * 2, channels // 4


def with_localisation_head(model: Model, *, least: int = 8) -> Model:
    """The same network with one more output, by which it is taught to tell where a crop is fake.

    It hangs on the deepest layer that still has so many cells across: what lies below learns to see seams and textures
    at their place, and not only that there is one somewhere.
    """
    deep = [
        node.outputs[0]
        for layer in model.layers
        if isinstance(layer, layers.ReLU | layers.Activation)
        for node in layer._inbound_nodes[-1:]
        if len(node.outputs[0].shape) == 4 and node.outputs[0].shape[1] >= least
    ]
    where = layers.Conv2D(1, 1, activation="sigmoid", name="where")(layers.Dropout(0.1)(deep[-1]))
    return keras.Model(model.inputs[0], [*model.outputs, where], name=model.name)


def embedding_of(model: Model) -> Model:
    """The network up to what its last unit looks at: what a temporal head is fed with."""
    dense = _score_layer(model)
    if dense is None:
        raise BadBundle("This network has no single layer before its answer that could serve as an embedding.")
    source = dense.input._keras_history.operation
    if isinstance(source, layers.Dropout):
        source = source.input._keras_history.operation
    return keras.Model(model.inputs[0], source.output, name="embedding")


def with_class_map(model: Model) -> Model | None:
    """The same network with two further outputs: class map (`cam`) and embedding. None where its shape has none."""
    dense = _score_layer(model)
    if dense is None or dense.kernel.shape[-1] > 2:
        return None
    pooled = dense.input._keras_history.operation
    if isinstance(pooled, layers.Dropout):
        pooled = pooled.input._keras_history.operation
    if not isinstance(pooled, layers.GlobalAveragePooling2D):
        return None
    kernel = np.asarray(dense.kernel)
    weights = kernel[:, 1:] - kernel[:, :1] if kernel.shape[-1] == 2 else kernel
    look = layers.Conv2D(1, 1, use_bias=False, name="cam")
    cam = look(pooled.input)
    look.set_weights([weights[None, None]])
    outputs = {**dict(zip(_names(model), model.outputs, strict=True)), "cam": cam, "embedding": pooled.output}
    return keras.Model(model.inputs[0], outputs)


def load(path: Path) -> Model:
    """Weights and graph from a `.keras` or `.h5` file, in safe mode: no pickle, no Lambda, no code of its own."""
    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    if isinstance(model, keras.Sequential):  # it has no graph before it is called
        model = keras.Model(model.inputs[0], model.outputs[0])
    return model


def export(model: Model, path: Path) -> tuple[str, ...]:
    """Write the network as ONNX, with its evidence where it has any; the names of the outputs, the score's first."""
    import onnx

    evident = with_class_map(model) or model
    names = list(evident.output) if isinstance(evident.output, dict) else _names(model)
    plain = keras.Model(evident.inputs[0], [evident.output[n] for n in names]) if evident is not model else model
    export_plain(plain, path)
    graph = onnx.load(path)
    for output, name in zip(list(graph.graph.output), names, strict=True):
        _rename(graph.graph, output.name, name)
    _rename(graph.graph, graph.graph.input[0].name, "input")
    graph.doc_string = graph.producer_version = ""
    path.write_bytes(graph.SerializeToString(deterministic=True))
    return tuple(names)


def export_plain(model: Model, path: Path) -> None:
    """As ONNX, as it is. Keras wants a model to have been called once."""
    model(np.zeros((1, *(side or 64 for side in model.inputs[0].shape[1:])), np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # Keras asks NumPy for a name that it gave up
        model.export(path, format="onnx", verbose=False)


def _rename(graph: Any, old: str, new: str) -> None:
    for value in (*graph.input, *graph.output):
        if value.name == old:
            value.name = new
    for node in graph.node:
        for names in (node.input, node.output):
            for at, name in enumerate(names):
                if name == old:
                    names[at] = new


def _names(model: Model) -> list[str]:
    heads = [output._keras_history.operation.name for output in model.outputs]
    return ["score", *heads[1:]]


def _features(inputs: Any, size: int, backbone: str) -> Any:
    if backbone not in BACKBONES:
        raise ValueError(f"{backbone!r} is none of {', '.join(BACKBONES)}")
    return BACKBONES[backbone](inputs, size)


def _of_keras(application: str) -> Callable[[Any, int], Any]:
    def features(inputs: Any, size: int) -> Any:
        backbone = getattr(keras.applications, application)(
            include_top=False, weights=None, input_shape=(size, size, 3)
        )
        return _rebuilt_on(backbone, inputs)

    return features


def _tiny(inputs: Any, size: int) -> Any:
    x = inputs
    for step, channels in enumerate((12, 16, 24, 32)):
        x = _block(x, channels, f"block{step}", strides=2 if step < 3 else 1)
    return x


def _efficientnet_lite(name: str) -> Callable[[Any, int], Any]:
    return lambda inputs, size: efficientnet_lite.features(inputs, name)


# What an image network looks with, by name: from its input and the side of that in pixels to its last feature maps.
BACKBONES: dict[str, Callable[[Any, int], Any]] = {
    "mobilenetv2": _of_keras("MobileNetV2"),
    "resnet50": _of_keras("ResNet50"),
    "tiny": _tiny,
    **{name: _efficientnet_lite(name) for name in efficientnet_lite.WIDTH_AND_DEPTH},
}


def _on_backbone(name: str) -> Callable[[int, int, int], Model]:
    return lambda size, width, kinds: image_network(size, name, kinds=kinds)


# What a plan can name: from the side of a crop, the width and the number of kinds to a network. A backbone ignores the
# width.
NETWORKS: dict[str, Callable[[int, int, int], Model]] = {
    **{name: _on_backbone(name) for name in BACKBONES},
    "residual": lambda size, width, kinds: residual_network(size, width=width, kinds=kinds),
}


def _rebuilt_on(model: Model, inputs: Any) -> Any:
    """The model's layers on another input, so that the whole is one flat graph and its insides stay in reach."""
    tensors = {id(model.inputs[0]): inputs}

    def rebuild(tensor: Any) -> Any:
        if id(tensor) not in tensors:
            history = tensor._keras_history
            node = history.operation._inbound_nodes[history.node_index]
            args = [rebuild(t) for t in node.input_tensors]
            tensors[id(tensor)] = history.operation(args if len(args) > 1 else args[0])
        return tensors[id(tensor)]

    return rebuild(model.outputs[0])


def _with_heads(inputs: Any, features: Any, kinds: int, dropout: float, name: str) -> Model:
    x = layers.GlobalAveragePooling2D(name="pooled")(features)
    x = layers.Dropout(dropout)(x)
    outputs = [layers.Dense(1, activation="sigmoid", name="score")(x)]
    if kinds:
        outputs.append(layers.Dense(kinds, activation="softmax", name="kinds")(x))
    return keras.Model(inputs, outputs if kinds else outputs[0], name=name)


def _block(x: Any, channels: int, name: str, *, strides: int = 1) -> Any:
    x = layers.Conv2D(channels, 3, strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _residual(x: Any, channels: int, name: str) -> Any:
    y = _block(x, channels, f"{name}_in")
    y = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv")(y)
    y = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(y)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))


def _high_pass() -> Any:
    """Six filters that answer 0 to any even surface: differences of first and second order, and a fine Laplacian."""
    first, second = np.zeros((5, 5)), np.zeros((5, 5))
    first[2, 2:4] = (-1, 1)
    second[2, 1:4] = (1, -2, 1)
    square = np.zeros((5, 5))
    square[1:4, 1:4] = np.array([[-1, 2, -1], [2, -4, 2], [-1, 2, -1]]) / 4
    wide = np.array([[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]])
    filters = [first * 4, first.T * 4, second * 4, second.T * 4, square * 4, wide / 3]
    return np.stack(filters, -1).astype(np.float32)


def _score_layer(model: Model) -> Any:
    """The dense layer of the score, with its activation inside or right behind it."""
    layer = model.outputs[0]._keras_history.operation
    if isinstance(layer, layers.Activation | layers.Softmax):
        layer = layer.input._keras_history.operation
    return layer if isinstance(layer, layers.Dense) else None
