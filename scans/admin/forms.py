"""What reviewers fill in."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import DESK

from ..models import Action, CannedReply, DeskSettings, Harm, Label, Policy, SavedFilter


class Replies(forms.Select):
    """Each choice carries its text, so that it can be read and changed before it is sent."""

    scan: Any = None

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        reply = getattr(value, "instance", None)
        if reply and self.scan:
            option["attrs"]["data-text"] = filled(reply, self.scan, "{policy}")
        return option


class Decide(forms.Form):
    label = forms.ChoiceField(label=_("What is it?"), choices=Label.choices, widget=forms.RadioSelect)
    action = forms.ChoiceField(label=_("What is done?"), choices=Action.choices, initial=Action.KEEP)
    policy = forms.ModelChoiceField(
        Policy.objects.filter(active=True), label=_("By which policy?"), required=False,
        help_text=_("Needed where you contradict the models."),
    )  # fmt: skip
    reply = forms.ModelChoiceField(
        CannedReply.objects.all(), label=_("Canned reply"), required=False, widget=Replies,
        help_text=_("Sent if the note below stays empty."),
    )  # fmt: skip
    public_note = forms.CharField(
        label=_("Note to the uploader"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, scan: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scan = scan
        replies = self.fields["reply"]
        assert isinstance(replies, forms.ModelChoiceField)
        if scan is None or not CannedReply.objects.exists():
            del self.fields["reply"]
        elif isinstance(replies.widget, Replies):
            replies.widget.scan = scan

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        reply = said.get("reply")
        if reply and not said.get("public_note", "").strip():
            said["public_note"] = filled(reply, self.scan, str(said.get("policy") or ""))
        return said


def filled(reply: CannedReply, scan: Any, policy: str) -> str:
    """Placeholders by what they stand for; anything else in braces stays as it is."""
    known = {"{name}": scan.name, "{policy}": policy, "{site}": settings.SITE_NAME}
    return re.sub(r"\{(?:name|policy|site)\}", lambda found: known[found.group()], reply.text)


class Say(forms.Form):
    text = forms.CharField(label=_("Internal note"), max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))


class Remember(forms.Form):
    note = forms.CharField(label=_("Note"), max_length=300, required=False)
    expires_at = forms.DateTimeField(
        label=_("Until"), required=False, widget=forms.DateTimeInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    active = forms.BooleanField(label=_("Propose it"), required=False, initial=True)


class Personal(forms.ModelForm):
    avoids = forms.MultipleChoiceField(
        label=_("Never give me"), choices=Harm.choices, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Nobody is told, and nobody asks why. Items marked so go to others."),
    )  # fmt: skip

    class Meta:
        model = DeskSettings
        fields = ("blur", "grey", "avoids", "rest_after", "away")


class Keep(forms.ModelForm):
    class Meta:
        model = SavedFilter
        fields = ("name", "shared")


def mentioned(text: str) -> Any:
    """People of the desk who are named as @name or @address."""
    names = re.findall(r"@([\w.+-]+(?:@[\w.-]+\w)?)", text)
    wanted = Q(pk=None)
    for name in names[:20]:
        wanted |= Q(email__iexact=name) | Q(name__iexact=name.replace("_", " "))
    return User.objects.filter(wanted, groups__name__in=DESK).distinct()
