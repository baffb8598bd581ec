from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scans", "0028_counted")]

    operations = [
        migrations.AddField(
            model_name="report",
            name="language",
            field=models.CharField(blank=True, editable=False, default="", max_length=10, verbose_name="language"),
        ),
    ]
