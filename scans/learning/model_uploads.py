"""A model that an admin uploads: a zip with one bundle, checked, and put into the models' folder switched off."""

import os
import re
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

import detection

from ..models import Event
from . import promotion

MOST_MB: Final = 300  # unpacked
MOST_FILES: Final = 30
CARD: Final = "bundle.json"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}\.(json|onnx|keras|npz|md|txt|csv|svg|png)")
DAMAGED: Final = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError)


class NotTaken(Exception):
    """Why this file can't become a model here, in a sentence for whoever uploaded it."""


def folder_is_writable() -> bool:
    return os.access(settings.BUNDLES_DIR, os.W_OK)


def add(archive: IO[bytes], person: Any) -> str:
    """The name of the model, which is installed and heard by nobody until two people have agreed on it."""
    root = Path(settings.BUNDLES_DIR)
    if not folder_is_writable():
        raise NotTaken(_("The site can't write to its model folder."))
    with tempfile.TemporaryDirectory(prefix=".upload-", dir=root) as incoming:
        folder = Path(incoming)
        _unpack(archive, folder)
        try:
            bundle = detection.read_bundle(folder)
            bundle.verify()
        except detection.BadBundle as error:
            raise NotTaken(str(error)) from error
        if any(name.removesuffix(".keras") + ".onnx" not in bundle.files for name in bundle.files if _is_keras(name)):
            raise NotTaken(_("The model must be in ONNX format. Other formats could run programs on this server."))
        place = root / f"{bundle.name}-{bundle.version}"
        installed = {other.label for other, _weight in detection.read_panel(root).members}
        if bundle.label in installed or place.exists():
            raise NotTaken(_("%s is installed already.") % bundle.label)
        promotion.write_weight(root, bundle.label, "ignore")
        folder.chmod(0o755)
        shutil.copytree(folder, root / f".{place.name}")
        (root / f".{place.name}").rename(place)
    content = {"object": f"model:{bundle.label}", "verb": "added", "changes": dict(sorted(bundle.files.items()))}
    Event.objects.create(kind="setting_changed", actor=person, content=content)
    return bundle.label


def _is_keras(name: str) -> bool:
    """Such a file can hold a program. It is never run where the same network is there as ONNX."""
    return name.endswith(".keras")


def _unpack(archive: IO[bytes], folder: Path) -> None:
    """The files beside the card, whichever folder of the zip they lie in."""
    try:
        with zipfile.ZipFile(archive) as packed:
            files = [entry for entry in packed.infolist() if not entry.is_dir()]
            cards = [entry for entry in files if PurePosixPath(entry.filename).name == CARD]
            if len(cards) != 1:
                raise NotTaken(_("The zip file must contain one model: bundle.json and the files listed in it."))
            beside = PurePosixPath(cards[0].filename).parent
            chosen = [entry for entry in files if PurePosixPath(entry.filename).parent == beside]
            if len(chosen) > MOST_FILES or sum(entry.file_size for entry in chosen) > MOST_MB * 2**20:
                raise NotTaken(_("The model is too large: %d MB are allowed.") % MOST_MB)
            for entry in chosen:
                _write(packed, entry, folder)
    except DAMAGED as error:
        raise NotTaken(_("This zip file can't be read.")) from error


def _write(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    name = PurePosixPath(entry.filename).name
    if not NAME.fullmatch(name):
        raise NotTaken(_("The zip file contains a file that is not part of a model: %s.") % name[:80])
    left = entry.file_size
    with packed.open(entry) as source, (folder / name).open("wb") as target:
        while piece := source.read(1 << 20):
            left -= len(piece)
            if left < 0:  # larger than the zip says
                raise NotTaken(_("This zip file can't be read."))
            target.write(piece)
