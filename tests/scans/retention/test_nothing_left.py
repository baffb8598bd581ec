"""After a purge no byte of a file is left, neither in the storage nor in the database."""

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from scans.evidence import chain, sealing
from scans.models import (
    Artifact,
    Event,
    Fingerprint,
    Report,
    Resumable,
    ReviewItem,
    Scan,
)
from scans.retention import purging

pytestmark = pytest.mark.django_db


def test_after_a_purge_neither_storage_nor_database_hold_any_of_the_bytes(
    bundles: Any, upload: Callable[..., Scan], uploader: User, own_media: Path, as_user: Callable[..., Client],
    settings: Any, commits: Callable[..., Any],
) -> None:  # fmt: skip
    from ..conftest import portrait

    picture = with_exif(portrait(), artist="Ottilie Geheimnis")
    scan = upload(picture, name="secret-party.jpg")
    begun = Resumable.objects.create(
        owner=uploader, name="secret-party.jpg", length=len(picture), scan=scan,
        expires_at=timezone.now() + dt.timedelta(days=1),
    )  # fmt: skip
    begun.path.parent.mkdir(parents=True, exist_ok=True)
    begun.path.write_bytes(picture[:5000])
    client = as_user(uploader)
    assert b"".join(client.get(f"/scans/{scan.pk}/report.pdf").streaming_content)  # type: ignore[attr-defined]
    contents = [path.read_bytes() for path in own_media.rglob("*") if path.is_file()]
    kinds = set(Artifact.objects.values_list("kind", flat=True))
    assert {"preview", "portrait"} <= kinds  # thumbnails and crops; heat maps where they are reliable
    assert len(contents) == 1 + Artifact.objects.count() + Report.objects.count() + 1
    pieces = [content[at : at + 32] for content in contents for at in range(200, len(content) - 32, 997)]
    outcome, before = scan.outcome, dump()
    assert "Ottilie Geheimnis" in before
    sealing.seal()
    statements = [assessment.statement() for assessment in scan.assessments.all()]
    settings.RETENTION_DAYS = {"any": 0}
    ReviewItem.objects.all().delete()
    with commits():
        assert purging.purge().purged == 1

    left = [path.read_bytes() for path in own_media.rglob("*") if path.is_file()]
    assert left == []
    text = dump()
    for piece in pieces:
        assert piece.hex() not in text
        assert base64_of(piece) not in text
    assert "Ottilie Geheimnis" not in text
    assert not Fingerprint.objects.exists()
    scan.refresh_from_db()
    assert (scan.outcome, scan.assessment.score is not None) == (outcome, True)
    assert scan.sha256 in text
    assert [assessment.statement() for assessment in scan.assessments.all()] == statements
    sealing.seal()
    assert chain.verify().whole
    receipt = Event.objects.get(kind="media_deleted", position__isnull=False)
    assert receipt.content == {
        "why": ["rule"], "receipt": {"sha256": scan.sha256, "bytes": len(picture), "files": len(contents) - 1},
    }  # fmt: skip
    page = client.get(f"/scans/{scan.pk}/").content.decode()
    assert "retention period has ended" in page
    assert "treat the result as inconclusive" in page
    assert client.get(f"/scans/{scan.pk}/media/").status_code == 404


def with_exif(jpeg: bytes, *, artist: str) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(jpeg)) as image:
        exif = image.getexif()
        exif[0x013B], exif[0x0131] = artist, artist
        image.save(out, "JPEG", exif=exif, quality=90)
    return out.getvalue()


def dump() -> str:
    out = io.StringIO()
    call_command("dumpdata", "scans", stdout=out)
    return out.getvalue().replace("\\/", "/")


def base64_of(piece: bytes) -> str:
    import base64

    return base64.b64encode(piece[: len(piece) // 3 * 3]).decode()
