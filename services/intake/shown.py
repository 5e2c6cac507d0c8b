"""A source record as it may be shown: personal fields masked, and in two grades.

Exact for township and above: the kind's own fields, never unknown ones (they may hold anything), and of those that
nobody checks only what is plain. Village and group see the concern and its band: no sum, no hospital, no disease.
"""

import re
from typing import Any

import orjson

from services.intake.departments import kind_of
from services.intake.departments.rural_revitalization import RELATIONS, household_no
from services.intake.fields import Fields
from services.intake.rejection import TEXT_MAX, Wrong
from services.intake.vault import Vault
from shared.access.roles import Grade
from shared.domain.concerns import concerns_of
from shared.domain.identity import mask_name, mask_number, normalise


def shown_version(code: str, record_id: str, row: Any, grade: Grade, vault: Vault) -> dict[str, Any]:
    """One version; `row` is a stored one with its sealed payload. Raises CipherError."""
    values = orjson.loads(vault.open_payload(code, record_id, row["version"], row["payload"]))
    return {
        "version": row["version"],
        "op": row["op"],
        "received_at": row["received_at"].isoformat(),
        "occurred_on": row["occurred_on"].isoformat() if row["occurred_on"] else None,
        "channel": row["channel"],
        "outcome": row["outcome"],
        "is_history": row["is_history"],
        "household_id": str(row["household_id"]) if row["household_id"] else None,
        "data": _data(code, row, values, grade),
    }


def _data(code: str, row: Any, values: dict[str, Any], grade: Grade) -> dict[str, Any]:
    if grade == "band":
        found = concerns_of(code, row["kind"])
        return {"concerns": [{"code": one.code, "zh": one.band_zh, "en": one.band_en} for one in found]}
    kind = kind_of(code, row["kind"]) if row["op"] == "upsert" else None  # what a withdrawal holds was never checked
    data, subject = _object(values.get("data")), _object(values.get("subject"))
    shown: dict[str, Any] = {}
    for name in kind.shown if kind else ():
        value = data.get(name)
        if kind and name in kind.loose:
            value = _plain(value, subject.get("name"))
        if value is not None:
            shown[name] = value
    if kind and isinstance(data.get("members"), list):
        shown["members"] = [_member(one) for one in data["members"] if isinstance(one, dict)]
    hidden = [name for name, value in data.items() if name not in shown and value is not None]
    return shown | {"subject": shown_subject(subject), "fields_not_shown": len(hidden)}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


_CODE = re.compile(r"[a-z_]{1,32}")
_PLACE = re.compile(r"[0-9]{2,12}")
_LONG_NUMBER = re.compile(r"[0-9]{7}")


def _plain(value: Any, name: Any) -> Any:
    """What nobody has checked, as far as it can hold no one's data: a text without a long number or the subject's name,
    and of an object its figures and coded words."""
    if isinstance(value, dict):
        figures = {key: one for key, one in value.items() if _is_code(key) and (_is_figure(one) or _is_code(one))}
        return figures or None
    if isinstance(value, str):
        is_told = _LONG_NUMBER.search(normalise(value)) or (isinstance(name, str) and name and name in value)
        return None if is_told else value[:TEXT_MAX]
    return value if _is_figure(value) else None


def _is_figure(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < 10**6)


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def shown_subject(told: dict[str, Any]) -> dict[str, Any]:
    try:
        number = household_no(Fields(told), "household_no")
    except Wrong:
        number = None  # a withdrawal's: nobody has checked it
    region = told.get("region")
    return {
        "id_no": mask_number(normalise(told["id_no"])) if isinstance(told.get("id_no"), str) else None,
        "name": mask_name(told["name"]) if isinstance(told.get("name"), str) else None,
        "household_no": number,
        "region": region if isinstance(region, str) and _PLACE.fullmatch(region) else None,
    }


def _member(member: dict[str, Any]) -> dict[str, Any]:
    relation = member.get("relation")
    return {
        "name": mask_name(str(member.get("name", ""))),
        "id_no": mask_number(normalise(str(member.get("id_no") or ""))),
        "relation": relation if relation in RELATIONS else None,
    }
