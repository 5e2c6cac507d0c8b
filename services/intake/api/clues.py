"""POST /v1/clues: what a cadre, a grid worker, a hotline or a window reports; in confidence, about officials too."""

from typing import Annotated, Any
from uuid import UUID, uuid4

import orjson
from fastapi import APIRouter, Depends, Request

from services.intake import clue, identity
from services.intake.api.calls import Call, Desk, check_place
from services.intake.channels import clue as channel
from services.intake.channels.clue import ClueForm
from services.intake.channels.declaration import concerns_told, is_green
from services.intake.clue import NO_GROUP, NOBODY_S_NAME, Reported
from services.intake.complaint import Complained
from services.intake.record import Named
from services.intake.subscribers.reported_clues import COMPLAINTS, REPORTS, Held
from services.intake.telling import declarer_of, numbered, told_of
from services.intake.vault import Vault
from shared.access.tokens import Caller
from shared.domain.identity import mask_name
from shared.messaging.room import Input
from shared.policy import Policy
from shared.web.callers import allowed, idempotency_key, scoped
from shared.web.problems import refuse


def router(desk: Desk, policy: Policy) -> APIRouter:
    routes = APIRouter()

    @routes.post("/v1/clues", status_code=201)
    async def report(request: Request, caller: Annotated[Caller, Depends(allowed("clue.file"))]) -> dict[str, Any]:
        """A complaint gets the same answer as any clue."""
        body = await request.body()
        call = Call("clue", caller, "POST /v1/clues", idempotency_key(request), body)
        asked = _household_named(body)
        village = await _village_of(desk, caller, asked) if asked else None

        def made(call_id: UUID) -> Input:
            form = channel.parse(body, policy)
            region = village or form.region
            if form.household is not None and village is None:
                raise refuse(404, "household_not_found", "There is no such household in your area.")
            assert region is not None
            check_place(caller, region)
            if form.is_complaint:
                return Input(COMPLAINTS, "", None, Held(complained(form, caller, call_id, region)))
            return Input(REPORTS, "", None, reported_clue(form, caller, call_id, region, desk.vault, policy))

        told, _ = await desk.handle(call, made)
        return {
            "clue_id": told.get("clue_id") or told.get("complaint_id"),
            "state": "received",
            "received_at": told.get("reported_at") or told.get("received_at"),
        }

    return routes


def _household_named(body: bytes) -> UUID | None:
    """The household that a body names, looked for before it is read in full."""
    try:
        return UUID(orjson.loads(body)["household"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


async def _village_of(desk: Desk, caller: Caller, household_id: UUID) -> str | None:
    """Where a household lives, registered or provisional, if row scope shows it to the caller."""
    async with scoped(desk.service.api, caller) as connection:
        row = await connection.fetchrow(identity.SQL.seats, [household_id])
        if row is not None and row["is_active"]:
            return str(row["region"])
        told = await connection.fetchrow(clue.SQL.told_of, household_id, 1)
        return str(told["region"]) if told else None


def reported_clue(form: ClueForm, caller: Caller, call_id: UUID, region: str, vault: Vault, policy: Policy) -> Reported:
    """One clue as the unit of work takes it. Raises Faulty."""
    subject = form.subject
    number, born_on = numbered(subject.id_no if subject else None)
    no = subject.household_no if subject else None
    named = Named(vault.person_id(number) if number else None, vault.household_id(no) if no else None)
    name = subject.name if subject else None
    return Reported(
        clue_id=uuid4(), call_id=call_id, cause="clue", channel=form.channel,
        named=Named(None, form.household) if form.household else named, born_on=born_on,
        declarer=declarer_of(vault, subject.phone if subject else None, name), region=region,
        group=form.group or _group_of(caller, region), concerns=concerns_told(form.risk, form.concern),
        level=form.level, is_green=is_green(form.risk, form.sudden, policy), role=caller.role, by=caller.officer_id,
        is_for_self=False, phone=None,
        told=told_of(form.model_dump(mode="json", exclude={"subject"}), **(subject.model_dump() if subject else {})),
        display_name=mask_name(name) if name else NOBODY_S_NAME,
        attached_days=int(policy.value("declaration.attached").value),
    )  # fmt: skip


def _group_of(caller: Caller, region: str) -> int:
    """A grid worker reports of the own grid, unless another group is said."""
    digits = caller.grid.removeprefix(f"{region}-")
    return int(digits) if digits.isdigit() and len(digits) == 2 else NO_GROUP


def complained(form: ClueForm, caller: Caller, call_id: UUID, region: str) -> Complained:
    subject = form.subject
    told = {
        "village": region, "village_name": form.village_name, "text": form.text,
        "name": subject.name if subject else None, "concerns": list(form.concern),
        "phone": subject.phone if subject else None, "reporter": caller.officer_id,
        "subject": subject.model_dump() if subject else None, "attachments": list(form.attachments),
    }  # fmt: skip
    return Complained(
        uuid4(), call_id, "clue", form.channel, region, form.household, form.about_offices, form.about_officers,
        form.confidential, caller.role, told_of(told),
    )  # fmt: skip
