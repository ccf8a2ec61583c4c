"""What the buyer's analyst runs: `buyer.py PROFILE SHARE.SCHEMA.TABLE …` in the official client's own environment.

Prints one JSON line a table: rows, columns, the first row.
"""

from __future__ import annotations

import json
import os
import sys

import delta_sharing


def main() -> None:
    profile, *tables = sys.argv[1:]
    for table in tables:
        frame = delta_sharing.load_as_pandas(f"{profile}#{table}")
        first = {k: (None if v != v else str(v)) for k, v in frame.iloc[0].to_dict().items()} if len(frame) else {}
        facts = {"table": table, "rows": len(frame), "columns": list(frame.columns), "first": first}
        if "city" in frame.columns:
            facts["cities"] = sorted(frame["city"].unique().tolist())
        if "telephone" in frame.columns:
            facts["telephones"] = sorted({str(t) for t in frame["telephone"].dropna().unique()})[:3]
        print(json.dumps(facts, ensure_ascii=False), flush=True)
    # Without the interpreter's shutdown: the client's old native libraries now and then abort in it.
    os._exit(0)


if __name__ == "__main__":
    main()
