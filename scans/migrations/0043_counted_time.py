from django.conf import settings
from django.db import migrations, models

FIELDS = ["owner", "trashed_at", "status", "outcome", "kind", "source", "sandbox", "bytes", "media_deleted_at", "name"]


FILTERED = ["trashed_at", "status", "outcome", "kind", "source"]


class Migration(migrations.Migration):
    """Uploads in a span of time are counted, and the history is filtered in its order, from an index alone."""

    dependencies = [
        ("scans", "0001_squashed_0042_sandbox_cases"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(model_name="scan", name="scan_of_owner"),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(fields=["owner", "-created_at", "-id", *FILTERED], name="scan_of_owner"),
        ),
        migrations.RemoveIndex(model_name="scan", name="scan_of_owner_counted"),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(fields=[*FIELDS, "created_at"], name="scan_of_owner_counted"),
        ),
    ]
