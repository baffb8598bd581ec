"""For the lists of the desk, whose rows become cards where the screen is narrow."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()
UNNAMED = ('<td class="action-checkbox"', '<td class="field-picture')


@register.filter
def labelled(cells: Sequence[str], headers: Sequence[dict[str, Any]]) -> list[str]:
    """The cells of a row as HTML, each with the name of its column in `data-label`."""
    return [
        _with_label(cell, header["text"]) if header and not cell.startswith(UNNAMED) else cell
        for cell, header in zip_longest(cells, headers)
        if cell is not None
    ]


def _with_label(cell: str, name: str) -> SafeString:
    label = format_html(' data-label="{}"', capfirst(name))
    return mark_safe(f"{cell[:3]}{label}{cell[3:]}")  # noqa: S308 (a cell of Django's list; begins with <td or <th)
