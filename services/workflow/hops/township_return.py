"""Township, on the way back: hands the measures on to the village, or disputes their facts (domain §7, hop 5)."""

from collections.abc import Mapping
from typing import Any

from services.workflow.form import Asked, Form, Note
from services.workflow.hops.papers import Return
from services.workflow.outcome import Onward, Outcome, Returns, Standing
from shared.policy import Names

HOP = "township_return"
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


FORMS: Mapping[str, type[Form]] = {"hand_on": HandOn, "dispute": Return}


def offers(action: str, standing: Standing) -> bool:
    return True


def decide(form: Form, reason_code: str, standing: Standing) -> Outcome:
    match form:
        case HandOn():
            return Onward()
        case Return():
            return Returns(reason_code)
        case _:
            raise AssertionError(f"{type(form).__name__} is no form of this hop")
