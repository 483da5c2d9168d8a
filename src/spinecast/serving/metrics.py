"""Numbers for Prometheus: how many, how long, and never about whom."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "spinecast_requests", "Requests answered", ["route", "method", "status"], registry=self.registry
        )
        self.duration = Histogram(
            "spinecast_request_seconds", "Time to answer", ["route"], registry=self.registry, buckets=_SECONDS
        )
        self.seconds = Histogram(
            "spinecast_stage_seconds",
            "Time of a stage: answer (validate, predict, explain) or record",
            ["stage"],
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.answers = Counter("spinecast_answers", "Answers of models", ["model", "kind"], registry=self.registry)
        self.unrecorded = Counter(
            "spinecast_unrecorded", "Answers withheld because they could not be recorded", registry=self.registry
        )
        self.served = Gauge("spinecast_models_served", "Models served now", registry=self.registry)
        self.refused = Gauge("spinecast_models_refused", "Versions that cannot be served", registry=self.registry)
        self.answering = Gauge(
            "spinecast_registry_answers",
            "Whether the registry could be read lately",
            registry=self.registry,
        )

    def text(self, served: int, refused: int, *, registry: bool = True) -> bytes:
        """Return the present numbers in Prometheus' text format."""
        self.served.set(served)
        self.refused.set(refused)
        self.answering.set(registry)
        return generate_latest(self.registry)
