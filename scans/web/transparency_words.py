"""The words of the transparency report and the capability statement, by the keys of their JSON."""

from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..models import Action, Feedback, Outcome, Source

KINDS: Final[dict[str, Any]] = {"image": _("Image"), "video": _("Video"), "unknown": _("Neither, or not known")}
SOURCES: Final[dict[str, Any]] = dict(Source.choices)
OUTCOMES: Final[dict[str, Any]] = {**dict(Outcome.choices), "not_judged": _("Without an outcome")}
ACTIONS: Final[dict[str, Any]] = dict(Action.choices)
FEEDBACK: Final[dict[str, Any]] = dict(Feedback.Kind.choices)
BASES: Final[dict[str, Any]] = {
    "own_initiative_by_rule": _("Own initiative: a rule put the file in a queue"),
    "own_initiative_by_hand": _("Own initiative: a person put the file in a queue"),
    "on_request": _("On request: feedback or an appeal by the uploader"),
}
APPEALS: Final[dict[str, Any]] = {
    "upheld": _("Decision confirmed"),
    "changed": _("Decision changed"),
    "open": _("Not answered within the period"),
}
MEDIA: Final[dict[str, Any]] = {"image": _("Photos"), "video": _("Videos")}
TRUTHS: Final[dict[tuple[str, str], Any]] = {
    ("image", "real"): _("Photos that people call real"),
    ("image", "fake"): _("Photos that people call manipulated"),
    ("video", "real"): _("Videos that people call real"),
    ("video", "fake"): _("Videos that people call manipulated"),
}
NOT_RECORDED: Final[dict[str, Any]] = {
    "orders_from_authorities": _("Orders from authorities"),
    "notices_by_trusted_flaggers": _("Notices by trusted flaggers"),
    "out_of_court_disputes": _("Out-of-court disputes"),
    "suspensions_for_misuse": _("Suspensions for misuse"),
    "qualifications_and_languages_of_reviewers": _("Qualifications and languages of the reviewers"),
    "monthly_recipients": _("Average monthly recipients"),
}
VERDICTS: Final[dict[str, Any]] = {
    "better_than_chance": (_("better than chance"), "success"),
    "worse_than_chance": (_("worse than chance: real files score higher"), "danger"),
    "not_shown": (_("no better than chance"), "warning"),
    "not_enough_evidence": (_("not enough evidence"), ""),
    "real_files_only": (_("real files only"), ""),
}
DOES_NOT: Final[dict[str, Any]] = {
    "only_faces": _("Only faces are checked. Voices, texts, backgrounds and documents are not."),
    "new_kinds": _("Models may miss kinds of manipulation that did not exist when they were trained."),
    "who_or_why": _("A score does not show who made a picture, or why."),
    "proof": _("No outcome proves that a file is manipulated or authentic."),
}


def quarter(name: str) -> str:
    """2026-Q3 in words."""
    year, _q, number = name.partition("-Q")
    return gettext("Quarter %(number)s of %(year)s") % {"number": number, "year": year}
