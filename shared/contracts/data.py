"""data.changed: a department's record about a known household became true, was corrected or withdrawn.

Produced by intake alone. A fact is named by (department, record_id); a correction is the same fact with a higher
version. Facts are bitemporal: `occurred_on` says when it was true, `known_at` when intake learned of it.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts.envelope import Event
from shared.contracts.types import UUID, AwareDatetime, Frozen, Word, Year, date
from shared.domain.money import SignedYuan


class Settlement(Frozen):
    """A medical settlement. `in_scope_self_paid_yuan` is what counts; where it is absent `self_paid_yuan` does.

    A refund names the record that it takes back in `reverses` and holds the same sums, negative.
    """

    kind: Literal["settlement"] = "settlement"
    setting: Literal["inpatient", "outpatient"]
    settled_on: date
    total_yuan: SignedYuan
    reimbursed_yuan: SignedYuan
    self_paid_yuan: SignedYuan
    in_scope_self_paid_yuan: SignedYuan | None = None
    out_of_scope_yuan: SignedYuan | None = None
    reverses: Word | None = None


class Cover(Frozen):
    """A person's medical insurance in one year."""

    kind: Literal["cover"] = "cover"
    status: Literal["insured", "uninsured", "paused", "arrears", "employee", "resident", "elsewhere"]
    year: Year


class HouseGrade(Frozen):
    """A house's safety grade: A and B are safe, C is partly, D wholly dangerous."""

    kind: Literal["house_grade"] = "house_grade"
    grade: Literal["A", "B", "C", "D"]
    cause: Word | None = None
    inspected_on: date


class Enrolment(Frozen):
    """Whether a person goes to school. `stage` is where, as far as it is told; the school's name is not."""

    kind: Literal["enrolment"] = "enrolment"
    status: Literal["enrolled", "suspected_dropout", "dropped_out", "not_enrolled"]
    stage: Literal["preschool", "primary", "junior", "senior", "vocational", "higher", "other"] | None = None


class SchoolCost(Frozen):
    """What a person's schooling costs in one school year, named by the year in which it begins."""

    kind: Literal["cost"] = "cost"
    school_year: Year
    cost_yuan: SignedYuan
    subsidy_yuan: SignedYuan | None = None


class WaterSupply(Frozen):
    """A household's water. `since` is the first day of this state; `quality` where it was tested."""

    kind: Literal["supply"] = "supply"
    status: Literal["normal", "interrupted", "restored"]
    since: date
    quality: Literal["pass", "fail"] | None = None


class Allowance(Frozen):
    """An allowance of the household that was granted, ended or adjusted on the day of the fact."""

    kind: Literal["allowance"] = "allowance"
    type: Literal["subsistence", "extreme_poverty", "temporary_relief", "orphan", "other"]
    change: Literal["granted", "ended", "adjusted"]
    monthly_yuan: SignedYuan | None = None


class Employment(Frozen):
    """A person's work. `since` is the first day of this state; where the work is, is not told."""

    kind: Literal["employment"] = "employment"
    status: Literal["employed", "returned", "unemployed"]
    since: date
    monthly_wage_yuan: SignedYuan | None = None


class WageArrears(Frozen):
    """What is owed to a person in wages, all of it; 0 once it is paid."""

    kind: Literal["wage_arrears"] = "wage_arrears"
    yuan: SignedYuan


class ProjectFailure(Frozen):
    """What a household lost with a help project that failed."""

    kind: Literal["project_failure"] = "project_failure"
    loss_yuan: SignedYuan


Values = Annotated[
    Settlement
    | Cover
    | HouseGrade
    | Enrolment
    | SchoolCost
    | WaterSupply
    | Allowance
    | Employment
    | WageArrears
    | ProjectFailure,
    Field(discriminator="kind"),
]


class Fact(Frozen):
    """What one record says. `values` is None for a withdrawal."""

    department: Word
    kind: Word
    record_id: Word
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    household_id: UUID
    person_id: UUID | None = None
    occurred_on: date
    known_at: AwareDatetime
    values: Values | None = None


class DataChanged(Event):
    family: ClassVar[str] = "data.changed"
    type: Literal[
        "shouwang.data.changed.v1",
        "shouwang.data.corrected.v1",
        "shouwang.data.withdrawn.v1",
    ]
    data: Fact
