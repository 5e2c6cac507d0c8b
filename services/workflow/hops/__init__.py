"""HOPS: the rooms of the hops that are built, in the order of the route. Verb: `decide`."""

from collections.abc import Mapping
from typing import Protocol

from services.workflow.form import Form
from services.workflow.hops import village_committee, village_group
from services.workflow.outcome import Outcome
from shared.contracts.types import Hop
from shared.policy import Names


class Room(Protocol):
    """One hop: what it asks, the forms of its actions, and what an answer means. A module with these names."""

    @property
    def HOP(self) -> str: ...
    @property
    def QUESTION(self) -> Names: ...
    @property
    def FORMS(self) -> Mapping[str, type[Form]]: ...

    def decide(self, form: Form, reason_code: str) -> Outcome: ...


HOPS: Mapping[Hop, Room] = {"village_group": village_group, "village_committee": village_committee}

__all__ = ["HOPS", "Room"]
