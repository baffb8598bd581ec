"""What is said where something is wrong."""

from .fields import Shape, text, whole
from .scans import Scan


class Pointer(Shape):
    """Where in the request it lies."""

    pointer = text("`/field`.")
    code = text("Stable.", required=False)
    detail = text("For people.")


class Problem(Shape):
    """An error, after RFC 9457."""

    type = text("Where the code is described.")
    title = text("The HTTP status in words.")
    status = whole("The HTTP status.")
    code = text("Stable: what programs go by.")
    detail = text("For people.")
    request_id = text("As in `X-Request-ID`, and in the site's log.")
    errors = Pointer(many=True, required=False, help_text="Which fields are wrong.")
    version = whole("The scan's version, where it is not the expected one.", required=False)
    receipt = Scan(required=False, help_text="What stays of a scan that was deleted.")
