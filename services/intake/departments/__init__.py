"""The departments, listed by hand: what each sends. One more is one file and one line here."""

from services.intake.departments import (
    civil_affairs,
    education,
    housing,
    human_resources,
    medical_insurance,
    rural_revitalization,
    water,
)
from services.intake.kind import Kind

KINDS: dict[str, tuple[Kind, ...]] = {
    "rural_revitalization": rural_revitalization.KINDS,
    "medical_insurance": medical_insurance.KINDS,
    "housing": housing.KINDS,
    "education": education.KINDS,
    "water": water.KINDS,
    "civil_affairs": civil_affairs.KINDS,
    "human_resources": human_resources.KINDS,
}
"""In the order of the routing table: the register before what is said of its households."""


def kind_of(department: str, name: str) -> Kind | None:
    return next((kind for kind in KINDS[department] if kind.name == name), None)
