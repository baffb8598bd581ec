"""Files that no row knows of: what processes that were killed have left behind."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator

import structlog
from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage, default_storage
from django.utils import timezone

from ..models import Artifact, LivePicture, Piece, Report, Resumable, Scan

log = structlog.get_logger(__name__)

AGE = dt.timedelta(hours=1)  # longer than any request or task takes: what is younger may still get its row
BUCKETS = [f"{number:02x}" for number in range(256)]


def sweep(buckets: Iterable[str] = BUCKETS, *, dry_run: bool = False) -> list[str]:
    """Delete them, and return their names. `buckets`: the first two digits of the scans that are looked at."""
    local: Storage = FileSystemStorage(settings.MEDIA_ROOT)  # where files come in, wherever they are kept afterwards
    unknown: list[tuple[Storage, str]] = [(local, name) for name in _incoming(local)]
    unknown += [(default_storage, name) for name in (*_live(), *_pieces(), *_reports())]
    for bucket in buckets:
        unknown += [(default_storage, name) for name in _of_bucket(bucket)]
    old = [(storage, name) for storage, name in unknown if _is_old(storage, name)]
    for storage, name in () if dry_run else old:
        storage.delete(name)
    if old:
        log.warning("files without a row", count=len(old), deleted=not dry_run)
    return [name for _storage, name in old]


def _incoming(local: Storage) -> Iterator[str]:
    known = {f"part-{pk.hex}" for pk in Resumable.objects.values_list("pk", flat=True)}
    for name in _listed("incoming", local)[1]:
        if name not in known:
            yield f"incoming/{name}"


def _live() -> Iterator[str]:
    for folder in _folders("live"):
        known = set(LivePicture.objects.filter(live_id=uuid.UUID(hex=folder)).values_list("file", flat=True))
        yield from (name for name in _files(f"live/{folder}") if name not in known)


def _pieces() -> Iterator[str]:
    for folder in _folders("pieces"):
        known = set(Piece.objects.filter(upload_id=uuid.UUID(hex=folder)).values_list("file", flat=True))
        yield from (name for name in _files(f"pieces/{folder}") if name not in known)


def _reports() -> Iterator[str]:
    names = _files("reports")
    for begin in range(0, len(names), 1000):
        some = names[begin : begin + 1000]
        known = set(Report.objects.filter(file__in=some).values_list("file", flat=True))
        yield from (name for name in some if name not in known)


def _of_bucket(bucket: str) -> Iterator[str]:
    first, last = uuid.UUID(hex=bucket + "0" * 30), uuid.UUID(hex=bucket + "f" * 30)
    known = set(Scan.objects.filter(pk__gte=first, pk__lte=last).values_list("media", flat=True))
    drawn = Artifact.objects.filter(assessment__scan__gte=first, assessment__scan__lte=last)
    known |= set(drawn.values_list("file", flat=True))
    for kind in ("media", "artifacts"):
        for folder in _folders(f"{kind}/{bucket}"):
            yield from (name for name in _files(f"{kind}/{bucket}/{folder}") if name not in known)


def _is_old(storage: Storage, name: str) -> bool:
    try:
        return bool(storage.get_modified_time(name) < timezone.now() - AGE)
    except FileNotFoundError:  # somebody was faster
        return False


def _folders(folder: str) -> list[str]:
    return _listed(folder)[0]


def _files(folder: str) -> list[str]:
    return [f"{folder}/{name}" for name in _listed(folder)[1]]


def _listed(folder: str, storage: Storage = default_storage) -> tuple[list[str], list[str]]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return [], []
    return list(folders), list(files)
