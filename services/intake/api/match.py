"""POST /v1/identity/{id}/match: a person's word on whose a parked record is, or who a reporter is."""

from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from services.intake import clue, identity
from services.intake.subscribers import clues, parked
from services.intake.subscribers.parked_records import Ask
from services.intake.subscribers.reported_clues import MatchedBy
from services.intake.vault import Vault
from services.intake.whose import Unmatched
from shared import audit
from shared.access.tokens import Caller
from shared.messaging import answers
from shared.messaging.answers import Answer
from shared.messaging.batch import Report
from shared.service import Service
from shared.web.callers import allowed, scoped, slot, who
from shared.web.problems import refuse


class Match(BaseModel):
    """The household that the record is about, by a person's word."""

    household_id: UUID
    reason: Annotated[str, Field(min_length=3, max_length=500)]


def router(service: Service, vault: Vault) -> APIRouter:
    routes = APIRouter()

    @routes.post("/v1/identity/{id}/match")
    async def match(
        id: str, body: Match, request: Request, caller: Annotated[Caller, Depends(allowed("identity.match"))]
    ) -> dict[str, Any]:
        """Tell a parked record, or a reporter, of a household that the caller may see too; the worker writes it."""
        subject = Unmatched.read(id)
        if subject is None:
            raise refuse(404, "not_found", "Nothing of this name waits to be matched in your area.")
        if subject.clue_id is not None:
            return await _match_clue(service, vault, subject.clue_id, body, request, caller)
        department, record_id = subject.department, subject.record_id
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
        entry = _entry(caller, f"{department}/{record_id}", body, row["region"])

        async def note(connection: asyncpg.Connection, report: Report) -> None:
            if _state(report) == "matched":
                await audit.write(connection, entry)

        work = service.calls(parked(vault), as_worker=True)
        asked = Ask(department, record_id, body.household_id).as_input()
        report, answer = await work.call([asked], None, place, note)
        return dict(answer.body) if answer else _answer(department, record_id)(report).body

    return routes


async def _match_clue(
    service: Service, vault: Vault, clue_id: UUID, body: Match, request: Request, caller: Caller
) -> dict[str, Any]:
    """Say which registered household a provisional one is; both must be the caller's to see."""
    told = {"id": Unmatched(clue_id=clue_id).id, "household_id": str(body.household_id), "state": "matched"}
    place = slot(request, caller, await request.body(), lambda _: Answer(200, told))
    async with scoped(service.api, caller) as connection:
        if (stored := await answers.claim(connection, place)) is not None:
            return dict(stored.body)
        row = await connection.fetchrow(clue.SQL.one, clue_id)
        seat = await connection.fetchrow(identity.SQL.seats, [body.household_id])
        if row is None:
            raise refuse(404, "not_found", "Nobody of this name waits to be matched in your area.")
        if seat is None or not seat["is_active"]:
            raise refuse(404, "household_not_found", "There is no such household in your area.")
    entry = _entry(caller, str(clue_id), body, row["region"])

    async def note(connection: asyncpg.Connection, report: Report) -> None:
        if report.decided[0].decision.answer == "matched":
            await audit.write(connection, entry)

    work = service.calls(clues(vault), as_worker=True)
    asked = MatchedBy(row["household_id"], body.household_id).as_input()
    report, answer = await work.call([asked], None, place, note)
    if answer is not None and not answer.is_repeat and report.decided[0].decision.answer == "matched_already":
        return told | {"state": "matched_already"}
    return dict(answer.body) if answer else told


def _entry(caller: Caller, subject: str, body: Match, region: str) -> audit.Entry:
    """Written in the transaction that matches, and where nothing was matched not at all."""
    details = {"household_id": str(body.household_id)}
    return audit.Entry(who(caller), caller.role, "identity.match", subject, body.reason, region, details)


def _answer(department: str, record_id: str) -> Any:
    def render(report: Report) -> Answer:
        return Answer(200, {"department": department, "record_id": record_id, "state": _state(report)})

    return render


def _state(report: Report) -> str:
    word = next((one.decision.word for one in report.decided), "")
    return "matched" if word == "released" else "told_already" if word == "told_already" else "parked"
