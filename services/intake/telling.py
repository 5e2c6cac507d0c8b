"""What people tell, in the forms in which it is kept: sealed as told, the number in its one form, who declared; and who
is to be reached, read back from it.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from services.intake.channels.words import fault, plain_name
from services.intake.departments.rural_revitalization import NEVER
from services.intake.vault import Vault
from shared.domain.identity import Identity, identify


def told_of(values: dict[str, Any], **more: Any) -> str:
    """What is sealed: everything that was told, as JSON."""
    return orjson.dumps({name: one for name, one in (values | more).items() if one not in (None, [], False)}).decode()


def contact_of(told: dict[str, Any]) -> dict[str, Any]:
    """Of what was sealed, the person through whom a declarer is reached: `name`, perhaps `phone`; empty for nobody."""
    contact = told.get("contact_person")
    return contact if isinstance(contact, dict) else {"name": contact} if contact else {}


def told_together(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What several reports of one household told of who it is, where it lives and how to reach it; of each the first
    report's that tells it, the newest being the first. How to reach it is told by one of them alone; where it lives, by
    those of the place that was told last, or of none."""
    place = _first(reports, "region")["region"]
    there = [one for one in reports if one.get("region") in (place, None)]
    return (
        _first(reports, "name")
        | _first(reports, "phone", "contact_person")
        | _first(there, "village_name")
        | _first(there, "address")
    )


def _first(reports: Sequence[dict[str, Any]], *names: str) -> dict[str, Any]:
    telling = next((one for one in reports if any(one.get(name) for name in names)), {})
    return {name: telling.get(name) for name in names}


def told_home(told: dict[str, Any]) -> str | None:
    """Of what was sealed, where the declarer lives; before it, in their own words, a village that is in no list."""
    return " ".join(one for one in (told.get("village_name"), told.get("address")) if one) or None


def numbered(id_no: str | None) -> tuple[str | None, Any]:
    """The ID number in its one form and the day of birth; none where the person has none. Raises Faulty."""
    if id_no is None:
        return None, None
    found = identify(id_no, NEVER)
    if isinstance(found, Identity):
        return found.number, found.born_on
    if found.code == "id_none":
        return None, None
    raise fault("id_no", found.code, found.message_en)


def declarer_of(vault: Vault, phone: str | None, name: str | None) -> bytes | None:
    """By phone and name together: a cadre's or a shop's phone stands on many people's forms."""
    return vault.index.of(f"declarer:{phone}:{plain_name(name)}") if phone and name else None
