"""What the style guide shows: a form with one field of each kind, the colours, the icons."""

import re
from pathlib import Path

from django import forms
from django.conf import settings

COLOURS = (
    "ground", "paper", "sunken", "hover", "ink", "quiet", "line", "edge", "accent", "accent-soft",
    "danger", "warning", "success", "info", "violet",
)  # fmt: skip


def icons() -> list[str]:
    """The names of all icons of the set."""
    sheet = Path(settings.BASE_DIR, "static", "icons", "icons.svg").read_text()
    return re.findall(r'<symbol id="([^"]+)"', sheet)


class Sample(forms.Form):
    name = forms.CharField(help_text="A line of help stands below its field.", initial="Ann")
    email = forms.EmailField(label="Email", widget=forms.EmailInput(attrs={"placeholder": "ann@example.org"}))
    secret = forms.CharField(label="Password", widget=forms.PasswordInput, required=False)
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    reason = forms.ChoiceField(choices=[("a", "One reason"), ("b", "Another reason")])
    picks = forms.MultipleChoiceField(choices=[("a", "This"), ("b", "That")], widget=forms.CheckboxSelectMultiple)
    one = forms.ChoiceField(choices=[("a", "Either"), ("b", "Or")], widget=forms.RadioSelect, initial="a")
    sure = forms.BooleanField(label="I am sure", required=False)
