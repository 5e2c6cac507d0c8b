"""Narrow types of the contracts: whatever passes here also fits PostgreSQL and a partition key.

A text with a NUL, an integer beyond 64 bits or a sum without bound is valid JSON and valid pydantic, but fails a
whole batch of rows in the database; so it is stopped here, record by record.
"""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL character")
    return text


_NoNul = AfterValidator(_no_nul)

Word = Annotated[str, Field(min_length=1, max_length=64), _NoNul]
"""A code or an id in letters: 1–64 characters."""
Text = Annotated[str, Field(max_length=2000), _NoNul]
"""A sentence for people: at most 2,000 characters."""
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Year = Annotated[int, Field(ge=1900, le=2200)]
Region = Annotated[str, Field(pattern=r"^\d{12}$")]
"""A division code of 12 digits, padded right with zeros."""
Grid = Annotated[str, Field(pattern=r"^\d{12}-[0-9A-Za-z]{1,8}$")]
Level = Literal["red", "orange", "yellow"]
Hop = Literal[
    "village_group",
    "village_committee",
    "township",
    "county",
    "department",
    "township_return",
    "village_return",
]
IN_VILLAGES: frozenset[Hop] = frozenset({"village_group", "village_committee", "village_return"})
"""Hops at which a village acts; for a household whose village nobody knows yet its township does."""


class Frozen(BaseModel):
    """A value of a contract. Unknown fields are left aside: adding one is compatible."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


__all__ = [
    "IN_VILLAGES",
    "UUID",
    "AwareDatetime",
    "Count",
    "Frozen",
    "Grid",
    "Hop",
    "Level",
    "Region",
    "Text",
    "Word",
    "Year",
    "date",
]
