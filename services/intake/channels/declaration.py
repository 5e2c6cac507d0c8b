"""A farmer's own application (method 1): where, what is hard, and somebody to reach; all else may be left out."""

from typing import Annotated

from pydantic import ValidationError

from services.intake.channels.words import (
    Address,
    Channel,
    Code,
    Concerns,
    ContactPerson,
    Email,
    Empty,
    Group,
    HouseholdNo,
    IdNo,
    Name,
    Phone,
    Place,
    Words,
    check_village_named,
    fault,
    faulty,
)  # fmt: skip
from shared.contracts.types import Frozen
from shared.policy import Policy

RISK_CONCERNS = {
    "illness": "medical_burden",
    "schooling": "schooling_cost",
    "disability": "disability",
    "natural_disaster": "disaster",
    "accident": "accident",
    "industry_failure": "income_loss",
    "unstable_work": "income_loss",
    "lack_of_labour": "labour_loss",
    "unsafe_house": "unsafe_house",
    "unsafe_water": "unsafe_water",
    "other": "other",
}
"""What each risk of the national form says is hard, in our closed list."""


class Proxy(Frozen):
    """Who files for the declarer, and how they stand to each other."""

    name: Name
    relation: Name


class DeclarationForm(Frozen):
    """`sudden`: it came all at once; that alone makes an illness a matter of the green channel. `village_name`: how the
    declarer calls a village that is in no list; its region is the township's then, which acts in its stead."""

    region: Place
    difficulty: Words
    channel: Channel
    phone: Annotated[Phone | None, Empty] = None
    contact_person: Annotated[ContactPerson | Name | None, Empty] = None
    address: Annotated[Address | None, Empty] = None
    village_name: Annotated[Name | None, Empty] = None
    name: Annotated[Name | None, Empty] = None
    id_no: Annotated[IdNo | None, Empty] = None
    household_no: Annotated[HouseholdNo | None, Empty] = None
    group: Annotated[Group | None, Empty] = None
    risk: Annotated[Code | None, Empty] = None
    sudden: bool = False
    concerns: Concerns = ()
    proxy: Annotated[Proxy | None, Empty] = None
    email: Annotated[Email | None, Empty] = None


def parse(raw: bytes, policy: Policy) -> DeclarationForm:
    """Raises Faulty."""
    try:
        form = DeclarationForm.model_validate_json(raw)
    except ValidationError as error:
        raise faulty(error) from None
    if not (form.phone or form.contact_person or form.address):
        raise fault("phone", "missing", "Somebody must be reached: give a phone, a person or an address.")
    check_village_named(form.region, form.village_name)
    check_risk(form.risk, policy)
    return form


def check_risk(risk: str | None, policy: Policy) -> None:
    """Raises Faulty."""
    if risk is not None and (risk not in RISK_CONCERNS or risk not in [one.code for one in policy.risks]):
        raise fault("risk", "not_one_of", "This risk is not on the list: choose one, or leave it out.")


def concerns_told(risk: str | None, told: tuple[str, ...]) -> tuple[str, ...]:
    """The concerns of a report: those named, and the risk's; `other` where nothing is named."""
    named = dict.fromkeys((*((RISK_CONCERNS[risk],) if risk else ()), *told))
    return tuple(named) or ("other",)


def is_green(risk: str | None, sudden: bool, policy: Policy) -> bool:
    """Whether help comes first: a risk of the package's green list, declared as sudden where the list asks for it."""
    if risk is None or risk not in policy.green_risks:
        return False
    return sudden or policy.green_risks[risk].value == "always"
