"""Short names for serializer fields with a description."""

from typing import Any

from rest_framework import serializers

OPEN = " New values may be added: treat one that you do not know as `inconclusive`."


def text(description: str, **options: Any) -> serializers.CharField:
    return serializers.CharField(help_text=description, **options)


def maybe(description: str) -> serializers.CharField:
    return serializers.CharField(help_text=description, allow_null=True)


def moment(description: str, **options: Any) -> serializers.DateTimeField:
    return serializers.DateTimeField(help_text=description, **options)


def some_moment(description: str) -> serializers.DateTimeField:
    return serializers.DateTimeField(help_text=description, allow_null=True)


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


def kind_of(name: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=[name], help_text=f"Always `{name}`.")


def several(description: str, child: Any) -> serializers.ListField:
    return serializers.ListField(child=child, help_text=description)


def anything(description: str, **options: Any) -> serializers.DictField:
    return serializers.DictField(help_text=description, **options)


class Shape(serializers.Serializer[Any]):
    """Only describes a response; nothing is read or written with it."""
