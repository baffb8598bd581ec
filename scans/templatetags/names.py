"""For templates: names of files, which may be long."""

from django import template

register = template.Library()
LONGEST = 40
END = 14  # what tells files apart is often at the end: a number, and the kind of file


@register.filter
def short_name(name: str) -> str:
    """Cut in the middle. Whoever shows it gives the whole name as `title`."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - END - 1]}…{name[-END:]}"
