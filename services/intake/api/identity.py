"""GET /v1/identity, /tally, /{id}, POST /{id}/not-ours, /{id}/unmask: what waits for a person to say whose it is.

Each sight of one leaves an audit row, in the transaction of the sight; so does each word.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from services.intake import whose
from services.intake.matching import matched_within
from services.intake.vault import Vault
from services.intake.whose import Told, Unmatched
from shared import audit
from shared.access.roles import grade
from shared.access.tokens import Caller
from shared.messaging import answers
from shared.messaging.answers import Answer
from shared.messaging.batch import Report
from shared.policy import Policy
from shared.service import Service
from shared.web import cursor
from shared.web.callers import allowed, scoped, slot, who
from shared.web.problems import refuse

PAGE_MAX = 200
FIRST = (False, cursor.LONG_AGO, "")
"""Before what is not "not urgent", however long it has waited."""
ASKED: Mapping[str, tuple[str | None, bool | None]] = {
    "open": (None, False),
    "not_ours": (None, True),
    "parked": ("record", None),
    "unmatched": ("clue", None),
}
"""State → (a record or a report, if either alone; whether somebody has called it "not ours", if that matters)."""


class Why(BaseModel):
    """Why a person says so, or looks."""

    reason: Annotated[str, Field(min_length=3, max_length=500)]


Reader = Annotated[Caller, Depends(allowed("identity.read"))]


def router(service: Service, vault: Vault, policy: Policy) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/identity")
    async def list_(
        caller: Reader,
        state: Literal["open", "not_ours", "parked", "unmatched"] = "open",
        department: Annotated[str | None, Query(pattern=r"^[a-z_]{1,40}$")] = None,
        after: Annotated[str | None, Query(max_length=600)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    ) -> dict[str, Any]:
        """Parked records and people who reported and are in no register, what is urgent first, each with its clock."""
        begin, (what, is_answered) = cursor.read(after, FIRST), ASKED[state]
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(whose.SQL.list, what, is_answered, department, *begin, limit + 1)
            as_of: datetime = await connection.fetchval(whose.SQL.now)
        items = [whose.listed(dict(row), matched_within(policy)) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        following = cursor.packed(not last["is_urgent"], last["since"], last["subject"]) if last else None
        return {"items": items, "as_of": as_of, "next": following}

    @routes.get("/v1/identity/tally")
    async def tally(caller: Reader) -> dict[str, Any]:
        """How many wait: what the list adds up to. `is_late`: longer than an urgent one may."""
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(whose.SQL.tally, matched_within(policy))
            as_of: datetime = await connection.fetchval(whose.SQL.now)
        return {"items": [dict(row) for row in rows], "as_of": as_of}

    @routes.get("/v1/identity/{id}")
    async def one(id: str, caller: Reader) -> dict[str, Any]:
        """What was sent beside the households that it may be, both masked."""
        async with scoped(service.api, caller) as connection:
            subject, told, row = await _found(connection, id, vault, caller)
            likely = await whose.candidates(connection, told, vault)
            said = await connection.fetchrow(whose.SQL.answered, subject.name, row["since"])
            await _note(connection, caller, "identity.read", subject, row, None)
        return _both_sides(subject, told, row, dict(said) if said else None, policy) | {"candidates": likely}

    @routes.post("/v1/identity/{id}/not-ours")
    async def not_ours(
        id: str, body: Why, request: Request, caller: Annotated[Caller, Depends(allowed("identity.match"))]
    ) -> dict[str, Any]:
        """Ends the clock. It goes on waiting for a registration, and is asked anew when it is sent anew."""
        place = slot(request, caller, await request.body(), lambda _: Answer(200, {"id": id, "state": "not_ours"}))
        async with scoped(service.api, caller) as connection:
            if (stored := await answers.claim(connection, place)) is not None:
                return dict(stored.body)
            subject, _, row = await _found(connection, id, vault, caller)
            await connection.execute(
                whose.SQL.answer, subject.name, who(caller), caller.role, body.reason, row["region"]
            )
            await _note(connection, caller, "identity.not_ours", subject, row, body.reason)
            return dict((await answers.store(connection, place, Report())).body)

    @routes.post("/v1/identity/{id}/unmask")
    async def unmask(
        id: str, body: Why, caller: Annotated[Caller, Depends(allowed("household.unmask"))]
    ) -> dict[str, Any]:
        """The name that was sent, and how to reach them; the ID number stays masked."""
        async with scoped(service.api, caller) as connection:
            subject, told, row = await _found(connection, id, vault, caller)
            await _note(connection, caller, "identity.unmask", subject, row, body.reason)
        return {"id": id, **told.full}

    return routes


async def _found(
    connection: asyncpg.Connection, id: str, vault: Vault, caller: Caller
) -> tuple[Unmatched, Told, Mapping[str, Any]]:
    """Raises Refused (404)."""
    subject = Unmatched.read(id)
    found = None
    if subject is not None and subject.clue_id is not None:
        found = await whose.told_of_clue(connection, subject.clue_id, vault)
    elif subject is not None:
        found = await whose.told_of_record(connection, subject, vault, grade(caller))
    if subject is None or found is None:
        raise refuse(404, "not_found", "Nothing of this name waits to be matched in your area.")
    return subject, *found


async def _note(
    connection: asyncpg.Connection, caller: Caller, action: str, subject: Unmatched, row: Mapping[str, Any],
    reason: str | None,
) -> None:  # fmt: skip
    named = str(subject.clue_id) if subject.clue_id else f"{subject.department}/{subject.record_id}"
    await audit.write(connection, audit.Entry(who(caller), caller.role, action, named, reason, row["region"]))


def _both_sides(
    subject: Unmatched, told: Told, row: Mapping[str, Any], said: Mapping[str, Any] | None, policy: Policy
) -> dict[str, Any]:
    is_clue = subject.clue_id is not None
    return {
        "id": subject.id, "what": "clue" if is_clue else "record", "department": subject.department or None,
        "record_id": subject.record_id or None, "kind": row["cause"] if is_clue else row["kind"],
        "reason": None if is_clue else row["reason"], "channel": row["channel"],
        "concerns": row["concerns"] if is_clue else [], "region": row["region"], "since": row["since"],
        "is_urgent": row["is_red"], "due_at": row["since"] + matched_within(policy) if row["is_red"] else None,
        "household_id": str(row["household_id"]) if is_clue else None, "sent": told.shown,
        "is_matchable": is_clue or row["kind"] != "household",
        "not_ours": {"at": said["said_at"], "by": said["said_by"], "role": said["role"], "reason": said["reason"]}
        if said else None,
    }  # fmt: skip
