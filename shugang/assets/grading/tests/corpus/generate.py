"""Writes the corpus: `python -m shugang.assets.grading.tests.corpus.generate`. The same bytes at every run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from random import Random

from shugang.assets.grading.tests.corpus.held_out import HELD_OUT
from shugang.assets.grading.tests.corpus.public_later import LATER
from shugang.assets.grading.tests.corpus.public_schemas import PUBLIC
from shugang.assets.grading.tests.corpus.tables import TUNING, Col

FOLDER = Path(__file__).parent
ROWS = 80
# kind → (class after GB/T 35273-2020 annex A, sensitive after 个人信息保护法 第二十八条, GB/T 45574-2025 or GB/T 35273 annex B)
KINDS: dict[str, tuple[str, bool]] = {
    "": ("", False),
    "person_name": ("basic", False),
    "gender": ("basic", False),
    "birth_date": ("basic", False),
    "age": ("basic", False),
    "ethnicity": ("basic", False),
    "nationality": ("basic", False),
    "address": ("basic", False),
    "mobile": ("basic", False),
    "landline": ("basic", False),
    "email": ("basic", False),
    "identity_number": ("identity", True),
    "passport": ("identity", True),
    "social_security": ("identity", True),
    "biometric": ("biometric", True),
    "account": ("network", False),
    "ip_address": ("network", False),
    "medical_record": ("health", True),
    "diagnosis": ("health", True),
    "medication": ("health", True),
    "health_history": ("health", True),
    "blood_type": ("health", True),
    "body_measure": ("health", True),
    "education": ("education", False),
    "student_number": ("education", False),
    "occupation": ("education", False),
    "employer": ("education", False),
    "exam_score": ("education", False),
    "password": ("property", True),
    "bank_card": ("property", True),
    "wealth": ("property", True),
    "credit_record": ("property", True),
    "communication": ("communication", True),
    "emergency_contact": ("contacts", False),
    "browsing": ("browsing", True),
    "mac": ("device", False),
    "device_id": ("device", False),
    "location": ("location", True),
    "marital_status": ("other", True),
    "religion": ("other", True),
    "political_status": ("other", False),
    "disability": ("other", True),
    "criminal_record": ("other", True),
    "plate": ("other", False),
    "vin": ("other", False),
    "deidentified": ("other", False),
    "credit_code": ("", False),
}
MINORS = {
    ("pupils", "年龄"),
    ("pupils", "身份证件号"),
    ("guardian", "age"),
}  # under fourteen: sensitive whatever the kind (第二十八条)


def values(table: str, column: Col) -> list[str | None]:
    rng = Random(f"{table}/{column[0]}")
    return [column[2](row, rng) for row in range(ROWS)]


def as_csv(rows: list[list[str | None]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def table_text(table: str, columns: list[Col]) -> str:
    body = zip(*(values(table, column) for column in columns), strict=True)
    return as_csv([[column[0] for column in columns], *(list(row) for row in body)])


def labels() -> Iterator[list[str | None]]:
    yield ["part", "table", "column", "kind", "pi_class", "sensitive"]
    for part, tables in (("tuning", TUNING), ("held_out", HELD_OUT), ("public", PUBLIC), ("public_later", LATER)):
        for table, columns in tables.items():
            for header, kind, _ in columns:
                pi_class, sensitive = KINDS[kind]
                flag = sensitive or (table, header) in MINORS
                yield [part, table, header, kind, pi_class, "yes" if flag else "no"]


def files() -> dict[str, str]:
    """Every file of the corpus by its path below this folder."""
    made = {
        f"tables/{name}.csv": table_text(name, columns)
        for name, columns in (TUNING | HELD_OUT | PUBLIC | LATER).items()
    }
    return {**made, "labels.csv": as_csv(list(labels()))}


if __name__ == "__main__":
    (FOLDER / "tables").mkdir(exist_ok=True)
    for path, text in files().items():
        (FOLDER / path).write_text(text)
