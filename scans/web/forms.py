"""The site's forms about scans."""

import datetime as dt
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from .. import effective
from ..models import Decision, Feedback, Outcome, ReviewItem, Status


class Upload(forms.Form):
    """What is sent beside the files."""

    consents_to_training = forms.BooleanField(
        required=False,
        label=_("These files may also be used to improve the models"),
        help_text=_("Off unless you tick it, and you can take it back on each file's page. It changes nothing else."),
    )


class Say(forms.ModelForm):
    class Meta:
        model = Feedback
        fields = ("kind", "text")
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}


class NewShare(forms.Form):
    DAYS = ((1, _("One day")), (7, _("One week")), (30, _("30 days")))

    days = forms.TypedChoiceField(label=_("The link ends after"), choices=DAYS, coerce=int, initial=7)
    with_picture = forms.BooleanField(
        label=_("Show the picture too"), required=False, help_text=_("Else only the result is shown.")
    )


class Filter(forms.Form):
    """Which of my scans; all of it stands in the address, so that a view can be kept and handed on."""

    text = forms.CharField(label=_("Name or hash"), required=False, max_length=100)
    kind = forms.ChoiceField(label=_("Type"), required=False)
    outcome = forms.ChoiceField(label=_("Outcome"), required=False)
    status = forms.ChoiceField(label=_("Status"), required=False)
    review = forms.ChoiceField(label=_("Looked at by people"), required=False)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    batch = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("kind", [("image", _("Image")), ("video", _("Video"))]),
            ("outcome", Outcome.choices),
            ("review", [("waiting", _("Waits for it")), ("decided", _("Decided")), ("none", _("No"))]),
            ("status", [choice for choice in Status.choices if choice[0] != Status.DELETED]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("All")), *choices]

    def apply(self, scans: "QuerySet[Any]") -> "QuerySet[Any]":
        said = self.cleaned_data if self.is_valid() else {}
        if text := said.get("text"):
            scans = scans.filter(Q(name__icontains=text) | Q(sha256__startswith=text.lower()))
        for name in ("kind", "status", "batch"):
            if said.get(name):
                scans = scans.filter(**{name: said[name]})
        if outcome := said.get("outcome"):
            scans = effective.counting_as(scans, outcome)
        scans = _by_review(scans, said.get("review", ""))
        if since := said.get("since"):
            scans = scans.filter(created_at__date__gte=since)
        if until := said.get("until"):
            scans = scans.filter(created_at__date__lt=until + dt.timedelta(days=1))
        return scans

    @property
    def is_used(self) -> bool:
        return any(self.data.get(name) for name in self.fields)


def _by_review(scans: Any, said: str) -> Any:
    """As their owners may know it: what was decided counts once it has settled."""
    waiting = ReviewItem.objects.open().filter(scan=OuterRef("pk"))
    decided = Decision.objects.settled().filter(scan=OuterRef("pk"))
    if said == "waiting":
        return scans.filter(Exists(waiting))
    if said == "decided":
        return scans.filter(Exists(decided))
    return scans.filter(~Exists(waiting), ~Exists(decided)) if said == "none" else scans
