from django.db import migrations

ROLES = ("uploader", "moderator", "lead", "auditor", "integrator", "admin")


def make(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    for name in ROLES:
        group.objects.using(schema_editor.connection.alias).get_or_create(name=name)


def drop(apps, schema_editor):
    apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias).filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    """One group for each role; accounts/roles.py fills them with permissions."""

    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(make, drop)]
