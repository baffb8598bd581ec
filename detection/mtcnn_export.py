"""MTCNN's three networks as ONNX graphs, built from the weights in the `mtcnn` package (MIT).

Only the command that writes detection/weights uses it. It needs the packages `mtcnn` and `onnx`.
"""

from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

NETS = ("pnet", "rnet", "onet")
FOLDER = Path(__file__).parent / "weights"


def export_networks(folder: Path = FOLDER) -> list[Path]:
    import joblib
    import onnx

    written = []
    for name in NETS:
        with resources.as_file(resources.files("mtcnn.assets.weights") / f"{name}.lz4") as packed:
            weights = [np.asarray(w, np.float32) for w in joblib.load(packed)]
        model = _GraphBuilder(weights).finish(name)
        onnx.checker.check_model(model)
        path = folder / f"{name}.onnx"
        path.write_bytes(model.SerializeToString())
        written.append(path)
    return written


def for_browsers(folder: Path = FOLDER) -> bytes:
    """The weights of the smallest network as 32-bit floats: filters, bias and slope of each layer."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(folder / "pnet.onnx")).graph
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    used = [name for node in graph.node for name in node.input if name in arrays]
    return b"".join(arrays[name].astype("<f4").tobytes() for name in used)


class _GraphBuilder:
    """Builds a graph node by node. Weights are taken in the order in which Keras stores them."""

    def __init__(self, weights: list[Any]) -> None:
        self.weights, self.at = list(weights), "input"
        self.nodes: list[Any] = []
        self.initial: list[Any] = []

    def finish(self, name: str) -> Any:
        from onnx import TensorProto, helper

        outputs = {"pnet": self._pnet, "rnet": self._rnet, "onet": self._onet}[name]()
        assert not self.weights, f"{name}: {len(self.weights)} arrays left over"
        side: Any = {"pnet": ("height", "width"), "rnet": (24, 24), "onet": (48, 48)}[name]
        rest = ["a", "b", "c"] if name == "pnet" else ["a"]
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, *side])],
            [helper.make_tensor_value_info(o, TensorProto.FLOAT, ["batch", *rest]) for o in outputs],
            self.initial,
        )
        opset = helper.make_opsetid("", 13)
        # An earlier name of this module. A new name would change the digests of the files.
        model = helper.make_model(graph, opset_imports=[opset], producer_name="detection.facenets")
        model.ir_version = 8
        return model

    def _pnet(self) -> list[str]:
        self._conv()._prelu()._pool(2, "SAME_UPPER")._conv()._prelu()._conv()._prelu()
        trunk = self.at
        boxes = self._conv().at
        self.at = trunk
        return [boxes, self._conv()._node("Softmax", axis=1).at]

    def _rnet(self) -> list[str]:
        self._conv()._prelu()._pool(3, "SAME_UPPER")._conv()._prelu()._pool(3, "VALID")._conv()._prelu()
        return self._heads(1)

    def _onet(self) -> list[str]:
        self._conv()._prelu()._pool(3, "SAME_UPPER")._conv()._prelu()._pool(3, "VALID")
        self._conv()._prelu()._pool(2, "SAME_UPPER")._conv()._prelu()
        return self._heads(2)

    def _heads(self, linear: int) -> list[str]:
        # The original was trained in Caffe, in column-major order.
        self._node("Transpose", perm=[0, 3, 2, 1])._node("Flatten", axis=1)._dense()._prelu(flat=True)
        trunk, outputs = self.at, []
        for _ in range(linear):
            self.at = trunk
            outputs.append(self._dense().at)
        self.at = trunk
        return [*outputs, self._dense()._node("Softmax", axis=1).at]

    def _conv(self) -> "_GraphBuilder":
        kernel, bias = self.weights.pop(0), self.weights.pop(0)
        return self._node("Conv", kernel.transpose(3, 2, 0, 1), bias)

    def _prelu(self, flat: bool = False) -> "_GraphBuilder":
        slope = self.weights.pop(0).reshape(-1)
        return self._node("PRelu", slope if flat else slope.reshape(-1, 1, 1))

    def _dense(self) -> "_GraphBuilder":
        kernel, bias = self.weights.pop(0), self.weights.pop(0)
        return self._node("Gemm", kernel, bias)

    def _pool(self, size: int, pad: str) -> "_GraphBuilder":
        return self._node("MaxPool", kernel_shape=[size, size], strides=[2, 2], auto_pad=pad)

    def _node(self, kind: str, *arrays: Any, **attributes: Any) -> "_GraphBuilder":
        from onnx import helper, numpy_helper

        out, names = f"{kind.lower()}_{len(self.nodes)}", [self.at]
        for number, array in enumerate(arrays):
            names.append(f"{out}_w{number}")
            self.initial.append(numpy_helper.from_array(np.ascontiguousarray(array), names[-1]))
        self.nodes.append(helper.make_node(kind, names, [out], name=out, **attributes))
        self.at = out
        return self
