"""What a department sees of a case: its own branch, what sent the case to it, and the main way's bare steps. Pure.

It plans its measures with what it was asked and where the case stands. What the village, the township and the county
wrote in their forms, and all of the other departments' branches, it does not need.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from services.workflow.route import DEPARTMENT, MAIN

Entry = Mapping[str, Any]
"""A place, a step or a notice."""
Told = TypeVar("Told", bound=Entry)


def is_own(one: Entry, department: str) -> bool:
    """Whether it is at this department, on the branch that it was asked on."""
    return (one["hop"], one["branch"]) == (DEPARTMENT, department)


def on_its_way(entries: Iterable[Told], department: str) -> list[Told]:
    """What is of the main way and of its own branch: that is the county's after the department has declined."""
    return [one for one in entries if one["branch"] in (MAIN, department)]


def story_of(story: Mapping[str, Sequence[Entry]], department: str) -> dict[str, list[Entry]]:
    """The story with no decisions but its own tasks' and those that sent the case to it, and no words but theirs."""
    own = [one for one in story["history"] if is_own(one, department)]
    its_tasks = {one["task_id"] for one in own if one["word"] == "arrived"}
    # One decision may send the case to several departments: each has a step of it, and only the first one its event.
    made = {(one["task_id"], one["at"]) for one in own}
    decisions = [
        one for one in story["decisions"] if one["task_id"] in its_tasks or (one["task_id"], one["at"]) in made
    ]
    said = {(one["task_id"], one["at"]): one["comment"] for one in decisions}
    return {
        "history": [_told(one, said, department) for one in on_its_way(story["history"], department)],
        "notices": [one for one in story["notices"] if is_own(one, department)],
        "decisions": decisions,
    }


def _told(step: Entry, said: Mapping[tuple[Any, Any], str | None], department: str) -> Entry:
    otherwise = step["comment"] if is_own(step, department) else None
    return {**step, "comment": said.get((step["task_id"], step["at"]), otherwise)}
