"""What there is in the house, by the name under which a call asks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies
from hypothesis.strategies import SearchStrategy


def in_path(told: Mapping[str, Any]) -> list[str]:
    """The names of the parameters that stand in a call's path, by its document."""
    return [one["name"] for one in told.get("parameters", ()) if one.get("in") == "path"]


@dataclass(frozen=True)
class Known:
    """Name of a parameter → values that something is found by; where the same name means two things, call and name
    ("GET /v1/batches/{id} id"), or service, call and name."""

    values: Mapping[str, Sequence[str]]

    def there(self, service: str, call: str, names: Sequence[str]) -> dict[str, Sequence[str]]:
        """Values for those of these parameters that something is known of."""
        found = {}
        for name in names:
            for key in (f"{service} {call} {name}", f"{call} {name}", name):
                if self.values.get(key):
                    found[name] = self.values[key]
                    break
        return found

    def strategy(self, service: str, call: str, names: Sequence[str]) -> SearchStrategy[dict[str, Any]]:
        """Such values, or none: then the parameters stay as they were made up."""
        there = self.there(service, call, names)
        some = {name: strategies.sampled_from(list(values)) for name, values in there.items()}
        return strategies.one_of(strategies.just({}), strategies.fixed_dictionaries(some))
