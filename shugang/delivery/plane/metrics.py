"""`/metrics` in Prometheus' text format."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane


def render_metrics(plane: Plane) -> str:
    """Of this worker, which is all of the plane where it has one; a fleet's are told apart by the label `worker`."""
    gate, journal = plane.gate, plane.journal
    rows: list[tuple[str, str, str, float]] = [
        ("journal_records_total", "counter", "", journal.seq),
        ("journal_batches_total", "counter", "", journal.batches),
        ("journal_unshipped_records", "gauge", "", plane.shipper.backlog),
        ("journal_failed", "gauge", "", int(journal.failed is not None)),
        ("recovered_void_total", "counter", "", journal.restored.voided),
        ("recovered_aborted_total", "counter", "", journal.restored.aborted),
        ("bundle_revision", "gauge", "", plane.follower.revision),
        ("bundle_rejected_total", "counter", "", plane.follower.rejected),
        ("lease_seconds_left", "gauge", "", max(0.0, gate.fresh_until - monotonic())),
        ("grants", "gauge", "", len(gate.index.grants)),
        ("unknown_keys_total", "counter", "", gate.unknown_keys),
        ("views_made_total", "counter", "", plane.views.made),
        ("ship_failures_total", "counter", "", plane.shipper.failures),
        ("replayed_total", "counter", "", plane.counters["replayed"]),
        ("aborted_total", "counter", "", plane.counters["aborted"]),
        ("stream_connections", "gauge", "", len(plane.listener)),
        ("streams_open", "gauge", "", plane.counters["streams_open"]),
        ("stream_unfit_total", "counter", "", plane.counters["stream_unfit"] + plane.feeds.counts["unfit"]),
        ("stream_received_total", "counter", "", plane.feeds.counts["received"]),
        ("stream_dropped_total", "counter", "", plane.feeds.counts["dropped"]),
        ("stream_repeated_total", "counter", "", plane.feeds.counts["repeated"]),
    ]
    rows += [
        ("refused_total", "counter", f'code="{name.removeprefix("refused:")}"', count)
        for name, count in sorted(plane.counters.items())
        if name.startswith("refused:")
    ]
    lines: list[str] = []
    typed: set[str] = set()
    worker = f'worker="{plane.config.worker}"' if plane.config.worker else ""
    for name, kind, labels, value in rows:
        if name not in typed:
            typed.add(name)
            lines.append(f"# TYPE shugang_plane_{name} {kind}")
        given = ",".join(filter(None, (labels, worker)))
        lines.append(f"shugang_plane_{name}{f'{{{given}}}' if given else ''} {value:g}")
    return "\n".join(lines) + "\n"
