"""POST /v1/objections: a neighbour's word against a public notice, without a name if they wish."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from services.intake.api.calls import Call, Desk
from services.intake.channels import objection
from services.intake.complaint import Complained
from services.intake.subscribers.reported_clues import COMPLAINTS, Held
from services.intake.telling import told_of
from shared.access.tokens import Caller
from shared.messaging.room import Input
from shared.web.callers import idempotency_key, perhaps


def router(desk: Desk) -> APIRouter:
    routes = APIRouter()

    @routes.post("/v1/objections", status_code=201)
    async def object_(request: Request, caller: Annotated[Caller | None, Depends(perhaps)]) -> Any:
        """The answer tells nobody whether there is such a household on a notice."""
        body = await request.body()
        if (full := desk.too_many("object", request, caller)) is not None:
            return full
        call = Call("objection", caller, "POST /v1/objections", idempotency_key(request), body)

        def made(call_id: UUID) -> Input:
            form = objection.parse(body)
            told = {
                "village": form.region, "text": form.text, "name": form.name, "household_no": form.household_no,
                "reporter": form.reporter, "phone": form.phone,
            }  # fmt: skip
            one = Complained(
                uuid4(), call_id, "objection", "objection", form.region, None, form.about_offices, form.about_officers,
                False, caller.role if caller else "anybody", told_of(told),
            )  # fmt: skip
            return Input(COMPLAINTS, "", None, Held(one, form))

        told, _ = await desk.handle(call, made)
        return JSONResponse({"state": "received", "received_at": told["received_at"]}, 201)

    return routes
