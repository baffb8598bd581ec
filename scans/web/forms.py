"""The site's forms about scans."""

import datetime as dt
import re
from collections.abc import Collection
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..models import Case, Decision, Feedback, Outcome, ReviewItem, Scan, Source, Tag
from ..outcome import effective
from .facets import KINDS, STATUSES

HEX = re.compile(r"[0-9a-fA-F]{4,64}")
MOST = 500  # scans of the same beginning of a hash
FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(9000, 1, 1)  # further off, time zones lead out of the calendar


class Upload(forms.Form):
    """What is sent beside the files."""

    consents_to_training = forms.BooleanField(
        required=False,
        label=_("Allow these files to be used to improve the models"),
        help_text=_("Optional. You can change this later on the page of each file."),
    )
    zero_retention = forms.BooleanField(required=False)
    address = forms.URLField(required=False, max_length=2000, assume_scheme="https")


class Say(forms.ModelForm):
    class Meta:
        model = Feedback
        fields = ("kind", "text")
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [("", _("Choose what is wrong")), *Feedback.Kind.choices]


class NewShare(forms.Form):
    DAYS = ((1, _("One day")), (7, _("One week")), (30, _("30 days")))

    days = forms.TypedChoiceField(label=_("The link expires after"), choices=DAYS, coerce=int, initial=7)
    with_picture = forms.BooleanField(
        label=_("Include the picture"), required=False, help_text=_("Otherwise only the result is shown.")
    )


class Filter(forms.Form):
    """Which of my scans; all of it stands in the address, so that a view can be kept and handed on."""

    SORTS = (
        ("", _("Newest first")),
        ("created_at", _("Oldest first")),
        ("-rank", _("Highest score first")),
        ("name", _("By name")),
        ("-bytes", _("Largest first")),
    )

    text = forms.CharField(label=_("Name or hash"), required=False, max_length=100)
    sort = forms.ChoiceField(label=_("Sort"), required=False, choices=SORTS)
    review = forms.ChoiceField(label=_("Reviewed by people"), required=False)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    kind = forms.ChoiceField(required=False, widget=forms.HiddenInput)
    outcome = forms.ChoiceField(required=False, widget=forms.HiddenInput)
    source = forms.ChoiceField(required=False, widget=forms.HiddenInput)
    status = forms.ChoiceField(required=False, widget=forms.HiddenInput)
    batch = forms.UUIDField(required=False, widget=forms.HiddenInput)
    tag: Any = forms.ModelChoiceField(None, required=False, widget=forms.HiddenInput)
    case: Any = forms.ModelChoiceField(None, required=False, widget=forms.HiddenInput)

    def __init__(self, query: Any, person: Any) -> None:
        super().__init__(query)
        for name, choices in (
            ("kind", KINDS),
            ("outcome", Outcome.choices),
            ("source", Source.choices),
            ("review", [("waiting", _("Waiting for review")), ("decided", _("Decided")), ("none", _("No"))]),
            ("status", STATUSES),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("All")), *choices]
        for name, model in (("tag", Tag), ("case", Case)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = model._default_manager.filter(owner=person)

    @property
    def chosen(self) -> dict[str, Any]:
        """What can't be understood narrows nothing."""
        return self.cleaned_data if self.is_valid() else {}

    def apply(self, scans: "QuerySet[Any]", *, without: Collection[str] = ()) -> "QuerySet[Any]":
        chosen = {name: value for name, value in self.chosen.items() if name not in without}
        if text := chosen.get("text"):
            scans = scans.filter(_named(text))
        for name in ("kind", "source", "status", "batch"):
            if chosen.get(name):
                scans = scans.filter(**{name: chosen[name]})
        if outcome := chosen.get("outcome"):
            scans = effective.counting_as(scans, outcome)
        scans = _by_review(scans, chosen.get("review", ""))
        if tag := chosen.get("tag"):
            scans = scans.filter(tags=tag)
        if case := chosen.get("case"):
            scans = scans.filter(cases=case)
        if since := chosen.get("since"):
            scans = scans.filter(created_at__gte=_start_of(since))
        if until := chosen.get("until"):
            scans = scans.filter(created_at__lt=_start_of(until, days_later=1))
        return scans

    @property
    def order(self) -> tuple[str, str]:
        return (self.chosen.get("sort") or "-created_at", "-id")

    @property
    def is_used(self) -> bool:
        return any(self.data.get(name) for name in self.fields if name != "sort")

    @property
    def has_more(self) -> bool:
        """Whether something in the part that is folded up narrows."""
        return any(self.data.get(name) for name in ("review", "since", "until"))


class EditCase(forms.ModelForm):
    class Meta:
        model = Case
        fields = ("title", "notes")
        widgets = {"notes": forms.Textarea(attrs={"rows": 6})}


class NewCaseLink(NewShare):
    with_picture = forms.BooleanField(
        label=_("Include the pictures"), required=False, help_text=_("Otherwise only the results are shown.")
    )
    with_notes = forms.BooleanField(label=_("Include the notes"), required=False)


def _start_of(day: dt.date, *, days_later: int = 0) -> dt.datetime:
    """Its midnight in the person's time zone. A range of times can use an index, unlike a comparison of dates."""
    day = min(max(day, FIRST_DAY), LAST_DAY) + dt.timedelta(days=days_later)
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def _named(text: str) -> Q:
    """The name contains the text, or the hash begins with it. Hashes are sought by their own index: together with
    names, the rows of all scans would be read."""
    named = Q(name__icontains=text)
    if HEX.fullmatch(text):
        begin = text.lower()
        hashed = list(
            Scan.objects.filter(sha256__gte=begin, sha256__lt=begin + "g").values_list("pk", flat=True)[:MOST]
        )
        return named | Q(pk__in=hashed) if hashed else named
    return named


def _by_review(scans: Any, state: str) -> Any:
    """Scans in this state of review, as their owners see it: decisions count once they have settled."""
    waiting, decided = _waiting(), _decided()
    if state == "waiting":
        return scans.filter(pk__in=waiting)
    if state == "decided":
        return scans.filter(pk__in=decided)
    if state == "none":
        return scans.filter(*(~Exists(rows.filter(scan=OuterRef("pk"))) for rows in (waiting, decided)))
    return scans


def reviewed(scans: Any) -> Any:
    """Those that wait for review or were decided: all that the filter "none" leaves out."""
    return scans.filter(pk__in=_waiting().union(_decided()))


def _waiting() -> Any:
    return ReviewItem.objects.open().order_by().values("scan")


def _decided() -> Any:
    return Decision.objects.settled().order_by().values("scan")
