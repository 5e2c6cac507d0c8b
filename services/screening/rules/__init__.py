"""The rules, a file a department: one more is one file and one line in this list. Verb: `check`. Pure.

What a file must hold is `finding.Rule`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from services.screening.rules import (
    civil_affairs,
    education,
    housing,
    human_resources,
    medical_insurance,
    rural_revitalization,
    water,
)
from services.screening.rules.finding import Rule

RULES: tuple[Rule, ...] = (
    medical_insurance,
    housing,
    education,
    water,
    civil_affairs,
    human_resources,
    rural_revitalization,
)

BY_DEPARTMENT: Mapping[str, Rule] = MappingProxyType({rule.DEPARTMENT: rule for rule in RULES})
