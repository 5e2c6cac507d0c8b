"""What a cadre, a grid worker, a hotline or a window reports about a household (methods 2 and 5)."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from services.intake.channels.declaration import check_risk
from services.intake.channels.words import (
    Address,
    Channel,
    Code,
    Concerns,
    Empty,
    Group,
    HouseholdNo,
    IdNo,
    Name,
    Phone,
    Place,
    Words,
    check_village_named,
    faulty,
)  # fmt: skip
from shared.contracts.types import Frozen, Level
from shared.policy import Policy

Reference = Annotated[str, Field(pattern=r"^[0-9A-Za-z_.:-]{1,64}$")]
References = Annotated[tuple[Reference, ...], Field(max_length=20)]


class Subject(Frozen):
    """Whom it is about, as far as it is known."""

    id_no: Annotated[IdNo | None, Empty] = None
    household_no: Annotated[HouseholdNo | None, Empty] = None
    name: Annotated[Name | None, Empty] = None
    phone: Annotated[Phone | None, Empty] = None
    address: Annotated[Address | None, Empty] = None


class ClueForm(Frozen):
    """About a registered household, a subject, or a village alone. About officials or in confidence: a complaint.
    `village_name`: how the reporter calls a village that is in no list; its region is the township's then, which acts
    in its stead. A household that is named has its own place."""

    channel: Channel
    household: UUID | None = None
    subject: Subject | None = None
    region: Annotated[Place | None, Empty] = None
    village_name: Annotated[Name | None, Empty] = None
    group: Annotated[Group | None, Empty] = None
    concern: Concerns = ()
    text: Words
    level: Level | None = None
    risk: Annotated[Code | None, Empty] = None
    sudden: bool = False
    attachments: References = ()
    about_offices: References = ()
    about_officers: References = ()
    confidential: bool = False

    @model_validator(mode="after")
    def _has_place(self) -> "ClueForm":
        if self.household is None and self.region is None:
            raise PydanticCustomError("missing", "Say where: the household, or the village (region).")
        return self

    @property
    def is_complaint(self) -> bool:
        """Held by an independent handler, never seen by the village."""
        return bool(self.about_offices or self.about_officers or self.confidential)


def parse(raw: bytes, policy: Policy) -> ClueForm:
    """Raises Faulty."""
    try:
        form = ClueForm.model_validate_json(raw)
    except ValidationError as error:
        raise faulty(error) from None
    if form.household is None:
        check_village_named(form.region, form.village_name)
    check_risk(form.risk, policy)
    return form
