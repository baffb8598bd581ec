"""A result as a PDF that can be checked later: issued whole or not at all, known by its hash, never overwritten."""

import hashlib
import io
import secrets
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Image, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from ..models import Event, Finding, Report
from ..result import Result

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
WIDE = A4[0] - 40 * mm
FONTS = Path(__file__).with_name("fonts")
BODY, BOLD = "DejaVuSans", "DejaVuSans-Bold"  # Latin, Greek, Cyrillic and more; embedded by the letters used


for font in (BODY, BOLD):
    pdfmetrics.registerFont(TTFont(font, FONTS / f"{font}.ttf"))


class Incomplete(Exception):
    """A field of the report would have stayed empty."""


def issue(result: Result, maker: Any, address: Callable[[str], str]) -> Report:
    """The report of what stands now. Asked for again while nothing has changed, it is the same one."""
    before = Report.objects.filter(assessment__scan=result.scan).exclude(file="").first()
    if before and before.assessment_id == result.assessment.pk and not before.withdrawn_at:
        return before
    code = "-".join("".join(secrets.choice(LETTERS) for _place in range(4)) for _part in range(3))
    content = draw(result, code, address(code))
    with transaction.atomic():
        made = Report(code=code, assessment=result.assessment, maker=maker, sha256=hashlib.sha256(content).hexdigest())
        made.file.save(f"{made.pk.hex}.pdf", ContentFile(content), save=False)
        made.save(force_insert=True)
        Report.objects.filter(assessment__scan=result.scan, superseded_by=None).exclude(pk=made.pk).update(
            superseded_by=made
        )
        Event.objects.create(
            scan=result.scan, kind="report", actor=maker, content={"code": code, "sha256": made.sha256}
        )
    return made


def draw(result: Result, code: str, address: str) -> bytes:
    story = _story(result, code, address)
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=18 * mm, bottomMargin=20 * mm,
        title=_("Report %(code)s") % {"code": code}, author=settings.SITE_NAME,
    )  # fmt: skip
    document.build(story, canvasmaker=_numbered(code))
    return out.getvalue()


def _story(result: Result, code: str, address: str) -> list[Flowable]:
    scan, assessment = result.scan, result.assessment
    looks = _styles()
    plain, head = looks["BodyText"], ParagraphStyle("h", parent=looks["Heading2"], spaceBefore=8, spaceAfter=3)

    def text(said: object) -> Paragraph:
        return Paragraph(_printable(said), plain)

    story: list[Flowable] = [
        _beside(
            [
                Paragraph(_printable(_("Report on one file")), looks["Title"]),
                text(_("Check code: %(code)s") % {"code": code}),
                text(address),
            ],
            _qr(address),
        ),
        *([Paragraph(_printable(_("Sandbox: no model has looked at this file")), looks["Heading1"])] * scan.sandbox),
        Paragraph(_printable(result.meaning.headline), looks["Heading1"]),
        text(result.meaning.means),
        text(result.meaning.means_not),
        *_pictures(result),
        Paragraph(_printable(_("The file")), head),
        _table(
            [
                (_("Name"), scan.name),
                (_("Type"), f"{scan.kind} · {scan.format}"),
                (_("Size"), _size(result)),
                ("SHA-256", scan.sha256),
                (_("Uploaded"), _moment(scan.created_at)),
            ]
        ),
        Paragraph(_printable(_("The outcome")), head),
        _table(
            [
                (_("Outcome"), assessment.get_outcome_display()),
                (
                    _("Estimated probability"),
                    result.percent(assessment.score) or _("not shown: there is no calibrated score"),
                ),
                (_("Assessed"), _moment(assessment.at)),
                (_("Version of this software"), assessment.version),
                (_("Panel"), assessment.panel.get("id")),
                *((_("Reason"), reason["said"]) for reason in result.reasons),
            ]
        ),
        Paragraph(_printable(_("What each model said")), head),
        _table(
            [(str(one), f"{one.status}, {_('score')} {_score(one)}, SHA-256 {one.weights}") for one in result.findings]
            or [(_("Models"), _("none took part"))]
        ),
        Paragraph(_printable(_("What happened")), head),
        _table([(_moment(event.at), _event(event)) for event in scan.events.for_uploaders().select_related("actor")]),
        Paragraph(_printable(_("Limits")), head),
        text(_("A score is an estimate with limits. It is never proof.")),
        *(text(f"• {step}") for step in result.meaning.next_steps),
    ]
    return story


def _score(finding: Finding) -> str:
    return "–" if finding.score is None else f"{finding.score:.4f}"


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


def _printable(said: object) -> str:
    """Letters that the font lacks, or that run from right to left, are written as their numbers rather than lost."""
    text = "" if said is None else str(said).strip()
    if not text or text == "None":
        raise Incomplete("?")
    text = "".join(one if _has(one) else one.encode("ascii", "backslashreplace").decode() for one in text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@cache
def _has(letter: str) -> bool:
    known = pdfmetrics.getFont(BODY).face.charToGlyph
    return ord(letter) in known and unicodedata.bidirectional(letter) not in ("R", "AL", "AN")


def _styles() -> Any:
    looks = getSampleStyleSheet()
    for name, font in (("BodyText", BODY), ("Title", BOLD), ("Heading1", BOLD), ("Heading2", BOLD)):
        looks[name].fontName = font
    looks["Title"].alignment = 0
    looks["BodyText"].fontSize, looks["BodyText"].leading = 9.5, 13
    return looks


def _table(rows: list[tuple[Any, Any]]) -> Table:
    small = ParagraphStyle("cell", parent=_styles()["BodyText"], fontSize=8, leading=11, wordWrap="CJK")
    cells = []
    for name, value in rows:
        try:
            cells.append([Paragraph(_printable(name), small), Paragraph(_printable(value), small)])
        except Incomplete as error:
            raise Incomplete(str(name)) from error
    table = Table(cells, colWidths=[45 * mm, WIDE - 45 * mm])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


def _beside(left: list[Flowable], right: Flowable) -> Table:
    table = Table([[left, right]], colWidths=[WIDE - 32 * mm, 32 * mm])
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _qr(address: str) -> Drawing:
    code = QrCodeWidget(address)
    x0, y0, x1, y1 = code.getBounds()
    side = 30 * mm
    drawing = Drawing(side, side, transform=[side / (x1 - x0), 0, 0, side / (y1 - y0), 0, 0])
    drawing.add(code)
    return drawing


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
        return [Paragraph(_printable(_("No picture could be drawn of this file.")), _styles()["BodyText"])]
    return [Spacer(1, 3 * mm), Table([drawn])]


def _numbered(code: str) -> type[Canvas]:
    """Page numbers need the number of pages, which is known at the end."""

    class Numbered(Canvas):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 (reportlab's name)
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, 1):
                self.__dict__.update(page)
                self.setFont(BODY, 8)
                said = _("Page %(number)d of %(count)d") % {"number": number, "count": len(self._pages)}
                self.drawString(20 * mm, 11 * mm, f"{settings.SITE_NAME} · {code}"[:90])
                self.drawRightString(A4[0] - 20 * mm, 11 * mm, said)
                super().showPage()
            super().save()

    return Numbered
