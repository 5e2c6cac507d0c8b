"""Township, on the way back: hands the measures on to the village, or disputes their facts.

A dispute names the departments whose measure it is about, and they alone plan again; one that declined is asked again
only where it is named.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from services.workflow.form import Asked, Form, Note, Wrong, titled
from services.workflow.hops.papers import DepartmentCode, Return, among, narrowed_to
from services.workflow.outcome import Onward, Outcome, Returns, Standing
from shared.policy import Names

QUESTIONS = {
    "hand_back": Names(
        "请把措施交办到村，明确责任人。", "Hand the measures on to the village, with who is responsible."
    ),
}


class HandOn(Form):
    """To the village."""

    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"note": "请村里一日内告知农户并落实。"}


class Dispute(Return):
    """Which departments' measures are disputed, with everything that is wrong in them."""

    departments: Annotated[
        tuple[DepartmentCode, ...],
        Field(
            min_length=1, max_length=9,
            json_schema_extra={"uniqueItems": True} | titled("有异议的部门", "Departments whose measure is disputed"),
        ),
    ]  # fmt: skip

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        with_measure = [one for one in asked.asked_already if one not in asked.declined]
        return {"defects": ["措施与农户实际情况不符"], "departments": with_measure or list(asked.asked_already)}

    @classmethod
    def narrowed(cls, asked: Asked) -> Mapping[str, Mapping[str, Any]]:
        return {"departments": {"items": narrowed_to(_on_case(asked))}}

    def wrong(self, asked: Asked) -> list[Wrong]:
        return super().wrong(asked) + among("form.departments", self.departments, _on_case(asked))


def _on_case(asked: Asked) -> tuple[tuple[str, Names], ...]:
    """The departments that this case has asked, by name."""
    return tuple((code, name) for code, name in asked.departments if code in asked.asked_already)


FORMS: Mapping[str, type[Form]] = {"hand_on": HandOn, "dispute": Dispute}


def offers(action: str, standing: Standing) -> bool:
    return True


def decide(form: Form, reason_code: str, standing: Standing) -> Outcome:
    match form:
        case HandOn():
            return Onward()
        case Dispute():
            return Returns(reason_code, form.departments)
        case _:
            raise AssertionError(f"{type(form).__name__} is no form of this hop")
