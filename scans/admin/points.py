"""Scores in forms: people write 0 to 100, the code reads 0 to 1."""

from typing import Any

from django import forms

from ..outcome import scores


class PointsField(forms.FloatField):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=100, step_size=0.1, **options)

    def prepare_value(self, value: Any) -> Any:
        """A score of ours; what somebody has typed stays as it is."""
        return scores.exact_points(value) if isinstance(value, float) else value

    def clean(self, value: Any) -> float | None:
        points: float | None = super().clean(value)
        return None if points is None else round(points / 100, 6)


class ShareField(forms.FloatField):
    """A share in percent, as fine as people write it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=100, **options)

    def prepare_value(self, value: Any) -> Any:
        return round(value * 100, 6) if isinstance(value, float) else value

    def clean(self, value: Any) -> float | None:
        percent: float | None = super().clean(value)
        return None if percent is None else round(percent / 100, 8)
