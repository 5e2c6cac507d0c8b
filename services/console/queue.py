"""What a queue's page shows, from what workflow says: totals that add up, filters with counts, rows. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from services.console.frame import region_name
from services.console.remaining import Remaining, as_instant, remaining
from services.console.wording import Words
from shared.contracts.types import Hop, Level

FILTERS: tuple[str, ...] = ("hop", "office", "level", "lateness", "mine")
LEVELS: tuple[str, ...] = get_args(Level)
"""The gravest first."""
LATENESS: tuple[str, ...] = ("normal", "due", "overdue", "supervised")
VALUES: Mapping[str, tuple[str, ...]] = {
    "hop": get_args(Hop), "level": LEVELS, "lateness": LATENESS, "mine": ("1",),
}  # fmt: skip
PARTS: tuple[str, ...] = ("on_its_way", "open", "due_today", "overdue", "tracking")
OFFICE_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class Totals:
    """Parts and whole. Every place stands in one part only; `besides` of them run beside a case's main way."""

    on_its_way: int
    open: int
    due_today: int
    overdue: int
    tracking: int
    total: int
    besides: int = 0

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Totals":
        return cls(*(int(body.get(name, 0)) for name in (*PARTS, "total", "besides")))


@dataclass(frozen=True, slots=True)
class Chip:
    """One choice of a filter: its name, how many open tasks it leaves, and whether it is chosen."""

    value: str
    name: str
    count: int | None
    is_chosen: bool
    filters: Mapping[str, str]

    @property
    def id(self) -> str:
        return self.value or "all"


@dataclass(frozen=True, slots=True)
class Row:
    """One task in the list."""

    task_id: str
    household_id: str
    level: str
    lateness: str
    name: str
    number: str
    size: int | None
    village: str
    group: str
    hop: str
    step: str
    is_green: bool
    is_paused: bool
    why: str
    remaining: Remaining
    claimed_by: str | None
    holder: str
    version: int


def chosen(given: Mapping[str, str]) -> dict[str, str]:
    """The filters of an address; what is no filter of ours is left out."""
    found = {name: given[name] for name in FILTERS if given.get(name)}
    found = {name: value for name, value in found.items() if name == "office" or value in VALUES[name]}
    return {name: value for name, value in found.items() if len(value) <= OFFICE_LENGTH_MAX}


def chips(family: str, parts: Sequence[Mapping[str, Any]], filters: Mapping[str, str], words: Words) -> list[Chip]:
    """The choices of one filter, each with the open tasks that it would leave beside the other filters."""
    rest = {name: value for name, value in filters.items() if name not in (family, "mine")}
    counts: dict[str, int] = {}
    for part in parts:
        if part.get("state") == "open" and all(part.get(name) == value for name, value in rest.items()):
            counts[str(part[family])] = counts.get(str(part[family]), 0) + int(part["count"])
    others = {name: value for name, value in filters.items() if name != family}
    names = _names(family, parts, words)
    # With "mine" chosen the counts would be another question than the one that the service answers.
    is_counted = "mine" not in filters
    found = [Chip("", words("queue.all"), sum(counts.values()) if is_counted else None, family not in filters, others)]
    for value, name in names.items():
        is_chosen = filters.get(family) == value
        if counts.get(value) or is_chosen:
            count = counts.get(value, 0) if is_counted else None
            found.append(Chip(value, name, count, is_chosen, {**others, family: value}))
    return found


def row(item: Mapping[str, Any], holders: Mapping[str, Mapping[str, Any]], me: str, now: datetime, words: Words) -> Row:
    """An item of workflow's list, as its row says it. `holders` are officers by id; `me` is the viewer's id."""
    unit = unit_of(item, words)
    claimed_by = item.get("claimed_by")
    return Row(
        task_id=str(item["task_id"]), household_id=str(item["household_id"]), level=str(item["level"]),
        lateness=str(item.get("lateness", "normal")), name=str(item.get("display_name") or "–"),
        number=str(item.get("household_no") or ""), size=item.get("size"),
        village=region_name(str(item.get("region") or "")), group=group_of(item), hop=str(item["hop"]),
        step=words.step(item["hop"], item.get("step")), is_green=bool(item.get("is_green")),
        is_paused=item.get("paused_until") is not None,
        why=words.joined([words.concern(code) for code in item.get("concerns", ())]),
        remaining=remaining(as_instant(item["due_at"]), now, unit, words), claimed_by=claimed_by,
        holder=holder(claimed_by, me, holders, words), version=int(item.get("version", 0)),
    )  # fmt: skip


def group_of(item: Mapping[str, Any]) -> str:
    """The number of a village's group, by the grid; empty without one."""
    return str(item.get("grid") or "").rpartition("-")[2].lstrip("0")


def holder(officer_id: str | None, me: str, holders: Mapping[str, Mapping[str, Any]], words: Words) -> str:
    """Whoever has claimed a task: nobody, oneself, or a masked name."""
    if officer_id is None:
        return words("queue.none_has")
    if officer_id == me:
        return words("queue.you")
    return str(holders.get(officer_id, {}).get("display_name") or officer_id)


def unit_of(item: Mapping[str, Any], words: Words) -> str:
    """In what the task's limit is counted: as the service says, else as the policy package does."""
    limit = item.get("limit") or (item.get("clock") or {}).get("limit") or {}
    return str(limit.get("unit") or words.limit_unit(str(item["hop"]), str(item["level"]), item.get("step")))


def _names(family: str, parts: Sequence[Mapping[str, Any]], words: Words) -> dict[str, str]:
    if family == "office":
        found = {str(part["office"]): words.of(part.get("office_name") or part["office"]) for part in parts}
        return dict(sorted(found.items()))
    return {value: words.code(family, value) for value in VALUES[family]}
