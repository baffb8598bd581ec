"""How people keep order among their own scans: tags, cases of several scans, and searches under a name."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .scan import Status
from .sharing import Link

PERSON = settings.AUTH_USER_MODEL
PRESENT = Q(scans__trashed_at=None) & ~Q(scans__status=Status.DELETED)


class FiledQuerySet(models.QuerySet[Any]):
    def with_counts(self) -> Self:
        """Of the scans that are neither deleted nor in the trash."""
        return self.annotate(count=Count("scans", filter=PRESENT, distinct=True))


class Tag(models.Model):
    """A word that somebody puts on scans of their own."""

    owner = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="tags", verbose_name=_("owner"))
    name = models.CharField(_("name"), max_length=40)
    scans: Any = models.ManyToManyField("scans.Scan", related_name="tags", verbose_name=_("scans"))

    objects: ClassVar[Any] = FiledQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = (Lower("name"), "id")
        constraints = [models.UniqueConstraint("owner", Lower("name"), name="one_tag_of_a_name_each")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def named(cls, owner: Any, name: str) -> "Tag":
        """The owner's tag of this name, created if it does not exist. Upper and lower case are the same."""
        name = " ".join(name.split())[:40]
        tag: Tag | None = cls.objects.filter(owner=owner, name__iexact=name).first()
        if tag is None:
            try:
                with transaction.atomic():
                    tag = cls.objects.create(owner=owner, name=name)
            except IntegrityError:  # created by another request in between
                tag = cls.objects.get(owner=owner, name__iexact=name)
        return tag


class CaseQuerySet(FiledQuerySet):
    def visible_to(self, user: Any) -> Self:
        """As with scans: one's own, or all for those who may review."""
        if not user.is_authenticated:
            return self.none()
        return self if user.has_perm("scans.view_scan") else self.filter(owner=user)


class Case(models.Model):
    """Several scans of one story, with notes; shared and exported together."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="cases", verbose_name=_("owner"))
    title = models.CharField(_("title"), max_length=120)
    notes = models.TextField(_("notes"), max_length=10_000, blank=True)
    scans: Any = models.ManyToManyField("scans.Scan", related_name="cases", blank=True, verbose_name=_("scans"))
    sandbox = models.BooleanField(_("sandbox"), default=False, editable=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar[Any] = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ("-changed_at", "id")
        indexes = [models.Index(fields=["owner", "-changed_at"], name="case_of_owner")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("scans:case", args=[self.pk])


class CaseLinkQuerySet(models.QuerySet["CaseLink"]):
    def open(self) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class CaseLink(Link):
    """Whoever has the link sees the results of the case's scans, without the names of files or people."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="links", verbose_name=_("case"))
    with_notes = models.BooleanField(_("with the notes"), default=False)

    objects: ClassVar[Any] = CaseLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("shared case")
        verbose_name_plural = _("shared cases")
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.case_id)


class SavedSearch(models.Model):
    """A view of one's own scans under a name; its address is the query."""

    owner = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="saved_searches", verbose_name=_("owner"))
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("query"), max_length=500)

    objects: ClassVar[models.Manager["SavedSearch"]] = models.Manager()

    class Meta:
        verbose_name = _("saved search")
        verbose_name_plural = _("saved searches")
        ordering = ("name", "id")
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_search_of_a_name_each")]

    def __str__(self) -> str:
        return self.name
