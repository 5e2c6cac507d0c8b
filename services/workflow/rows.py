"""Rows for `json_populate_recordset`: many rows, arrays and all, as one parameter of one statement."""

from collections.abc import Sequence
from typing import Any

import orjson


def packed(rows: Sequence[Any]) -> str:
    """Frozen records or dictionaries as JSON. asyncpg's UUID is a class of its own, which orjson does not know."""
    return orjson.dumps(rows, default=str).decode()
