"""The closed table of roles: who may do what, see in which grade, and act at which hop.

A role that is not named beside an action may not do it. Where a role may act is narrowed further by its
region and grid (the database's row scope); this table only says what kind of thing it does at all. Group
and grid report facts, they never refuse; below the township nobody reads a complaint, a sum or a disease.
"""

from collections.abc import Mapping
from typing import Literal, Protocol, get_args

from shared.contracts.types import IN_VILLAGES
from shared.domain.division import is_village_open

Role = Literal[
    "farmer",
    "clerk",
    "hotline",
    "group_leader",
    "grid_worker",
    "resident_team",
    "village",
    "township",
    "county",
    "department",
    "city",
    "province",
    "auditor",
    "steward",
    "system",
]
Capacity = Literal["handler", "reviewer", "approver"]
Grade = Literal["exact", "band"]
Action = Literal[
    # intake
    "declaration.file",
    "declaration.read",
    "clue.file",
    "complaint.read",
    "record.send",
    "record.read",
    "batch.read",
    "feed.read",
    "household.read",
    "household.unmask",
    "identity.read",
    "identity.match",
    "contact.resolve",
    # screening
    "warning.read",
    "rule.read",
    # workflow
    "queue.read",
    "case.read",
    "task.read",
    "task.claim",
    "task.decide",
    "grid.read",
    "grid.write",
    "officer.read",
    "officer.write",
    "supervision.read",
    "supervision.answer",
    "supervision.close",
    "deadline.read",
    # notify
    "notice.read",
    "preference.write",
    # console
    "timeline.read",
    # operation
    "conservation.read",
    "dead_letter.read",
    "dead_letter.replay",
    "dead_letter.skip",
]

ROLES: tuple[str, ...] = get_args(Role)
CAPACITIES: tuple[str, ...] = get_args(Capacity)

ONE_GRID = frozenset({"grid_worker", "group_leader"})
"""Their row scope is region and grid; every other role's grid is `*`."""
EVERYWHERE = frozenset({"system"})
"""The only role whose token may leave its region out."""

_GROUP = frozenset({"group_leader", "grid_worker"})
_VILLAGE = frozenset({"resident_team", "village"})
_WINDOW = frozenset({"clerk", "hotline"})
_OFFICE = frozenset({"township", "county"})
_ABOVE = frozenset({"city", "province"})
"""They supervise and never edit: closing their own supervision is all that a city does."""
_CADRES = _GROUP | _VILLAGE
_OPERATION = frozenset({"steward", "auditor", "county", "system"})

MAY: Mapping[str, frozenset[str]] = {
    "declaration.file": _WINDOW | _CADRES | _OFFICE | {"farmer", "system"},
    "declaration.read": _WINDOW | _OFFICE,
    "complaint.read": _OFFICE | {"city"},
    "clue.file": _WINDOW | _CADRES | _OFFICE | {"system"},
    "record.send": frozenset({"department", "county", "steward", "system"}),
    "record.read": _CADRES | _OFFICE | {"department", "auditor", "steward", "system"},
    "batch.read": frozenset({"department", "county", "steward", "auditor", "system"}),
    "feed.read": _ABOVE | {"department", "county", "steward", "auditor", "system"},
    "household.read": _CADRES | _OFFICE | _ABOVE | _WINDOW | {"auditor", "steward", "system"},
    "household.unmask": _CADRES | _OFFICE | {"steward"},
    "identity.read": _VILLAGE | _OFFICE | {"steward", "auditor", "system"},
    "identity.match": _VILLAGE | _OFFICE | {"steward"},
    "contact.resolve": frozenset({"system"}),
    "warning.read": _CADRES | _OFFICE | _ABOVE | {"department", "auditor", "steward", "system"},
    "rule.read": _OFFICE | _ABOVE | {"department", "auditor", "steward", "system"},
    "queue.read": _CADRES | _OFFICE | _ABOVE | {"department", "auditor", "steward", "system"},
    "case.read": _CADRES | _OFFICE | _ABOVE | {"department", "auditor", "steward", "system"},
    "task.read": _CADRES | _OFFICE | _ABOVE | {"department", "auditor", "steward", "system"},
    "task.claim": _CADRES | _OFFICE | {"department"},
    "task.decide": _CADRES | _OFFICE | {"department"},
    "grid.read": _CADRES | _OFFICE | _ABOVE | _WINDOW | {"auditor", "steward", "system"},
    "grid.write": _OFFICE | {"steward", "system"},
    "officer.read": _CADRES | _OFFICE | _ABOVE | {"auditor", "steward", "system"},
    "officer.write": _OFFICE | {"steward", "system"},
    "supervision.read": _CADRES | _OFFICE | _ABOVE | {"department", "auditor", "steward", "system"},
    "supervision.answer": _CADRES | _OFFICE | {"department"},
    "supervision.close": _OFFICE | {"city"},
    "deadline.read": _OFFICE | _ABOVE | {"auditor", "steward", "system"},
    "notice.read": _CADRES | _OFFICE | _ABOVE | {"department", "auditor", "steward", "system"},
    "preference.write": _WINDOW | _CADRES | _OFFICE | _ABOVE | {"department", "auditor", "steward"},
    "timeline.read": _CADRES | _OFFICE | _ABOVE | {"department", "auditor", "steward", "system"},
    "conservation.read": _OPERATION | _ABOVE,
    "dead_letter.read": _OPERATION,
    "dead_letter.replay": frozenset({"steward", "county", "system"}),
    "dead_letter.skip": frozenset({"steward", "county", "system"}),
}

ACTS_AT: Mapping[str, frozenset[str]] = {
    "village_group": _CADRES,
    "village_committee": _VILLAGE,
    "township": frozenset({"township"}),
    "county": frozenset({"county"}),
    "department": frozenset({"department"}),
    "township_return": frozenset({"township"}),
    "village_return": _VILLAGE,
}
"""Who claims and decides a hop's tasks. The village may stand in for a group without a worker."""

_EXACT = _OFFICE | _ABOVE | {"department", "steward", "auditor", "system"}


class Holder(Protocol):
    """Whoever holds a role."""

    @property
    def role(self) -> Role: ...


def may(caller: Holder, action: Action) -> bool:
    """Whether the caller's role does this kind of thing at all. Raises KeyError for an action that is not
    in the table: a misspelt one must neither pass nor quietly refuse."""
    return caller.role in MAY[action]


def may_act_at(caller: Holder, hop: str, region: str = "") -> bool:
    """Whether the caller's role claims and decides tasks at this hop, of a household of this region: of one whose
    village nobody knows yet the township does it. An unknown hop is nobody's."""
    stands_in = caller.role == "township" and hop in IN_VILLAGES and is_village_open(region)
    return stands_in or caller.role in ACTS_AT.get(hop, frozenset())


def grade(caller: Holder) -> Grade:
    """`exact` for township and above; `band` below, where a sum or a disease would be the talk of the
    village."""
    return "exact" if caller.role in _EXACT else "band"
