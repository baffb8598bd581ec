"""What people decided about a scan: rows that are added, never changed; the latest that stands is what counts."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .assessment import Assessment, Judgement, Outcome
from .chain import digest
from .wording import in_language

PERSON = settings.AUTH_USER_MODEL


class Policy(models.Model):
    """A written rule that a decision can rest on."""

    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="parts", verbose_name=_("part of")
    )
    code = models.SlugField(_("code"), max_length=40, unique=True)
    title = models.CharField(_("title"), max_length=120)
    title_de = models.CharField(_("title in German"), max_length=120, blank=True, default="")
    text = models.TextField(_("text"))
    text_de = models.TextField(_("text in German"), blank=True, default="")
    two_people = models.BooleanField(
        _("needs two people"),
        default=False,
        help_text=_("Every decision under this policy needs approval by a second person."),
    )
    active = models.BooleanField(_("in force"), default=True)

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ("code",)

    def __str__(self) -> str:
        return in_language(self, "title")

    @property
    def local_text(self) -> str:
        return in_language(self, "text")


class CannedReply(models.Model):
    """A note to uploaders, written once; `{name}`, `{policy}` and `{site}` are filled in."""

    title = models.CharField(_("title"), max_length=80)
    title_de = models.CharField(_("title in German"), max_length=80, blank=True, default="")
    text = models.TextField(_("text"), max_length=2000)
    text_de = models.TextField(_("text in German"), max_length=2000, blank=True, default="")
    policy = models.ForeignKey(
        Policy, null=True, blank=True, on_delete=models.SET_NULL, related_name="replies", verbose_name=_("policy")
    )

    class Meta:
        verbose_name = _("canned reply")
        verbose_name_plural = _("canned replies")
        ordering = ("title",)

    def __str__(self) -> str:
        return in_language(self, "title")

    @property
    def local_text(self) -> str:
        return in_language(self, "text")


class Label(models.TextChoices):
    """What is true of the file, in the reviewer's eyes. Their labels are the only words for it."""

    MANIPULATED = "manipulated", _("Manipulated")
    NOT_MANIPULATED = "not_manipulated", _("Not manipulated")
    INCONCLUSIVE = "inconclusive", _("Inconclusive")
    PERMITTED = "manipulated_but_permitted", _("Manipulated but permitted")
    MISLEADING = "misleading_context", _("Misleading context")


class Action(models.TextChoices):
    """What is done about it."""

    KEEP = "keep", _("Keep")
    LABEL = "label", _("Label")
    RESTRICT = "restrict", _("Restrict")
    REMOVE = "remove", _("Remove")


# What is usually done about a file with this label; a reviewer may choose otherwise.
USUAL_ACTION: dict[Label, Action] = {
    Label.MANIPULATED: Action.LABEL,
    Label.NOT_MANIPULATED: Action.KEEP,
    Label.INCONCLUSIVE: Action.KEEP,
    Label.PERMITTED: Action.KEEP,
    Label.MISLEADING: Action.LABEL,
}
# What the models' outcome amounts to, in a reviewer's words.
AMOUNTS_TO: dict[str, str] = {
    Outcome.LIKELY_MANIPULATED: Label.MANIPULATED,
    Outcome.INCONCLUSIVE: Label.INCONCLUSIVE,
    Outcome.LITTLE_EVIDENCE: Label.NOT_MANIPULATED,
}
# And a label in the models' words, for those who go by outcomes.
OUTCOME_OF: dict[Label, Outcome] = {
    Label.MANIPULATED: Outcome.LIKELY_MANIPULATED,
    Label.PERMITTED: Outcome.LIKELY_MANIPULATED,
    Label.INCONCLUSIVE: Outcome.INCONCLUSIVE,
    Label.NOT_MANIPULATED: Outcome.LITTLE_EVIDENCE,
    Label.MISLEADING: Outcome.LITTLE_EVIDENCE,
}
# Which labels contradict which outcome of the models: to write one of these down takes a policy.
CONTRADICTS: dict[str, frozenset[str]] = {
    Outcome.LIKELY_MANIPULATED: frozenset({Label.NOT_MANIPULATED, Label.MISLEADING}),
    Outcome.LITTLE_EVIDENCE: frozenset({Label.MANIPULATED, Label.PERMITTED}),
}


# What a label says of the pixels; that a true picture misleads, does not make it a fake.
FAKE = frozenset({Label.MANIPULATED, Label.PERMITTED})
REAL = frozenset({Label.NOT_MANIPULATED, Label.MISLEADING})


class DecisionQuerySet(models.QuerySet["Decision"]):
    def standing(self) -> Self:
        """Neither undone, nor still waiting for a second person, nor turned down by one."""
        approved = models.Q(needs_second=False) | models.Q(second__verdict=SecondLook.Verdict.APPROVE)
        return self.filter(approved, undone=None)

    def settled(self) -> Self:
        """Of those that stand, the ones that uploaders may know of."""
        return self.standing().filter(settles_at__lte=timezone.now())

    def pending(self) -> Self:
        """Written down by one, and waiting for another."""
        return self.filter(needs_second=True, second=None, undone=None)


class Decision(Judgement):
    scan = models.ForeignKey("scans.Scan", on_delete=models.CASCADE, related_name="decisions", verbose_name=_("scan"))
    item = models.ForeignKey(
        "scans.ReviewItem", on_delete=models.CASCADE, related_name="decisions", verbose_name=_("item")
    )
    assessment = models.ForeignKey(
        Assessment, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("assessment")
    )
    decider = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="decisions", verbose_name=_("by"))
    label = models.CharField(_("label"), max_length=30, choices=Label.choices)
    action = models.CharField(_("action"), max_length=10, choices=Action.choices, default=Action.KEEP)
    policy = models.ForeignKey(
        Policy, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("policy")
    )
    public_note = models.TextField(_("note to the uploader"), max_length=2000, blank=True)
    overrides = models.BooleanField(_("contradicts the models"), default=False)
    needs_second = models.BooleanField(_("needs a second person"), default=False)
    blind = models.BooleanField(_("made blind"), default=False)
    supersedes = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by",
        verbose_name=_("replaces"),
    )  # fmt: skip
    group = models.UUIDField(_("bulk decision"), null=True, blank=True, db_index=True)
    at = models.DateTimeField(_("when"), default=timezone.now)
    settles_at = models.DateTimeField(_("final from"))

    objects: ClassVar[Any] = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ("-id",)
        indexes = [models.Index(fields=["at"], name="decision_by_time")]

    def __str__(self) -> str:
        return str(self.get_label_display())

    def statement(self) -> dict[str, Any]:
        """What the digest in its event is made of. Who decided is said by the event's actor; the note by its digest."""
        return {
            "decision": self.pk,
            "label": self.label,
            "action": self.action,
            "policy": self.policy.code if self.policy else None,
            "note_sha256": digest(self.public_note),
            "overrides": self.overrides,
            "needs_second": self.needs_second,
            "blind": self.blind,
            "supersedes": self.supersedes_id,
        }

    # The same rules as in the query set, for a row that is at hand with its `undone` and `second`.

    @property
    def is_undone(self) -> bool:
        return hasattr(self, "undone")

    @property
    def is_pending(self) -> bool:
        return self.needs_second and not self.is_undone and not hasattr(self, "second")

    @property
    def is_standing(self) -> bool:
        approved = not self.needs_second or (
            hasattr(self, "second") and self.second.verdict == SecondLook.Verdict.APPROVE
        )
        return approved and not self.is_undone

    @property
    def is_settled(self) -> bool:
        return self.is_standing and self.settles_at <= timezone.now()

    @property
    def status(self) -> str:
        """held, canceled (taken back, or turned down by the second person), superseded by a later one, or final."""
        if self.is_pending:
            return "held"
        if not self.is_standing:
            return "canceled"
        return "superseded" if any(later.is_standing for later in self.superseded_by.all()) else "final"


class SecondLook(Judgement):
    """A second person's answer to a decision that needs one."""

    class Verdict(models.TextChoices):
        APPROVE = "approve", _("Approve")
        REJECT = "reject", _("Reject and return to the queue")
        CANCEL = "cancel", _("Remove from the queue without a decision")

    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="second")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    verdict = models.CharField(_("answer"), max_length=8, choices=Verdict.choices)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects: ClassVar[models.Manager["SecondLook"]] = models.Manager()

    class Meta:
        verbose_name = _("second review")
        verbose_name_plural = _("second reviews")

    def __str__(self) -> str:
        return str(self.get_verdict_display())


class Undo(Judgement):
    """A decision taken back within minutes, before anybody was told."""

    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="undone")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects: ClassVar[models.Manager["Undo"]] = models.Manager()

    class Meta:
        verbose_name = _("undone decision")
        verbose_name_plural = _("undone decisions")

    def __str__(self) -> str:
        return str(self.decision)


class DecisionNotice(models.Model):
    """That the uploader was told of a decision, and whether the page with it was opened since."""

    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="notice")
    mailed = models.BooleanField(_("sent by email"), default=False)
    at = models.DateTimeField(_("when"), default=timezone.now)
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)

    class Meta:
        verbose_name = _("decision notice")
        verbose_name_plural = _("decision notices")

    def __str__(self) -> str:
        return str(self.decision)


class Appeal(models.Model):
    """The uploader's answer to a decision; another person decides it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    decision = models.OneToOneField(
        Decision, on_delete=models.CASCADE, related_name="appeal", verbose_name=_("decision")
    )
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="appeals", verbose_name=_("by"))
    text = models.TextField(_("why it is wrong"), max_length=4000)
    at = models.DateTimeField(_("when"), default=timezone.now)
    answered_by = models.OneToOneField(
        Decision, null=True, blank=True, on_delete=models.SET_NULL, related_name="answered_appeal"
    )
    answer = models.TextField(_("answer"), max_length=4000, blank=True)

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        ordering = ("-at",)

    def __str__(self) -> str:
        return self.text[:60]


class Note(models.Model):
    """Between those at the desk; no uploader ever sees one."""

    scan = models.ForeignKey("scans.Scan", on_delete=models.CASCADE, related_name="notes", verbose_name=_("scan"))
    author = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    text = models.TextField(_("note"), max_length=4000)
    mentions: Any = models.ManyToManyField(PERSON, blank=True, related_name="mentioned_in", verbose_name=_("mentions"))
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ("id",)

    def __str__(self) -> str:
        return self.text[:60]
