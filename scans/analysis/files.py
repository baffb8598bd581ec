"""Stored media as a file on this machine, and what kind of file it is."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import detection

from ..models import Scan, WrongState
from ..storage.incoming import scratch_folder


def recognise(path: Path) -> str | None:
    """What a file is, by its first bytes."""
    return detection.recognise_file(path)


@contextmanager
def local_file(scan: Scan) -> Iterator[Path]:
    """The media as a file on this machine, wherever they are stored."""
    if not scan.media:
        raise WrongState("Its file is deleted.")
    try:
        yield Path(scan.media.path)
        return
    except NotImplementedError:
        pass
    with tempfile.NamedTemporaryFile(dir=scratch_folder(), prefix="scan-") as copy, scan.media.open("rb") as stored:
        for piece in stored.chunks():
            copy.write(piece)
        copy.flush()
        yield Path(copy.name)
