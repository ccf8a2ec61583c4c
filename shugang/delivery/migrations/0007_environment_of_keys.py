from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0006_kinds_of_sources")]

    operations = [
        migrations.AddField(
            model_name="credential",
            name="environment",
            field=models.CharField(blank=True, default="", max_length=20),
            preserve_default=False,
        ),
    ]
