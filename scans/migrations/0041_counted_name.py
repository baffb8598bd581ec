from django.conf import settings
from django.db import migrations, models

FIELDS = ["owner", "trashed_at", "status", "outcome", "kind", "source", "sandbox", "bytes", "media_deleted_at"]


class Migration(migrations.Migration):
    """Searches by name read the index alone."""

    dependencies = [
        ("scans", "0040_plainer_labels"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(model_name="scan", name="scan_of_owner_counted"),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(fields=[*FIELDS, "name"], name="scan_of_owner_counted"),
        ),
    ]
