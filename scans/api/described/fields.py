"""Short names for serializer fields with a description."""

from typing import Any

from rest_framework import serializers

OPEN = " New values may be added: treat one that you do not know as `inconclusive`."


def text(said: str, **options: Any) -> serializers.CharField:
    return serializers.CharField(help_text=said, **options)


def maybe(said: str) -> serializers.CharField:
    return serializers.CharField(help_text=said, allow_null=True)


def moment(said: str, **options: Any) -> serializers.DateTimeField:
    return serializers.DateTimeField(help_text=said, **options)


def some_moment(said: str) -> serializers.DateTimeField:
    return serializers.DateTimeField(help_text=said, allow_null=True)


def one_id(said: str, **options: Any) -> serializers.UUIDField:
    return serializers.UUIDField(help_text=said, **options)


def whole(said: str, **options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(help_text=said, **options)


def share(said: str, **options: Any) -> serializers.FloatField:
    return serializers.FloatField(help_text=said, **options)


def flag(said: str, **options: Any) -> serializers.BooleanField:
    return serializers.BooleanField(help_text=said, **options)


def chosen(said: str, choices: Any, **options: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=choices, help_text=said, **options)


def kind_of(name: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=[name], help_text=f"Always `{name}`.")


def several(said: str, child: Any) -> serializers.ListField:
    return serializers.ListField(child=child, help_text=said)


def anything(said: str, **options: Any) -> serializers.DictField:
    return serializers.DictField(help_text=said, **options)


class Shape(serializers.Serializer[Any]):
    """Only describes a response; nothing is read or written with it."""
