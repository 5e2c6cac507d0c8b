"""What screening knows of one household: its digest, a small packed state in the household's key row.

Read and written once a batch; bounded by `facts.prune`. Twenty facts take about 0.7 kB.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Union

import msgspec

from services.screening.clue import ClueFact
from services.screening.rules import RULES
from services.screening.rules.finding import Live

if TYPE_CHECKING:
    LiveFact = Live
else:
    LiveFact = Union[tuple(fact for rule in RULES for fact in rule.FACTS)]  # noqa: UP007


class Known(msgspec.Struct, frozen=True, array_like=True):
    """The register's word: what decides the threshold, the yearly income of the newest known year, how many can work
    (None: not told of anybody), and when the young were born."""

    household_no: str
    poverty_history: str
    monitoring: str
    income_year: int | None
    income_yuan: Decimal | None
    region: str
    grid: str
    earners: int | None = None
    young: dict[str, int] = {}


class Spoken(msgspec.Struct, frozen=True, array_like=True):
    """The one open warning, as it was last told: finding → its value, and what was told of the whole.

    `clock_at`: a declaration's receipt, from which its clock runs.
    """

    warning_id: str
    level: str
    is_provisional: bool
    concerns: tuple[str, ...]
    told: dict[str, str]
    raised_at: datetime
    correlation_id: str
    cause: str = "finding"
    clock_at: datetime | None = None


class Digest(msgspec.Struct, frozen=True, array_like=True):
    """`raised` counts the warnings that this household ever had; `answered` are findings that people have closed with
    their case, which do not speak again until they say something else. `clues` stand until they are withdrawn or people
    close their case."""

    known: Known | None = None
    facts: Mapping[str, tuple[LiveFact, ...]] = {}
    spoken: Spoken | None = None
    raised: int = 0
    answered: dict[str, str] = {}
    clues: tuple[ClueFact, ...] = ()


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Digest)
EMPTY = Digest()


def pack(digest: Digest) -> bytes:
    return _ENCODER.encode(digest)


def unpack(packed: bytes | None) -> Digest:
    """The digest of a key row; of a household never heard of, an empty one."""
    return EMPTY if packed is None else _DECODER.decode(packed)
