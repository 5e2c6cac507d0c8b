"""The field's rules as data: policy packages, each value dated, with unit, source and whether it was
verified.

Carries out design §6. Software reads thresholds, limits, the route, names and reasons from here and nowhere
else.
"""

from shared.policy.loader import available, load
from shared.policy.package import Category, HouseholdKind, Policy
from shared.policy.reading import PolicyError
from shared.policy.route import Action, Evidence, Limit, Names, Reason, RouteHop, Step

__all__ = [
    "Action",
    "Category",
    "Evidence",
    "HouseholdKind",
    "Limit",
    "Names",
    "Policy",
    "PolicyError",
    "Reason",
    "RouteHop",
    "Step",
    "available",
    "load",
]
