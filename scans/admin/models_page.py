"""The models of this site: which are heard where and what was measured; changes are proposed, models uploaded."""

from collections.abc import Callable
from typing import Any, Final

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import analysis
from ..analysis.outages import PanelUnreadable
from ..learning import model_uploads
from ..models import PanelVersion
from ..models.learning import MEDIA
from ..outcome import scores
from ..review import panels
from .points import PointsField
from .verbs import AtTheDesk

WEIGHTS: Final[tuple[tuple[str, Promise], ...]] = (
    ("ignore", gettext_lazy("Off")),
    ("include", gettext_lazy("Included")),
    ("trust", gettext_lazy("Trusted")),
)
SHOWN = 10  # earlier versions
LEAST_WEIGHT, MOST_WEIGHT = 0, 10


class Upload(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Model (zip)"),
        help_text=gettext_lazy("One folder with bundle.json and its ONNX files, as add_bundle or training writes it."),
        widget=forms.ClearableFileInput(attrs={"accept": ".zip"}),
    )


class Proposed(forms.Form):
    """The whole panel, as it stands and as it is to be."""

    why = forms.CharField(
        label=gettext_lazy("Why"), max_length=300, help_text=gettext_lazy("For the lead who approves it.")
    )

    def __init__(self, *args: Any, panel: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.panel = panel
        for number, bundle in enumerate(panel["bundles"]):
            label = bundle["label"]
            self.fields[f"word-{number}"] = forms.ChoiceField(
                label=_("Use of %s") % label, choices=WEIGHTS, initial=bundle["weight"]
            )
            for medium, weight in bundle["weights"].items():
                self.fields[f"weight-{number}-{medium}"] = forms.FloatField(
                    label=_("Weight of %(model)s in %(medium)s") % {"model": label, "medium": MEDIA[medium]},
                    min_value=LEAST_WEIGHT, max_value=MOST_WEIGHT, initial=_short(weight), required=weight is not None,
                )  # fmt: skip
        for medium in panel["media"]:
            for bound in ("low", "high"):
                self.fields[f"{bound}-{medium['medium']}"] = PointsField(
                    label=_("Little evidence below") if bound == "low" else _("Likely manipulated above"),
                    initial=medium[bound],
                )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for medium in self.panel["media"]:
            low, high = (cleaned.get(f"{bound}-{medium['medium']}") for bound in ("low", "high"))
            if low is not None and high is not None and low > high:
                self.add_error(f"high-{medium['medium']}", _("The upper cut-off can't be below the lower one."))
        if not self.errors and not self.differs():
            self.add_error(None, _("You have not changed anything."))
        return cleaned

    def differs(self) -> bool:
        return any(name != "why" and self[name].initial != value for name, value in self._comparable().items())

    def _comparable(self) -> dict[str, Any]:
        """As they were shown: rounded values that nobody has touched are no change."""
        shown = {name: value for name, value in self.cleaned_data.items() if name in self.fields}
        return {name: self.shown(name, value) for name, value in shown.items()}

    def shown(self, name: str, value: Any) -> Any:
        same = name.startswith(("low-", "high-")) and scores.exact_points(value) == scores.exact_points(
            self[name].initial
        )
        return self[name].initial if same else value

    def changes(self) -> tuple[dict[str, Any], tuple[float, float] | None]:
        """What differs from the folder, and cut-offs for every medium where the panel has no others."""
        values = self._comparable()
        words = {bundle["label"]: values[f"word-{number}"] for number, bundle in enumerate(self.panel["bundles"])}
        changed = {bundle["label"]: words[bundle["label"]] for bundle in self.panel["bundles"]
                   if words[bundle["label"]] != bundle["weight_in_folder"]}  # fmt: skip
        media: dict[str, Any] = {}
        for_all: tuple[float, float] | None = None
        for medium in self.panel["media"]:
            name = medium["medium"]
            cuts = (values[f"low-{name}"], values[f"high-{name}"])
            if medium["for_all"]:
                for_all = cuts if cuts != medium["cuts_in_folder"] else None
                continue
            weights = {
                bundle["label"]: values[f"weight-{number}-{name}"]
                for number, bundle in enumerate(self.panel["bundles"])
                if name in bundle["weights"]
                and values[f"weight-{number}-{name}"] != medium["weights_in_folder"].get(bundle["label"])
            }
            own = {"weights": weights} if weights else {}
            if cuts != medium["cuts_in_folder"]:
                own["cuts"] = list(cuts)  # type: ignore[assignment]
            if own:
                media[name] = own
        return {key: value for key, value in (("bundles", changed), ("media", media)) if value}, for_all


def _short(weight: float | None) -> float | None:
    """0 and not 0.0"""
    return int(weight) if weight is not None and weight == int(weight) else weight


class ModelViews:
    """Mixed into the admin of versions."""

    admin_site: Any
    has_view_permission: Any

    def model_urls(self, wrap: Callable[..., Any]) -> list[Any]:
        fresh = reauthentication_required(self.upload_view)
        return [
            path("models/", wrap(self.models_view), name="scans_panelversion_models"),
            path("models/upload/", wrap(fresh), name="scans_panelversion_upload"),
        ]

    def models_view(self, request: AtTheDesk) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._propose(request)
        return self._models(request)

    def _models(self, request: AtTheDesk, form: Proposed | None = None) -> HttpResponse:
        try:
            panel = analysis.in_folder_and_in_force()
        except PanelUnreadable as error:
            panel = {"bundles": [], "media": [], "broken": [{"folder": "panel.json", "problem": str(error)}]}
        may_propose = request.user.has_perm("scans.lead_review")
        form = form or (Proposed(panel=panel) if may_propose and panel["media"] else None)
        versions = PanelVersion.objects.select_related("proposed_by", "approved_by", "ended_by")
        context = {
            **self.admin_site.each_context(request),
            "panel": panel,
            "form": form,
            "bundles": _with_fields(panel, form),
            "media": _media_with_fields(panel, form),
            "upload": Upload() if request.user.has_perm("scans.install_model") else None,
            "can_write": model_uploads.folder_is_writable(),
            "most": model_uploads.MOST_MB,
            "current": PanelVersion.current(),
            "waiting": versions.filter(approved_at=None, ended_at=None),
            "earlier": versions.exclude(approved_at=None).exclude(ended_at=None)[:SHOWN],
        }
        return render(request, "admin/scans/models.html", context, status=422 if form and form.errors else 200)

    def _propose(self, request: AtTheDesk) -> HttpResponse:
        if not request.user.has_perm("scans.lead_review"):
            raise PermissionDenied
        form = Proposed(request.POST, panel=analysis.in_folder_and_in_force())
        if not form.is_valid():
            return self._models(request, form)
        changes, cuts = form.changes()
        panels.propose_changes(request.user, changes, cuts, form.cleaned_data["why"])
        messages.success(request, _("Proposed. A trial has started. After it, another lead can approve the change."))
        return redirect("admin:scans_panelversion_models")

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return redirect("admin:scans_panelversion_models")  # where a fresh proof leads back to
        if not request.user.has_perm("scans.install_model"):
            raise PermissionDenied
        refused = vars(request).get("refusal")
        file = request.FILES.get("file")
        if refused:
            messages.error(request, str(refused[1]))
        elif file is None:
            messages.error(request, _("Choose a zip file first."))
        else:
            try:
                label = model_uploads.add(file, request.user)
            except model_uploads.NotTaken as error:
                messages.error(request, str(error))
            else:
                messages.success(
                    request, _("%s is installed but disabled. You can propose to include it below.") % label
                )
        return redirect("admin:scans_panelversion_models")


def _with_fields(panel: dict[str, Any], form: Proposed | None) -> list[dict[str, Any]]:
    return [
        {
            **bundle,
            "word": dict(WEIGHTS)[bundle["weight"]],
            "word_field": form[f"word-{number}"] if form else None,
            "by_medium": [
                {
                    "medium": medium["medium"],
                    "weight": bundle["weights"].get(medium["medium"]),
                    "field": form[f"weight-{number}-{medium['medium']}"]
                    if form and medium["medium"] in bundle["weights"]
                    else None,
                    "measured": medium["measured_each"].get(bundle["label"]),
                }
                for medium in panel["media"]
                if not medium["for_all"]
            ],
        }
        for number, bundle in enumerate(panel["bundles"])
    ]


def _media_with_fields(panel: dict[str, Any], form: Proposed | None) -> list[dict[str, Any]]:
    return [
        {
            **medium,
            "name": _("Photos and videos") if medium["for_all"] else MEDIA[medium["medium"]],
            "fields": [form[f"{bound}-{medium['medium']}"] for bound in ("low", "high")] if form else [],
        }
        for medium in panel["media"]
    ]
