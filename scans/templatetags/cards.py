"""For templates: the texts of models' cards, translated, or marked as English."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..insight import card_texts

register = template.Library()


@register.simple_tag
def card_text(text: str) -> SafeString:
    return _marked(*card_texts.translate(text))


@register.simple_tag
def test_set(data: str) -> SafeString:
    """Its name, and small what is to be known about it."""
    if own := card_texts.OWN.fullmatch(data):
        words = card_texts.OWN_SETS[own["medium"]], card_texts.kind_of_fake(own["kind"])
        return format_html('{} <span class="quiet">{}</span>', *words)
    name, note = card_texts.name_and_note(data)
    if not note:
        return card_text(name)
    return format_html('{} <span class="quiet">{}</span>', card_text(name), card_text(note))


register.filter("kind_of_fake", card_texts.kind_of_fake)
register.filter("purpose", card_texts.purpose)


def _marked(text: str, is_english: bool) -> SafeString:
    return format_html('<span lang="en">{}</span>' if is_english else "{}", text)
