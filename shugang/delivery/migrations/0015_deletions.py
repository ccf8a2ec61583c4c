import django.db.models.deletion
from django.db import migrations, models

from shugang.delivery.migrations._frozen import DELETION, freeze


class Migration(migrations.Migration):
    dependencies = [("delivery", "0014_uploads")]

    operations = [
        migrations.CreateModel(
            name="DeletionStatement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("statement", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                ("signature", models.JSONField()),
                ("person_id", models.BigIntegerField()),
                ("signed_at", models.DateTimeField()),
                (
                    "grant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deletion", to="delivery.grant"
                    ),
                ),
            ],
        ),
        migrations.RunPython(freeze("delivery_deletionstatement", DELETION), migrations.RunPython.noop),
    ]
