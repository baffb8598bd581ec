"""For templates: an outcome in words, and a score on the scale from 0 to 100."""

from django import template

from ..outcome import scores, timeline, words

register = template.Library()
register.filter("outcome_words", words.outcome_words)
register.filter("label_means", words.label_means)
register.filter("clock", timeline.clock)
register.filter("advice", words.advice)

register.filter("exact_points", scores.exact_points)


@register.filter
def points(score: float | None) -> int | str:
    return "–" if score is None else scores.points(score)
