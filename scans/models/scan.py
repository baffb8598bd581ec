"""A scan: one upload and its life."""

import datetime as dt
import uuid
from pathlib import PurePath
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .assessment import Artifact, Outcome
from .decision import Appeal
from .event import Event
from .hold import LegalHold
from .notification import Notification, notify

PLAYED = frozenset({"mp4", "mov", "webm", "mkv"})
SHOWN = frozenset({"jpeg", "png", "webp", "avif", "gif"})


class WrongState(Exception):
    """Somebody else was faster: the scan is not, or no longer, where it would have to be for this."""


class Status(models.TextChoices):
    QUEUED = "queued", _("Queued")
    ANALYSING = "analysing", _("Analysing")
    ANALYSED = "analysed", _("Analysed")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    DELETED = "deleted", _("Deleted")


class Queue(models.TextChoices):
    LIVE = "live", _("Live")
    BATCH = "batch", _("Batch")
    RERUN = "rerun", _("Rerun")


class Source(models.TextChoices):
    SITE = "site", _("Uploaded on the site")
    CAMERA = "camera", _("Taken with the camera")
    API = "api", _("Sent by API")
    SHELL = "shell", _("From the command line")


# The whole machine: where a scan may come from to get somewhere.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.ANALYSING}),  # its worker died
    Status.ANALYSING: frozenset({Status.QUEUED}),
    Status.ANALYSED: frozenset({Status.ANALYSING, Status.QUEUED}),  # straight on for a duplicate
    Status.FAILED: frozenset({Status.QUEUED, Status.ANALYSING}),
    Status.CANCELLED: frozenset({Status.QUEUED, Status.ANALYSING}),
    Status.DELETED: frozenset({Status.ANALYSED, Status.FAILED, Status.CANCELLED}),
}


MOVING = (Status.QUEUED, Status.ANALYSING)
COUNTED = [
    "owner", "trashed_at", "status", "outcome", "kind", "source", "sandbox", "bytes", "media_deleted_at", "name",
    "created_at",
]  # fmt: skip
FILTERED = ["trashed_at", "status", "outcome", "kind", "source"]
UNKEPT = models.Q(zero_retention=True, media_deleted_at=None)


def media_path(scan: "Scan", name: str) -> str:
    """A random place; the name that it came with is kept in the row, not on the disk."""
    return f"media/{scan.pk.hex[:2]}/{scan.pk.hex}/{uuid.uuid4().hex}{PurePath(name).suffix.lower()[:10]}"


def _long_ago(column: str, seconds: float) -> models.Q:
    """A time this far in the future was written before the clock was set back."""
    now, span = timezone.now(), dt.timedelta(seconds=seconds)
    return models.Q(**{f"{column}__lt": now - span}) | models.Q(**{f"{column}__gt": now + span})


class ScanQuerySet(models.QuerySet["Scan"]):
    def visible_to(self, user: Any) -> Self:
        """The whole access rule: one's own, or all for those who may review; nothing that is in the trash."""
        if not user.is_authenticated:
            return self.none()
        return self.kept() if user.has_perm("scans.view_scan") else self.owned_by(user)

    def owned_by(self, user: Any) -> Self:
        return self.kept().filter(owner=user)

    def kept(self) -> Self:
        """Not in the trash."""
        return self.filter(trashed_at=None)

    def in_trash(self) -> Self:
        return self.filter(trashed_at__isnull=False)

    def not_held(self) -> Self:
        """No appeal waits for an answer, which would need the file, and no legal hold is on it."""
        appeals = Appeal.objects.filter(decision__scan=models.OuterRef("pk"), answered_by=None)
        holds = LegalHold.objects.active().filter(scan=models.OuterRef("pk"))
        return self.exclude(models.Exists(appeals)).exclude(models.Exists(holds))

    def deletable(self) -> Self:
        return self.kept().filter(status__in=TRANSITIONS[Status.DELETED]).not_held()

    def listed(self) -> Self:
        """With what a list shows of each, in as many queries as there are kinds of rows."""
        thumb = Artifact.objects.filter(assessment__scan=models.OuterRef("pk"), kind=Artifact.Kind.PREVIEW)
        return self.annotate(
            thumb=models.Subquery(thumb.order_by("assessment_id", "content__time").values("id")[:1]),
        )

    def kept_bytes(self) -> int:
        """Of files that are still there, those in the trash as well."""
        kept = self.exclude(status=Status.DELETED).filter(media_deleted_at=None).aggregate(sum=models.Sum("bytes"))
        return int(kept["sum"] or 0)

    def analysed(self) -> Self:
        """By models: what is in the sandbox never was."""
        return self.filter(status=Status.ANALYSED, sandbox=False)

    def judgeable(self) -> Self:
        """Analysed, and their files are still there for another look."""
        return self.analysed().kept().filter(media_deleted_at=None)

    def waiting(self) -> Self:
        return self.filter(status=Status.QUEUED, sandbox=False)

    def to_be_played(self) -> Self:
        """In the sandbox, a name may say that nothing ever comes of it."""
        return self.filter(sandbox=True).exclude(name__istartswith="waiting")

    def before(self, scan: "Scan") -> Self:
        """Those that will be taken from the same queue before this one."""
        return self.waiting().filter(queue=scan.queue, queued_at__lt=scan.queued_at)

    def overdue(self, seconds: float) -> Self:
        """Queued, and given to the broker longer ago than that: the oldest first."""
        return self.filter(_long_ago("sent_at", seconds), status=Status.QUEUED).order_by("queued_at")

    def stand_still(self, seconds: float) -> bool:
        """Some have waited for so long, and all that time none was begun, is being worked on or was finished."""
        limit = timezone.now() - dt.timedelta(seconds=seconds)
        if not self.waiting().filter(queued_at__lt=limit).exists():
            return False
        in_work = self.filter(status=Status.ANALYSING, heartbeat_at__gte=limit)
        return not in_work.exists() and not self.analysed().filter(finished_at__gte=limit).exists()

    def silent_for(self, seconds: float) -> Self:
        """Being analysed, as the rows say, by workers of which nothing was heard for so long."""
        return self.filter(_long_ago("heartbeat_at", seconds), status=Status.ANALYSING)


class Scan(models.Model):
    """`move` is the only writer of `status`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="scans", verbose_name=_("owner")
    )
    media = models.FileField(_("file"), upload_to=media_path, max_length=200, blank=True)
    name = models.CharField(_("name"), max_length=255)
    kind = models.CharField(_("kind"), max_length=5, blank=True, choices=[("image", _("Image")), ("video", _("Video"))])
    format = models.CharField(_("format"), max_length=10, blank=True)
    sha256 = models.CharField(_("SHA-256"), max_length=64, db_index=True)
    bytes = models.PositiveBigIntegerField(_("size in bytes"))
    source = models.CharField(_("source"), max_length=6, choices=Source.choices, default=Source.SITE)
    batch = models.ForeignKey(
        "scans.Batch", null=True, blank=True, on_delete=models.SET_NULL, related_name="scans", verbose_name=_("batch")
    )
    queue = models.CharField(_("queue"), max_length=5, choices=Queue.choices, default=Queue.LIVE)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.QUEUED, editable=False)
    outcome = models.CharField(
        _("outcome"), max_length=20, choices=Outcome.choices, blank=True, editable=False,
        help_text=_("Outcome of the latest assessment, copied for filtering."),
    )  # fmt: skip
    rank = models.FloatField(
        _("score for sorting"), default=-1.0, editable=False,
        help_text=_("Score of the latest assessment, or -1 if there is none."),
    )  # fmt: skip
    progress = models.FloatField(_("progress"), default=0.0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    refusal = models.CharField(_("reason of failure"), max_length=40, blank=True)
    failure_message = models.CharField(_("in words"), max_length=300, blank=True)
    external_id = models.CharField(_("external ID"), max_length=120, blank=True, db_index=True)
    metadata = models.JSONField(_("metadata from the API"), default=dict, blank=True)
    consents_to_training = models.BooleanField(_("may be used for training"), default=False)
    zero_retention = models.BooleanField(
        _("without retention"), default=False, editable=False,
        help_text=_("The file is deleted directly after its analysis, so nobody can look at it."),
    )  # fmt: skip
    sandbox = models.BooleanField(
        _("sandbox"), default=False, editable=False,
        help_text=_("Sent with a test key: not analysed; its name chooses the result."),
    )  # fmt: skip
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now, db_index=True)
    queued_at = models.DateTimeField(_("queued"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent to the broker"), default=timezone.now, editable=False)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("last activity"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    trashed_at = models.DateTimeField(_("moved to the trash"), null=True, blank=True, editable=False)
    purge_at = models.DateTimeField(_("deleted permanently"), null=True, blank=True, editable=False)
    media_deleted_at = models.DateTimeField(
        _("file deleted"), null=True, blank=True, editable=False,
        help_text=_("The file was deleted, the result is kept."),
    )  # fmt: skip

    objects: ClassVar[Any] = ScanQuerySet.as_manager()
    verdict: Any  # what counts now, put here for lists by `effective.with_verdicts`

    class Meta:
        verbose_name = _("scan")
        verbose_name_plural = _("scans")
        ordering = ("-created_at",)
        permissions = (
            ("review", _("Can claim items and decide")),
            ("lead_review", _("Can assign, take over and reopen")),
        )
        indexes = [
            # The order of the history, with what its filters look at.
            models.Index(fields=["owner", "-created_at", "-id", *FILTERED], name="scan_of_owner"),
            models.Index(fields=["owner", "outcome", "-created_at"], name="scan_of_owner_by_outcome"),
            # All that counts, sums and searches of one's own files need, so that they are read from the index alone.
            models.Index(fields=COUNTED, name="scan_of_owner_counted"),
            models.Index(fields=["owner", "name"], name="scan_of_owner_by_name"),
            models.Index(fields=["owner", "bytes"], name="scan_of_owner_by_size"),
            models.Index(fields=["owner", "rank"], name="scan_of_owner_by_rank"),
            models.Index(fields=["queue", "queued_at"], condition=models.Q(status="queued"), name="scan_waiting"),
            models.Index(fields=["purge_at"], condition=models.Q(purge_at__isnull=False), name="scan_in_trash"),
            models.Index(fields=["id"], condition=UNKEPT, name="scan_zero_retention"),
            models.Index(fields=["heartbeat_at"], condition=models.Q(status="analysing"), name="scan_in_work"),
            models.Index(
                fields=["-finished_at"],
                condition=models.Q(status="analysed", sandbox=False, started_at__isnull=False),
                name="scan_done_lately",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("scans:scan", args=[self.pk])

    def move(self, to: Status, actor: Any = None, *, event: dict[str, Any] | None = None, **changes: Any) -> None:
        """Change the status, and write the event in the same transaction. Of several callers one succeeds."""
        now = timezone.now()
        usual_changes: dict[Status, dict[str, Any]] = {
            Status.QUEUED: {"queued_at": now, "sent_at": now, "progress": 0.0},
            Status.ANALYSING: {"started_at": now, "heartbeat_at": now, "attempts": F("attempts") + 1},
            Status.ANALYSED: {"finished_at": now, "progress": 1.0},
            Status.FAILED: {"finished_at": now},
            Status.CANCELLED: {"finished_at": now},
        }
        with transaction.atomic():
            moved = Scan.objects.filter(pk=self.pk, status__in=TRANSITIONS[to]).update(
                status=to, **{**usual_changes.get(to, {}), **changes}
            )
            if not moved:
                raise WrongState(f"This scan can't become {to.value} now.")
            Event.objects.create(scan=self, kind=to, actor=actor, content=event or {})
            self._notify_owner(to)
        self.refresh_from_db()

    def _notify_owner(self, to: Status) -> None:
        """Of a batch as a whole once, later; of what a program sent not at all: it reads the answer itself."""
        kinds = {Status.ANALYSED: Notification.Kind.RESULT, Status.FAILED: Notification.Kind.FAILED}
        if to in kinds and self.batch_id is None and self.source in (Source.SITE, Source.CAMERA):
            notify(self.owner_id, kinds[to], scan=self)

    @property
    def assessment(self) -> Any:
        """What stands now, or None."""
        return self.assessments.first()

    @property
    def plays(self) -> bool:
        """In browsers, as a film."""
        return self.kind == "video" and self.format in PLAYED and bool(self.media)

    @property
    def shows(self) -> bool:
        """In browsers, as a picture."""
        return self.kind == "image" and self.format in SHOWN and bool(self.media)

    @property
    def is_moving(self) -> bool:
        return self.status in MOVING

    @property
    def expected_seconds(self) -> int | None:
        """About how long until it is done; None while nobody can tell."""
        each = Scan.seconds_each()
        return None if each is None else max(1, round(each * ((self.position or 0) + 1)))

    @staticmethod
    def seconds_each() -> float | None:
        """How long one takes, told by the last ones that were done; None while there were too few."""
        recent = Scan.objects.analysed().filter(started_at__isnull=False).order_by("-finished_at")
        times = recent.values_list("started_at", "finished_at")[:20]
        took = [(end - begin).total_seconds() for begin, end in times if begin and end]
        if len(took) < 5:
            return None
        return sum(took) / len(took)

    @property
    def position(self) -> int | None:
        """How many are before it, if it waits."""
        if self.status != Status.QUEUED:
            return None
        count: int = Scan.objects.before(self).count()
        return count
