"""In which shape it is asked and answered. Imported while DRF itself is: it needs nothing else of ours."""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser


class AlwaysJson(DefaultContentNegotiation):
    """There is one way to say it, whatever else was asked for."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class BoundedJson(JSONParser):
    """JSON that is nested deeper than anything can read it is the caller's mistake, not ours."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
