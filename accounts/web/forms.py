"""The profile's forms."""

import datetime as dt
import zoneinfo
from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from .. import roles
from ..models import User


def _languages() -> list[tuple[str, Any]]:
    return [("", _("Same as my browser")), *settings.LANGUAGES]


@cache
def _time_zones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]


class LongSelect(forms.Select):
    """A select with hundreds of options; rendering a template for each of them takes a tenth of a second."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = str(value or "")
        options = (
            (option, mark_safe(" selected") if str(option) == chosen else "", label) for option, label in self.choices
        )
        return format_html(
            "<select{}>{}</select>",
            flatatt({"name": name, **self.build_attrs(self.attrs, attrs)}),
            format_html_join("", '<option value="{}"{}>{}</option>', options),
        )


class Profile(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=_languages, required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=_time_zones, widget=LongSelect)

    class Meta:
        model = User
        fields = ("name", "language", "time_zone")
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}


class NewKey(forms.Form):
    LIFETIMES = ((90, _("90 days")), (365, _("One year")), (30, _("30 days")), (0, _("Never")))

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("For example, the program that uses it."))
    scopes = forms.MultipleChoiceField(label=_("Permissions"), widget=forms.CheckboxSelectMultiple)
    lifetime = forms.TypedChoiceField(label=_("Expires after"), choices=LIFETIMES, coerce=int, initial=90)
    test = forms.BooleanField(
        label=_("Test key"),
        required=False,
        help_text=_("For testing: files are not analysed, and their names choose the result."),
    )

    def __init__(self, *args: Any, scopes: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        may = self.fields["scopes"]
        assert isinstance(may, forms.MultipleChoiceField)
        may.choices = [(scope, roles.SCOPE_WORDS[scope]) for scope in scopes]

    def expires_at(self) -> dt.datetime | None:
        days = self.cleaned_data["lifetime"]
        return timezone.now() + dt.timedelta(days=days) if days else None


class Confirm(forms.Form):
    sure = forms.BooleanField(label=_("Yes, delete my account and everything in it"))
