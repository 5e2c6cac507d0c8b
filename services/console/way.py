"""A case's path as it is drawn: seven hops and the tracking, where it stands, and what runs beside them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.console.wording import Words

Named = Mapping[str, Mapping[str, Any]]
Entry = Mapping[str, Any]

LIVE = ("on_its_way", "open", "tracking")


@dataclass(frozen=True, slots=True)
class Branch:
    """Something beside the main way: a department, the green channel, the announcement, the result told."""

    name: str
    state: str
    since: Any
    due_at: Any
    unit: str
    ended_at: Any
    how: str
    officer: str


@dataclass(frozen=True, slots=True)
class Station:
    """One hop: done (day and person), here (step, since, until, who), ahead. `returned` counts its second rounds."""

    hop: str
    name: str
    state: str
    step: str = ""
    since: Any = None
    at: Any = None
    due_at: Any = None
    unit: str = "calendar_days"
    lateness: str = "normal"
    paused_until: Any = None
    officer: str = ""
    returned: int = 0
    is_back: bool = False
    branches: tuple[Branch, ...] = ()


def stations(path: Sequence[Entry], case: Entry, named: Named, words: Words) -> list[Station]:
    """The hops of the route with the tracking at its end. `case` is workflow's whole case, empty where it is away."""
    places: Sequence[Entry] = case.get("places") or ()
    level = str(case.get("level") or "yellow")
    found = [_station(one, places, level, named, words) for one in path]
    if not case:
        return found
    is_tracked = case.get("state") == "tracking"
    if is_tracked or case.get("result") == "helped":
        # The delivery is done; where it stood, the tracking began.
        found = [_done(one) if one.state == "here" else one for one in found]
    tracked = next((one for one in places if one["state"] == "tracking"), None)
    state = "here" if is_tracked else "done" if case.get("result") == "helped" else "ahead"
    since = (tracked.get("ended_at") or tracked.get("sent_at")) if tracked else None
    return [*found, Station("tracking", words("path.tracking"), state, since=since, at=since)]


def current(task: Entry, case: Entry) -> Entry:
    """The task's own place in its case: planned day, notice, pause; empty where the case is away."""
    names = ("hop", "step", "round", "branch")
    places = case.get("places") or ()
    return next((one for one in places if all(one.get(name) == task.get(name) for name in names)), {})


def officer_of(entry: Entry) -> str | None:
    """Whoever acted, by whichever name an entry of the path, the history or the decisions has it."""
    found = entry.get("officer") or entry.get("officer_id") or (entry.get("actor") or {}).get("officer_id")
    return str(found) if found else None


def name_of(officer_id: str | None, named: Named) -> str:
    """A masked name; an officer who is not known here yet is shown by id."""
    return str(named.get(officer_id, {}).get("display_name") or officer_id) if officer_id else ""


def people_of(path: Sequence[Entry], case: Entry) -> list[str | None]:
    """Everybody whom the drawing names."""
    return [*map(officer_of, path), *(one.get("ended_by") for one in case.get("places") or ())]


def _station(one: Entry, places: Sequence[Entry], level: str, named: Named, words: Words) -> Station:
    hop, step, state = str(one["hop"]), one.get("step"), str(one.get("state", "ahead"))
    here = [each for each in places if each["hop"] == hop]
    main = [each for each in here if each["is_main"]]
    live = next((each for each in main if each["state"] in LIVE), None)
    beside = [each for each in here if not each["is_main"]]
    rounds = max((int(each["round"]) for each in main), default=1)
    return Station(
        hop=hop, name=words.code("hop", hop), state=state, step=words.step(hop, step) if step else "",
        since=one.get("at"), at=one.get("at"), due_at=one.get("due_at"), unit=words.limit_unit(hop, level, step),
        lateness=str(live["lateness"]) if live else "normal", paused_until=live.get("paused_until") if live else None,
        officer=name_of(officer_of(one), named), returned=rounds - 1, is_back=bool(one.get("returned")),
        branches=tuple(_branch(each, named, words) for each in beside),
    )  # fmt: skip


def _branch(one: Entry, named: Named, words: Words) -> Branch:
    hop, step, branch = str(one["hop"]), one["step"], str(one["branch"])
    name = words.code("department", branch) if hop == "department" else words.step(hop, step)
    return Branch(
        name=name, state="done" if one["state"] == "ended" else "here", since=one["sent_at"], due_at=one["due_at"],
        unit=words.limit_unit(hop, str(one["level"]), step), ended_at=one.get("ended_at"),
        how=words.action(hop, one.get("ended_as")) if one.get("ended_as") else "",
        officer=name_of(one.get("ended_by"), named),
    )  # fmt: skip


def _done(one: Station) -> Station:
    return Station(
        one.hop, one.name, "done", at=one.since, officer=one.officer, returned=one.returned, branches=one.branches
    )
