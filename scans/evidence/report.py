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
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, SimpleDocTemplate, Spacer

from ..models import Artifact, Decision, Event, Report
from ..outcome import effective, scores, words
from ..outcome.effective import State, Verdict
from ..outcome.result import Result
from ..outcome.timeline import clock
from .drawings import Picture, colours_of, draw_scale, draw_timeline
from .typesetting import WIDE, Incomplete, beside, boxed, numbered, paragraph, qr, row_of, table_of

__all__ = ("Incomplete", "draw", "issue")

AFTER_AN_APPEAL = (State.APPEALED, State.OVERTURNED, State.UPHELD)
PADDING = 6  # inside of the frame that the page has by default
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def issue(result: Result, maker: Any, address: Callable[[str], str]) -> Report:
    """The report of what stands now. Asked for again while nothing has changed, it is the same one."""
    verdict = effective.verdict_of(result.scan)
    language = get_language() or ""
    earlier = Report.objects.filter(assessment__scan=result.scan)
    before = earlier.filter(language=language).exclude(file="").first()
    if before and not before.withdrawn_at and _says_the_same(before, result, verdict):
        return before
    code = "-".join("".join(secrets.choice(LETTERS) for _place in range(4)) for _part in range(3))
    content = draw(result, verdict, code, address(code))
    with transaction.atomic():
        report = Report(
            code=code, assessment=result.assessment, decision=verdict.decision, maker=maker, language=language,
            sha256=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
        report.file.save(f"{report.pk.hex}.pdf", ContentFile(content), save=False)
        report.save(force_insert=True)
        for older in earlier.filter(superseded_by=None).exclude(pk=report.pk):
            if older.language == language or not _says_the_same(older, result, verdict):
                Report.objects.filter(pk=older.pk).update(superseded_by=report)
        Event.objects.create(
            scan=result.scan, kind="report", actor=maker, content={"code": code, "sha256": report.sha256}
        )
    return report


def _says_the_same(report: Report, result: Result, verdict: Verdict) -> bool:
    appeal = getattr(verdict.decision, "appeal", None)
    appealed_since = appeal is not None and appeal.at >= report.made_at
    return report.assessment_id == result.assessment.pk and report.decision == verdict.decision and not appealed_since


def draw(result: Result, verdict: Verdict, code: str, address: str) -> bytes:
    story = _story(result, verdict, code, address)
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=20 * mm - PADDING, rightMargin=20 * mm - PADDING,
        topMargin=18 * mm, bottomMargin=20 * mm,
        title=_("Report %(code)s") % {"code": code}, author=settings.SITE_NAME,
    )  # fmt: skip
    document.build(story, canvasmaker=numbered(code))
    return out.getvalue()


def _story(result: Result, verdict: Verdict, code: str, address: str) -> list[Flowable]:
    scan, assessment = result.scan, result.assessment
    return [
        beside(
            [
                paragraph(settings.SITE_NAME, "Quiet"),
                paragraph(_("Report on one file"), "Title"),
                paragraph(_("Check code: %(code)s") % {"code": code}),
                paragraph(address, "Quiet"),
            ],
            qr(address),
        ),
        *([paragraph(_("Sandbox: this file was not analysed"), "Heading1")] * scan.sandbox),
        *_verdict(result, verdict),
        *_pictures(result),
        *_course(result),
        *_faces(result),
        *_section(_("Moderator decision"), _decisions(result) if verdict.decision else []),
        *_section(
            _("Outcome of the models"),
            [
                (_("Outcome"), assessment.get_outcome_display()),
                (_("How the outcome was reached"), result.explanation or "–"),
                (_("Score"), _scale(result)),
                (_("Assessed"), _moment(assessment.at)),
                (_("Version of this software"), assessment.version),
                (_("Panel"), assessment.panel.get("id")),
                *((_("Reason"), reason["said"]) for reason in result.reasons),
            ],
        ),
        *_section(
            _("Each model"),
            [(str(row["finding"]), f"{_score(row)} · SHA-256 {row['finding'].weights}") for row in result.bundles]
            or [(_("Models"), _("not used"))],
        ),
        *_section(
            _("The file"),
            [
                (_("Name"), scan.name),
                (_("Type"), f"{scan.get_kind_display()} · {scan.format.upper()}"),
                (_("Size"), _size(result)),
                ("SHA-256", scan.sha256),
                (_("Uploaded"), _moment(scan.created_at)),
            ],
        ),
        *_section(
            _("What happened"),
            [(_moment(event.at), _event(event)) for event in scan.events.for_uploaders().select_related("actor")],
        ),
        paragraph(_("Limits"), "Heading2"),
        paragraph(_("A score is an estimate with limits. It is never proof.")),
        *(paragraph(f"• {step}", "Quiet") for step in result.meaning.next_steps),
    ]


def _verdict(result: Result, verdict: Verdict) -> list[Flowable]:
    """In a box at the top: what counts, who says so and since when, the score on its scale, and why."""
    lines: list[Flowable] = [
        paragraph(_("Verdict: %(verdict)s") % {"verdict": verdict.text}, "Heading1"),
        paragraph(
            _("%(source)s since %(when)s.") % {"source": verdict.source.label, "when": _moment(verdict.since)}
            + (f" {verdict.public_state.label}." if verdict.public_state in AFTER_AN_APPEAL else "")
        ),
    ]
    if verdict.decision:
        lines.append(paragraph(words.label_means(verdict.decision.label)))
    elif result.scale:
        lines += [draw_scale(result.scale), Spacer(1, 4), paragraph(_scale(result), "Quiet")]
    if not verdict.decision:
        lines += [
            paragraph(text) for text in (result.explanation, result.meaning.means, result.meaning.means_not) if text
        ]
    return [Spacer(1, 3 * mm), boxed(lines, *colours_of(verdict.outcome))]


def _section(title: str, rows: list[tuple[Any, Any]]) -> list[Flowable]:
    return [paragraph(title, "Heading2"), table_of(rows)] if rows else []


def _faces(result: Result) -> list[Flowable]:
    if not result.faces:
        return []
    portraits = [
        Picture(
            _content(face["shots"][0]), (22 * mm, 22 * mm),
            caption=" · ".join([_("Face %(number)s") % {"number": face["number"]}]
                + [clock(face["shots"][0].content["time"])] * result.is_video),
        )
        for face in result.faces if face["shots"]
    ][:6]  # fmt: skip
    title = [paragraph(_("Faces"), "Heading2")]
    return [*title, *([row_of(portraits)] if portraits else []), table_of([_face(face) for face in result.faces])]


def _course(result: Result) -> list[Flowable]:
    """Of a film: its scores over time."""
    if not result.is_video or not result.timeline.scored:
        return []
    stretches = ", ".join(
        f"{segment.start_clock} – {segment.end_clock}" + (f" ({segment.score.points})" if segment.score else "")
        for segment in result.timeline.segments
    )
    sentence = (
        f"{_('Suspicious parts:')} {stretches}" if stretches else _("No part of the video stays above the cut-off.")
    )
    return [
        KeepTogether(
            [paragraph(_("Score over time"), "Heading2"), draw_timeline(result.timeline), paragraph(sentence, "Quiet")]
        )
    ]


def _score(row: dict[str, Any]) -> str:
    """Of a model or a face: its score with its band, or why it has none."""
    score: scores.Score | None = row["score"]
    if score is None:
        return ". ".join(str(part).rstrip(".") for part in (row.get("no_score", _("no score")), *row["reasons"]))
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
        parts.append(_("This decision answers an appeal."))
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
    line = _("%(count)s bytes") % {"count": number_format(result.scan.bytes, force_grouping=True)}
    line += f" · {media.get('width')} × {media.get('height')}"
    return line + (f" · {number_format(result.duration, 1)} s" if result.is_video else "")


def _moment(at: Any) -> str:
    if not at:
        return ""
    local = timezone.localtime(at)
    return f"{date_format(local, 'DATETIME_FORMAT')} {local:%Z}"


def _pictures(result: Result) -> list[Flowable]:
    """The picture with its faces, or frames of the film, and where the model looked; without any, a sentence."""
    if result.preview is None:
        return [Spacer(1, 3 * mm), paragraph(_("No picture of this file is available."))]
    heat = _heat(result)
    room = WIDE - (52 * mm if heat else 0)
    drawn: list[Flowable] = []
    if result.is_video:
        frames = result.previews[:: max(1, len(result.previews) // 4)][:4]
        each = ((room - 4 * mm) / 2, 34 * mm) if heat else (room / len(frames) - 2 * mm, 60 * mm)
        pictures = [Picture(_content(frame), each, caption=clock(frame.content["time"])) for frame in frames]
        rows = [pictures[:2], pictures[2:]] if heat else [pictures]
        drawn = [row_of(row) for row in rows if row]
    else:
        media = result.media
        size = (int(media["width"]), int(media["height"]))
        drawn = [Picture(_content(result.preview), (room - 3 * mm, 82 * mm), faces=result.faces, size=size)]
    return [Spacer(1, 4 * mm), beside(drawn, heat, 50 * mm) if heat else drawn[0]]


def _heat(result: Result) -> list[Flowable]:
    if result.heatmap is None or result.ground is None:
        return []
    caption = _("Where the model looked") + (f" · {clock(result.heat['time'])}" if result.is_video else "")
    return [
        Picture(_content(result.ground), (48 * mm, 48 * mm), over=_content(result.heatmap)),
        paragraph(f"{caption} ({result.heat.get('bundle', '')})", "Quiet"),
        paragraph(
            _("Warm areas raised the score. The heat map does not show where or whether something was edited."), "Quiet"
        ),
    ]


def _content(artifact: Artifact) -> bytes:
    with artifact.file.open("rb") as file:
        content: bytes = file.read()
    return content
