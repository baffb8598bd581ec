import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from onnx import TensorProto, helper, numpy_helper

from accounts.models import User
from scans.models import Scan
from scans.uploads import intake

from ..detection import files


@pytest.fixture(autouse=True)
def own_media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.BUNDLES_DIR = tmp_path / "bundles"
    return tmp_path / "media"


def bundle(folder: Path, name: str = "bright", weight: float = 8.0) -> Path:
    """A real network, if a simple one: the brighter a face, the higher its score."""
    where = folder / name
    where.mkdir(parents=True)
    nodes = [
        helper.make_node("ReduceMean", ["input"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "last"], ["column"]),
        helper.make_node("Sub", ["column", "middle"], ["off"]),
        helper.make_node("Mul", ["off", "weight"], ["odds"]),
        helper.make_node("Sigmoid", ["odds"], ["score"]),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 32, 32, 3])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n", 1])],
        [
            numpy_helper.from_array(np.float32(0.4), "middle"),
            numpy_helper.from_array(np.float32(weight), "weight"),
            numpy_helper.from_array(np.array([1], np.int64), "last"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    content = model.SerializeToString()
    (where / "model.onnx").write_bytes(content)
    card = {
        "format": 1,
        "name": name,
        "version": "1",
        "kind": "image",
        "input": {"size": 32, "scaling": "0..1", "margin": 0.1},
        "output": {"is": "probability", "fake_is": 1},
        "calibration": {"a": 1.0, "b": 0.0},
        "cuts": {"little_below": 0.35, "manipulated_above": 0.8},
        "weights": {"model.onnx": hashlib.sha256(content).hexdigest()},
    }
    (where / "bundle.json").write_text(json.dumps(card))
    return folder


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    return bundle(tmp_path / "bundles")


def portrait(side: int = 400) -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(files.ASTRONAUT).resize((side, side)).save(out, "JPEG", quality=90)
    return out.getvalue()


@pytest.fixture
def upload(uploader: User, django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., Scan]:
    """Hand a file in, and let what was sent after the commit happen."""

    def hand_in(content: bytes | None = None, *, owner: User = uploader, run: bool = True, **options: Any) -> Scan:
        file = ContentFile(portrait() if content is None else content, name=options.pop("name", "me.jpg"))
        with django_capture_on_commit_callbacks(execute=run):
            scan = intake.submit(owner, file, **options)
        return Scan.objects.get(pk=scan.pk)

    return hand_in
