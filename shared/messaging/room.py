"""What passes through the unit of work: inputs, decisions, facts to emit, and the shape of a subscriber."""

from collections.abc import Hashable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import msgspec
from pydantic import BaseModel

State = MutableMapping[Hashable, Any]
"""What a subscriber loaded, by a name of its own: `state[("case", case_id)]`. `decide` reads it and never mutates it;
what a decision puts is carried on to the next record of the batch."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a record lay in Kafka."""

    topic: str
    partition: int
    offset: int


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A Kafka record as it came; so it lies, sealed, in the table `waiting`, if it must wait.

    Kafka knows headers without a value.
    """

    topic: str
    partition: int
    offset: int
    headers: Sequence[tuple[str, bytes | None]]
    value: bytes | None

    def packed(self) -> bytes:
        return msgspec.msgpack.encode(self)


class Input(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One record, call or deadline.

    `topic` names the subscriber; `key` the key row it carries (empty when its key must be looked up); `sequence` its
    number on that key and topic, None for what comes from outside and has a natural key of its own. `cause` says why
    its body could not be read; such a record waits, or is rejected when a department sent it. `record` is what is
    kept when it waits.
    """

    topic: str
    key: str
    sequence: int | None
    body: Any
    region: str | None = None
    type: str = ""
    cause: str | None = None
    record: Kept | None = None
    place: Place | None = None
    traceparent: str | None = None


class Emit(msgspec.Struct, frozen=True):
    """A fact to be emitted. The unit of work numbers and serialises it; `data` is the family's payload.

    `id` is deterministic (`shared.contracts.envelope.event_id`); `correlation_id` None means that this fact begins
    its journey; `time` None means the transaction's civil now.
    """

    topic: str
    type: str
    key: str
    id: UUID
    region: str
    data: BaseModel
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    grid: str | None = None
    subject: str | None = None
    time: datetime | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal by a rule of the field: an outcome, not an exception. `status` is its HTTP status."""

    status: int
    code: str
    detail: str
    errors: tuple[Mapping[str, str], ...] = ()


ACCEPTED, DUPLICATE, REJECTED, PARKED = "accepted", "duplicate", "rejected", "parked"


class Decision(msgspec.Struct, frozen=True):
    """What one input leads to.

    `outcome` is accepted | duplicate | rejected | parked; `word` a finer, coded word for the log and the metrics.
    `puts` are states from now on; `digests` new digests by key; `rows` what `save` appends; `answer` what a caller
    gets. `problem` refuses: over HTTP the whole call is rolled back with it. `merged`: key → the key that its
    records are about from now on.
    """

    outcome: str = ACCEPTED
    word: str = ""
    puts: Mapping[Hashable, Any] = {}
    digests: Mapping[str, bytes] = {}
    emits: Sequence[Emit] = ()
    rows: Sequence[Any] = ()
    answer: Any = None
    problem: Problem | None = None
    merged: Mapping[str, str] = {}


@dataclass(slots=True)
class Unit:
    """One transaction as a subscriber sees it: its connection, its civil now, the locked keys' digests."""

    connection: asyncpg.Connection
    now: datetime
    digests: Mapping[str, bytes | None]
    homes: Mapping[str, str]

    def home(self, key: str) -> str:
        """The key whose state a record of `key` is about: another one after a merge."""
        return self.homes.get(key, key)


class Decided(msgspec.Struct, frozen=True):
    """An input with its decision, as `save` gets them, in the order in which they were decided."""

    input: Input
    decision: Decision


class Subscriber(Protocol):
    """One topic's (or call's, or kind of deadline's) way through the unit of work.

    `load` and `save` are called once a transaction, `decide` once a record. `decide` is pure: state, input
    and `now` in, decision out.

    Two more may stand on it. `looks_up_keys = False`: `keys` is not asked again under the locks, because it reads the
    inputs alone, or because `load` sees whether they are still the ones (and raises BeginAgain with those that are).
    `give_up(input, cause, now)`: the decision on an input of no topic on which we failed.
    """

    @property
    def topic(self) -> str: ...

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        """The keys of the inputs, in any grouping; read first without a lock and again under the locks."""
        ...

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State: ...

    def decide(self, state: State, input: Input, now: datetime) -> Decision: ...

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None: ...


class Keyed:
    """For the many subscribers whose records carry their key: nothing has to be looked up."""

    looks_up_keys = False

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        return [[input.key for input in inputs]]
