"""Prometheus metrics. No label names a store, a person or an address."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

# Creation times are not used, and several workers would disagree on them.
disable_created_metrics()  # type: ignore[no-untyped-call]

_OURS = CollectorRegistry()

REQUESTS = Counter(
    "bcapp_requests_total",
    "Answers, by route rule, method and status.",
    ("route", "method", "status"),
    registry=_OURS,
)
REQUEST_SECONDS = Histogram(
    "bcapp_request_seconds",
    "Seconds from taking a request to having its answer.",
    ("route",),
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60),
    registry=_OURS,
)
CALLS = Counter(
    "bcapp_bigcommerce_calls_total",
    "Calls to BigCommerce: ok, or the kind of error that came of it.",
    ("call", "outcome"),
    registry=_OURS,
)
CALL_SECONDS = Histogram(
    "bcapp_bigcommerce_call_seconds",
    "Seconds that a call to BigCommerce took, answered or not.",
    ("call",),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60),
    registry=_OURS,
)
# The highest of all workers: each has its own limit.
WAITING = Gauge(
    "bcapp_bigcommerce_waiting",
    "Requests that may wait for BigCommerce now, in the worker process that has most of them.",
    multiprocess_mode="livemax",
    registry=_OURS,
)
WAITING_LIMIT = Gauge(
    "bcapp_bigcommerce_waiting_limit",
    "How many of them one worker process lets in: BIGCOMMERCE_CONCURRENCY.",
    multiprocess_mode="max",
    registry=_OURS,
)
REFUSED = Counter(
    "bcapp_refused_total",
    "Requests turned away before anything was done, by the kind of reason.",
    ("reason",),
    registry=_OURS,
)
EVENTS = Counter(
    "bcapp_events_total",
    "Entries of the activity log, by event: installs and uninstalls among them.",
    ("event",),
    registry=_OURS,
)


@contextmanager
def measure_call(call: str) -> Iterator[None]:
    """Count and time the block as one call; the outcome is ok, or the class of the exception."""
    started = time.monotonic()
    outcome = "ok"
    try:
        yield
    except Exception as error:
        outcome = type(error).__name__
        raise
    finally:
        CALLS.labels(call, outcome).inc()
        CALL_SECONDS.labels(call).observe(time.monotonic() - started)


class _Ready(Collector):
    """Gauge that is looked up at each scrape, the same in every worker."""

    def __init__(self, is_ready: bool) -> None:
        self._is_ready = is_ready

    def collect(self) -> Iterator[Metric]:
        words = "1 when the database answers and is migrated, as /readyz says."
        yield GaugeMetricFamily("bcapp_ready", words, value=self._is_ready)


def render_metrics(*, is_ready: bool) -> bytes:
    """Render all metrics in Prometheus' text format, merged over all workers."""
    now = CollectorRegistry()
    now.register(_Ready(is_ready))
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(now) + generate_latest(_OURS)
    MultiProcessCollector(now)  # type: ignore[no-untyped-call]
    return generate_latest(now)
