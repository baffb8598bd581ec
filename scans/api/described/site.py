"""Capabilities, policies, models, limits and usage."""

from rest_framework import serializers

from ...models import Outcome
from .fields import OPEN, Shape, anything, flag, kind_of, maybe, moment, several, share, some_moment, text, whole


class PolicyOf(Shape):
    """A written rule for decisions."""

    code = text("Stable code.")
    object = kind_of("policy")
    parent = maybe("Code of the parent policy.")
    title = text("Title.")
    text = serializers.CharField(help_text="Text of the rule.")
    two_people = flag("Whether decisions under this policy need a second person.")
    translations = anything("Title and text in other languages, by language code.")


class Bundle(Shape):
    """A model card: training data, measured accuracy, known failures. New fields may be added."""

    label = text("Name and version.")
    weight = text("How the panel uses the model: `trust`, `include` or `ignore`.")
    calibrated = flag("Whether its score is a calibrated probability.")


class MediumOf(Shape):
    """Which models are used for photos or for videos."""

    medium = text("`photo` or `film`.")
    bundles = several("Models that are used.", serializers.CharField())
    not_heard = several(
        "Models that are not used, because they did not detect manipulation there.", serializers.CharField()
    )
    weights = serializers.DictField(
        child=serializers.FloatField(),
        help_text="Weight of each model's log-odds; empty if none were fitted.",
    )


class Condition(Shape):
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


class Limits(Shape):
    """Limits for uploads."""

    max_upload_mb = whole("Maximum file size in MB.")
    files_in_a_batch = whole("Maximum number of files in a batch.")
    metadata_bytes = whole("Maximum size of `metadata` in bytes.")
    wait_seconds = whole("Maximum value of `?wait=`.")


class Capabilities(Shape):
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
    limits = Limits(help_text="Limits for uploads.")
    media = MediumOf(many=True, help_text="Which models are used for photos and for videos.")
    conditions = Condition(many=True, help_text="Measured accuracy of the models.")


class Rate(Shape):
    """A rate limit."""

    kind = text("Type of request.")
    limit = whole("Number of requests allowed in the period.")
    seconds = whole("Length of the period in seconds.")
    used = whole("Requests used in this period.")
    reset_seconds = whole("Seconds until the period starts again.")


class Storage(Shape):
    """Storage."""

    used_bytes = whole("Bytes used.")
    quota_bytes = whole("Bytes allowed; null if unlimited.", allow_null=True)


class Day(Shape):
    """Uploads on one day."""

    day = serializers.DateField(help_text="The day, in UTC.")
    scans = whole("Number of files.")
    bytes = whole("Total size in bytes.")


class Usage(Shape):
    """Storage, rate limits and uploads."""

    object = kind_of("usage")
    storage = Storage(help_text="Storage.")
    rates = Rate(many=True, help_text="Rate limits of this key or person.")
    days = Day(many=True, help_text="Uploads of the last 30 days; days without uploads are left out.")


class KeyOf(Shape):
    """The API key of the request."""

    prefix = text("The beginning of the key.")
    name = text("Name of the key.")
    sandbox = flag("Whether it is a test key.")
    created_at = moment("When it was created.")
    expires_at = some_moment("When it expires.")


class Me(Shape):
    """The account and API key of the request."""

    object = kind_of("me")
    roles = several("Roles of the account.", serializers.CharField())
    scopes = several("Scopes of the request.", serializers.CharField())
    key = KeyOf(allow_null=True, help_text="Null for a browser session.")
