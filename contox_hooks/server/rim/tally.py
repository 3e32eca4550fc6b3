"""Counts of what was asked and answered, as Prometheus reads them (text format 0.0.4).

Must not know the store: numbers that stand there are handed to `text`. Invariant: labels come from our own routes, so
nobody can make the list grow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The usual ones of Prometheus' client libraries."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Labels = tuple[tuple[str, str], ...]


class Tally:
    def __init__(self) -> None:
        self._requests: Counter[Labels] = Counter()
        self._buckets: Counter[float] = Counter()
        self._seconds = 0.0
        self._ingested: Counter[Labels] = Counter(
            {(("outcome", one),): 0 for one in ("accepted", "duplicate", "refused")}
        )

    def request(self, *, route: str, method: str, status: int, seconds: float) -> None:
        """`route`: its template, such as `/api/v2/sessions/{session_id}`."""
        method = method if method in METHODS else "other"
        self._requests[("route", route), ("method", method), ("status", str(status))] += 1
        self._seconds += seconds
        self._buckets[next((bucket for bucket in BUCKETS_S if seconds <= bucket), float("inf"))] += 1

    def ingested(self, outcome: str) -> None:
        """`accepted`, `duplicate` or `refused`."""
        self._ingested[(("outcome", outcome),)] += 1

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """`gauges`: by name, what it is and its value now."""
        lines = [
            *_told("contox_requests_total", "counter", "Requests answered.", self._requests.items()),
            *self._histogram(),
            *_told("contox_ingest_total", "counter", "Events that came in.", self._ingested.items()),
        ]
        for name, (meaning, value) in gauges.items():
            lines += _told(name, "gauge", meaning, [((), value)])
        return "\n".join(lines) + "\n"

    def _histogram(self) -> Iterator[str]:
        name = "contox_request_seconds"
        yield from _told(name, "histogram", "Until the answer was sent; of a stream, until it ended.", [])
        counted = 0
        for bucket in (*BUCKETS_S, float("inf")):
            counted += self._buckets[bucket]
            yield _sample(f"{name}_bucket", (("le", "+Inf" if bucket == float("inf") else str(bucket)),), counted)
        yield _sample(f"{name}_sum", (), self._seconds)
        yield _sample(f"{name}_count", (), counted)


def _told(name: str, kind: str, meaning: str, samples: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield _sample(name, labels, value)


def _sample(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
    return f"{name}{{{inside}}} {value}" if inside else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
