"""A source record as it may be shown: personal fields masked, and in two grades (people A5).

Exact for township and above: the kind's own fields, never unknown ones (they may hold anything). Village and group see
the concern and its band: no sum, no hospital, no disease.
"""

from typing import Any

import orjson

from services.intake.departments import kind_of
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
        "data": _data(code, row["kind"], values, grade),
    }


def _data(code: str, kind_name: str, values: dict[str, Any], grade: Grade) -> dict[str, Any]:
    if grade == "band":
        found = concerns_of(code, kind_name)
        return {"concerns": [{"code": one.code, "zh": one.band_zh, "en": one.band_en} for one in found]}
    kind = kind_of(code, kind_name)
    data = values.get("data") if isinstance(values.get("data"), dict) else {}
    assert isinstance(data, dict)
    shown = {name: data[name] for name in kind.shown if name in data} if kind else {}
    if isinstance(data.get("members"), list):
        shown["members"] = [_member(one) for one in data["members"] if isinstance(one, dict)]
    return shown | {
        "subject": _subject(values.get("subject")),
        "fields_not_shown": len([name for name in data if name not in shown]),
    }


def _subject(subject: Any) -> dict[str, Any]:
    told = subject if isinstance(subject, dict) else {}
    return {
        "id_no": mask_number(normalise(told["id_no"])) if isinstance(told.get("id_no"), str) else None,
        "name": mask_name(told["name"]) if isinstance(told.get("name"), str) else None,
        "household_no": told.get("household_no"),
        "region": told.get("region"),
    }


def _member(member: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": mask_name(str(member.get("name", ""))),
        "id_no": mask_number(normalise(str(member.get("id_no") or ""))),
        "relation": member.get("relation"),
    }
