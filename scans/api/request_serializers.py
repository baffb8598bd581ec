"""Request bodies: how their fields are read, and how they are described."""

import json
import re
import uuid
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from ..models import Action, Change, Feedback, Label, Skip
from .errors import Refusal, refused

METADATA = 2048  # bytes
ZERO = re.compile(r"(?<!\\)(\\\\)*\\u0000")  # in JSON: the letter, not the words for it


class Text(serializers.CharField):
    """A string as sent: not trimmed, and not converted from a number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def get_value(self, dictionary: Any) -> Any:
        """An empty form field is an empty string, not a missing one."""
        return dictionary.get(self.field_name, serializers.empty)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Flag(serializers.BooleanField):
    """true or false. In forms also False, True, on and off, as generated clients send them."""

    def to_internal_value(self, data: Any) -> bool:
        if isinstance(data, bool):
            return data
        word = data.lower() if isinstance(data, str) else None
        if word not in ("true", "false", "1", "0", "on", "off"):
            self.fail("invalid", input=data)
        return word in ("true", "1", "on")


class Whole(serializers.IntegerField):
    """A whole number. 14.0 is one, as in JSON Schema; true is none."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, float) and data.is_integer():
            data = int(data)
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class Id(serializers.UUIDField):
    """The ID of something, as a string. Django REST framework would read numbers and false, too."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return uuid.UUID(str(super().to_internal_value(data)))


class Choice(serializers.ChoiceField):
    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


@extend_schema_field({"type": "object"})
class Notes(serializers.JSONField):
    """An object of the client's own; JSON text in forms."""

    default_error_messages = {"object": gettext_lazy("A JSON object of at most 2 kB.")}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, str) and getattr(self.root, "is_form", False):
            try:
                data = json.loads(data or "{}")
            except (ValueError, RecursionError):
                self.fail("object")
        if not isinstance(data, dict):
            self.fail("object")
        try:
            written = json.dumps(data, allow_nan=False, ensure_ascii=False)
            size = len(written.encode())
        except (ValueError, RecursionError):  # not a number, half a letter, or nested without end
            self.fail("object")
        if size > METADATA or ZERO.search(written):
            self.fail("object")
        return dict(data)


class Body(serializers.Serializer[Any]):
    """A request body. `read` turns its errors into a problem with pointers."""

    is_form = False


def is_form(request: Request) -> bool:
    return hasattr(request.data, "getlist")


def read(shape: type[Body], request: Request) -> dict[str, Any]:
    form = is_form(request)
    if refusal := getattr(request._request, "refusal", None):  # a file that was not read to its end
        raise refused(refusal[1])
    body = shape(data=request.data)
    body.is_form = form
    if not body.is_valid():
        raise Refusal(422, "validation_error", _("Some fields are invalid."), dict(_pointers(body.errors)))
    return dict(body.validated_data)


def _pointers(errors: Any, before: str = "") -> Any:
    for name, content in errors.items() if isinstance(errors, dict) else enumerate(errors):
        where = before if name == "non_field_errors" else f"{before}/{name}".lstrip("/")
        if isinstance(content, dict):
            yield from _pointers(content, where)
        else:
            yield where, " ".join(str(message) for message in content) if isinstance(content, list) else str(content)


class SubmissionNotes(Body):
    """Your own data about a file."""

    external_id = Text(
        required=False, allow_blank=True, max_length=120, default="", help_text="Your own ID; returned unchanged."
    )
    metadata = Notes(
        required=False, default=dict, help_text="A JSON object of your own, at most 2 kB; returned unchanged."
    )
    consents_to_training = Flag(
        required=False, default=False, help_text="Whether the file may be used to train models. Default: no."
    )
    zero_retention = Flag(
        required=False,
        default=False,
        help_text="Whether to delete the file right after analysis. It can't be reviewed then. Default: no.",
    )


class Submission(SubmissionNotes):
    """A photo or video with your own data about it."""

    file = serializers.FileField(
        allow_empty_file=True, help_text="The photo or video. Its type is detected from its content, not its name."
    )


class SubmissionByUrl(SubmissionNotes):
    """A photo or video by its URL, if `submit_by_url` is on."""

    url = Text(max_length=2000, help_text="URL of the photo or video.")


class Batch(Body):
    """Up to 100 files or zip archives of files."""

    files = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True),
        allow_empty=False,
        max_length=100,
        help_text="Photos, videos, or zip archives.",
    )
    consents_to_training = Flag(
        required=False, default=False, help_text="Whether the files may be used to train models. Default: no."
    )
    zero_retention = Flag(
        required=False, default=False, help_text="Whether to delete the files right after analysis. Default: no."
    )


class Opinion(Body):
    """Feedback on an assessment. It does not change the outcome."""

    label = Choice(choices=Feedback.Kind.choices, help_text="What is wrong.")
    comment = Text(required=False, allow_blank=True, max_length=2000, default="", help_text="Comment.")


class AppealRequest(Body):
    """An appeal against a decision."""

    text = Text(max_length=4000, help_text="Why the decision is wrong.")

    def validate_text(self, text: str) -> str:
        if not text.strip():
            raise serializers.ValidationError(_("This field may not be blank."))
        return text


class NewDecision(Body):
    """A new decision."""

    label = Choice(choices=Label.choices, help_text="Your verdict on the file.")
    action = Choice(choices=Action.choices, default=Action.KEEP, required=False, help_text="What happens to the file.")
    policy = Text(
        required=False, allow_null=True, default=None, max_length=40,
        help_text="Code of the policy that applies; required if you contradict the models.",
    )  # fmt: skip
    note_public = Text(required=False, allow_blank=True, max_length=2000, default="", help_text="Note to the uploader.")
    expected_version = Whole(
        min_value=0,
        max_value=2**31 - 1,
        help_text="Version of the scan that you have seen. If it has changed, the response is 409.",
    )


class FirstLook(Body):
    """An assessment made before seeing the models' outcome."""

    label = Choice(choices=Label.choices, help_text="Your verdict on the file.")


class Passing(Body):
    """Why an item is skipped."""

    cause = Choice(choices=Skip.Cause.choices, help_text="Reason.")


def _one_line(text: str) -> str:
    """Without spaces around it, and with single ones in it. Raises ValidationError if nothing is left."""
    text = " ".join(text.split())
    if not text:
        raise serializers.ValidationError(_("This field may not be blank."))
    return text


class NewTags(Body):
    """The tags of a scan."""

    tags = serializers.ListField(
        child=Text(max_length=40, help_text="A tag."), max_length=50,
        help_text="All tags that the scan shall have. Upper and lower case are the same.",
    )  # fmt: skip

    def validate_tags(self, tags: list[str]) -> list[str]:
        return [_one_line(tag) for tag in tags]


class SomeScans(Body):
    """Scans of yours."""

    scans = serializers.ListField(child=Id(), min_length=1, max_length=200, help_text="IDs of the scans.")


class NewCase(Body):
    """A new case."""

    title = Text(max_length=120, help_text="Title.")
    notes = Text(required=False, allow_blank=True, max_length=10_000, default="", help_text="Notes.")
    scans = serializers.ListField(
        child=Id(), required=False, default=list, max_length=200, help_text="IDs of scans to add."
    )

    def validate_title(self, title: str) -> str:
        return _one_line(title)


class CaseChange(Body):
    """Changes to a case. Fields that you leave out stay unchanged."""

    title = Text(required=False, max_length=120, help_text="Title.")
    notes = Text(required=False, allow_blank=True, max_length=10_000, help_text="Notes.")

    def validate_title(self, title: str) -> str:
        return _one_line(title)


class NewLink(Body):
    """A new link."""

    days = Whole(required=False, default=7, min_value=1, max_value=30, help_text="Days until the link expires.")
    with_picture = Flag(required=False, default=False, help_text="Whether to show the pictures. Default: no.")
    with_notes = Flag(required=False, default=False, help_text="Whether to show the notes. Default: no.")


class NewEndpoint(Body):
    """A new webhook endpoint."""

    url = Text(max_length=500, help_text="A public https URL.")
    description = Text(required=False, allow_blank=True, max_length=120, default="", help_text="Your own description.")
    kinds = serializers.ListField(
        child=Choice(choices=[*Change.Kind.values, "endpoint.disabled"]), required=False, default=list, max_length=20,
        help_text="Types of messages to receive; an empty list means all.",
    )  # fmt: skip


class EndpointChange(Body):
    """Changes to an endpoint. Fields that you leave out stay unchanged."""

    url = Text(required=False, max_length=500, help_text="A public https URL.")
    description = Text(required=False, allow_blank=True, max_length=120, help_text="Your own description.")
    kinds = serializers.ListField(
        child=Choice(choices=[*Change.Kind.values, "endpoint.disabled"]), required=False, max_length=20,
        help_text="Types of messages to receive; an empty list means all.",
    )  # fmt: skip
    enabled = Flag(required=False, help_text="Disable or enable the endpoint.")


class CheckCode(Body):
    """The check code of a report."""

    code = Text(max_length=14, help_text="Check code, as printed on the report.")


class CheckFile(Body):
    """A report as a file."""

    file = serializers.FileField(allow_empty_file=True, help_text="The PDF file.")
