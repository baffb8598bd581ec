from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scans", "0041_counted_name")]

    operations = [
        migrations.AddField(
            model_name="case",
            name="sandbox",
            field=models.BooleanField(default=False, editable=False, verbose_name="sandbox"),
        ),
    ]
