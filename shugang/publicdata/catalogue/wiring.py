"""What the room adds to the platform."""

from django.http import HttpRequest

from shugang.kernel import words
from shugang.kernel.periodic import Hourly, every_pass
from shugang.parties.notices.rules import Rule, Side, register_sides
from shugang.parties.notices.rules import register as register_rules
from shugang.policy.text import Text
from shugang.ui.menu import HEADER, MenuItem
from shugang.ui.menu import register as add

from ..doors import PUBLIC, holds_public_data
from . import engine, freshness, index, queries
from .models import PublicResource

# The department's handler and its chief data officer hear of every lapse.
OVERDUE = Rule("catalogue.data_overdue", "data", Text("公共数据{number}逾期未更新", "Public data {number} is overdue for an update"),
               (Side("public_resource", "department", ("handler", "chief_data_officer")),), of="public_resource")  # fmt: skip
FILINGS = Text("编目申报", "Filings")

LABELS: dict[str, Text] = {
    "catalogue.suspended": Text("目录已暂停，授权随之暂停", "Entry suspended, and the grants on it"),
    "catalogue.resumed": Text("目录已恢复，授权随之恢复", "Entry resumed, and the grants on it"),
    "catalogue.withdrawn": Text("目录已撤销，授权随之停用", "Entry withdrawn, and the grants on it stopped"),
    "catalogue.entered": Text("目录条目进入申报", "Entries put into the filing"),
    "catalogue.data_updated": Text("数据已更新", "Data brought up to date"),
    "catalogue.data_overdue": Text("数据逾期未更新", "Data overdue"),
    "catalogue.bundle_kept": Text("“一件事”已保存", "Life-event bundle kept"),
    "catalogue.bundle_removed": Text("“一件事”已删除", "Life-event bundle removed"),
}


def register() -> None:
    from .process import FILING  # noqa: F401  the procedure registers itself

    words.register(LABELS)
    every_pass("publicdata.catalogue", index.follow)
    every_pass("publicdata.catalogue_engine", engine.follow)
    every_pass("publicdata.overdue", Hourly(freshness.find_overdue))
    register_rules(OVERDUE)
    register_sides("public_resource", _sides)
    add(MenuItem(PUBLIC, Text("汇聚情况", "Coverage"), "catalogue-coverage", "chart-bar", holds_public_data, None, 14))
    add(MenuItem(PUBLIC, Text("一件事", "Life events"), "public-bundles", "checklist", holds_public_data, None, 16))
    add(MenuItem(HEADER, Text("公共数据", "Public data"), "public-data", order=3))
    add(
        MenuItem(
            PUBLIC, Text("公共数据目录", "Catalogue"), "own-resources", "database-export", holds_public_data, None, 10
        )
    )
    add(MenuItem(PUBLIC, FILINGS, "filings", "list-check", holds_public_data, _waiting, 12))


def _waiting(request: HttpRequest) -> int:
    """Filings that wait for this person's signature or examination."""
    return queries.waiting(request.actor)  # type: ignore[attr-defined]


def _sides(number: str) -> dict[str, int]:
    row = PublicResource.objects.filter(number=number).values_list("department_id", flat=True).first()
    return {"department": row} if row else {}
