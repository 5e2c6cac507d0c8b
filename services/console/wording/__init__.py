"""What the console says, Chinese first and English beside it: one catalogue a language, the same keys in both.

The farmer's pages have a file of their own (`farmer.*.yaml`): plain words, no term of the trade. So have the pages of
warnings and of departments' data (`data.*.yaml`).

Concerns come from the list of the field, names of hops, actions and reasons from the policy package.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from shared.domain.concerns import BY_CODE
from shared.policy import HopAction, Policy, RouteHop

PARTS = ("", "farmer.", "data.")
"""The files of a language."""


class Words:
    """One language. `words("queue.new", 3)` chooses `queue.new.one` or `queue.new.many` by the number."""

    def __init__(self, language: str, policy: Policy) -> None:
        self.language, self._texts, self.policy = language, catalogue(language), policy
        self._short = "zh" if language.startswith("zh") else "en"

    def __call__(self, key: str, number: int | None = None, /, **facts: object) -> str:
        """A text of the catalogue with its facts put in. Raises KeyError for a key that is not there."""
        if number is not None:
            key, facts = f"{key}.{'one' if number == 1 else 'many'}", {"n": number, **facts}
        return self._texts[key].format_map(facts) if facts else self._texts[key]

    def code(self, family: str, code: object) -> str:
        """The name of a code; a code without a name is shown as it is, never hidden."""
        return self._texts.get(f"{family}.{code}", str(code))

    def first(self, *keys: str, **facts: object) -> str:
        """The first of these texts that the catalogue has; the last one must be there."""
        return self(next((key for key in keys if key in self._texts), keys[-1]), **facts)

    def has(self, key: str) -> bool:
        return key in self._texts

    def of(self, names: Any) -> str:
        """One language out of {zh, en}, in whichever form it comes."""
        if isinstance(names, Mapping):
            return str(names.get(self._short) or names.get("zh") or names.get("en") or "")
        return str(getattr(names, self._short, names) or "")

    def concern(self, code: str) -> str:
        found = BY_CODE.get(code)
        return (found.zh if self._short == "zh" else found.en) if found else code

    def concern_band(self, code: str) -> str:
        """The sentence that village and group read: no sum, no illness."""
        found = BY_CODE.get(code)
        return (found.band_zh if self._short == "zh" else found.band_en) if found else code

    def action(self, hop: str | None, code: str | None) -> str:
        found = self._action(hop, code)
        return self.of(found.names) if found else self.code("action", code or "")

    def reason(self, hop: str | None, action: str | None, code: str | None) -> str:
        """A reason's name; what a signature hands on was given by another action of its hop, or of one before."""
        found = self._action(hop, action)
        reasons = found.reasons if found else self.policy.pauses.reasons if action == "pause" else ()
        route = sorted(self.policy.route, key=lambda one: one.hop != hop)
        given = (one for place in route for act in place.actions for one in act.reasons)
        named = next((one for one in (*reasons, *given) if one.code == code), None)
        return self.of(named.names) if named else self.code("reason", code)

    def step(self, hop: object, step: object) -> str:
        """The name of a hop's step; of the hop where it is no step of this package."""
        try:
            return self.of(self.policy.step(str(hop), str(step) if step else None).names)
        except LookupError:
            return self.code("hop", hop)

    def evidence(self, code: str) -> str:
        """The name of a paper that a hop keeps, by the policy package."""
        found = next((one for hop in self.policy.route for one in hop.evidence if one.code == code), None)
        return self.of(found.names) if found else code

    def limit_unit(self, hop: str, level: str, step: str | None = None) -> str:
        """In what the limit of this step's task is counted: hours, calendar_days or working_days."""
        try:
            return str(self.policy.limit(hop, level, step).unit)  # type: ignore[arg-type]
        except LookupError:
            return "calendar_days"

    def risks(self) -> list[tuple[str, str]]:
        """What may be named as the trouble's cause, by the policy package."""
        return [(one.code, self.of(one.names)) for one in self.policy.risks]

    def refusal(self, code: str) -> str:
        """A refusal's reason, at whichever hop it was given."""
        for hop in self.policy.route:
            for action in hop.actions:
                found = next((one for one in action.reasons if one.code == code), None)
                if found is not None and action.code in ("not_eligible", "uphold"):
                    return self.of(found.names)
        return self.code("reason", code)

    def joined(self, texts: list[str]) -> str:
        return ("、" if self._short == "zh" else ", ").join(texts)

    def _action(self, hop: str | None, code: str | None) -> HopAction | None:
        place: RouteHop | None = next((one for one in self.policy.route if one.hop == hop), None)
        return next((one for one in place.actions if one.code == code), None) if place else None


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every text of a language by its dotted key."""
    here = Path(__file__).parent
    texts = [(here / f"{part}{language}.yaml").read_text("utf-8") for part in PARTS]
    return MappingProxyType(dict(one for text in texts for one in _flat(yaml.safe_load(text), "")))


def _flat(tree: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    found = []
    for key, value in tree.items():
        found += _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", str(value))]
    return found
