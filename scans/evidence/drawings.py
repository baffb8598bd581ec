"""What is drawn in a report: the scale, the course of a film, and pictures with their faces framed."""

import io
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from reportlab.graphics.shapes import Circle, Drawing, Line, Polygon, Rect, String
from reportlab.lib import colors
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from ..models import Outcome
from ..outcome.scores import Scale
from ..outcome.timeline import Timeline
from .typesetting import BODY, BOLD, WIDE

INK, QUIET, RULE = colors.HexColor("#12191d"), colors.HexColor("#53606a"), colors.HexColor("#c8d0d3")
COLOURS = {
    Outcome.LIKELY_MANIPULATED: (colors.HexColor("#b0241c"), colors.HexColor("#f6d4d0")),
    Outcome.INCONCLUSIVE: (colors.HexColor("#835000"), colors.HexColor("#f8e3bd")),
    Outcome.LITTLE_EVIDENCE: (colors.HexColor("#1a56a3"), colors.HexColor("#d3e3f6")),
}
OTHER = (QUIET, colors.HexColor("#e6eaeb"))
SMALL = 7


def colours_of(outcome: str | None) -> tuple[Any, Any]:
    """A strong and a soft one."""
    return COLOURS.get(Outcome(outcome), OTHER) if outcome else OTHER


def _label(x: float, y: float, text: str, anchor: str = "middle") -> String:
    return String(x, y, text, fontName=BODY, fontSize=SMALL, fillColor=QUIET, textAnchor=anchor)


def draw_scale(scale: Scale, width: float = 86 * mm) -> Drawing:
    """From 0 to 100: the three bands, the cut-offs between them, and the score."""
    drawing, low, high, bar, top = Drawing(width, 32), *scale.cuts, 10, 6
    bands = ((0.0, low, Outcome.LITTLE_EVIDENCE), (low, high, Outcome.INCONCLUSIVE), (high, 1.0, None))
    for start, end, outcome in bands:
        fill = colours_of(outcome or Outcome.LIKELY_MANIPULATED)[1]
        drawing.add(Rect(start * width, bar, (end - start) * width, top, fillColor=fill, strokeColor=None))
    for cut in (low, high):
        drawing.add(Line(cut * width, bar - 2, cut * width, bar + top + 2, strokeColor=INK, strokeWidth=0.8))
    ends = [(0.0, "0", "start")] * (scale.low >= 8) + [(1.0, "100", "end")] * (scale.high <= 92)
    cuts = ((low, str(scale.low), "end" if scale.close else "middle"),
            (high, str(scale.high), "start" if scale.close else "middle"))  # fmt: skip
    for at, text, anchor in (*ends, *cuts):
        drawing.add(_label(at * width, 0, text, anchor))
    mark = scale.score.value * width
    drawing.add(Polygon([mark - 4, 29, mark + 4, 29, mark, 21], fillColor=INK, strokeColor=None))
    drawing.add(Line(mark, bar - 1, mark, 24, strokeColor=INK, strokeWidth=1.4))
    return drawing


def draw_timeline(line: Timeline, width: float = WIDE) -> Drawing:
    """The scores of a film's frames over time, with the cut-offs as lines and suspicious stretches shaded."""
    left, bottom, height = 22.0, 24.0, 92.0
    inner = width - left - 2
    drawing = Drawing(width, bottom + height + 6)

    def x(percent: float) -> float:
        return left + percent / 100 * inner

    def y(percent: float) -> float:
        return bottom + (100 - percent) / 100 * height

    drawing.add(Rect(left, bottom, inner, height, fillColor=None, strokeColor=RULE, strokeWidth=0.5))
    for stretch in line.segments:
        soft = colours_of(Outcome.LIKELY_MANIPULATED)[1]
        drawing.add(Rect(x(stretch.x), bottom, stretch.width / 100 * inner, height, fillColor=soft, strokeColor=None))
    for cut in (line.low_y, line.high_y) if line.cuts else ():
        drawing.add(
            Line(left, y(cut), left + inner, y(cut), strokeColor=QUIET, strokeWidth=0.6, strokeDashArray=[3, 2])
        )
    for tick in line.score_ticks:
        drawing.add(_label(left - 4, y(tick.at) - 2.5, tick.label, "end"))
    if line.cuts:
        drawing.add(_label(left - 4, y(line.high_y) + 0.5, str(line.high), "end"))
        drawing.add(_label(left - 4, y(line.low_y) - 6.5, str(line.low), "end"))
    for tick in line.time_ticks:
        drawing.add(Line(x(tick.at), bottom, x(tick.at), bottom - 2.5, strokeColor=QUIET, strokeWidth=0.6))
        drawing.add(_label(x(tick.at), bottom - 10, tick.label, tick.anchor))
    drawing.add(_label(left + inner, bottom - 20, _("Time (min:s)"), "end"))
    for first, second in line.lines:
        drawing.add(Line(x(first.x), y(first.y), x(second.x), y(second.y), strokeColor=RULE, strokeWidth=0.7))
    for moment in line.scored:
        strong = colours_of(moment.score.band if moment.score else None)[0]
        drawing.add(Circle(x(moment.x), y(moment.y), 1.9, fillColor=strong, strokeColor=colors.white, strokeWidth=0.4))
    return drawing


class Picture(Flowable):
    """A picture with a caption, faces framed, and perhaps a second, transparent picture over it."""

    def __init__(
        self, content: bytes, box: tuple[float, float], *, over: bytes | None = None, caption: str = "",
        faces: Sequence[dict[str, Any]] = (), size: tuple[int, int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.content, self.over, self.caption, self.faces = content, over, caption, faces
        wide, high = ImageReader(io.BytesIO(content)).getSize()
        share = min(box[0] / wide, box[1] / high)
        self.width, self.below = wide * share, 10.0 if caption else 0.0
        self.picture = high * share
        self.height = self.picture + self.below
        self.size = size or (wide, high)

    def draw(self) -> None:
        canvas: Canvas = self.canv
        for content in (self.content, self.over):
            if content:
                canvas.drawImage(ImageReader(io.BytesIO(content)), 0, self.below, self.width, self.picture, mask="auto")
        share = self.width / self.size[0]
        for face in self.faces:
            strong = colours_of(face["score"].band if face["score"] else None)[0]
            top = self.height - face["y"] * share
            canvas.setLineWidth(1.4)
            canvas.setStrokeColor(strong)
            canvas.rect(face["x"] * share, top - face["height"] * share, face["width"] * share, face["height"] * share)
            text = f"{face['number']} · {face['score'].points}" if face["score"] else str(face["number"])
            self._tag(canvas, face["x"] * share, min(top, self.height - 9), text, strong)
        if self.caption:
            canvas.setFont(BODY, SMALL)
            canvas.setFillColor(QUIET)
            canvas.drawString(0, 1, self.caption)

    def _tag(self, canvas: Canvas, x: float, y: float, text: str, strong: Any) -> None:
        wide = canvas.stringWidth(text, BOLD, SMALL) + 5
        canvas.setFillColor(strong)
        canvas.rect(x - 0.7, y, wide, 9, stroke=0, fill=1)
        canvas.setFillColor(colors.white)
        canvas.setFont(BOLD, SMALL)
        canvas.drawString(x + 1.8, y + 2.3, text)
