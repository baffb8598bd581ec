"""A face swapper with one encoder for everybody and a decoder for each person, as Deepfakes made it known.

The encoder sees faces bent and the decoder has to draw them straight, so that the code keeps pose and expression. What
the decoder of one person draws from another's code is that person with the other's expression: few pixels, soft.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..images import Pixels
from . import compression, eigenfaces, face_masks, mesh
from .eigenfaces import Floats
from .face_dataset import FaceCrop, Points, TrainingError, swapped_path
from .faces import Face
from .reenactment import invented

SIDE, CODE = 64, 256
PLACES = eigenfaces.PLACES * (SIDE / eigenfaces.SIDE)  # of the five landmarks in the square
BATCH, VIEWS = 8, 24
UNSTEADY = (0.0, 0.02, 0.02)  # of each swap so many squares: the second and third a little off, for films
ABOUT, WEIGHTS = "swapped.json", ("encoder.weights.h5", "decoder.weights.h5")


def square_of(pixels: Pixels, landmarks: Points, places: Points = PLACES) -> tuple[Pixels, Any]:
    """The face upright in a small square, and the map (2 × 3) from the picture to it."""  # noqa: RUF002
    matrix, _ = cv2.estimateAffinePartial2D(landmarks, places, method=cv2.LMEDS)
    if matrix is None:
        matrix = np.array([[1, 0, 0], [0, 1, 0]], np.float64)
    shrunk = float(np.hypot(matrix[0, 0], matrix[0, 1]))
    soft = cv2.GaussianBlur(pixels, (0, 0), 0.5 / shrunk) if shrunk < 0.7 else pixels
    square = cv2.warpAffine(soft, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(square), matrix


def views(face: Face, chance: np.random.Generator, count: int) -> list[Pixels]:
    """Squares of one face as if there were more pictures of it: turned a little in space, talking, in another light."""
    squares = []
    own, size = mesh.mesh_of(face), face.pixels.shape[:2]
    for _ in range(count):
        pixels, landmarks = face.pixels, face.landmarks
        if chance.random() < 0.8:
            turned = _turned(own, chance)
            from_x, from_y = mesh.flow(own, turned, size, face.scale * 0.8)
            pixels = np.asarray(cv2.remap(pixels, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))
            landmarks = mesh.five(turned)
        jitter = chance.normal(0, 0.03, (5, 2)) * face.scale
        square, _ = square_of(pixels, (landmarks + jitter).astype(np.float32))
        if chance.random() < 0.5:
            square = np.ascontiguousarray(square[:, ::-1])
        squares.append(compression.relit(square, chance, 0.5))
    return squares


def _turned(own: mesh.Mesh, chance: np.random.Generator) -> mesh.Mesh:
    """By up to some ten degrees to a side or up, with another expression."""
    middle = own.mean(0)
    turn, nod = chance.normal(0, 0.13), chance.normal(0, 0.1)
    across = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    down = np.array([[1, 0, 0], [0, np.cos(nod), -np.sin(nod)], [0, np.sin(nod), np.cos(nod)]])
    bent = own + invented(own, chance) * chance.uniform(0, 1)
    return np.asarray((bent - middle) @ (across @ down) + middle, np.float32)


def bent(squares: Sequence[Pixels], chance: np.random.Generator) -> NDArray[np.float32]:
    """What the encoder is shown: each square pushed about, so that a copy is no answer."""
    bent_squares = [face_masks.elastic(square, chance, chance.uniform(1.0, 2.4), SIDE / 4) for square in squares]
    return np.stack(bent_squares).astype(np.float32) / 127.5 - 1


class Swapper:
    """The shared encoder, and a decoder that is taught one person at a time."""

    def __init__(self, seed: int = 1) -> None:
        import keras

        keras.utils.set_random_seed(seed)
        self.encoder, self.decoder = _networks()
        self.whole = keras.Sequential([self.encoder, self.decoder])
        self.whole.compile(keras.optimizers.Adam(1e-3, clipnorm=1.0), loss=_difference)
        self.decoder.compile(keras.optimizers.Adam(1e-3, clipnorm=1.0), loss=_difference)
        self.shared: list[Any] = []

    def learn(
        self,
        faces: Sequence[Face],
        steps: int,
        chance: np.random.Generator,
        progress: Callable[[int, float], None] = lambda step, loss: None,
    ) -> None:
        """Everybody, into one decoder: where each person's own then begins."""
        pool: list[Pixels] = []
        for step in range(1, steps + 1):
            if step % 4 == 1:
                pool = [
                    *pool[-1500:],
                    *(v for i in chance.integers(len(faces), size=6) for v in views(faces[i], chance, 2)),
                ]
            self.whole.optimizer.learning_rate = 1e-3 * (1 - 0.9 * step / steps)
            squares = [pool[int(i)] for i in chance.integers(len(pool), size=BATCH)]
            targets = np.stack(squares).astype(np.float32) / 127.5 - 1
            progress(step, float(self.whole.train_on_batch(bent(squares, chance), targets)))
        self.shared = self.decoder.get_weights()

    def read(self, folder: Path) -> bool:
        """Whether an encoder and a shared decoder were there."""
        paths = [folder / name for name in WEIGHTS]
        if not all(path.is_file() for path in paths):
            return False
        for model, path in zip((self.encoder, self.decoder), paths, strict=True):
            model.load_weights(path)
        self.shared = self.decoder.get_weights()
        return True

    def write(self, folder: Path) -> None:
        for model, name in zip((self.encoder, self.decoder), WEIGHTS, strict=True):
            model.save_weights(folder / name)

    def become(self, faces: Sequence[Face], steps: int, chance: np.random.Generator) -> None:
        """The decoder of one person, of one or a few pictures and many views of them."""
        self.decoder.set_weights(self.shared)
        squares = [view for face in faces for view in views(face, chance, -(-VIEWS // len(faces)))]
        targets = np.stack(squares).astype(np.float32) / 127.5 - 1
        codes = np.concatenate([self.encoder.predict_on_batch(bent(squares, chance)) for _ in range(2)])
        for _ in range(steps):
            chosen = chance.integers(len(codes), size=BATCH)
            self.decoder.train_on_batch(codes[chosen], targets[chosen % len(targets)])

    def drawn(self, squares: Sequence[Pixels]) -> list[Pixels]:
        """These faces as the person whom the decoder has learnt."""
        batch = np.stack(squares).astype(np.float32) / 127.5 - 1
        drawn = self.decoder.predict_on_batch(self.encoder.predict_on_batch(batch))
        return list(((np.asarray(drawn) + 1) * 127.5).round().clip(0, 255).astype(np.uint8))


def _networks() -> tuple[Any, Any]:
    import keras
    from keras import layers

    from ..networks import PixelShuffle

    x = inputs = keras.Input((SIDE, SIDE, 3), name="square")
    for width in (24, 48, 96, 128):
        x = layers.LeakyReLU(0.1)(layers.Conv2D(width, 3, 2, padding="same")(x))
    x = layers.Dense(CODE)(layers.Flatten()(x))
    x = layers.Dense(8 * 8 * 64)(x)
    encoder = keras.Model(inputs, layers.LeakyReLU(0.1)(x), name="encoder")
    x = code = keras.Input((8 * 8 * 64,), name="code")
    x = layers.Reshape((8, 8, 64))(x)
    for width in (48, 32, 16):
        x = PixelShuffle()(layers.LeakyReLU(0.1)(layers.Conv2D(width * 4, 3, padding="same")(x)))
    decoder = keras.Model(code, layers.Conv2D(3, 3, padding="same", name="drawn")(x), name="decoder")
    return encoder, decoder


def _difference(target: Any, drawn: Any) -> Any:
    """Of pixels, most of all inside the face, and of the steps between neighbours."""
    from keras import ops

    ys, xs = np.mgrid[0:SIDE, 0:SIDE]
    near = np.exp(-(((xs - SIDE / 2) / (SIDE * 0.4)) ** 4 + ((ys - SIDE * 0.56) / (SIDE * 0.42)) ** 4))
    off = (target - drawn) * (0.2 + 0.8 * near[None, ..., None]).astype(np.float32)
    across, down = off[:, :, 1:] - off[:, :, :-1], off[:, 1:] - off[:, :-1]
    return ops.mean(ops.abs(off)) + 0.7 * ops.mean(ops.abs(across)) + 0.7 * ops.mean(ops.abs(down))


def cast_for(faces: Sequence[FaceCrop], count: int) -> dict[str, list[FaceCrop]]:
    """By the name of a crop, the same ones every time: people whose faces are put on the others of their part.

    Everybody gets the one of them whose face is turned and coloured most alike.
    """
    chosen: dict[str, list[FaceCrop]] = {}
    for part in sorted({face.part for face in faces}, key=lambda name: (name != "train", name)):
        among = sorted((face for face in faces if face.part == part), key=_by_hash)
        count_of_part = max(2, round(count * len(among) / len(faces)))
        stars = list({face.group: face for face in reversed(among) if _large(face)}.values())[:count_of_part]
        if len(stars) < 2:
            raise TrainingError(f"There are not two people for {part} whose faces are large enough to be swapped.")
        looks = {face.name: _look(face) for face in among}
        for face in among:
            others = [star for star in stars if star.group != face.group]
            nearest = min(others, key=lambda star: float(np.abs(looks[star.name] - looks[face.name]).sum()))
            chosen.setdefault(nearest.name, []).append(face)
    return chosen


def _by_hash(face: FaceCrop) -> bytes:
    return hashlib.sha256(f"swapped{face.name}".encode()).digest()


def _large(face: FaceCrop) -> bool:
    return Face(np.zeros((1, 1, 3), np.uint8), face.landmarks).scale > SIDE * 0.5


def _look(face: FaceCrop) -> Floats:
    square, _ = square_of(face.pixels(), face.landmarks)
    middle = face.landmarks - face.landmarks.mean(0)
    shape = middle / np.linalg.norm(middle)
    return np.concatenate([shape.ravel(), square[16:56, 16:48].mean((0, 1)) / 255]).astype(np.float32)


def as_face(face: FaceCrop, eyes: float = 34.0) -> Face:
    """As large as the swapper needs it."""
    pixels = face.pixels()
    share = min(1.0, eyes / Face(pixels, face.landmarks).scale)
    small: Any = np.asarray(cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA))
    points = None if face.mesh is None else face.mesh.astype(np.float32) * np.float32(share)
    return Face(small, face.landmarks * np.float32(share), mesh=points, person=face.group)


def swap_all(
    faces: Sequence[FaceCrop], swapper: Swapper, out: Path, *, people: int, steps: int, seed: int = 1
) -> Iterator[int]:
    """A picture of squares for each face, person by person; those that are there are not made again."""
    cast, named = cast_for(faces, people), {face.name: face for face in faces}
    done = 0
    swapped_path(out, "").parent.mkdir(parents=True, exist_ok=True)
    for name, those in cast.items():
        missing = [face for face in those if not swapped_path(out, face.name).is_file()]
        chance = np.random.default_rng([seed, int.from_bytes(_by_hash(named[name])[:4])])
        if missing:
            star = [face for face in faces if face.group == named[name].group][:4]
            swapper.become([as_face(face) for face in star], steps, chance)
        for face in missing:
            own = as_face(face, 60)
            jitters = [chance.normal(0, 1, (5, 2)) * much * own.scale for much in UNSTEADY]
            points = [(own.landmarks + jitter).astype(np.float32) for jitter in jitters]
            squares = swapper.drawn([square_of(own.pixels, where)[0] for where in points])
            part = swapped_path(out, face.name).with_suffix(".part.png")
            cv2.imwrite(str(part), np.hstack(squares)[..., ::-1])
            part.replace(swapped_path(out, face.name))
        done += len(those)
        yield done
    content = {"people": len(cast), "steps": steps, "faces": done}
    (out / ABOUT).write_text(json.dumps(content) + "\n")
