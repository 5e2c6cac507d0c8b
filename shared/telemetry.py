"""What a process says of itself: one canonical log line a batch and a decision, and Prometheus metrics.

Logs go through an allow-list: a key that is not listed is dropped, and what looks like an ID number or a phone is
struck out of every text. Event names are dotted literals; a subject's names, numbers and words are never logged.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from functools import partial
from time import monotonic
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

ALLOWED = frozenset(
    [
        "event",
        "level",
        "timestamp",
        "logger",
        "service",
        "instance",
        "consumer",
        "topic",
        "partition",
        "offset",
        "key",
        "event_id",
        "case_id",
        "task_id",
        "household_id",
        "warning_id",
        "batch_id",
        "hop",
        "round",
        "branch",
        "outcome",
        "outcomes",
        "words",
        "milliseconds",
        "records",
        "emitted",
        "failed",
        "cause",
        "caller_role",
        "call",
        "status",
        "department",
        "received",
        "accepted",
        "duplicates",
        "rejected",
        "parked",
        "waiting",
        "lost",
        "partitions",
        "port",
        "version",
        "step",
        "deadlines",
        "notices",
        "traceparent",
        "count",
        "name",
        "exception_class",
        "suppressed",
    ]
)

# 15–22 digits (ID numbers, disability cards, bank cards), and mobile numbers; not inside longer words. No part of a
# UUID, a division's code or a sequence has so many digits.
_NUMBERS = re.compile(r"(?<![0-9A-Za-z])(?:\d{14,21}[0-9Xx]|(?:86[- ]?)?1[3-9]\d{9})(?![0-9A-Za-z])")
_META = frozenset(["_record", "_from_structlog"])
"""The formatter's own; without them every line of the standard library's loggers fails, and is dumped as it came."""


def strike(text: str) -> str:
    """Strike out what looks like a person's number."""
    return _NUMBERS.sub("[struck]", text)


def _allow(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    kept = {name: value for name, value in event.items() if name in ALLOWED or name in _META}
    if kept.get("logger") == "asyncio":
        # "Task exception was never retrieved", and then the exception in full.
        kept["event"] = str(kept.get("event", "")).partition("\n")[0]
    return {name: value if name in _META else _struck(value) for name, value in kept.items()}


def _struck(value: Any) -> Any:
    if isinstance(value, str):
        return strike(value)
    if isinstance(value, dict):
        return {_struck(name): _struck(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_struck(one) for one in value]
    return value


def _class_of_exception(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception's message and its frames' values can hold someone's data: its class alone is told."""
    info = event.pop("exc_info", None)
    if info:
        found = sys.exc_info()[0] if info is True else (info[0] if isinstance(info, tuple) else type(info))
        event["exception_class"] = found.__name__ if found else ""
    return event


def _extra(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record = event.get("_record")
    if record is not None:
        event.update({name: value for name, value in record.__dict__.items() if name in ALLOWED and name != "name"})
    return event


class _Quiet(logging.Filter):
    """One line a second of a chatty library; the rest is counted (20,000 lines a minute while a broker is away)."""

    def __init__(self) -> None:
        super().__init__()
        self._last, self._held = 0.0, 0

    def filter(self, record: logging.LogRecord) -> bool:
        now = monotonic()
        if now - self._last < 1.0:
            self._held += 1
            return False
        record.suppressed, self._last, self._held = self._held, now, 0
        return True


def configure_logging(service: str, instance: str, level: str) -> None:
    """JSON lines on stdout for everything in the process, ours and the libraries'."""
    chain: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _extra,
        _class_of_exception,
        lambda _, __, event: {**event, "service": service, "instance": instance},
        _allow,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=chain,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )  # fmt: skip
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    # A line that cannot be written is lost; its dump would hold what it was not to hold.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for library in ("aiokafka", "faststream"):
        logging.getLogger(library).setLevel(logging.WARNING)
    quiet = _Quiet()
    for noisy in ("aiokafka", "aiokafka.conn", "aiokafka.cluster", "aiokafka.consumer.group_coordinator", "faststream"):
        logging.getLogger(noisy).addFilter(quiet)
    for silent in ("uvicorn", "uvicorn.access", "httpx", "httpcore"):
        logging.getLogger(silent).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class Metrics:
    """A process's metrics, in a registry of its own. No label ever names a person, a household or an office."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry, namespace="shouwang")
        gauge = partial(Gauge, registry=self.registry, namespace="shouwang")
        self.records = counter("records", "Records by consumer and outcome.", ["service", "consumer", "outcome"])
        self.emitted = counter("facts_emitted", "Facts written to the outbox.", ["service", "topic"])
        self.batches = Histogram(
            "batch_seconds", "Time of one unit of work.", ["service", "consumer"],
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
            registry=self.registry, namespace="shouwang",
        )  # fmt: skip
        self.outbox = gauge("outbox_facts", "Facts committed and not yet acknowledged.", ["service"])
        self.outbox_age = gauge("outbox_oldest_seconds", "Age of the oldest of them.", ["service"])
        self.waiting = gauge("waiting_records", "Records that wait.", ["service", "consumer", "topic", "state"])
        self.waiting_age = gauge("waiting_oldest_seconds", "Age of the oldest of them.", ["service"])
        self.lag = gauge("lag_records", "Records not yet read.", ["service", "consumer", "topic"])
        self.lost = gauge("lost_records", "Deleted before read: an alarm.", ["service", "consumer"])
        self.conservation = gauge(
            "conservation_difference", "Records gone (or too many, below nought) at a boundary: an alarm.",
            ["service", "boundary", "topic"],
        )  # fmt: skip
        self.alarms = counter("alarms", "What a person must look at.", ["service", "alarm"])
        self.service = service
