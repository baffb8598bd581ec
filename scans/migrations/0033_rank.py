"""Scans that were assessed before are sorted by their score as well."""

from django.db import migrations, models
from django.db.models.functions import Coalesce


def fill(apps, schema_editor):
    newest = apps.get_model("scans", "Assessment").objects.filter(scan=models.OuterRef("pk")).order_by("-pk")
    score = models.Subquery(newest.values("score")[:1])
    apps.get_model("scans", "Scan").objects.update(
        rank=Coalesce(score, models.Value(-1.0), output_field=models.FloatField())
    )


class Migration(migrations.Migration):
    dependencies = [("scans", "0032_library")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
