from django.db import migrations, models


def fill(apps, schema_editor):
    """Each scan gets what its newest assessment says, in one statement."""
    assessment = apps.get_model("scans", "Assessment")
    newest = assessment.objects.filter(scan=models.OuterRef("pk")).order_by("-id").values("outcome")[:1]
    scans = apps.get_model("scans", "Scan").objects.filter(assessments__isnull=False)
    apps.get_model("scans", "Scan").objects.filter(pk__in=scans.values("pk")).update(outcome=models.Subquery(newest))


class Migration(migrations.Migration):
    dependencies = [("scans", "0007_telling")]

    operations = [
        migrations.AddField(
            model_name="scan",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("likely_manipulated", "Likely manipulated"),
                    ("inconclusive", "Inconclusive"),
                    ("little_evidence", "Little evidence of manipulation"),
                    ("not_applicable", "Not applicable"),
                    ("unable_to_evaluate", "Unable to evaluate"),
                ],
                default="",
                editable=False,
                help_text="What the models say now: a copy of the newest assessment's, so that lists can be filtered.",
                max_length=20,
                verbose_name="outcome",
            ),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(fields=["owner", "outcome", "-created_at"], name="scan_of_owner_by_outcome"),
        ),
    ]
