"""What requests carry, field by field: the rules by which a body is read, and what the documentation says of it."""

import json
import re
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
    """A string, as it is: neither trimmed nor made of a number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def get_value(self, dictionary: Any) -> Any:
        """What a form says with nothing in it was said, too."""
        return dictionary.get(self.field_name, serializers.empty)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Flag(serializers.BooleanField):
    """true or false. In forms it is a word, which generated clients write as their language does: False, True."""

    def to_internal_value(self, data: Any) -> bool:
        if isinstance(data, bool):
            return data
        word = data.lower() if isinstance(data, str) else None
        if word not in ("true", "false", "1", "0", "on", "off"):
            self.fail("invalid", input=data)
        return word in ("true", "1", "on")


class Whole(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class Choice(serializers.ChoiceField):
    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


@extend_schema_field({"type": "object"})
class Notes(serializers.JSONField):
    """An object of the integrator's own; in forms it is written as JSON."""

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
    """Read with `read`: what is wrong becomes a problem with pointers."""

    is_form = False


def is_form(request: Request) -> bool:
    return hasattr(request.data, "getlist")


def read(shape: type[Body], request: Request) -> dict[str, Any]:
    form = is_form(request)
    if refusal := getattr(request._request, "refusal", None):  # a file that was not read to its end
        raise refused(refusal[1])
    asked = shape(data=request.data)
    asked.is_form = form
    if not asked.is_valid():
        raise Refusal(422, "validation_error", _("It can't be taken."), dict(_pointers(asked.errors)))
    return dict(asked.validated_data)


def _pointers(errors: Any, before: str = "") -> Any:
    for name, said in errors.items() if isinstance(errors, dict) else enumerate(errors):
        where = before if name == "non_field_errors" else f"{before}/{name}".lstrip("/")
        if isinstance(said, dict):
            yield from _pointers(said, where)
        else:
            yield where, " ".join(str(one) for one in said) if isinstance(said, list) else str(said)


class SubmissionNotes(Body):
    """What the integrator wants to get back with it."""

    external_id = Text(
        required=False, allow_blank=True, max_length=120, default="", help_text="Your own id; comes back as it is."
    )
    metadata = Notes(
        required=False, default=dict, help_text="An object of your own, at most 2 kB; comes back as it is."
    )
    consents_to_training = Flag(
        required=False, default=False, help_text="Whether it may be used to train models. Taken for no if not said."
    )


class Submission(SubmissionNotes):
    """A photo or video, with what the integrator wants to get back with it."""

    file = serializers.FileField(
        allow_empty_file=True, help_text="The photo or video. Its type is told by its bytes, never by its name."
    )


class SubmissionByUrl(SubmissionNotes):
    """The same with an address in place of the file, where this installation fetches addresses."""

    url = Text(max_length=2000, help_text="Where the photo or video is.")


class Batch(Body):
    """Up to 100 files, or archives (zip) of files."""

    files = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True),
        allow_empty=False,
        max_length=100,
        help_text="Photos, videos, or zip archives.",
    )
    consents_to_training = Flag(required=False, default=False, help_text="For all of them.")


class Opinion(Body):
    """What its owner thinks of an assessment. It changes no outcome; somebody may look."""

    label = Choice(choices=Feedback.Kind.choices, help_text="What is wrong or right.")
    comment = Text(required=False, allow_blank=True, max_length=2000, default="", help_text="In your own words.")


class AppealRequest(Body):
    """An appeal against what people decided."""

    text = Text(max_length=4000, help_text="Why it is wrong.")

    def validate_text(self, text: str) -> str:
        if not text.strip():
            raise serializers.ValidationError(_("This field may not be blank."))
        return text


class NewDecision(Body):
    """What somebody at the desk decides."""

    label = Choice(choices=Label.choices, help_text="What is true of the file.")
    action = Choice(choices=Action.choices, default=Action.KEEP, required=False, help_text="What is done about it.")
    policy = Text(
        required=False, allow_null=True, default=None, max_length=40,
        help_text="Code of the policy it rests on; needed where it contradicts the models.",
    )  # fmt: skip
    note_public = Text(
        required=False, allow_blank=True, max_length=2000, default="", help_text="What the uploader is told."
    )
    expected_version = Whole(
        min_value=0, max_value=2**31 - 1, help_text="The scan's version that was looked at: if it has changed, 409."
    )


class FirstLook(Body):
    """What somebody sees before they are told what the models say."""

    label = Choice(choices=Label.choices, help_text="What is true of the file.")


class Passing(Body):
    """Why an item is left to somebody else."""

    cause = Choice(choices=Skip.Cause.choices, help_text="Why.")


class NewEndpoint(Body):
    """An address that is told of changes."""

    url = Text(max_length=500, help_text="An https address on the public network.")
    description = Text(required=False, allow_blank=True, max_length=120, default="", help_text="For people.")
    kinds = serializers.ListField(
        child=Choice(choices=[*Change.Kind.values, "endpoint.disabled"]), required=False, default=list, max_length=20,
        help_text="What it wants to hear of; none named: everything.",
    )  # fmt: skip


class EndpointChange(Body):
    """What is not said stays as it is."""

    url = Text(required=False, max_length=500, help_text="An https address on the public network.")
    description = Text(required=False, allow_blank=True, max_length=120, help_text="For people.")
    kinds = serializers.ListField(
        child=Choice(choices=[*Change.Kind.values, "endpoint.disabled"]), required=False, max_length=20,
        help_text="What it wants to hear of; none named: everything.",
    )  # fmt: skip
    enabled = Flag(required=False, help_text="Switch it off, or on again.")


class CheckCode(Body):
    """The code of a report."""

    code = Text(max_length=14, help_text="As printed on the report.")


class CheckFile(Body):
    """A report itself."""

    file = serializers.FileField(allow_empty_file=True, help_text="The PDF.")
