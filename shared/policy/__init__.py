"""The field's rules as data: policy packages, each value dated, with unit, source and whether it was verified.

Software reads thresholds, limits, the route, names and reasons from here and nowhere else.
"""

from shared.policy.ladder import Ladder, Rung
from shared.policy.loader import available, load
from shared.policy.notices import NoticeRules
from shared.policy.package import Category, HouseholdKind, Policy
from shared.policy.precision import Precision
from shared.policy.reading import PolicyError
from shared.policy.route import Evidence, HopAction, HopStep, Limit, Names, Reason, RouteHop

__all__ = [
    "Category",
    "Evidence",
    "HopAction",
    "HopStep",
    "HouseholdKind",
    "Ladder",
    "Limit",
    "Names",
    "NoticeRules",
    "Policy",
    "PolicyError",
    "Precision",
    "Reason",
    "RouteHop",
    "Rung",
    "available",
    "load",
]
