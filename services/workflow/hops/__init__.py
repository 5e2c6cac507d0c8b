"""HOPS: the rooms of the seven hops, in the order of the route. Verb: `decide`."""

from collections.abc import Mapping
from typing import Protocol

from services.workflow.form import Form
from services.workflow.hops import (
    county,
    department,
    township,
    township_return,
    village_committee,
    village_group,
    village_return,
)
from services.workflow.outcome import Outcome, Standing
from shared.contracts.types import Hop
from shared.policy import Names


class Room(Protocol):
    """One hop: what each step asks, the forms of its actions, and what an answer means. A module with these names."""

    @property
    def QUESTIONS(self) -> Mapping[str, Names]: ...
    @property
    def FORMS(self) -> Mapping[str, type[Form]]: ...

    def offers(self, action: str, standing: Standing) -> bool:
        """Whether an action of the package may be taken as things stand."""
        ...

    def decide(self, form: Form, reason_code: str, standing: Standing) -> Outcome:
        """`reason_code` is one of the action's own, or empty where none is needed."""
        ...


HOPS: Mapping[Hop, Room] = {
    "village_group": village_group,
    "village_committee": village_committee,
    "township": township,
    "county": county,
    "department": department,
    "township_return": township_return,
    "village_return": village_return,
}

__all__ = ["HOPS", "Room"]
