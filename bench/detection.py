"""Detection of sensitive columns: cells a second, against presidio-analyzer on the same table; recall and precision on the corpus.

Measured in CPU seconds of one core, so that a busy machine does not decide. Presidio has no Chinese recognisers: it gets three patterns (identity number, mobile, bank card), a blank Chinese tokeniser and
its own e-mail and IP recognisers, and looks at each cell; it knows no headers and no check characters. Both on one core.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.common import CLIENT_CORE, ROOT, bench_python, goal, machine, ratios, spread, table

WANTED = 1_000_000
OURS = """
import sys, time, duckdb
from shugang.assets.grading.detection import detect
con = duckdb.connect()
con.execute("SET threads = 1")
con.execute(f"CREATE TABLE t AS FROM read_parquet('{sys.argv[1]}')")
names = [row[0] for row in con.execute("DESCRIBE t").fetchall()]
rows = con.execute("SELECT count(*) FROM t").fetchone()[0]
began = time.process_time()
found = detect(con, "t", names, sample_rows=rows)
took = time.process_time() - began
print(len(found), rows * len(names) / took)
"""
PRESIDIO = """
import sys, time, csv, logging
logging.disable(logging.CRITICAL)
import spacy
from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import EmailRecognizer, IpRecognizer

class Blank(SpacyNlpEngine):
    def __init__(self):
        super().__init__(models=[{"lang_code": "zh", "model_name": "blank"}])
        self.nlp = {"zh": spacy.blank("zh")}
    def load(self):
        pass

def pattern(entity, regex):
    return PatternRecognizer(supported_entity=entity, supported_language="zh", patterns=[Pattern(entity, regex, 0.6)])

registry = RecognizerRegistry(supported_languages=["zh"], recognizers=[
    pattern("CN_ID", r"(?<!\\d)[1-9]\\d{16}[0-9X](?!\\d)"), pattern("CN_MOBILE", r"(?<!\\d)1[3-9]\\d{9}(?!\\d)"),
    pattern("CN_CARD", r"(?<!\\d)[1-9]\\d{12,18}(?!\\d)"),
    EmailRecognizer(supported_language="zh"), IpRecognizer(supported_language="zh"),
])
engine = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["zh"])
with open(sys.argv[1]) as source:
    cells = [cell for row in list(csv.reader(source))[1:] for cell in row if cell]
engine.analyze("warm 16400000000", language="zh")
began = time.process_time()
hits = sum(bool(engine.analyze(cell, language="zh")) for cell in cells)
took = time.process_time() - began
assert hits
print(hits, len(cells) / took)
"""
TABLE = """
import sys, duckdb
from shugang.assets.grading.tests.corpus.generate import values
from shugang.assets.grading.tests.corpus.tables import TUNING
columns = TUNING["residents"][:12]
import pyarrow as pa, pyarrow.parquet as pq, csv
made = {column[0]: values("bench", column) for column in columns}
small = pa.table(made)
folder = sys.argv[1]
pq.write_table(pa.concat_tables([small] * (int(sys.argv[2]) // small.num_rows)), f"{folder}/table.parquet")
with open(f"{folder}/table.csv", "w") as out:
    csv.writer(out).writerows([list(made), *zip(*made.values())])
"""


def run(python: Path | str, code: str, *given: str) -> float:
    """Cells a CPU second, as the process itself measures it."""
    command = ["taskset", "-c", CLIENT_CORE, str(python), "-c", code, *given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1]) if done.stdout else 0.0


def corpus() -> None:
    """Recall and precision of both parts of the corpus; presidio sees no headers and is not scored on columns."""
    import csv

    import duckdb

    from shugang.assets.grading.detection import detect
    from shugang.assets.grading.tests.corpus.generate import FOLDER

    labels = list(csv.DictReader((FOLDER / "labels.csv").open()))
    con, counted = duckdb.connect(), {}
    for name in dict.fromkeys(row["table"] for row in labels):
        rows = [row for row in labels if row["table"] == name]
        relation = f"read_csv('{FOLDER}/tables/{name}.csv', header = true, all_varchar = true)"
        found = {f.column: f.kind for f in detect(con, relation, [row["column"] for row in rows])}
        score = counted.setdefault(rows[0]["part"], [0, 0, 0])
        for row in rows:
            kind = found.get(row["column"], "")
            score[0] += kind == row["kind"] != ""
            score[1] += bool(row["kind"])
            score[2] += bool(kind)
    lines = [(part, f"{r}/{w} = {r / w:.3f}", f"{r}/{f} = {r / f:.3f}") for part, (r, w, f) in counted.items()]
    print(table(("corpus", "recall", "precision"), lines))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100_000)
    given, _ = parser.parse_known_args()
    peers = bench_python("bench-masking")
    print(f"{machine()}\n{given.rows} rows of 12 columns, {given.rounds} rounds, interleaved, one core\n")
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, TABLE, folder, str(given.rows))
        for _ in range(given.rounds):
            ours.append(run(sys.executable, OURS, f"{folder}/table.parquet"))
            theirs.append(run(peers, PRESIDIO, f"{folder}/table.csv"))
    print(table(("", "cells/CPU s"), [("shugang", spread(ours)), ("presidio-analyzer", spread(theirs))]))
    print(f"against presidio-analyzer: {spread(ratios(ours, theirs))}x")
    print(goal("millions of cells a CPU second", [rate / WANTED for rate in ours], 1.0), "\n")
    corpus()
    return int(statistics.median(ours) < WANTED)


if __name__ == "__main__":
    sys.exit(main())
