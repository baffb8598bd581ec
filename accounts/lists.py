"""Lists at the desk: only for looking, and fast when they are long."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.text import smart_split, unescape_string_literal
from django.utils.translation import gettext as _

FEW = 2000  # rows that a searched word leaves, up to which their keys are listed


class ByKey(admin.ModelAdmin):
    """A `_to_field` without a value names no field; Django looks for one with that name, and fails."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        return super().get_object(request, object_id, from_field or None)

    def get_action_choices(self, request: HttpRequest, default_choices: Any = ()) -> Any:
        return super().get_action_choices(request, [("", _("Choose an action"))])

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("empty_label", _empty_label(db_field))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_choice_field(db_field, request, **kwargs)
        if field is not None and db_field.name not in self.radio_fields:
            field.choices = [choice if choice[0] else ("", _empty_label(db_field)) for choice in field.choices]
        return field


def _empty_label(db_field: Any) -> str:
    return _("Not set") if db_field.blank else _("Choose")


class ReadOnly(ByKey):
    """For looking, never for changing."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _unquoted(word: str) -> str:
    quoted = word.startswith(('"', "'")) and word[0] == word[-1]
    return unescape_string_literal(word) if quoted else word


class CappedPaginator(Paginator):
    """Counts no further than people turn pages: counting millions of rows takes longer than showing fifty of them."""

    most = 10_000

    @cached_property
    def counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: self.most + 1].count())

    @property
    def is_capped(self) -> bool:
        return self.counted > self.most

    @cached_property
    def count(self) -> int:
        return min(self.counted, self.most)


class Large(ReadOnly):
    """Lists that stay fast when they are long."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50

    def get_search_results(
        self, request: HttpRequest, rows: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """Each word is looked up in one field at a time, so that the field's own index serves. Together, as Django
        does it, all rows would be read, and an ID would be compared as a text."""
        for word in smart_split(search_term) if self.get_search_fields(request) else ():
            rows = rows.filter(self._matching(_unquoted(word), request))
        return rows, False

    def _matching(self, word: str, request: HttpRequest) -> Q:
        matching = Q(pk__in=[])
        for field in self.get_search_fields(request):
            lookup = field if field.endswith(("__exact", "__startswith")) else f"{field}__icontains"
            try:
                rows = self.model._default_manager.filter(**{lookup: word}).order_by()
            except (ValidationError, ValueError):
                continue  # not a value of this field
            keys = list(rows.values_list("pk", flat=True)[: FEW + 1])
            matching |= Q(pk__in=keys) if len(keys) <= FEW else Q(**{lookup: word})
        return matching
