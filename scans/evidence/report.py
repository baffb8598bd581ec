"""A result as a PDF that can be checked later: issued whole or not at all, known by its hash, never overwritten."""

import hashlib
import io
import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable, Image, Paragraph, SimpleDocTemplate, Spacer, Table

from .. import effective, scores, words
from ..effective import State, Verdict
from ..models import Decision, Event, Report
from ..result import Result
from .typesetting import WIDE, Incomplete, beside, numbered, printable, qr, styles, table_of

__all__ = ("Incomplete", "draw", "issue")

AFTER_AN_APPEAL = (State.APPEALED, State.OVERTURNED, State.UPHELD)
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def issue(result: Result, maker: Any, address: Callable[[str], str]) -> Report:
    """The report of what stands now. Asked for again while nothing has changed, it is the same one."""
    verdict = effective.verdict_of(result.scan)
    before = Report.objects.filter(assessment__scan=result.scan).exclude(file="").first()
    if before and not before.withdrawn_at and _says_the_same(before, result, verdict):
        return before
    code = "-".join("".join(secrets.choice(LETTERS) for _place in range(4)) for _part in range(3))
    content = draw(result, verdict, code, address(code))
    with transaction.atomic():
        made = Report(
            code=code, assessment=result.assessment, decision=verdict.decision, maker=maker,
            sha256=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
        made.file.save(f"{made.pk.hex}.pdf", ContentFile(content), save=False)
        made.save(force_insert=True)
        Report.objects.filter(assessment__scan=result.scan, superseded_by=None).exclude(pk=made.pk).update(
            superseded_by=made
        )
        Event.objects.create(
            scan=result.scan, kind="report", actor=maker, content={"code": code, "sha256": made.sha256}
        )
    return made


def _says_the_same(report: Report, result: Result, verdict: Verdict) -> bool:
    appeal = getattr(verdict.decision, "appeal", None)
    appealed_since = appeal is not None and appeal.at >= report.made_at
    return report.assessment_id == result.assessment.pk and report.decision == verdict.decision and not appealed_since


def draw(result: Result, verdict: Verdict, code: str, address: str) -> bytes:
    story = _story(result, verdict, code, address)
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=18 * mm, bottomMargin=20 * mm,
        title=_("Report %(code)s") % {"code": code}, author=settings.SITE_NAME,
    )  # fmt: skip
    document.build(story, canvasmaker=numbered(code))
    return out.getvalue()


def _story(result: Result, verdict: Verdict, code: str, address: str) -> list[Flowable]:
    scan, assessment = result.scan, result.assessment
    looks = styles()
    plain = looks["BodyText"]
    head = ParagraphStyle("h", parent=looks["Heading2"], spaceBefore=8, spaceAfter=3, keepWithNext=1)

    def text(said: object) -> Paragraph:
        return Paragraph(printable(said), plain)

    story: list[Flowable] = [
        beside(
            [
                Paragraph(printable(_("Report on one file")), looks["Title"]),
                text(_("Check code: %(code)s") % {"code": code}),
                text(address),
            ],
            qr(address),
        ),
        *([Paragraph(printable(_("Sandbox: no model has looked at this file")), looks["Heading1"])] * scan.sandbox),
        Paragraph(printable(_("Verdict: %(verdict)s") % {"verdict": verdict.text}), looks["Heading1"]),
        text(
            _("%(source)s since %(when)s.") % {"source": verdict.source.label, "when": _moment(verdict.since)}
            + (f" {verdict.public_state.label}." if verdict.public_state in AFTER_AN_APPEAL else "")
        ),
        *(
            [text(words.label_means(verdict.decision.label))]
            if verdict.decision
            else [text(result.explanation), text(result.meaning.means), text(result.meaning.means_not)]
        ),
        *_pictures(result),
        Paragraph(printable(_("The file")), head),
        table_of(
            [
                (_("Name"), scan.name),
                (_("Type"), f"{scan.get_kind_display()} · {scan.format.upper()}"),
                (_("Size"), _size(result)),
                ("SHA-256", scan.sha256),
                (_("Uploaded"), _moment(scan.created_at)),
            ]
        ),
        *(
            [Paragraph(printable(_("What people decided")), head), table_of(_decisions(result))]
            if verdict.decision
            else []
        ),
        Paragraph(printable(_("What the models said")), head),
        table_of(
            [
                (_("Outcome"), assessment.get_outcome_display()),
                (_("How it came about"), result.explanation or "–"),
                (_("Score"), _scale(result)),
                (_("Assessed"), _moment(assessment.at)),
                (_("Version of this software"), assessment.version),
                (_("Panel"), assessment.panel.get("id")),
                *((_("Reason"), reason["said"]) for reason in result.reasons),
            ]
        ),
        Paragraph(printable(_("Each model")), head),
        table_of(
            [(str(one["finding"]), f"{_score(one)} · SHA-256 {one['finding'].weights}") for one in result.bundles]
            or [(_("Models"), _("none took part"))]
        ),
        *(
            [Paragraph(printable(_("Faces")), head), table_of([_face(face) for face in result.faces])]
            if result.faces
            else []
        ),
        Paragraph(printable(_("What happened")), head),
        table_of([(_moment(event.at), _event(event)) for event in scan.events.for_uploaders().select_related("actor")]),
        Paragraph(printable(_("Limits")), head),
        text(_("A score is an estimate with limits. It is never proof.")),
        *(text(f"• {step}") for step in result.meaning.next_steps),
    ]
    return story


def _score(one: dict[str, Any]) -> str:
    """Of a model or a face: its score with its band, or why it has none."""
    score: scores.Score | None = one["score"]
    if score is None:
        return ". ".join(str(part).rstrip(".") for part in (one.get("no_score", _("no score")), *one["reasons"]))
    return _("Score %(points)d of 100") % {"points": score.points} + (f" ({score.band_words})" if score.band else "")


def _face(face: dict[str, Any]) -> tuple[str, str]:
    return _("Face %(number)s") % {"number": face["number"]}, _score(face)


def _scale(result: Result) -> str:
    scale = result.scale
    if scale is None:
        return _("no score")
    number = _("Estimated probability of manipulation: %(number)s.") % {"number": scale.number}
    return " ".join(
        [
            _("Score %(points)d of 100") % {"points": scale.score.points} + ".",
            number if scale.number else _("Not a probability."),
            _("Cut-offs: %(low)d and %(high)d.") % {"low": scale.low, "high": scale.high},
        ]
    )


def _decisions(result: Result) -> list[tuple[str, str]]:
    """Those that have settled, without names; the last one counts."""
    rows = (
        Decision.objects.settled()
        .filter(scan=result.scan)
        .select_related("policy", "appeal", "answered_appeal")
        .order_by("id")
    )
    return [(_moment(row.settles_at), _decision(row)) for row in rows]


def _decision(row: Decision) -> str:
    parts = [f"{row.get_label_display()}. {_('Action')}: {row.get_action_display()}."]
    if row.policy:
        parts.append(_("Policy: %(policy)s.") % {"policy": row.policy})
    if hasattr(row, "answered_appeal"):
        parts.append(_("This answers an appeal."))
    if hasattr(row, "appeal"):
        parts.append(_("The uploader appealed on %(day)s.") % {"day": _moment(row.appeal.at)})
    if row.public_note:
        parts.append(_("Note: %(note)s") % {"note": row.public_note})
    return " ".join(parts)


def _event(event: Event) -> str:
    by = _("a person") if event.actor_id else _("the site")
    return f"{event} · {by}"


def _size(result: Result) -> str:
    media = result.media
    said = f"{result.scan.bytes:,} bytes · {media.get('width')} × {media.get('height')}"
    return said + (f" · {result.duration:.1f} s" if result.is_video else "")


def _moment(at: Any) -> str:
    if not at:
        return ""
    local = timezone.localtime(at)
    return f"{date_format(local, 'DATETIME_FORMAT')} {local:%Z}"


def _pictures(result: Result) -> list[Flowable]:
    """The picture, or the most suspicious frame and its neighbours; without any, a sentence in their place."""
    chosen = [result.preview] if result.preview else []
    if result.is_video:
        chosen = result.previews[:: max(1, len(result.previews) // 4)][:4]
    drawn = []
    for one in chosen:
        with one.file.open("rb") as file:
            content = file.read()
        width, height = ImageReader(io.BytesIO(content)).getSize()
        share = min((WIDE / max(1, len(chosen)) - 2 * mm) / width, 80 * mm / height)
        drawn.append(Image(io.BytesIO(content), width * share, height * share))
    if not drawn:
        return [Paragraph(printable(_("No picture could be drawn of this file.")), styles()["BodyText"])]
    return [Spacer(1, 3 * mm), Table([drawn])]
