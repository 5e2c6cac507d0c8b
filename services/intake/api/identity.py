"""GET /v1/identity?state=parked, POST /v1/identity/{id}/match: what is parked, and a person's word on whose it is."""

import base64
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from services.intake import clue, identity
from services.intake.subscribers import clues, parked
from services.intake.subscribers.parked_records import Ask
from services.intake.subscribers.reported_clues import MatchedBy
from services.intake.vault import Vault
from shared import audit
from shared.access.tokens import Caller
from shared.messaging import answers
from shared.messaging.answers import Answer
from shared.messaging.batch import Report
from shared.service import Service
from shared.web.callers import allowed, scoped, slot, who
from shared.web.cursor import Cursor
from shared.web.problems import refuse

PAGE_MAX = 200
CLUE = "clue:"
"""Before the id of who reported and is in no register; a parked record's id has no colon."""


class Match(BaseModel):
    """The household that the record is about, by a person's word."""

    household_id: UUID
    reason: Annotated[str, Field(min_length=3, max_length=500)]


def router(service: Service, vault: Vault) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/identity")
    async def list_(
        caller: Annotated[Caller, Depends(allowed("identity.read"))],
        state: Literal["parked", "unmatched"] = "parked",
        department: Annotated[str | None, Query(pattern=r"^[a-z_]{1,40}$")] = None,
        after: Annotated[str | None, Query(max_length=300)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    ) -> dict[str, Any]:
        """`unmatched`: people who reported and are in no register, told under a provisional household."""
        if state == "unmatched":
            return await _unmatched(service, caller, after, limit)
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(identity.SQL.list, department, *_cursor(after), limit)
        items = [dict(row) | {"id": _id(row["department"], row["record_id"]), "state": state} for row in rows]
        return {"items": items, "next": _as_cursor(rows[-1]) if len(rows) == limit else None}

    @routes.post("/v1/identity/{id}/match")
    async def match(
        id: str, body: Match, request: Request, caller: Annotated[Caller, Depends(allowed("identity.match"))]
    ) -> dict[str, Any]:
        """Tell a parked record of a household that the caller may see too; the worker writes it."""
        if id.startswith(CLUE):
            return await _match_clue(service, vault, id, body, request, caller)
        department, record_id = _read_id(id)
        place = slot(request, caller, await request.body(), _answer(department, record_id))
        async with scoped(service.api, caller) as connection:
            if (stored := await answers.claim(connection, place)) is not None:
                return dict(stored.body)  # a double click: it is parked no more
            row = await connection.fetchrow(identity.SQL.one, department, record_id)
            seat = await connection.fetchrow(identity.SQL.seats, [body.household_id])
            if row is None or row["kind"] == "household":
                raise refuse(404, "not_found", "No such record is parked in your area.")
            if seat is None or not seat["is_active"]:
                raise refuse(404, "household_not_found", "There is no such household in your area.")
            entry = audit.Entry(
                who(caller), caller.role, "identity.match", f"{department}/{record_id}", body.reason, row["region"],
                {"household_id": str(body.household_id)},
            )  # fmt: skip
            await audit.write(connection, entry)
        work = service.calls(parked(vault), as_worker=True)
        asked = Ask(department, record_id, body.household_id).as_input()
        report, answer = await work.call([asked], None, place)
        return dict(answer.body) if answer else _answer(department, record_id)(report).body

    return routes


async def _unmatched(service: Service, caller: Caller, after: str | None, limit: int) -> dict[str, Any]:
    since, clue_id = Cursor.read(after) if after else (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
    async with scoped(service.api, caller) as connection:
        rows = await connection.fetch(clue.SQL.unmatched, since, clue_id, limit)
    items = [
        {"id": f"{CLUE}{row['clue_id']}", "state": "unmatched"}
        | {name: one for name, one in dict(row).items() if name != "clue_id"}
        for row in rows
    ]
    last = rows[-1] if len(rows) == limit else None
    return {"items": items, "next": Cursor.write(last["since"], last["clue_id"]) if last else None}


async def _match_clue(
    service: Service, vault: Vault, id: str, body: Match, request: Request, caller: Caller
) -> dict[str, Any]:
    """Say which registered household a provisional one is; both must be the caller's to see."""
    try:
        clue_id = UUID(id.removeprefix(CLUE))
    except ValueError:
        raise refuse(404, "not_found", "Nobody of this name waits to be matched in your area.") from None
    place = slot(request, caller, await request.body(), lambda _: Answer(200, _matched(id, body)))
    async with scoped(service.api, caller) as connection:
        if (stored := await answers.claim(connection, place)) is not None:
            return dict(stored.body)
        row = await connection.fetchrow(clue.SQL.one, clue_id)
        seat = await connection.fetchrow(identity.SQL.seats, [body.household_id])
        if row is None:
            raise refuse(404, "not_found", "Nobody of this name waits to be matched in your area.")
        if seat is None or not seat["is_active"]:
            raise refuse(404, "household_not_found", "There is no such household in your area.")
        entry = audit.Entry(
            who(caller), caller.role, "identity.match", str(clue_id), body.reason, row["region"],
            {"household_id": str(body.household_id)},
        )  # fmt: skip
        await audit.write(connection, entry)
    work = service.calls(clues(vault), as_worker=True)
    report, answer = await work.call([MatchedBy(row["household_id"], body.household_id).as_input()], None, place)
    if answer is not None and not answer.is_repeat and report.decided[0].decision.answer == "matched_already":
        return _matched(id, body) | {"state": "matched_already"}
    return dict(answer.body) if answer else _matched(id, body)


def _matched(id: str, body: Match) -> dict[str, Any]:
    return {"id": id, "household_id": str(body.household_id), "state": "matched"}


def _answer(department: str, record_id: str) -> Any:
    def render(report: Report) -> Answer:
        word = next((one.decision.word for one in report.decided), "")
        state = "matched" if word == "released" else "told_already" if word == "told_already" else "parked"
        return Answer(200, {"department": department, "record_id": record_id, "state": state})

    return render


def _id(department: str, record_id: str) -> str:
    return base64.urlsafe_b64encode(f"{department}\x1f{record_id}".encode()).decode().rstrip("=")


def _read_id(id: str) -> tuple[str, str]:
    try:
        department, record_id = base64.urlsafe_b64decode(id + "=" * (-len(id) % 4)).decode().split("\x1f")
    except ValueError:
        raise refuse(404, "not_found", "No such record is parked in your area.") from None
    if "\x00" in department + record_id:
        raise refuse(404, "not_found", "No such record is parked in your area.")
    return department, record_id


def _cursor(after: str | None) -> tuple[datetime, str, str]:
    if after is None:
        return datetime(1970, 1, 1, tzinfo=UTC), "", ""
    try:
        since, department, record_id = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode().split("\x1f")
        return datetime.fromisoformat(since), department.replace("\x00", ""), record_id.replace("\x00", "")
    except ValueError:
        raise refuse(422, "cursor", "This cursor is not one of ours: begin again without it.") from None


def _as_cursor(row: Any) -> str:
    text = "\x1f".join((row["since"].isoformat(), row["department"], row["record_id"]))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
