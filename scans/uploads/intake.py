"""The one way in: what may enter, how it is stored and queued; and how one takes it back before it is judged."""

import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath, PurePosixPath
from typing import Any

import structlog
from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import analysis, tasks
from ..analysis import capture, duplicates, outages
from ..models import Assessment, Batch, Event, Queue, Scan, Source, Status
from ..storage import disk
from ..storage.incoming import PIECE, Held, Incoming, Refused, no_space
from . import antivirus

log = structlog.get_logger(__name__)

NAMELESS = "file"
IN_A_BATCH = Batch.MOST
FRAME = 4 << 20  # of a camera
PACKED = 200  # times smaller: no photo or film is
DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError)


def submit(
    owner: Any,
    upload: File,
    *,
    name: str = "",
    queue: Queue = Queue.LIVE,
    source: Source = Source.SITE,
    batch: Batch | None = None,
    consents_to_training: bool = False,
    external_id: str = "",
    metadata: dict[str, Any] | None = None,
    sandbox: bool = False,
    zero_retention: bool = False,
) -> Scan:
    """Store a file as a scan and queue it. A file that was analysed before takes over that assessment."""
    held = upload if isinstance(upload, Held) else _hold(upload.chunks(PIECE))
    with held:
        _check(held, owner)
        scan = Scan(
            owner=owner,
            name=clean_name(name or upload.name or ""),
            sha256=held.sha256,
            bytes=held.bytes,
            queue=queue,
            source=source,
            batch=batch,
            consents_to_training=consents_to_training and not zero_retention,
            external_id=external_id,
            metadata=metadata or {},
            sandbox=sandbox,
            zero_retention=zero_retention,
        )
        try:
            with transaction.atomic():
                if batch is not None:
                    _check_batch(batch)
                _store(scan, held)
        except BaseException as error:
            if scan.media:
                scan.media.delete(save=False)
            if disk.is_full(error):
                raise no_space() from error
            raise
    log.info("file taken in", scan=str(scan.pk), bytes=scan.bytes, queue=scan.queue)
    return scan


def _store(scan: Scan, held: Held) -> None:
    scan.media.save(scan.name, held, save=False)
    scan.save(force_insert=True)
    Event.objects.create(scan=scan, kind=Status.QUEUED, actor=scan.owner, content={"bytes": scan.bytes})
    if before := _find_earlier(scan):
        duplicates.take_over(scan, before)
    else:
        tasks.send(scan)


def _find_earlier(scan: Scan) -> Assessment | None:
    """An earlier assessment of the same file by the current panel, or None."""
    if scan.sandbox or scan.zero_retention:
        return None
    try:
        panel = analysis.panel()
    except outages.PanelUnreadable:
        return None
    return duplicates.find_earlier(scan, panel.id)


def submit_all(owner: Any, uploads: Iterable[tuple[str, File]], **options: Any) -> Batch:
    """Several files or archives of files at once; one that is refused is noted and spoils nothing."""
    batch = Batch.objects.create(owner=owner, sandbox=options.get("sandbox", False))
    for _taken in submit_each(batch, uploads, **options):
        pass
    seal(batch)
    return batch


def submit_each(batch: Batch, uploads: Iterable[tuple[str, File]], **options: Any) -> Iterator[Scan | Refused]:
    """Into this batch, one after the other. Gone on with after it broke off, it begins where it was."""
    done = batch.scans.count() + len(batch.refused)
    for name, upload in uploads:
        try:
            for inner, file in _opened(name, upload):
                if done > 0:
                    done -= 1
                else:
                    yield add(batch, inner, file, **options)
        except Refused as refusal:
            if done > 0:
                done -= 1
            else:
                note_refusal(batch, name, refusal)
                yield refusal
        finally:
            upload.close()


def seal(batch: Batch) -> None:
    """All of its files are in."""
    batch.sealed_at = timezone.now()
    Batch.objects.filter(pk=batch.pk).update(sealed_at=batch.sealed_at)


def add(batch: Batch, name: str, upload: File, **options: Any) -> Scan | Refused:
    """Add one file to a batch. A refusal is stored in the batch and returned."""
    try:
        return submit(batch.owner, upload, name=name, batch=batch, queue=Queue.BATCH, **options)
    except DAMAGED:
        refusal = Refused("bad_archive", _("This file in the archive is damaged."))
    except Refused as error:
        refusal = error
    note_refusal(batch, name, refusal)
    return refusal


def submit_frames(owner: Any, frames: Sequence[File], *, rate: int = 8, **options: Any) -> Scan:
    """Pictures of a camera as one scan: one of them is a photo, several are a film."""
    pictures = []
    for frame in frames:
        with frame:
            pictures.append(frame.read(FRAME + 1))
    if any(len(picture) > FRAME for picture in pictures):
        raise Refused("too_many_bytes", _("A picture from the camera is too large."))
    try:
        pieces = list(capture.film(pictures, rate)) if len(pictures) > 1 else [pictures[0]]
        capture.size_of(pictures[0])
    except capture.NotAPicture as error:
        raise Refused("unknown_format", _("The pictures from the camera must be JPEGs of the same size.")) from error
    name = f"camera-{timezone.localtime():%Y-%m-%d-%H%M%S}.{'avi' if len(pictures) > 1 else 'jpg'}"
    return submit(owner, _hold(pieces), name=name, source=Source.CAMERA, **options)


def note_refusal(batch: Batch, name: str, refusal: Refused) -> None:
    log.warning("upload refused", code=refusal.code, batch=str(batch.pk))
    with transaction.atomic():
        current = Batch.objects.select_for_update().get(pk=batch.pk)
        current.refused.append({"name": clean_name(name), "code": refusal.code, "said": str(refusal)})
        current.save(update_fields=["refused"])
        batch.refused = current.refused


def _check_batch(batch: Batch) -> None:
    if Batch.objects.select_for_update().get(pk=batch.pk).scans.count() >= IN_A_BATCH:
        raise Refused("batch_full", _("This batch is full. A batch can have %(count)d files.") % {"count": IN_A_BATCH})


def _opened(name: str, upload: File) -> Iterator[tuple[str, File]]:
    """The file itself; or, of a zip, the files in it, each only when its turn comes."""
    upload.seek(0)
    if upload.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        upload.seek(0)
        yield name, upload
        return
    try:
        with zipfile.ZipFile(upload) as archive:
            inside = [entry for entry in archive.infolist() if not entry.is_dir() and not _litter(entry.filename)]
            _check_archive(inside)
            for entry in inside:
                with archive.open(entry) as packed:
                    yield entry.filename, File(packed, name=entry.filename)
    except DAMAGED as error:
        log.info("archive refused", error=repr(error))
        raise Refused(
            "bad_archive", _("This archive is damaged or password-protected and can't be unpacked.")
        ) from error


def _litter(name: str) -> bool:
    return "__MACOSX" in name or PurePosixPath(name).name in (".DS_Store", "Thumbs.db", "desktop.ini")


def _check_archive(inside: list[zipfile.ZipInfo]) -> None:
    """Refused by name, before a byte of it is unpacked. What the entries say of their size is held against
    them again while unpacking: `Incoming` counts."""
    if not inside:
        raise Refused("empty", _("This archive contains no files."))
    if len(inside) > IN_A_BATCH:
        raise Refused("too_many_files", _("This archive contains more than %(count)d files.") % {"count": IN_A_BATCH})
    for entry in inside:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or (len(path.parts[0]) == 2 and path.parts[0][1] == ":"):
            raise Refused("unsafe_path", _("This archive contains a file with an unsafe path."))
        if path.suffix.lower() in (".zip", ".7z", ".rar", ".gz", ".tgz", ".tar", ".xz", ".bz2"):
            raise Refused(
                "nested_archive", _("This archive contains another archive. Add the files themselves to the archive.")
            )
        if entry.flag_bits & 1:
            raise Refused("locked_archive", _("This archive is password-protected."))
        if entry.file_size > PACKED * max(1, entry.compress_size) and entry.file_size > PIECE:
            raise Refused("archive_bomb", _("This archive is compressed too strongly for photos or videos."))
    if sum(entry.file_size for entry in inside) > 4 * settings.MAX_UPLOAD_MB * 2**20:
        raise Refused("too_many_bytes", _("This archive is too large when unpacked."))


def _hold(pieces: Iterable[bytes]) -> Held:
    incoming = Incoming()
    try:
        for piece in pieces:
            incoming.write(piece)
    except BaseException:
        incoming.drop()
        raise
    return incoming.done()


def _check(held: Held, owner: Any) -> None:
    if not held.bytes:
        raise Refused("empty", _("This file is empty."))
    if analysis.recognise(held.path) is None:
        raise Refused("unknown_format", _("This file is not a supported image or video."))
    check_room(owner, held.bytes)
    check_for_viruses(held)


def check_for_viruses(held: Held) -> None:
    """Once for each file. Called before a transaction begins, as a scanner may take minutes."""
    if not held.is_checked:
        antivirus.check(held.path)
        held.is_checked = True


def check_room(owner: Any, size: int) -> None:
    if settings.QUOTA_MB and used(owner) + size > settings.QUOTA_MB * 2**20:
        raise Refused(
            "quota",
            _("Your storage of %(quota)d MB is full. Delete scans that you no longer need.")
            % {"quota": settings.QUOTA_MB},
        )


def used(owner: Any) -> int:
    """Bytes of a person's files that are still kept."""
    return int(Scan.objects.filter(owner=owner).kept_bytes())


def clean_name(name: str) -> str:
    """The last part of a name, in one line, without what could turn its letters round."""
    last = PurePath(name.replace("\\", "/")).name
    kept = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C")
    return " ".join(kept.split())[-255:] or NAMELESS


def cancel(scan: Scan, actor: Any) -> None:
    """Before it began: exactly. While it is analysed: at the worker's next breath."""
    scan.move(Status.CANCELLED, actor)
