"""In which shape it is said. Imported while DRF itself is: nothing of it but this may be needed here."""

from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation


class AlwaysJson(DefaultContentNegotiation):
    """There is one way to say it, whatever else was asked for."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type
