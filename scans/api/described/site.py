"""What can be done here, by whom, and how much of it."""

from rest_framework import serializers

from ...models import Outcome
from .fields import OPEN, Shape, anything, flag, kind_of, maybe, moment, several, share, some_moment, text, whole


class PolicyOf(Shape):
    """A written rule that decisions rest on."""

    code = text("Stable.")
    object = kind_of("policy")
    parent = maybe("Code of the policy that it is part of.")
    title = text("Its name.")
    text = serializers.CharField(help_text="The rule.")
    two_people = flag("Whether every decision by it waits for a second person.")
    translations = anything("Title and text in other languages, by language code.")


class Bundle(Shape):
    """A model's card: data, figures, known failures. More fields may come."""

    label = text("Name and version.")
    weight = text("Whether the panel trusts it: `trust`, `include` or `ignore`.")
    calibrated = flag("Whether its score may be called a probability.")


class MediumOf(Shape):
    """Which models decide in photos, or in videos."""

    medium = text("`photo` or `film`.")
    bundles = several("Labels of the models that are heard there.", serializers.CharField())
    not_heard = several("Labels of those that are not: they could not tell fakes there.", serializers.CharField())
    weights = serializers.DictField(
        child=serializers.FloatField(),
        help_text="How much the log-odds of each count; empty if nothing was fitted.",
    )


class Condition(Shape):
    """What was measured of one model on one set."""

    label = text("The model, or `panel`: all of them together.")
    set = text("The set.")
    fakes = whole("How many fakes.", allow_null=True)
    reals = whole("How many real ones.", allow_null=True)
    auc = share("Area under the curve: 0.5 is chance.", allow_null=True)
    auc_ci = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text="Its interval, 95 %.")
    false_alarms = maybe("Of the real ones that were judged, in percent.")
    inconclusive = maybe("Of all that were judged, in percent; null where it was not noted.")
    enough_real = flag("Whether there were enough real ones for a share.")
    enough = flag("Whether there were enough files to say anything.")
    below_chance = flag("Whether it may be no better than chance.")
    inverted = flag("Whether it ranks the wrong way round: real ones higher than fakes.")


class Limits(Shape):
    """What may be sent."""

    max_upload_mb = whole("The largest file.")
    files_in_a_batch = whole("How many files a batch holds.")
    metadata_bytes = whole("The largest `metadata`.")
    wait_seconds = whole("The longest `?wait=`.")


class Capabilities(Shape):
    """What this installation can judge, and what it can't."""

    object = kind_of("capabilities")
    version = text("Of this installation.")
    panel_id = maybe("The models and cuts in force.")
    outcomes = several("All there are." + OPEN, serializers.ChoiceField(choices=Outcome.choices))
    image_formats = several("What is read.", serializers.CharField())
    video_formats = several("What is read.", serializers.CharField())
    submit_by_url = flag("Whether files can be named by their address.")
    sandbox_scenarios = several("Names of files that a test key understands.", serializers.CharField())
    webhook_kinds = several("What webhooks can hear of.", serializers.CharField())
    limits = Limits(help_text="What may be sent.")
    media = MediumOf(many=True, help_text="Which models are heard in photos and in videos.")
    conditions = Condition(many=True, help_text="What was measured of the models, good or bad.")


class Rate(Shape):
    """One of the limits."""

    kind = text("What is counted.")
    limit = whole("How many there may be.")
    seconds = whole("In how many seconds.")
    used = whole("How many there were.")
    reset_seconds = whole("Until it begins anew.")


class Storage(Shape):
    """Room for files."""

    used_bytes = whole("What is kept.")
    quota_bytes = whole("What may be kept; null without a limit.", allow_null=True)


class Day(Shape):
    """What was uploaded on one day."""

    day = serializers.DateField(help_text="In UTC.")
    scans = whole("How many.")
    bytes = whole("How large.")


class Usage(Shape):
    """What was used, and what is left."""

    object = kind_of("usage")
    storage = Storage(help_text="Room for files.")
    rates = Rate(many=True, help_text="The limits of this key, or of this person.")
    days = Day(many=True, help_text="The last 30 days on which something was uploaded.")


class KeyOf(Shape):
    """The key that asks."""

    prefix = text("Which one.")
    name = text("Its name.")
    sandbox = flag("Whether it is a test key.")
    created_at = moment("When it was made.")
    expires_at = some_moment("When it ends.")


class Me(Shape):
    """Who asks, and what this key may do."""

    object = kind_of("me")
    roles = several("The person's roles.", serializers.CharField())
    scopes = several("What may be asked.", serializers.CharField())
    key = KeyOf(allow_null=True, help_text="Null where somebody is signed in with a browser.")
