"""Capabilities, policies, models, limits and usage."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from accounts import roles
from accounts.models import ApiKey

from ... import analysis
from ...analysis import sandbox
from ...insight import figures
from ...models import Change, Outcome, Policy, Scan
from ...models.wording import scope_of
from ...uploads import intake
from .. import limits
from ..base_views import scopes_of
from ..request_serializers import METADATA
from ..waiting import LONGEST
from .fields import OPEN, Resource, anything, flag, kind_of, maybe, moment, several, share, some_moment, text, whole
from .scans import MIME


class PolicyOf(Resource):
    """A written rule for decisions."""

    code = text("Stable code.")
    object = kind_of("policy")
    parent = maybe("Code of the parent policy.")
    title = text("Title.")
    text = serializers.CharField(help_text="What it covers. With `review:read` also how reviewers apply it.")
    two_people = flag("Whether decisions under this policy need a second person.")
    translations = anything("Title and text in other languages, by language code.")

    def get_parent(self, policy: Policy) -> str | None:
        return policy.parent.code if policy.parent else None

    def get_translations(self, policy: Policy) -> dict[str, dict[str, str]]:
        has_german = policy.title_de or policy.text_de
        return {"de": {"title": policy.title_de, "text": policy.text_de}} if has_german else {}

    def to_representation(self, policy: Policy) -> dict[str, Any]:
        row: dict[str, Any] = super().to_representation(policy)
        if not self.context.get("for_reviewers"):
            for texts in (row, *row["translations"].values()):
                texts["text"] = scope_of(texts["text"])
        return row


class Bundle(Resource):
    """A model card: training data, measured accuracy, known failures. New fields may be added."""

    label = text("Name and version.")
    weight = text("How the panel uses the model: `trust`, `include` or `ignore`.")
    calibrated = flag("Whether its score is a calibrated probability.")

    def to_representation(self, card: dict[str, Any]) -> dict[str, Any]:
        return card  # with all fields that it has


class MediumOf(Resource):
    """Which models are used for photos or for videos."""

    medium = text("`photo` or `film`.")
    faces_below = share("Only for faces in photos that are less high, in pixels; null for all others.", allow_null=True)
    bundles = several("Models that are used.", serializers.CharField())
    not_heard = several(
        "Models that are not used, because they did not detect manipulation there.", serializers.CharField()
    )
    weights = serializers.DictField(
        child=serializers.FloatField(),
        help_text="Weight of each model's log-odds; empty if none were fitted.",
    )


class Condition(Resource):
    """Measured accuracy of one model on one test set."""

    label = text("The model, or `panel` for all models together.")
    set = text("Name of the test set.")
    fakes = whole("Number of manipulated files.", allow_null=True)
    reals = whole("Number of real files.", allow_null=True)
    auc = share("Area under the ROC curve; 0.5 is chance.", allow_null=True)
    auc_ci = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="95 % confidence interval of `auc`."
    )
    false_alarms = maybe("Percentage of scored real files called likely manipulated.")
    inconclusive = maybe("Percentage of scored files that were inconclusive; null if not measured.")
    enough_real = flag("Whether there are enough real files for `false_alarms`.")
    enough = flag("Whether there are enough files for `auc`.")
    below_chance = flag("Whether it may be no better than chance.")
    inverted = flag("Whether real files score higher than manipulated ones.")


class Limits(Resource):
    """Limits for uploads."""

    max_upload_mb = whole("Maximum file size in MB.")
    files_in_a_batch = whole("Maximum number of files in a batch.")
    metadata_bytes = whole("Maximum size of `metadata` in bytes.")
    wait_seconds = whole("Maximum value of `?wait=`.")

    def get_max_upload_mb(self, request: Request) -> int:
        limit: int = settings.MAX_UPLOAD_MB
        return limit

    def get_files_in_a_batch(self, request: Request) -> int:
        return intake.IN_A_BATCH

    def get_metadata_bytes(self, request: Request) -> int:
        return METADATA

    def get_wait_seconds(self, request: Request) -> int:
        return int(LONGEST)


class Capabilities(Resource):
    """What this installation supports."""

    object = kind_of("capabilities")
    version = text("Version of the software.")
    panel_id = maybe("ID of the current models and cut-offs.")
    outcomes = several("All possible outcomes." + OPEN, serializers.ChoiceField(choices=Outcome.choices))
    image_formats = several("Supported image formats.", serializers.CharField())
    video_formats = several("Supported video formats.", serializers.CharField())
    submit_by_url = flag("Whether files can be submitted by URL.")
    sandbox_scenarios = several("File names that give a fixed result with a test key.", serializers.CharField())
    webhook_kinds = several("Types of webhook messages.", serializers.CharField())
    limits = Limits(source="*", help_text="Limits for uploads.")
    media = MediumOf(many=True, help_text="Which models are used for photos and for videos.")
    conditions = Condition(many=True, help_text="Measured accuracy of the models.")

    def get_version(self, request: Request) -> str:
        return str(settings.VERSION)

    def get_panel_id(self, request: Request) -> str:
        return analysis.panel().id

    def get_outcomes(self, request: Request) -> list[str]:
        return list(Outcome.values)

    def get_image_formats(self, request: Request) -> list[str]:
        return [name for name, mime in MIME.items() if mime.startswith("image/")]

    def get_video_formats(self, request: Request) -> list[str]:
        return [name for name, mime in MIME.items() if mime.startswith("video/")]

    def get_submit_by_url(self, request: Request) -> bool:
        return bool(settings.SCANS_URL_FETCH)

    def get_sandbox_scenarios(self, request: Request) -> list[str]:
        return [str(scenario) for scenario in sandbox.SCENARIOS]

    def get_webhook_kinds(self, request: Request) -> list[str]:
        return [*Change.Kind.values, "endpoint.disabled"]

    def get_media(self, request: Request) -> list[dict[str, Any]]:
        return analysis.media()

    def get_conditions(self, request: Request) -> list[dict[str, Any]]:
        return figures.conditions([analysis.measured(), *analysis.cards()])


class Rate(Resource):
    """A rate limit."""

    kind = text("Type of request.")
    limit = whole("Number of requests allowed in the period.")
    seconds = whole("Length of the period in seconds.")
    used = whole("Requests used in this period.")
    reset_seconds = whole("Seconds until the period starts again.")


class Storage(Resource):
    """Storage."""

    used_bytes = whole("Bytes used.")
    quota_bytes = whole("Bytes allowed; null if unlimited.", allow_null=True)

    def get_used_bytes(self, request: Request) -> int:
        return intake.used(request.user)

    def get_quota_bytes(self, request: Request) -> int | None:
        return settings.QUOTA_MB * 2**20 or None


class Day(Resource):
    """Uploads on one day."""

    day = serializers.DateField(help_text="The day, in UTC.")
    scans = whole("Number of files.")
    bytes = whole("Total size in bytes.")


class Usage(Resource):
    """Storage, rate limits and uploads."""

    object = kind_of("usage")
    storage = Storage(source="*", help_text="Storage.")
    rates = Rate(many=True, help_text="Rate limits of this key or person.")
    days = Day(many=True, help_text="Uploads of the last 30 days; days without uploads are left out.")

    def get_rates(self, request: Request) -> list[dict[str, Any]]:
        return limits.standing(request)

    def get_days(self, request: Request) -> list[dict[str, Any]]:
        since = timezone.now() - dt.timedelta(days=30)
        days: Any = Scan.objects.filter(owner=request.user, created_at__gte=since).order_by()
        days = days.annotate(day=TruncDate("created_at", tzinfo=dt.UTC)).values("day")
        return list(days.annotate(scans=Count("pk"), bytes=Sum("bytes")).order_by("-day")[:31])


class KeyOf(Resource):
    """The API key of the request."""

    prefix = text("The beginning of the key.")
    name = text("Name of the key.")
    sandbox = flag("Whether it is a test key.", source="test")
    created_at = moment("When it was created.")
    expires_at = some_moment("When it expires.")


class Me(Resource):
    """The account and API key of the request."""

    object = kind_of("me")
    roles = several("Roles of the account.", serializers.CharField())
    scopes = several("Scopes of the request.", serializers.CharField())
    key = KeyOf(allow_null=True, help_text="Null for a browser session.")

    def get_roles(self, request: Request) -> list[str]:
        return sorted(roles.roles_of(request.user))

    def get_scopes(self, request: Request) -> list[str]:
        return scopes_of(request)

    def get_key(self, request: Request) -> ApiKey | None:
        return request.auth if isinstance(request.auth, ApiKey) else None
