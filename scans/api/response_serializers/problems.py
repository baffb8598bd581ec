"""Errors."""

from .fields import Resource, text, whole
from .scans import Scan


class Pointer(Resource):
    """A field or parameter that is wrong."""

    pointer = text("JSON pointer to the field, such as `/external_id`.")
    code = text("Stable error code.", required=False)
    detail = text("What is wrong.")


class Problem(Resource):
    """An error (RFC 9457)."""

    type = text("URL that describes the error code.")
    title = text("Name of the HTTP status.")
    status = whole("The HTTP status.")
    code = text("Stable error code for programs.")
    detail = text("What is wrong, for people.")
    request_id = text("The `X-Request-ID` of this request. Include it when you contact support.")
    errors = Pointer(many=True, required=False, help_text="The fields that are wrong.")
    version = whole("Current version of the scan, with `version_conflict`.", required=False)
    receipt = Scan(required=False, help_text="What is kept of a deleted scan.")
