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
from ..models.decision import USUAL_ACTION
from ..models.wording import in_language


class Labels(forms.RadioSelect):
    """Each label carries the action that usually follows from it, so that the page can choose it."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value in Label.values:
            option["attrs"]["data-action"] = USUAL_ACTION[Label(value)]
        return option


class Policies(forms.Select):
    """Each policy carries its title as the uploader reads it, for canned replies."""

    language = ""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if policy := getattr(value, "instance", None):
            option["attrs"]["data-title"] = in_language(policy, "title", self.language)
        return option


class Replies(forms.Select):
    """Each reply carries its text, so that it can be read and changed before it is sent."""

    scan: Any = None

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        reply = getattr(value, "instance", None)
        if reply and self.scan:
            option["attrs"]["data-text"] = filled(reply, self.scan, "{policy}")
            option["attrs"]["data-policy"] = reply.policy_id or ""
        return option


class Decide(forms.Form):
    label = forms.ChoiceField(label=_("What is it?"), choices=Label.choices, widget=Labels)
    action = forms.ChoiceField(
        label=_("Action"), choices=Action.choices, widget=forms.RadioSelect, required=False,
        help_text=_("If you choose nothing, the usual action for your answer is used."),
    )  # fmt: skip
    policy = forms.ModelChoiceField(
        Policy.objects.filter(active=True), label=_("Policy"), required=False, widget=Policies,
        empty_label=_("No policy"),
        help_text=_("Required if you contradict the models."),
    )  # fmt: skip
    reply = forms.ModelChoiceField(
        CannedReply.objects.all(), label=_("Canned reply"), required=False, widget=Replies,
        empty_label=_("No canned reply"),
        help_text=_("In the uploader's language. You can change it below before it is sent."),
    )  # fmt: skip
    public_note = forms.CharField(
        label=_("Note to the uploader"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, scan: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scan = scan
        policies, replies = self.fields["policy"], self.fields["reply"]
        assert isinstance(policies, forms.ModelChoiceField)
        assert isinstance(replies, forms.ModelChoiceField)
        if isinstance(policies.widget, Policies) and scan:
            policies.widget.language = language_of(scan)
        if scan is None or not CannedReply.objects.exists():
            del self.fields["reply"]
        elif isinstance(replies.widget, Replies):
            replies.widget.scan = scan

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("label") and not cleaned.get("action"):
            cleaned["action"] = USUAL_ACTION[Label(cleaned["label"])]
        reply, policy = cleaned.get("reply"), cleaned.get("policy")
        if reply and not cleaned.get("public_note", "").strip():
            title = in_language(policy, "title", language_of(self.scan)) if policy else ""
            cleaned["public_note"] = filled(reply, self.scan, title)
        return cleaned


def language_of(scan: Any) -> str:
    """The language in which the uploader is written to."""
    return str(scan.owner.language or settings.LANGUAGE_CODE)


def filled(reply: CannedReply, scan: Any, policy: str) -> str:
    """The reply in the uploader's language. Anything else in braces stays as it is."""
    values = {"{name}": scan.name, "{policy}": policy, "{site}": settings.SITE_NAME}
    text = in_language(reply, "text", language_of(scan))
    return re.sub(r"\{(?:name|policy|site)\}", lambda match: values[match.group()], text)


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
        label=_("Never assign me"), choices=Harm.choices, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("This is private. Items with this mark go to other reviewers."),
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
