"""Charts as SVG, drawn by the server: they need no script, follow the theme, and say their numbers in words too."""

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDE, HIGH, FOOT, LEFT = 640, 200, 24, 48
GRID = '<line class="grid" x1="{0}" y1="{1}" x2="{2}" y2="{1}"/><text x="{3}" y="{1}" text-anchor="end">{4}</text>'
WHISKER = (
    '<line class="whisker" x1="{0}" y1="{1}" x2="{0}" y2="{2}"/>'
    '<circle class="dot" cx="{0}" cy="{3}" r="4"><title>{4}</title></circle>'
)


def columns(
    values: Sequence[tuple[str, float]], *, description: str, other: Sequence[float] | None = None
) -> SafeString:
    """One column for each value; with `other`, a second, paler one beside it."""
    top = max([value for _name, value in values] + list(other or ()) + [1])
    step = (WIDE - LEFT) / max(1, len(values))
    sets = [("bar", [value for _name, value in values])] + ([("bar pale", list(other))] if other else [])
    width = step * 0.7 / len(sets)
    bars = []
    for number, (look, heights) in enumerate(sets):
        for place, value in enumerate(heights):
            tall = (HIGH - FOOT - 16) * value / top
            x = LEFT + place * step + step * 0.15 + number * width
            name = values[place][0]
            bars.append(
                (look, f"{x:.1f}", f"{HIGH - FOOT - tall:.1f}", f"{width:.1f}", f"{tall:.1f}", f"{name}: {value:g}")
            )
    label_step = max(1, -(-len(values) // 14))
    names = [
        (f"{LEFT + place * step + step / 2:.1f}", str(HIGH - 6), name)
        for place, (name, _value) in enumerate(values)
        if place % label_step == 0
    ]
    body = format_html(
        "{}{}{}",
        format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>', bars),
        format_html_join("", '<text x="{}" y="{}" text-anchor="middle">{}</text>', names),
        format_html('<text x="{}" y="14" text-anchor="end">{}</text>', LEFT - 6, f"{top:g}"),
    )
    return _svg(body, description)


def shares(points: Sequence[tuple[str, float | None, tuple[float, float] | None]], *, description: str) -> SafeString:
    """Per cent with their intervals: a dot and a whisker for each; a gap where nothing is known."""
    step = (WIDE - LEFT) / max(1, len(points))
    floor = HIGH - FOOT
    grid, marks, names = [], [], []
    for percent in (0, 50, 100):
        grid.append((LEFT, _up(percent), WIDE, LEFT - 6, f"{percent} %"))
    for number, (name, value, between) in enumerate(points):
        x = f"{LEFT + (number + 0.5) * step:.1f}"
        if value is not None and between is not None:
            marks.append((x, _up(between[0]), _up(between[1]), _up(value), f"{name}: {value:.1f} %"))
        if number % 2 == 0:
            names.append((x, str(floor + FOOT - 6), name))
    body = format_html(
        "{}{}{}",
        format_html_join("", GRID, grid),
        format_html_join("", WHISKER, marks),
        format_html_join("", '<text x="{}" y="{}" text-anchor="middle">{}</text>', names),
    )
    return _svg(body, description)


def _up(percent: float) -> str:
    floor = HIGH - FOOT
    return f"{floor - (floor - 16) * percent / 100:.1f}"


def _svg(body: SafeString, description: str) -> SafeString:
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>', WIDE, HIGH, description, body
    )
