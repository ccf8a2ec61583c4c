"""A destination says when new versions are pushed to it, where it said only whether."""

from django.db import migrations, models
from django.db.models import Q

KEEP = "UPDATE delivery_connection SET schedule = 'version' WHERE follow AND purpose = 'target'"
BACK = "UPDATE delivery_connection SET follow = (schedule <> '')"


class Migration(migrations.Migration):
    dependencies = [("delivery", "0002_append_only")]
    operations = [
        migrations.AddField(
            "connection", "schedule", models.CharField(blank=True, default="", max_length=20), preserve_default=False
        ),
        migrations.RunSQL(KEEP, BACK),
        migrations.RemoveField("connection", "follow"),
        migrations.AddConstraint(
            "connection",
            models.CheckConstraint(condition=Q(purpose="target") | Q(schedule=""), name="only_destinations_follow"),
        ),
    ]
