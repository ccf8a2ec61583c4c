"""The opinions on products move to the one table of signed reports (assets.thirdparty); their texts, digests and signatures
stay as they were signed."""

from typing import Any

from django.db import migrations
from django.utils import timezone

PUBLIC = ("listed", "suspended", "delisted")


def _number(apps: Any, year: int) -> str:
    """The next number of that year, from the gap-free serial that `kernel.numbering` uses."""
    row, _ = apps.get_model("kernel", "Serial").objects.get_or_create(name=f"BGS-{year}")
    row.last += 1
    row.save(update_fields=["last"])
    return f"BGS-{year}-{row.last:06d}"


def forwards(apps: Any, schema_editor: Any) -> None:
    opinions, reports = apps.get_model("market", "Opinion"), apps.get_model("assets", "SignedReport")
    rows = opinions.objects.select_related(
        "listing__case", "listing__product__supplier", "listing__product__dataset_version"
    )
    for old in rows.order_by("signed_at", "pk"):
        product, case = old.listing.product, old.listing.case
        earlier = reports.objects.filter(case=case, kind="compliance", state="standing")
        earlier.update(state="superseded", ended_at=old.signed_at)
        reports.objects.create(
            number=_number(apps, timezone.localtime(old.signed_at).year), kind="compliance", result="favourable",
            agency=old.reviewer, client=product.supplier, case=case, version=product.dataset_version, object_kind="product",
            object_number=product.number, content=old.content, digest=old.digest, context=f"opinion:{case.number}",
            signatures=[old.signature], state="standing", public=product.state in PUBLIC, signed_at=old.signed_at,
            stands_since=old.signed_at,
        )  # fmt: skip


def backwards(apps: Any, schema_editor: Any) -> None:
    opinions, reports = apps.get_model("market", "Opinion"), apps.get_model("assets", "SignedReport")
    listings = apps.get_model("market", "Listing")
    for report in reports.objects.filter(context__startswith="opinion:").order_by("signed_at", "pk"):
        opinions.objects.create(
            listing=listings.objects.get(case_id=report.case_id), reviewer_id=report.agency_id, content=report.content,
            digest=report.digest, signature=report.signatures[0], signed_at=report.signed_at,
        )  # fmt: skip
        report.delete()


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0002_delivery_modes"),
        ("assets", "0002_third_party_services"),
        ("kernel", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(forwards, backwards),
        migrations.DeleteModel(name="Opinion"),
    ]
