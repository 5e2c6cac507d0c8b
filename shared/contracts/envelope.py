"""The envelope of every fact: CloudEvents 1.0, JSON, structured mode."""

from typing import Annotated, Any, ClassVar, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import AwareDatetime, Field

from shared.contracts.types import Frozen, Grid, Region

SCHEMA_BASE = "urn:shouwang:schema:"
EVENT_BYTES_MAX = 256 * 1024
"""An event over this is refused when it is emitted: a broker and its readers never meet it."""

_IDS = uuid5(NAMESPACE_URL, "urn:shouwang:event")


def event_id(cause: str, type_: str, *about: object) -> UUID:
    """The deterministic id of a fact: same cause, same type, same subject give the same id.

    `cause` is the id of the event that led here, or (source system, record id, version) at the edge; `about` names
    what the fact is about (case, hop, round, branch; notice, person; deadline, step).
    """
    return uuid5(_IDS, "\x1f".join((cause, type_, *map(str, about))))


class Event(Frozen):
    """One fact. `sequence` counts per (`partitionkey`, topic) from 1 without gaps, 12 digits."""

    family: ClassVar[str]

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: Annotated[str, Field(pattern=r"^/[a-z_/.]{1,80}$")]
    type: str
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Annotated[str, Field(max_length=200)]
    subject: Annotated[str, Field(min_length=1, max_length=100)]
    partitionkey: Annotated[str, Field(min_length=1, max_length=100)]
    time: AwareDatetime
    sequence: Annotated[str, Field(pattern=r"^\d{12}$")]
    correlationid: UUID
    causationid: UUID | None = None
    region: Region
    grid: Grid | None = None
    traceparent: Annotated[str, Field(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")] | None = None
    data: Any


def schema_address(family: str) -> str:
    """The `dataschema` of a family: a stable name, resolved by the published schemas."""
    return f"{SCHEMA_BASE}{family}.v1"
