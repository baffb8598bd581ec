"""The base of all responses, and short names for fields with a description."""

import datetime as dt
from typing import Any

from rest_framework import serializers

from ...outcome.statement import moment as rfc_3339

OPEN = " New values may be added: treat one that you do not know as `inconclusive`."


class Resource(serializers.Serializer[Any]):
    """Describes a response and makes it.

    The value of a field is what `get_<field>` returns, else the attribute or key that `source` names. An empty text
    becomes null where the field may be null.
    """

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {name: self._value_of(name, field, instance) for name, field in self.fields.items()}

    def _value_of(self, name: str, field: Any, instance: Any) -> Any:
        getter = getattr(self, f"get_{name}", None)
        value = getter(instance) if getter else field.get_attribute(instance)
        return None if value is None or (value == "" and field.allow_null) else field.to_representation(value)


class Moment(serializers.DateTimeField):
    def to_representation(self, value: dt.datetime | str) -> str | None:
        return value if isinstance(value, str) else rfc_3339(value)


class ObjectName(serializers.ChoiceField):
    """The kind of the object: always its only choice."""

    def get_attribute(self, instance: Any) -> str:
        return str(next(iter(self.choices)))


def text(description: str, **options: Any) -> serializers.CharField:
    return serializers.CharField(help_text=description, **options)


def maybe(description: str, **options: Any) -> serializers.CharField:
    return serializers.CharField(help_text=description, allow_null=True, **options)


def moment(description: str, **options: Any) -> Moment:
    return Moment(help_text=description, **options)


def some_moment(description: str, **options: Any) -> Moment:
    return Moment(help_text=description, allow_null=True, **options)


def one_id(description: str, **options: Any) -> serializers.UUIDField:
    return serializers.UUIDField(help_text=description, **options)


def whole(description: str, **options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(help_text=description, **options)


def share(description: str, **options: Any) -> serializers.FloatField:
    return serializers.FloatField(help_text=description, **options)


def flag(description: str, **options: Any) -> serializers.BooleanField:
    return serializers.BooleanField(help_text=description, **options)


def chosen(description: str, choices: Any, **options: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=choices, help_text=description, **options)


def kind_of(name: str) -> ObjectName:
    return ObjectName(choices=[name], help_text=f"Always `{name}`.")


def several(description: str, child: Any, **options: Any) -> serializers.ListField:
    return serializers.ListField(child=child, help_text=description, **options)


def anything(description: str, **options: Any) -> serializers.DictField:
    return serializers.DictField(help_text=description, **options)
