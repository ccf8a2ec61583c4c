"""The corpus is what its generator writes, and its values are nobody's."""

import csv
from collections import Counter

from shugang.assets.grading.tests.corpus.generate import FOLDER, files
from shugang.policy.checks import CHECKS

LABELS = list(csv.DictReader((FOLDER / "labels.csv").open()))


def column(table: str, header: str) -> list[str]:
    with (FOLDER / "tables" / f"{table}.csv").open() as source:
        return [row[header] for row in csv.DictReader(source) if row[header]]


def test_the_files_are_what_the_generator_writes() -> None:
    assert {path: (FOLDER / path).read_text() for path in files()} == files()


def test_it_is_large_enough_and_half_of_it_is_nothing() -> None:
    kinds = Counter(row["kind"] for row in LABELS)
    assert len(LABELS) > 280 and 0.35 < kinds[""] / len(LABELS) < 0.65
    assert len(kinds) > 40


def test_values_pass_their_checks_and_belong_to_nobody() -> None:
    assert all(CHECKS["identity_number"].accepts(v) and v[2:6] == "0000" for v in column("patients", "身份证号"))
    assert all(
        CHECKS["mobile"].accepts(v) and v[:3] in {"154", "160", "163", "164", "168", "179"}
        for v in column("calls", "主叫号码")
    )
    assert all(CHECKS["bank_card"].accepts(v) and v.startswith("629999") for v in column("orders", "支付卡号"))
    assert all(CHECKS["vin"].accepts(v) and v.startswith("0") for v in column("vehicles", "车辆识别代号"))
    assert all(CHECKS["credit_code"].accepts(v) and v[2:8] == "990000" for v in column("companies", "统一社会信用代码"))


def test_near_misses_are_near() -> None:
    luhn = [CHECKS["bank_card"].accepts(v) for v in column("orders", "支付流水号")]
    assert 0 < sum(luhn) < len(luhn) / 4
    assert all(CHECKS["plate"].accepts(v) for v in column("factory", "生产批次"))
    assert all(CHECKS["mobile"].accepts(v) for v in column("goods", "member_no"))
    orders = [CHECKS["identity_number"].accepts(v) for v in column("orders", "订单号")]
    assert sum(orders) < len(orders) / 4 and all(len(v) == 18 for v in column("orders", "订单号"))
