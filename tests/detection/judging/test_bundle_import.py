"""Models as they are found in the field come in as bundles; what is dangerous or broken stays outside."""

import json
import pickle
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from django.core.management import CommandError, call_command
from onnx import TensorProto, helper, numpy_helper

import detection
from detection import Outcome, networks
from detection import bundle as bundles
from detection.runtime import Runner

from . import faking, films


def add(source: Path, root: Path, **options: Any) -> str:
    out = StringIO()
    call_command("add_bundle", source, name="theirs", bundles=root, stdout=out, **options)
    return out.getvalue()


def tells_them_apart(root: Path) -> bool:
    pictures, labels = faking.samples(16, seed=31)
    scores = Runner(bundles.read_bundle(root / "theirs")).raw(pictures)["score"]
    return bool(scores[labels[:, 0] == 1].min() > scores[labels[:, 0] == 0].max())


def fitted(model: Any, scaled: np.ndarray, labels: np.ndarray, rate: float = 4e-3) -> Any:
    import keras

    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy")
    model.fit(scaled, labels, batch_size=16, epochs=14, verbose=0)
    return model


@pytest.fixture(scope="module")
def learning() -> tuple[np.ndarray, np.ndarray]:
    return faking.samples(160, seed=1)


def test_an_image_classifier_whose_high_score_is_real(learning: Any, tmp_path: Path) -> None:
    """A MobileNet over whole pictures, "score > 0.7 is real": polarity and cut are turned round."""
    import keras

    keras.utils.set_random_seed(3)
    model = fitted(networks.image_network(64, "tiny", dropout=0), learning[0] / 127.5 - 1, 1 - learning[1])
    model.save(tmp_path / "theirs.keras")
    said = add(
        tmp_path / "theirs.keras", tmp_path / "b", scaling="-1..1", looks_at="face", margin=0.2, fake_is=0, cut=0.7
    )
    assert "Added theirs/1, run by onnx." in said
    bundle = bundles.read_bundle(tmp_path / "b" / "theirs")
    assert bundle.cuts.manipulated_above == pytest.approx(0.3)
    assert bundle.files.keys() == {"model.keras", "model.onnx"}
    assert not bundle.calibration.fitted
    card = (tmp_path / "b" / "theirs" / "CARD.md").read_text()
    assert "Not calibrated" in card
    assert "None were measured here." in card
    assert tells_them_apart(tmp_path / "b")


def test_a_legacy_h5_whose_high_score_is_fake(learning: Any, tmp_path: Path) -> None:
    """A Keras 2 way of saving, 0…1 scaling, "> 0.5 is fake"."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((64, 64, 3)),
            layers.Conv2D(12, 3, 2, activation="relu"),
            layers.BatchNormalization(momentum=0.8),
            layers.Conv2D(16, 3, 2, activation="relu"),
            layers.BatchNormalization(momentum=0.8),
            layers.Conv2D(24, 3, 2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    fitted(model, learning[0] / 255, learning[1])
    model.save(tmp_path / "theirs.h5")
    add(tmp_path / "theirs.h5", tmp_path / "b", margin=0.2, cut=0.5)
    assert bundles.read_bundle(tmp_path / "b" / "theirs").cuts == bundles.Thresholds(0.5, 0.5)
    assert tells_them_apart(tmp_path / "b")


def torch_like(path: Path, model: Any) -> Path:
    """What a PyTorch CNN over face crops looks like when it is exported: NCHW, two logits, ImageNet's scaling."""
    networks.export(model, path)
    graph = onnx.load(path)
    own = graph.graph.input[0].name
    graph.graph.node.insert(0, helper.make_node("Transpose", ["input_nchw"], [own], perm=[0, 2, 3, 1]))
    del graph.graph.input[:]
    graph.graph.input.append(helper.make_tensor_value_info("input_nchw", TensorProto.FLOAT, ["batch", 3, 64, 64]))
    score = graph.graph.output[0].name
    graph.graph.initializer.append(numpy_helper.from_array(np.float32(1), "one"))
    graph.graph.initializer.append(numpy_helper.from_array(np.float32(1e-6), "least"))
    graph.graph.node.extend(
        [
            helper.make_node("Sub", ["one", score], ["rest"]),
            helper.make_node("Concat", [score, "rest"], ["both"], axis=1),
            helper.make_node("Max", ["both", "least"], ["held"]),
            helper.make_node("Log", ["held"], ["logits"]),
        ]
    )
    del graph.graph.output[:]
    graph.graph.output.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2]))
    path.write_bytes(graph.SerializeToString())
    return path


def test_an_onnx_export_with_two_logits_and_channels_first(learning: Any, tmp_path: Path) -> None:
    import keras

    from detection import crops

    keras.utils.set_random_seed(3)
    scaled = crops.normalise(learning[0], "imagenet", "rgb")
    model = fitted(networks.image_network(64, "tiny", dropout=0), scaled, learning[1])
    add(torch_like(tmp_path / "cnn.onnx", model), tmp_path / "b", scaling="imagenet", margin=0.2, fake_is=0)
    bundle = bundles.read_bundle(tmp_path / "b" / "theirs")
    assert (bundle.layout, bundle.output, bundle.size) == ("nchw", "logits", 64)
    assert tells_them_apart(tmp_path / "b")


def test_a_residual_network_over_whole_pictures_as_a_saved_model(tmp_path: Path) -> None:
    """A ResNet's shape, softmax over two classes. Its weights are chance's: here only shapes matter."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    given = keras.Input((64, 64, 3))
    x = layers.Conv2D(8, 7, 2, padding="same", activation="relu")(layers.Rescaling(1 / 128)(given))
    x = layers.Add()([x, layers.Conv2D(8, 3, padding="same", activation="relu")(x)])
    x = layers.GlobalAveragePooling2D()(layers.BatchNormalization()(x))
    model = keras.Model(given, layers.Dense(2, activation="softmax")(x))
    model.export(tmp_path / "saved", verbose=False)
    add(tmp_path / "saved", tmp_path / "b", scaling="caffe", colours="bgr", looks_at="whole", size=64)
    bundle = bundles.read_bundle(tmp_path / "b" / "theirs")
    assert (bundle.output, bundle.looks_at, bundle.runtime) == ("softmax", "whole", "onnx")
    path = films.film(tmp_path / "v.mp4", films.portrait(1))
    finding = detection.inspect(path, bundles=tmp_path / "b")
    assert finding.bundles[0].status == "ran"
    assert finding.score is not None
    assert finding.deciding_face is None


def test_embeddings_of_frames_with_an_lstm_over_them(learning: Any, tmp_path: Path, model: Any) -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(4)
    embed = networks.embedding_of(model)
    given = embed.predict(learning[0] / 127.5 - 1, verbose=0)
    fakes, reals = given[learning[1][:, 0] == 1], given[learning[1][:, 0] == 0]
    films_ = np.concatenate([fakes[:76].reshape(19, 4, -1), reals[:76].reshape(19, 4, -1)])
    answers = np.array([1.0] * 19 + [0.0] * 19)[:, None]
    lstm = keras.Sequential([keras.Input((4, 32)), layers.LSTM(8), layers.Dense(1, activation="sigmoid")])
    lstm.compile(keras.optimizers.Adam(0.02), "binary_crossentropy")
    lstm.fit(films_, answers, epochs=40, verbose=0)
    lstm.save(tmp_path / "lstm.keras")
    embed.save(tmp_path / "embed.keras")
    add(
        tmp_path / "lstm.keras", tmp_path / "b", kind="video", embedder=tmp_path / "embed.keras",
        scaling="-1..1", margin=0.2,
    )  # fmt: skip
    bundle = bundles.read_bundle(tmp_path / "b" / "theirs")
    assert (bundle.kind, bundle.frames) == ("video", 4)
    fake = detection.inspect(films.film(tmp_path / "f.mp4", films.portrait(3, (0, 3))), bundles=tmp_path / "b")
    real = detection.inspect(films.film(tmp_path / "r.mp4", films.portrait(3)), bundles=tmp_path / "b")
    assert fake.score is not None
    assert real.score is not None
    assert fake.score > 0.6 > 0.4 > real.score
    still = detection.inspect(films.film(tmp_path / "one.mp4", list(films.portrait(1))[:1]), bundles=tmp_path / "b")
    assert still.outcome is Outcome.NOT_APPLICABLE
    assert {reason.code for reason in still.reasons} == {detection.Code.TOO_FEW_FRAMES}


def flat(path: Path) -> Path:
    import keras
    from keras import layers

    given = keras.Input((64, 64, 3))
    x = layers.Dense(1, activation="sigmoid", kernel_initializer="zeros")(layers.GlobalAveragePooling2D()(given))
    keras.Model(given, x).save(path)
    return path


def with_lambda(path: Path) -> Path:
    import keras
    from keras import layers

    given = keras.Input((64, 64, 3))
    x = layers.Lambda(lambda pixels: pixels * 2)(given)
    x = layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling2D()(x))
    keras.Model(given, x).save(path)
    return path


def pickled(path: Path) -> Path:
    path.write_bytes(pickle.dumps({"weights": [1, 2, 3]}))
    return path


def many_classes(path: Path) -> Path:
    import keras
    from keras import layers

    given = keras.Input((64, 64, 3))
    keras.Model(given, layers.Dense(5)(layers.GlobalAveragePooling2D()(given))).save(path)
    return path


def oblong(path: Path) -> Path:
    import keras
    from keras import layers

    given = keras.Input((64, 96, 3))
    keras.Model(given, layers.Dense(1)(layers.GlobalAveragePooling2D()(given))).save(path)
    return path


def rubbish(path: Path) -> Path:
    path.write_bytes(b"\x00" * 2000)
    return path


@pytest.mark.parametrize(
    ("make", "name", "said"),
    [
        (flat, "flat.keras", "same score to every picture"),
        (with_lambda, "code.keras", "contains code"),
        (with_lambda, "code.h5", "contains code"),
        (pickled, "model.pth", "may run code"),
        (pickled, "model.pkl", "may run code"),
        (many_classes, "five.keras", "5 numbers"),
        (oblong, "oblong.keras", "square"),
        (rubbish, "rubbish.onnx", "not a valid ONNX graph"),
        (rubbish, "rubbish.h5", "only weights, not a complete model"),
        (rubbish, "rubbish.keras", "only weights, not a complete model"),
        (rubbish, "rubbish.txt", "not a model that can be read"),
        (lambda path: path.mkdir(), "folder", "not a SavedModel"),
        (lambda path: None, "missing.keras", "no file"),
    ],
)
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_what_is_dangerous_or_broken_stays_outside(
    make: Callable[[Path], Any], name: str, said: str, tmp_path: Path
) -> None:
    make(tmp_path / name)
    with pytest.raises(CommandError, match=said):
        add(tmp_path / name, tmp_path / "b")
    assert list((tmp_path / "b").iterdir()) == [], "nothing is left behind"


def test_a_name_is_taken_once_unless_one_insists(weights: Path, tmp_path: Path) -> None:
    options = {"scaling": "-1..1", "margin": 0.2}
    add(weights / "model.onnx", tmp_path / "b", **options)
    with pytest.raises(CommandError, match="already"):
        add(weights / "model.onnx", tmp_path / "b", **options)
    add(weights / "model.onnx", tmp_path / "b", replace=True, release="2", **options)
    assert json.loads((tmp_path / "b" / "theirs" / "bundle.json").read_text())["version"] == "2"
