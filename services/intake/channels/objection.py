"""An objection to a public notice: by anybody, without a name if they wish."""

from typing import Annotated

from pydantic import ValidationError

from services.intake.channels.clue import References
from services.intake.channels.words import Empty, HouseholdNo, Name, Phone, Place, Words, faulty
from shared.contracts.types import Frozen


class ObjectionForm(Frozen):
    """`name` is the head's, as the notice has it; `reporter` and `phone` are the objector's own, if given. The
    region is that of the notice: the village's, or the township's that acts for a village in no list."""

    region: Place
    text: Words
    name: Annotated[Name | None, Empty] = None
    household_no: Annotated[HouseholdNo | None, Empty] = None
    reporter: Annotated[Name | None, Empty] = None
    phone: Annotated[Phone | None, Empty] = None
    about_offices: References = ()
    about_officers: References = ()


def parse(raw: bytes) -> ObjectionForm:
    """Raises Faulty."""
    try:
        return ObjectionForm.model_validate_json(raw)
    except ValidationError as error:
        raise faulty(error) from None
