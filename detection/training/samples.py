"""Endless labelled crops: a real face, perhaps a fake made of it, degraded, and cut as it is cut at inspection."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from .. import crops
from ..images import Pixels
from . import augmentations, compression, mesh, pseudofakes
from .eigenfaces import Eigenfaces
from .face_dataset import FaceCrop, Points, TrainingError
from .face_masks import Mask
from .faces import Face, Fake
from .pseudofakes import GROUPS, KINDS, REDRAWN, SHARED_HISTORY, SWAPPED

# The face finder's box, in distances of the eyes from the middle of the five landmarks: measured on 208 faces.
BOX_DOWN, BOX_WIDTH, BOX_HEIGHT = -0.21, 2.15, 2.88
FITS = ("resize", "native")
REAL, GIVEN = "real", "given"  # a given fake is one that somebody else made


class NothingRedrawn(TrainingError):
    """A recipe wants faces that a generator drew, and there are none."""

    def __init__(self) -> None:
        super().__init__(f"{', '.join(REDRAWN)}: these need what reconstruct_faces has written: give --redrawn.")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How crops are cut; the same as in the bundle's card, with some jitter."""

    size: int = 160
    margin: float = 0.12
    fit: str = "resize"
    blur_share: float = 0.25  # of the real ones: as many as it takes for sharpness to tell nothing
    eyes: tuple[float, float] = (0.0, 0.0)  # their distance in pixels, any size as often as its double
    varied: float = 0.0  # share of both whose sharpness, contrast and colours are changed before anything else
    recompression: tuple[float, ...] = ()  # how many have no history before they are faked, how many have one, two …
    augmentation_share: float = 0.0  # of both: aslant, half in the shadow, covered, shaken, noisy, handed on
    enlarged: float = 0.0  # of both: as web pages and editors do it, which is no generator's up-sampling
    paired: bool = False  # every fake beside what it was made of, both taken in the same way
    weights: tuple[tuple[str, float], ...] = tuple((kind, share) for kind, (_, _, share) in KINDS.items() if share)

    def __post_init__(self) -> None:
        if unknown := {kind for kind, _ in self.weights} - {*KINDS, GIVEN}:
            raise TrainingError(f"There is no kind {', '.join(sorted(unknown))}, but {', '.join([*KINDS, GIVEN])}")
        if min((share for _, share in self.weights), default=-1.0) < 0 or not sum(share for _, share in self.weights):
            raise TrainingError("The weights of the kinds have to be shares, and at least one of them above nothing")
        if self.fit not in FITS:
            raise TrainingError(f"fit is {self.fit!r}, and has to be one of {', '.join(FITS)}")

    def draw_kind(self, chance: np.random.Generator) -> str:
        kinds, shares = zip(*self.weights, strict=True)
        return str(chance.choice(kinds, p=np.array(shares) / sum(shares)))


@dataclass(frozen=True, slots=True)
class Sample:
    pixels: Pixels
    kind: str
    where: NDArray[np.uint8]  # of each pixel, how much is not what was there: 255 is all
    person: str = ""

    @property
    def fake(self) -> bool:
        return self.kind != REAL


@dataclass(frozen=True, slots=True)
class FacePool:
    """Whom samples are made of: real people, fakes that others made, and a generator where the recipe wants one."""

    real: Sequence[FaceCrop]
    given: Sequence[FaceCrop] = ()
    generator: Eigenfaces | None = None
    redrawn: Sequence[FaceCrop] = ()  # of the real ones, those that a generator drew again
    swapped: Sequence[FaceCrop] = ()  # of the real ones, those whose swap is there

    @classmethod
    def from_faces(cls, faces: Sequence[FaceCrop], recipe: Recipe) -> "FacePool":
        real = [face for face in faces if not face.manipulation]
        wants = {kind for kind, share in recipe.weights if share}
        fakes = [face for face in faces if face.manipulation] if GIVEN in wants else []
        if GIVEN in wants and not fakes:
            raise TrainingError(f"The kind {GIVEN} needs fakes made by others in every part. One part has none.")
        redrawn = [face for face in real if face.redrawn_at] if wants & set(REDRAWN) else []
        if wants & set(REDRAWN) and not redrawn:
            raise NothingRedrawn
        swapped = [face for face in real if face.swapped_at] if wants & set(SWAPPED) else []
        if wants & set(SWAPPED) and not swapped:
            raise TrainingError(f"The kind {', '.join(SWAPPED)} needs what swap_faces has written: give --redrawn.")
        return cls(real, fakes, Eigenfaces.fit(real) if "generated" in wants else None, redrawn, swapped)

    def among(self, kind: str) -> Sequence[FaceCrop]:
        """Whom a sample of this kind can be made of."""
        if kind in SWAPPED:
            return self.swapped
        return self.given if kind == GIVEN else self.redrawn if kind in REDRAWN else self.real

    def pick(self, kind: str, chance: np.random.Generator) -> FaceCrop:
        """Of given fakes every generator as often as any other, however many pictures it has."""
        among = self.among(kind)
        if kind == GIVEN:
            generator = str(chance.choice(sorted({face.manipulation for face in among})))
            among = [face for face in among if face.manipulation == generator]
        return among[int(chance.integers(len(among)))]


def draw(cast: FacePool, recipe: Recipe, chance: np.random.Generator, kind: str = "") -> Sample:
    """One crop. `kind`: real, or a kind of fake; else a coin decides."""
    if not kind:
        kind = REAL if chance.random() < 0.5 else recipe.draw_kind(chance)
    return _finish(_start_face(cast, recipe, chance, kind), cast, recipe, chance, kind, chance)


def pair(cast: FacePool, recipe: Recipe, chance: np.random.Generator) -> list[Sample]:
    """What a fake was made of, and the fake: taken, handed on and cut in the same way, so that only it differs."""
    kind = recipe.draw_kind(chance)
    if kind == GIVEN:  # what somebody else made, nobody has as it was
        return [draw(cast, recipe, chance, kind_drawn) for kind_drawn in (REAL, GIVEN)]
    face = _start_face(cast, recipe, chance, kind)
    seed = int(chance.integers(2**62))
    return [_finish(face, cast, recipe, chance, kind_drawn, np.random.default_rng(seed)) for kind_drawn in (REAL, kind)]


def _start_face(cast: FacePool, recipe: Recipe, chance: np.random.Generator, kind: str) -> Face:
    """Somebody of whom such a sample can be made, at a size and with a history."""
    face = downscaled(read(cast.pick(kind, chance), chance, again=kind in REDRAWN), recipe, chance)
    if recipe.varied and chance.random() < recipe.varied:
        face = with_varied_look(face, chance)
    return with_history(face, recipe, chance, shared=kind in SHARED_HISTORY) if recipe.recompression else face


def _finish(
    face: Face, cast: FacePool, recipe: Recipe, chance: np.random.Generator, kind: str, after: np.random.Generator
) -> Sample:
    present, where = _present(face, cast, recipe, chance, kind, after)
    box = box_of(present.landmarks, after)
    margin = max(0.05, recipe.margin + after.uniform(-0.06, 0.06))
    cut = [
        crops.cut(image, box, margin=margin, size=recipe.size, fit=recipe.fit)
        for image in (present.pixels, (where * 255).round().astype(np.uint8))
    ]
    return Sample(cut[0], kind, cut[1], face.person)


def photograph(cast: FacePool, recipe: Recipe, chance: np.random.Generator, kind: str) -> tuple[Pixels, str]:
    """What a sample is cut from, and of whom it is: the whole pipeline can judge that, as it judges any file."""
    face = _start_face(cast, recipe, chance, kind)
    return _present(face, cast, recipe, chance, kind, chance)[0].pixels, face.person


def _present(
    face: Face, cast: FacePool, recipe: Recipe, chance: np.random.Generator, kind: str, after: np.random.Generator
) -> tuple[Face, Mask]:
    """Faked by the one chance, or left real; what happens to every picture then is up to the other."""
    fake = Fake(face.pixels, np.zeros(face.pixels.shape[:2], np.float32))
    if kind in KINDS:
        among = cast.among(kind)
        other = read(similar_face(face, among, chance), chance, again=kind in REDRAWN)
        fake = pseudofakes.make(kind, replace(face, generator=cast.generator), other, chance)
    elif kind == GIVEN:
        fake = Fake.whole(face.pixels)
    elif chance.random() < recipe.blur_share:
        fake = replace(fake, pixels=compression.blurred(fake.pixels, chance))
    result, where = replace(face, pixels=fake.pixels), fake.where
    if recipe.augmentation_share and after.random() < recipe.augmentation_share:
        stranger = cast.real[int(after.integers(len(cast.real)))].pixels()
        result = augmentations.apply(result, stranger, after)
        where = warp_mask(where, face, result)
    pixels = result.pixels
    if recipe.enlarged and after.random() < recipe.enlarged:
        pixels = compression.resized(pixels, after.uniform(1.2, 2.5), after)
    pixels = compression.compress(pixels, after)
    where = np.asarray(cv2.resize(where, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR))
    return replace(
        result, pixels=pixels, landmarks=result.landmarks * (pixels.shape[1] / result.pixels.shape[1])
    ), where


def warp_mask(where: Mask, before: Face, after: Face) -> Mask:
    """To where the face went: hardships tell it by its landmarks."""
    if (before.landmarks == after.landmarks).all():
        return where
    matrix, _ = cv2.estimateAffine2D(before.landmarks, after.landmarks)
    if matrix is None:  # landmarks in one line
        return where
    return np.asarray(cv2.warpAffine(where, matrix, where.shape[::-1], borderMode=cv2.BORDER_REFLECT), np.float32)


def read(face: FaceCrop, chance: np.random.Generator, *, again: bool = False) -> Face:
    """`again`: with what a generator drew of it."""
    pixels, points = face.pixels(), face.landmarks
    redrawn = face.redrawn() if again else None
    fitted = None if face.mesh is None else face.mesh.astype(np.float32)
    if redrawn is not None and redrawn.shape != pixels.shape:  # it was drawn of a smaller picture
        share = redrawn.shape[1] / pixels.shape[1]
        points, fitted = points * share, None if fitted is None else fitted * np.float32(share)
        pixels = np.asarray(cv2.resize(pixels, redrawn.shape[1::-1], interpolation=cv2.INTER_AREA))
    swapped = face.swapped()
    if chance.random() < 0.5:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        redrawn = None if redrawn is None else np.ascontiguousarray(redrawn[:, ::-1])
        points = points[[1, 0, 2, 4, 3]].copy()
        points[:, 0] = pixels.shape[1] - 1 - points[:, 0]
        fitted = None if fitted is None else mesh.mirrored(fitted, pixels.shape[1])
        swapped = tuple(np.ascontiguousarray(square[:, ::-1]) for square in swapped)
    return Face(pixels, points, redrawn=redrawn, person=face.group, mesh=fitted, swapped=swapped)


def downscaled(face: Face, recipe: Recipe, chance: np.random.Generator) -> Face:
    """As the recipe wants it, or 85 to 190 pixels between the cheeks, a quarter of them from 55: as in films."""
    if recipe.eyes[0]:
        scale = float(np.exp(chance.uniform(*np.log(recipe.eyes))))
    else:
        scale = chance.uniform(26 if chance.random() < 0.25 else 40, 90)
    share = min(1.0, scale / face.scale)
    pixels, redrawn = face.pixels, face.redrawn
    if share < 0.95 and redrawn is not None:  # both in the same way: else that is what tells them apart
        seed = int(chance.integers(2**62))
        pixels, redrawn = (compression.resized(v, share, np.random.default_rng(seed)) for v in (pixels, redrawn))
    elif share < 0.95:
        pixels = compression.resized(pixels, share, chance)
    share = pixels.shape[1] / face.pixels.shape[1]
    fitted = None if face.mesh is None else face.mesh * np.float32(share)
    return replace(face, pixels=pixels, landmarks=face.landmarks * share, redrawn=redrawn, mesh=fitted)


def with_varied_look(face: Face, chance: np.random.Generator) -> Face:
    """Softer or sharper, in another light: so that no generator is known by how its pictures are finished.

    What a generator drew of the face is changed in the same way.
    """
    seed = int(chance.integers(2**62))

    def changed(pixels: Pixels) -> Pixels:
        same = np.random.default_rng(seed)
        soft = cv2.GaussianBlur(pixels, (0, 0), same.uniform(0.6, 2.0))
        amount = same.uniform(-0.7, 1.6)
        return compression.relit(np.asarray(cv2.addWeighted(pixels, 1 + amount, soft, -amount, 0)), same, 1.8)

    return replace(face, pixels=changed(face.pixels), redrawn=None if face.redrawn is None else changed(face.redrawn))


def with_history(face: Face, recipe: Recipe, chance: np.random.Generator, *, shared: bool = False) -> Face:
    """Noise, compression and other sizes, once or several times: portraits by professionals have seen none of it.

    `shared`: the fake has the same history as its source, so that the history tells nothing.
    """
    pixels, redrawn = face.pixels, face.redrawn
    for _ in range(int(chance.choice(len(recipe.recompression), p=recipe.recompression))):
        state = chance.bit_generator.state
        pixels = compression.recompressed(pixels, chance)
        if shared and redrawn is not None:
            again = np.random.default_rng()
            again.bit_generator.state = state
            redrawn = compression.recompressed(redrawn, again)
    return replace(face, pixels=pixels, clean=None if shared else face.pixels, redrawn=redrawn)


def similar_face(face: Face, faces: Sequence[FaceCrop], chance: np.random.Generator) -> FaceCrop:
    """Of twelve others the one that is turned most alike."""
    own = _shape(face.landmarks)
    candidates = [faces[int(i)] for i in chance.integers(len(faces), size=12)]
    return min(candidates, key=lambda other: min(float(np.abs(_shape(p) - own).sum()) for p in (other.landmarks,)))


def _shape(points: Points) -> NDArray[np.float32]:
    middle = points - points.mean(0)
    return np.asarray(middle / np.linalg.norm(middle), np.float32)


def box_of(landmarks: Points, chance: np.random.Generator) -> tuple[float, float, float, float]:
    scale = Face(np.zeros((1, 1, 3), np.uint8), landmarks).scale
    x, y = (float(v) for v in landmarks.mean(0))
    x, y = x + chance.normal(0, 0.08) * scale, y + (BOX_DOWN + chance.normal(0, 0.06)) * scale
    size = chance.normal(1, 0.05)
    width, height = BOX_WIDTH * scale * size / 2, BOX_HEIGHT * scale * size / 2
    return x - width, y - height, x + width, y + height


def group_of(kind: str) -> int | None:
    """Which group of kinds; of real faces and of given fakes nobody knows."""
    return GROUPS.index(KINDS[kind][1]) if kind in KINDS else None


Batch = tuple[NDArray[np.uint8], list[str], NDArray[np.uint8]]  # pixels, of each its kind, and where it is fake


def batch_of(cast: FacePool, recipe: Recipe, count: int, chance: np.random.Generator) -> Batch:
    if recipe.paired:
        drawn = [sample for _ in range(-(-count // 2)) for sample in pair(cast, recipe, chance)][:count]
    else:
        drawn = [draw(cast, recipe, chance) for _ in range(count)]
    return (
        np.stack([sample.pixels for sample in drawn]),
        [sample.kind for sample in drawn],
        np.stack([sample.where for sample in drawn]),
    )


def fixed(faces: list[FaceCrop], recipe: Recipe, *, each: int, seed: int) -> list[Sample]:
    """The same crops every time: as many real ones as fakes, and of each kind the same number.

    Faces that a trained swapper has drawn exist of training people only. Where there are none, that kind is left out.
    """
    cv2.setNumThreads(1)
    chance = np.random.default_rng(seed)
    others = tuple(row for row in recipe.weights if row[0] not in SWAPPED)
    if others and not any(face.swapped_at for face in faces):
        recipe = replace(recipe, weights=others)
    kinds = [kind for kind, _ in recipe.weights]
    cast = FacePool.from_faces(faces, recipe)
    kinds_to_draw = [*kinds, *[REAL] * len(kinds)]
    return [draw(cast, recipe, chance, kind) for kind in kinds_to_draw for _ in range(each)]
