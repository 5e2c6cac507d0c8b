"""Village, on the way back: tells the farmer the result at once, puts the measures in place, then tracks the case.

A refusal is delivered in person or on paper, with 不符合, its basis and the way to appeal; the days to appeal count
from its proven delivery.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from services.workflow.form import Asked, Form, Note, Wrong, bounded, titled
from services.workflow.hops.papers import NotReached, Return
from services.workflow.outcome import Ends, Outcome, Returns, Standing, Stays
from shared.policy import Names

QUESTIONS = {
    "deliver": Names(
        "请把措施落实到户，并告诉农户找谁。", "Put the measures in place; tell the farmer whom to turn to."
    ),
    "tell": Names(
        "请一天内当面或书面告知农户结果；不符合的，说明依据和申诉办法。",
        "Tell the farmer the result within a day, in person or on paper; a refusal with its basis and how to appeal.",
    ),
}

_HOW = {"in_person": ("当面", "in person"), "paper": ("书面送达", "on paper"), "phone": ("电话", "by telephone")}
_PROOF = {
    "signature": ("签字或按手印", "signature or fingerprint"),
    "witness": ("见证人", "a witness"),
    "photo": ("照片（不外传）", "a photo, kept on file"),
    "none": ("无", "none"),
}


class Deliver(Form):
    """Help is there, and the farmer knows who helps."""

    delivered_on: Annotated[date, Field(json_schema_extra=titled("落实日期", "In place on"))]
    helper: Annotated[
        str,
        Field(pattern=r"^[0-9A-Za-z-]{1,40}$", json_schema_extra={"x-of": "officers"} | titled("帮扶联系人", "Helper")),
    ]
    understood: Annotated[bool, Field(json_schema_extra=titled("农户已知晓", "The farmer understood"))] = True
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        helper = asked.officers[0] if asked.officers else "officer-1"
        return {"delivered_on": asked.today.isoformat(), "helper": helper}


class Tell(Form):
    """The result has reached the farmer, and that is proven."""

    told_on: Annotated[date, Field(json_schema_extra=titled("送达日期", "Delivered on"))]
    how: Annotated[Literal["in_person", "paper", "phone"], Field(json_schema_extra=titled("方式", "How", _HOW))]
    proof: Annotated[
        Literal["signature", "witness", "photo", "none"], Field(json_schema_extra=titled("送达证明", "Proof", _PROOF))
    ]
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"told_on": asked.today.isoformat(), "how": "in_person", "proof": "signature"}

    def wrong(self, asked: Asked) -> list[Wrong]:
        """Not proven delivered, or dated before it was signed, a refusal would let the days to appeal run unseen."""
        found = super().wrong(asked)
        if self.told_on < asked.sent_on:
            en, zh = "It cannot have been told before it was decided ({day}).", "不能早于作出决定之日（{day}）。"
            found.append(bounded("form.told_on", "too_early", asked.sent_on, en, zh))
        if asked.is_refused and (self.how == "phone" or self.proof == "none"):
            en = "A refusal is delivered in person or on paper, with proof."
            found.append(Wrong("form.proof", "not_proven", en, "不符合的告知须当面或书面送达，并有证明。"))
        return found


FORMS: Mapping[str, type[Form]] = {"deliver": Deliver, "tell": Tell, "not_reached": NotReached, "return": Return}


def offers(action: str, standing: Standing) -> bool:
    return True


def decide(form: Form, reason_code: str, standing: Standing) -> Outcome:
    match form:
        case Deliver():
            return Ends()
        case Tell():
            return Ends(delivered_on=form.told_on)
        case NotReached():
            return Stays(reason_code)
        case Return():
            return Returns(reason_code)
        case _:
            raise AssertionError(f"{type(form).__name__} is no form of this hop")
