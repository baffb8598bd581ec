"""How a report is set: fonts, tables, page numbers, and letters that the font lacks."""

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, Table, TableStyle

WIDE = A4[0] - 40 * mm
FONTS = Path(__file__).with_name("fonts")
BODY, BOLD = "DejaVuSans", "DejaVuSans-Bold"  # Latin, Greek, Cyrillic and more; embedded by the letters used


for font in (BODY, BOLD):
    pdfmetrics.registerFont(TTFont(font, FONTS / f"{font}.ttf"))


class Incomplete(Exception):
    """A field of the report would have stayed empty."""


def printable(value: object) -> str:
    """Letters that the font lacks, or that run from right to left, are written as their numbers rather than lost."""
    text = "" if value is None else str(value).strip()
    if not text or text == "None":
        raise Incomplete("?")
    text = "".join(letter if _has(letter) else letter.encode("ascii", "backslashreplace").decode() for letter in text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@cache
def _has(letter: str) -> bool:
    glyphs = pdfmetrics.getFont(BODY).face.charToGlyph
    return ord(letter) in glyphs and unicodedata.bidirectional(letter) not in ("R", "AL", "AN")


@cache
def styles() -> Any:
    looks = getSampleStyleSheet()
    for name, font in (("BodyText", BODY), ("Title", BOLD), ("Heading1", BOLD), ("Heading2", BOLD)):
        looks[name].fontName = font
    body, title, first, second = (looks[name] for name in ("BodyText", "Title", "Heading1", "Heading2"))
    body.fontSize, body.leading, body.spaceBefore, body.spaceAfter = 9.5, 13, 0, 2
    title.alignment, title.fontSize, title.leading, title.spaceAfter = 0, 19, 23, 4
    first.fontSize, first.leading, first.spaceBefore, first.spaceAfter = 15, 19, 0, 3
    second.fontSize, second.leading, second.spaceBefore, second.spaceAfter, second.keepWithNext = 11, 14, 10, 3, 1
    looks.add(ParagraphStyle("Quiet", parent=body, fontSize=8, leading=11, textColor=colors.HexColor("#53606a")))
    looks.add(ParagraphStyle("Cell", parent=body, fontSize=8, leading=11, spaceAfter=0, wordWrap="CJK"))
    return looks


def paragraph(text: object, style: str = "BodyText") -> Paragraph:
    return Paragraph(printable(text), styles()[style])


def table_of(rows: list[tuple[Any, Any]]) -> Table:
    cells = []
    for name, value in rows:
        try:
            cells.append([paragraph(name, "Cell"), paragraph(value, "Cell")])
        except Incomplete as error:
            raise Incomplete(str(name)) from error
    table = Table(cells, colWidths=[45 * mm, WIDE - 45 * mm])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


PLAIN = (("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0),
         ("TOPPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP"))  # fmt: skip


def beside(left: list[Flowable], right: Any, width: float = 30 * mm) -> Table:
    table = Table([[left, right]], colWidths=[WIDE - width, width])
    table.setStyle(TableStyle([*PLAIN, ("BOTTOMPADDING", (0, 0), (-1, -1), 0)]))
    return table


def row_of(pictures: list[Any]) -> Table:
    """Pictures next to each other, from the left."""
    table = Table([pictures], colWidths=[picture.width + 3 * mm for picture in pictures], hAlign="LEFT")
    table.setStyle(TableStyle([*PLAIN, ("BOTTOMPADDING", (0, 0), (-1, -1), 4)]))
    return table


def boxed(lines: list[Flowable], strong: Any, soft: Any) -> Table:
    """Lines in a frame with a bar in the outcome's colour."""
    table = Table([[lines]], colWidths=[WIDE])
    table.setStyle(
        TableStyle(
            [
                ("BOX", (0, 0), (-1, -1), 0.6, soft),
                ("LINEBEFORE", (0, 0), (0, -1), 4, strong),
                ("LEFTPADDING", (0, 0), (-1, -1), 10),
                ("TOPPADDING", (0, 0), (-1, -1), 7),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
            ]
        )
    )
    return table


def qr(address: str) -> Drawing:
    code = QrCodeWidget(address)
    x0, y0, x1, y1 = code.getBounds()
    side = 30 * mm
    drawing = Drawing(side, side, transform=[side / (x1 - x0), 0, 0, side / (y1 - y0), 0, 0])
    drawing.add(code)
    return drawing


def numbered(code: str) -> type[Canvas]:
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
                page_number = _("Page %(number)d of %(count)d") % {"number": number, "count": len(self._pages)}
                self.drawString(20 * mm, 11 * mm, f"{settings.SITE_NAME} · {code}"[:90])
                self.drawRightString(A4[0] - 20 * mm, 11 * mm, page_number)
                super().showPage()
            super().save()

    return Numbered
