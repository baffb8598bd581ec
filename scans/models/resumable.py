"""A large file that comes in pieces, over connections that break."""

import uuid
from pathlib import Path
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ResumableQuerySet(models.QuerySet["Resumable"]):
    def expired(self) -> Self:
        return self.filter(expires_at__lt=timezone.now())


class Resumable(models.Model):
    """How much is here is told by the file on the disk, or by the pieces in the object store."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=255)
    length = models.PositiveBigIntegerField(_("size in bytes"))
    batch = models.ForeignKey("scans.Batch", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    consents_to_training = models.BooleanField(_("may be used for training"), default=False)
    zero_retention = models.BooleanField(_("without retention"), default=False)
    created_at = models.DateTimeField(_("begun"), default=timezone.now)
    expires_at = models.DateTimeField(_("ends"), db_index=True)
    scan = models.ForeignKey("scans.Scan", null=True, on_delete=models.CASCADE, related_name="+")  # once all is here

    objects: ClassVar[Any] = ResumableQuerySet.as_manager()

    class Meta:
        verbose_name = _("resumable upload")
        verbose_name_plural = _("resumable uploads")

    def __str__(self) -> str:
        return self.name

    def forget(self) -> None:
        self.forget_pieces()
        Resumable.objects.filter(pk=self.pk).delete()
        self.path.unlink(missing_ok=True)

    def forget_pieces(self) -> None:
        for piece in self.pieces.all():
            piece.file.delete(save=False)
            piece.delete()

    @property
    def path(self) -> Path:
        """Where it grows, if media are kept on a disk."""
        return Path(settings.MEDIA_ROOT) / "incoming" / f"part-{self.pk.hex}"

    @property
    def offset(self) -> int:
        if self.scan_id:
            return self.length
        if last := self.pieces.order_by("offset").last():
            return int(last.offset + last.size)
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0


def piece_path(piece: "Piece", name: str) -> str:
    return f"pieces/{piece.upload_id.hex}/{name}"


class Piece(models.Model):
    """Some of an upload's bytes, as an object in the store: any web process can add the next or put them together."""

    upload = models.ForeignKey(Resumable, on_delete=models.CASCADE, related_name="pieces")
    offset = models.PositiveBigIntegerField()
    size = models.PositiveBigIntegerField()
    file = models.FileField(upload_to=piece_path, max_length=200)

    class Meta:
        verbose_name = _("piece of an upload")
        verbose_name_plural = _("pieces of uploads")
        constraints = [models.UniqueConstraint(fields=["upload", "offset"], name="pieces_follow_each_other")]

    def __str__(self) -> str:
        return f"{self.upload_id}: {self.offset} + {self.size}"
