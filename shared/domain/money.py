"""Money: decimal yuan with two places, a string in JSON, never a float.

A float is refused at the door (26810.1 + 0.2 is not a sum that a household can be told), and every value is
brought to two places, so that equal sums are equal texts in hashes, keys and explanations.
"""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

CENT = Decimal("0.01")

_TEXT = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,2})?")
_WRITTEN = re.compile(r"(?!-0+\.00)-?[0-9]{1,12}\.[0-9]{2}").fullmatch


def as_written(text: str) -> Decimal | None:
    """A sum in the one form in which equal sums are equal texts, read at once; None for any other, good or bad."""
    return Decimal(text) if _WRITTEN(text) else None


def _plain(value: Any) -> Any:
    """No float, no `1E+400000`, no digits of other scripts: what the parser would take is not yet a sum."""
    if isinstance(value, (float, bool)):
        raise ValueError("money is a decimal string in yuan, as 26810.50")
    if isinstance(value, str) and not _TEXT.fullmatch(value):
        raise ValueError("money is a decimal string in yuan with at most 12 digits and 2 places, as 26810.50")
    return value


def _two_places(value: Decimal) -> Decimal:
    """Also -0 to 0: both are the same sum and must be the same text."""
    return value.quantize(CENT) + Decimal("0.00")


SignedYuan = Annotated[
    Decimal,
    Field(max_digits=14, decimal_places=2, allow_inf_nan=False),
    BeforeValidator(_plain),
    AfterValidator(_two_places),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,2})?$"}),
]
"""A sum that may be negative: a refund takes back what its settlement said."""
