"""What services log, as they log it in production."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from shared.telemetry import configure_logging


@contextmanager
def logged_by(name: str) -> Iterator[io.StringIO]:
    """Everything that is logged meanwhile, under this service's name."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    configure_logging(name, f"{name}-0", "info")
    written, handler = io.StringIO(), root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers, root.level = before, level
