"""Residence: a household's open case goes along to where the household lives now, by the register. Pure.

Carries out method 6: whoever answers for the grid where the household is has its task, and is told. No clock stops or
begins again.
"""

from typing import TypeVar
from uuid import UUID

from msgspec.structs import replace

from services.workflow.case import Case, CaseFile, Move, Place
from services.workflow.deadline import Deadline
from services.workflow.household import Residence
from services.workflow.route import VISIT, office_at
from services.workflow.stage import Because, told
from services.workflow.task import Task


def moved(file: CaseFile, household_id: UUID, residence: Residence, because: Because) -> Move:
    """The case as this household's, in this place; one fact for each open task that is another office's now.

    What stands there already is not moved and tells nothing.
    """
    was = Residence(file.case.region, file.case.grid)
    move = Move(_in_place(file, household_id, residence))
    for place in move.file.live:
        office = _office(place, was, residence)
        if office != place.office:
            move = move.then(_reassigned(move.file, replace(place, office=office), because))
    return move


Standing = TypeVar("Standing", Case, Place, Task, Deadline)


def _in_place(file: CaseFile, household_id: UUID, residence: Residence) -> CaseFile:
    def there(one: Standing) -> Standing:
        return replace(one, household_id=household_id, region=residence.region, grid=residence.grid)

    return CaseFile(
        there(file.case),
        tuple(there(one) for one in file.places),
        tuple(there(one) for one in file.tasks),
        tuple(there(one) for one in file.deadlines),
    )


def _office(place: Place, was: Residence, now: Residence) -> str:
    """The place's own hop's, or the village's that has taken it over; one that comes from neither stays."""
    for hop in (place.hop, VISIT):
        if place.office == office_at(hop, *was, place.branch):
            return office_at(hop, *now, place.branch)
    return place.office


def _reassigned(file: CaseFile, place: Place, because: Because) -> Move:
    """Its task is in nobody's hands there. A place without an open one tells its office when it arrives."""
    task = file.task_of(place)
    if task is None:
        return Move(file.put(place))
    task = replace(task, version=task.version + 1, claimed_by=None, claimed_at=None)
    return told("reassigned", file.put(task), place, because, task=task)
