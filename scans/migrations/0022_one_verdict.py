"""One set of words for outcomes and labels; a report keeps which decision it tells of."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

OUTCOMES = [
    ("likely_manipulated", "Likely manipulated"),
    ("inconclusive", "Inconclusive"),
    ("little_evidence", "Little evidence of manipulation"),
    ("not_applicable", "Not applicable"),
    ("unable_to_evaluate", "Could not be analysed"),
]
LABELS = [
    ("manipulated", "Manipulated"),
    ("not_manipulated", "Not manipulated"),
    ("inconclusive", "Inconclusive"),
    ("manipulated_but_permitted", "Manipulated but permitted"),
    ("misleading_context", "Misleading context"),
]


def rename_rule(apps: Any, schema_editor: Any) -> None:
    """The rule that a site began with has the name of its outcome, unless somebody has renamed it."""
    rules = apps.get_model("scans", "Rule").objects
    rules.filter(name="Signs of manipulation", reason="outcome").update(name="Likely manipulated")


class Migration(migrations.Migration):
    dependencies = (("scans", "0021_plain_names"),)
    operations = (
        migrations.RunPython(rename_rule, migrations.RunPython.noop),
        migrations.AddField(
            "report",
            "decision",
            models.ForeignKey(
                blank=True,
                help_text="What people had decided when it was issued.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="scans.decision",
                verbose_name="decision",
            ),
        ),
        migrations.AlterField(
            "assessment",
            "outcome",
            models.CharField(choices=OUTCOMES, db_index=True, max_length=20, verbose_name="outcome"),
        ),
        migrations.AlterField(
            "decision", "label", models.CharField(choices=LABELS, max_length=30, verbose_name="label")
        ),
        migrations.AlterField(
            "lockedcase", "label", models.CharField(choices=LABELS, max_length=30, verbose_name="label")
        ),
        migrations.AlterField(
            "scan",
            "outcome",
            models.CharField(
                blank=True,
                choices=OUTCOMES,
                editable=False,
                help_text="What the models say now: a copy of the newest assessment's, so that lists can be filtered.",
                max_length=20,
                verbose_name="outcome",
            ),
        ),
    )
