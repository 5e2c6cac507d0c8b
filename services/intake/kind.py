"""A kind of record: whom it is about, and how its fields become typed values. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from services.intake.fields import Fields

About = Literal["person", "household", "beside", "register"]
"""A fact about a person (it follows the person into another household) or about a household; what stands beside the
register's row (income, monitoring); the register's row itself."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`check(data, occurred_on)` gives the typed values, or raises Wrong. `shown` are the fields of `data` that hold no
    personal data and may be shown, exact, to township and above; nobody checks the `loose` ones of these. `flag(data,
    values)` is the word for what is odd in an accepted record, or empty. `aliases`: other name → field, that `check`
    reads where the field itself is not told."""

    name: str
    about: About
    check: Callable[[Fields, date], Any]
    shown: tuple[str, ...]
    loose: tuple[str, ...] = ()
    flag: Callable[[Fields, Any], str] | None = None
    aliases: Mapping[str, str] = field(default_factory=dict, hash=False)
