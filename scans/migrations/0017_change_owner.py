import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    scans, changes = apps.get_model("scans", "Scan"), apps.get_model("scans", "Change")
    owner = scans.objects.filter(pk=OuterRef("scan")).values("owner")[:1]
    changes.objects.filter(owner=None).update(owner=Subquery(owner))


class Migration(migrations.Migration):

    dependencies = [
        ('scans', '0016_webhooks'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='change',
            name='owner',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner'),
        ),
        migrations.AddField(
            model_name='change',
            name='sandbox',
            field=models.BooleanField(default=False, verbose_name='sandbox'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
