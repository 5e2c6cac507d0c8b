"""What screening knows of one household: its digest, a small packed state in the household's key row.

Read and written once a batch; bounded by `facts.pruned`. Twenty facts take about 0.7 kB.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Union

import msgspec

from services.screening.clue import ClueFact
from services.screening.rules import RULES
from services.screening.rules.finding import Live
from shared.contracts.types import Level

if TYPE_CHECKING:
    LiveFact = Live
else:
    LiveFact = Union[tuple(fact for rule in RULES for fact in rule.FACTS)]  # noqa: UP007


class Known(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The register's word: what decides the threshold, the yearly income of the newest known year, how many can work
    (None: not told of anybody), when the young were born, and which members are grown up (None: not known, in a
    digest of before it was kept)."""

    household_no: str
    poverty_history: str
    monitoring: str
    income_year: int | None
    income_yuan: Decimal | None
    region: str
    grid: str
    earners: int | None = None
    young: dict[str, int] = {}
    is_removed: bool = False
    grown: tuple[str, ...] | None = None


class Word(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A finding as it was told. `records` are kept of what speaks again for any other record; `at`: since when so."""

    value: str
    level: Level
    records: tuple[str, ...]
    at: datetime


class Answered(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A finding that people have answered with their case, and the day on which they closed it."""

    word: Word
    on: date


class Spoken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The one open or suppressed warning, as it was last told: finding → its word, and what was told of the whole.

    `clock_at`: a declaration's receipt, from which its clock runs. `hold`: why it is suppressed; `speaks_on`: the day
    on which it would speak, if time alone can bring that about. `reads`: a mark of all that its row says besides.
    """

    warning_id: str
    level: str
    is_provisional: bool
    concerns: tuple[str, ...]
    told: dict[str, Word]
    raised_at: datetime
    correlation_id: str
    cause: str = "finding"
    clock_at: datetime | None = None
    hold: str | None = None
    speaks_on: date | None = None
    reads: int = 0


class Digest(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`closed` counts the warnings that people have closed, and so names the next one: withdrawn and raised anew it is
    the same one, in whatever order the topics are read. `raised` is the number of the newest that was raised.
    `answered` are findings that people have closed with their case, which do not speak for a while unless they say
    more. `clues` stand until they are withdrawn or people close their case. `ended`: warnings that people closed and
    that were not raised yet, with when: so it is when the topics are read again from their beginning. `recheck_on`: the
    day on which time alone may change the judgement. `newest_at`: when its newest record became known."""

    known: Known | None = None
    facts: Mapping[str, tuple[LiveFact, ...]] = {}
    spoken: Spoken | None = None
    raised: int = 0
    answered: Mapping[str, Answered] = {}
    clues: tuple[ClueFact, ...] = ()
    ended: dict[str, datetime] = {}
    recheck_on: date | None = None
    closed: int = 0
    newest_at: datetime | None = None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Digest)
EMPTY = Digest()


def pack(digest: Digest) -> bytes:
    return _ENCODER.encode(digest)


def unpack(packed: bytes | None) -> Digest:
    """The digest of a key row; of a household never heard of, an empty one."""
    return EMPTY if packed is None else _DECODER.decode(packed)
