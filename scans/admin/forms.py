"""What reviewers fill in."""

import re
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import DESK

from ..models import Action, Label, Policy


class Decide(forms.Form):
    label = forms.ChoiceField(label=_("What is it?"), choices=Label.choices, widget=forms.RadioSelect)
    action = forms.ChoiceField(label=_("What is done?"), choices=Action.choices, initial=Action.KEEP)
    policy = forms.ModelChoiceField(
        Policy.objects.filter(active=True), label=_("By which policy?"), required=False,
        help_text=_("Needed where you contradict the models."),
    )  # fmt: skip
    public_note = forms.CharField(
        label=_("Note to the uploader"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class Say(forms.Form):
    text = forms.CharField(label=_("Internal note"), max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))


def mentioned(text: str) -> Any:
    """People of the desk who are named as @name or @address."""
    names = re.findall(r"@([\w.+-]+(?:@[\w.-]+\w)?)", text)
    wanted = Q(pk=None)
    for name in names[:20]:
        wanted |= Q(email__iexact=name) | Q(name__iexact=name.replace("_", " "))
    return User.objects.filter(wanted, groups__name__in=DESK).distinct()
