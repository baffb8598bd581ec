"""Faces are drawn through the auto-encoder as its publishers built it; fakes of them differ by nothing else."""

import io
import json
import shutil
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from django.core.management import CommandError, call_command

from detection import bundle as bundles
from detection.training import face_dataset, image, reconstructions, samples, tiny_autoencoder
from detection.training.face_dataset import FaceCrop, TrainingError, read_faces
from detection.training.samples import REAL, FacePool, Recipe
from detection.training.tiny_autoencoder import TinyAutoencoder

CHANNELS, LATENTS = 8, 4


def random_weights(plan: list[str], first: int, last: int) -> dict[str, Any]:
    """A small network of the same build."""
    chance = np.random.default_rng(3)
    weights: dict[str, Any] = {}

    def conv(name: str, incoming: int, outgoing: int, kernel: int = 3, *, bias: bool = True) -> None:
        spread = np.sqrt(1 / (incoming * kernel * kernel))
        weights[f"{name}.weight"] = chance.normal(0, spread, (outgoing, incoming, kernel, kernel)).astype(np.float16)
        if bias:
            weights[f"{name}.bias"] = chance.normal(0, 0.1, outgoing).astype(np.float16)

    convs = [number for number, layer in enumerate(plan) if "conv" in layer]
    for number, layer in enumerate(plan):
        if "block" in layer:
            for part in (0, 2, 4):
                conv(f"{number}.conv.{part}", CHANNELS, CHANNELS)
        if layer == "pooled block":
            conv(f"{number}.pool.0", CHANNELS, 4 * CHANNELS, 1, bias=False)
            weights[f"{number}.pool.1.weight"] = chance.uniform(0.5, 1.5, 4 * CHANNELS).astype(np.float16)
            weights[f"{number}.pool.1.bias"] = chance.normal(0, 0.1, 4 * CHANNELS).astype(np.float16)
            conv(f"{number}.pool.3", 4 * CHANNELS, CHANNELS, 1, bias=False)
        if number in convs:
            incoming = first if number == convs[0] else CHANNELS
            outgoing = last if number == convs[-1] else CHANNELS
            conv(str(number), incoming, outgoing, bias=number in (convs[0], convs[-1]))
    return weights


def write_safetensors(path: Path, weights: dict[str, Any]) -> None:
    header, stored = {}, b""
    for name, values in weights.items():
        end = len(stored) + values.nbytes
        header[name] = {"dtype": "F16", "shape": list(values.shape), "data_offsets": [len(stored), end]}
        stored += values.tobytes()
    encoded = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + stored)


@pytest.fixture(scope="module")
def taef2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("autoencoder")
    encoder = random_weights(tiny_autoencoder.ENCODER, 3, LATENTS)
    write_safetensors(made / "taef2_encoder.safetensors", encoder)
    decoder = random_weights(tiny_autoencoder.DECODER, LATENTS, 3)
    write_safetensors(made / "taef2_decoder.safetensors", decoder)
    return made


def test_it_draws_what_the_same_layers_draw_in_pytorch(taef2: Path) -> None:
    torch = pytest.importorskip("torch", reason="it is compared with PyTorch's layers")
    functional = torch.nn.functional

    def block(x: Any, of: dict[str, Any], number: int) -> Any:
        if f"{number}.pool.0.weight" in of:
            y = functional.conv2d(x, of[f"{number}.pool.0.weight"])
            y = functional.group_norm(y, 4, of[f"{number}.pool.1.weight"], of[f"{number}.pool.1.bias"])
            x = x + functional.conv2d(functional.relu(y), of[f"{number}.pool.3.weight"])
        y = x
        for part in (0, 2, 4):
            weight, bias = (of[f"{number}.conv.{part}.{which}"] for which in ("weight", "bias"))
            y = functional.conv2d(y, weight, bias, padding=1)
            y = functional.relu(y) if part < 4 else y
        return functional.relu(y + x)

    def conv(x: Any, of: dict[str, Any], number: int, stride: int = 1) -> Any:
        return functional.conv2d(x, of[f"{number}.weight"], of.get(f"{number}.bias"), padding=1, stride=stride)

    encoder, decoder = (
        {
            name: torch.tensor(values)
            for name, values in tiny_autoencoder.read_weights(taef2 / f"taef2_{half}.safetensors").items()
        }
        for half in ("encoder", "decoder")
    )
    pixels = np.random.default_rng(4).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    x = torch.tensor(pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255)
    x = block(conv(x, encoder, 0), encoder, 1)
    for start in (2, 6, 10):
        x = conv(x, encoder, start, stride=2)
        for number in range(start + 1, start + 4):
            x = block(x, encoder, number)
    latents = conv(x, encoder, 14)
    x = functional.relu(conv(torch.tanh(latents / 3) * 3, decoder, 1))
    for start in (3, 8, 13):
        for number in range(start, start + 3):
            x = block(x, decoder, number)
        x = conv(functional.interpolate(x, scale_factor=2, mode="nearest"), decoder, start + 4)
    drawn = conv(block(x, decoder, 18), decoder, 19)

    autoencoder = TinyAutoencoder(taef2)
    assert autoencoder.encode(pixels) == pytest.approx(latents[0].numpy(), abs=1e-4)
    expected = (drawn[0].numpy().transpose(1, 2, 0) * 255).clip(0, 255)
    assert autoencoder.decode(latents[0].numpy(), (24, 32)) == pytest.approx(expected, abs=1)


def test_a_folder_without_the_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="taef2_encoder"):
        TinyAutoencoder(tmp_path)


def test_what_is_drawn_is_not_drawn_again(taef2: Path, people: list[FaceCrop], tmp_path: Path) -> None:
    autoencoder = TinyAutoencoder(taef2)
    reconstructions.reconstruct(people[:2], autoencoder, tmp_path, lambda done: None)
    paths = [face_dataset.redrawn_path(tmp_path, face.name) for face in people[:2]]
    assert all(path.is_file() for path in paths)
    paths[0].write_bytes(b"kept")
    reconstructions.reconstruct(people[:3], autoencoder, tmp_path, lambda done: None)
    assert paths[0].read_bytes() == b"kept"


def test_a_folder_holds_what_one_generator_drew(taef2: Path, people: list[FaceCrop], tmp_path: Path) -> None:
    out = tmp_path / "out"
    reconstructions.reconstruct(people[:1], TinyAutoencoder(taef2), out, lambda done: None)
    before = (out / "redrawn.json").read_bytes()
    other = shutil.copytree(taef2, tmp_path / "other")
    decoder = random_weights(tiny_autoencoder.DECODER, LATENTS, 3)
    write_safetensors(other / "taef2_decoder.safetensors", {name: values * 2 for name, values in decoder.items()})
    with pytest.raises(ValueError, match="another generator"):
        reconstructions.reconstruct(people[:1], TinyAutoencoder(other), out, lambda done: None)
    assert (out / "redrawn.json").read_bytes() == before


def test_a_training_with_reconstructions_says_by_which_generator(
    taef2: Path, folder: Path, people: list[FaceCrop], tmp_path: Path
) -> None:
    kinds = (("reconstructed", 0.5), ("face_reconstructed", 0.5))
    plan = image.Plan("tiny", "tiny", recipe=Recipe(size=48, weights=kinds), batch=4, steps=2, check_every=2, each=1,
                      workers=0, warm=1, norms="learnt")  # fmt: skip
    plan.write(tmp_path / "plan.json")
    call = {"faces": folder, "plan": tmp_path / "plan.json"}
    for name, target in (("train_image", "without"), ("preview_fakes", "sheet.png")):
        with pytest.raises(CommandError, match="reconstruct_faces"):
            call_command(name, tmp_path / target, **call)
    redrawn = tmp_path / "redrawn"
    call_command("reconstruct_faces", redrawn, faces=folder, autoencoder=taef2, count=40, stdout=io.StringIO())
    call_command("train_image", tmp_path / "run", **call, redrawn=redrawn)
    call_command(
        "export_bundle", tmp_path / "run", faces=[folder], redrawn=redrawn, bundles=tmp_path / "bundles", each=3,
        stdout=io.StringIO(),
    )  # fmt: skip
    card = json.loads((tmp_path / "bundles" / "tiny" / bundles.CARD).read_text())
    digest = json.loads((redrawn / "redrawn.json").read_text())["sha256"]
    count = sum(1 for face in read_faces(folder, "train", redrawn) if face.redrawn_at)
    assert (
        card["training"]["faces drawn again"] == f"{count}, by {TinyAutoencoder(taef2).name} (weights sha256 {digest})"
    )
    assert {row["data"] for row in card["figures"]} >= {f"own fakes, new people: {kind}" for kind, _ in kinds}


def test_pictures_drawn_again_are_mirrored_with_their_source(
    taef2: Path, folder: Path, people: list[FaceCrop], tmp_path: Path
) -> None:
    reconstructions.reconstruct(people[:8], _Unchanged(taef2), tmp_path, lambda done: None)
    pool = FacePool.from_faces(read_faces(folder, redrawn=tmp_path), Recipe(size=64, weights=(("reconstructed", 1.0),)))
    assert {face.name for face in pool.redrawn} == {face.name for face in people[:8] if not face.manipulation}
    for seed in range(6):
        face = samples.read(pool.redrawn[0], np.random.default_rng(seed), again=True)
        assert face.redrawn is not None
        apart = [np.abs(face.pixels.astype(int) - drawn).mean() for drawn in (face.redrawn, face.redrawn[:, ::-1])]
        assert apart[0] < apart[1]


class _Unchanged(TinyAutoencoder):
    """Gives back what it was given, so that a picture can be told from its mirror image."""

    def encode(self, pixels: Any) -> Any:
        return pixels.transpose(2, 0, 1).astype(np.float32)

    def decode(self, latents: Any, size: tuple[int, int]) -> Any:
        return latents.transpose(1, 2, 0).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("kind", ["reconstructed", "face_reconstructed", "mouth_reconstructed"])
def test_a_pair_differs_only_where_the_face_was_drawn_again(kind: str, people: list[FaceCrop], tmp_path: Path) -> None:
    """A reconstruction that is its source, bit by bit: then no kind changes anything."""
    for face in people:
        path = face_dataset.redrawn_path(tmp_path, face.name).with_suffix(".jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        half = reconstructions.smaller(face.pixels(), 0.75 * max(face.pixels().shape[:2]))
        _, encoded = cv2.imencode(".png", half[..., ::-1])
        path.write_bytes(encoded.tobytes())
        path.replace(face_dataset.redrawn_path(tmp_path, face.name))
    faces = [_with(face, face_dataset.redrawn_path(tmp_path, face.name)) for face in people if not face.manipulation]
    history = {"recompression": (0.0, 0.5, 0.5), "augmentation_share": 0.5, "varied": 0.5}
    recipe = Recipe(size=48, paired=True, blur_share=0.0, weights=((kind, 1.0),), **history)
    pool = FacePool.from_faces(faces, recipe)
    for seed in range(6):
        real, fake = samples.pair(pool, recipe, np.random.default_rng(seed))
        assert (real.kind, fake.kind) == (REAL, kind)
        assert np.abs(real.pixels.astype(int) - fake.pixels).max() <= 1
        assert fake.where.max() > 0


def _with(face: FaceCrop, path: Path) -> FaceCrop:
    from dataclasses import replace

    return replace(face, redrawn_at=path)
