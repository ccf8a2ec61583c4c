from django.db import migrations, models

from ._frozen import VERSION, freeze


class Migration(migrations.Migration):
    dependencies = [("delivery", "0007_environment_of_keys")]

    operations = [
        migrations.AddField(
            model_name="datasetversion",
            name="appends",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="datasetversion",
            name="key_columns",
            field=models.JSONField(default=list),
        ),
        migrations.RunPython(freeze("delivery_datasetversion", VERSION), migrations.RunPython.noop),
    ]
