"""The plans of the ledger's function are kept for any batch.

PostgreSQL prices a plan for exactly these arrays lower than one for any, so it planned the five statements at every call:
more than half of what a single posting cost the server.
"""

from typing import Any

from django.db import migrations


def keep(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER FUNCTION settlement_post SET plan_cache_mode = force_generic_plan")


def choose(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER FUNCTION settlement_post RESET plan_cache_mode")


class Migration(migrations.Migration):
    dependencies = [("settlement", "0005_receivables")]
    operations = [migrations.RunPython(keep, choose)]
