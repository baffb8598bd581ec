"""The webhooks' secrets are encrypted, by a key that does not lie in the database."""

from typing import Any

from django.db import migrations

import scans.models.encryption
import scans.models.webhook


def encrypt(apps: Any, schema_editor: Any) -> None:
    for endpoint in apps.get_model("scans", "Endpoint").objects.using(schema_editor.connection.alias).iterator():
        endpoint.save(update_fields=["secret", "old_secret"])


def decrypt(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        for endpoint in apps.get_model("scans", "Endpoint").objects.using(schema_editor.connection.alias):
            pk = endpoint._meta.pk.get_db_prep_value(endpoint.pk, schema_editor.connection)
            cursor.execute(
                "UPDATE scans_endpoint SET secret = %s, old_secret = %s WHERE id = %s",
                [endpoint.secret, endpoint.old_secret, pk],
            )


class Migration(migrations.Migration):
    dependencies = [("scans", "0025_partial_assessment")]

    operations = [
        migrations.AlterField(
            "endpoint",
            "secret",
            scans.models.encryption.EncryptedField(
                default=scans.models.webhook.new_secret, editable=False, max_length=300
            ),
        ),
        migrations.AlterField(
            "endpoint",
            "old_secret",
            scans.models.encryption.EncryptedField(blank=True, editable=False, max_length=300),
        ),
        migrations.RunPython(encrypt, decrypt),
    ]
