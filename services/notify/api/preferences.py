"""/v1/preferences: how an officer wishes to be told. One's own alone.

The address is kept sealed, and shown to its owner only.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.notify.api import BODY_BYTES_MAX
from services.notify.carriers import FIRST, NAMES, email
from services.notify.contact import PUT, Contact, contacts_of, is_address, opened, sealed
from services.notify.hearing import Hearing
from shared.access.tokens import Caller
from shared.messaging.faults import Refused
from shared.messaging.room import Input, Problem
from shared.messaging.unit_of_work import UnitOfWork
from shared.postgres import session
from shared.service import Service
from shared.web.call import received
from shared.web.callers import allowed
from shared.web.problems import refuse

NOT_FOUND = Problem(404, "not_found", "This token names no officer: nobody's preferences are kept for it.")

Owner = Annotated[Caller, Depends(allowed("preference.write"))]


class Wish(BaseModel):
    """`inbox` is always among the carriers; `email` needs an address."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    language: Literal["zh-CN", "en"] = "zh-CN"
    carriers: Annotated[tuple[Literal["inbox", "email"], ...], Field(max_length=len(NAMES))] = ("inbox",)
    email: Annotated[str, Field(max_length=254)] | None = None


def router(service: Service, work: UnitOfWork, hearing: Hearing) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/preferences")
    async def preferences(caller: Owner) -> dict[str, Any]:
        officer = _officer(caller)
        async with session(service.worker) as connection:
            found = (await contacts_of(connection, [officer])).get(officer, Contact(officer))
        return _shown(found, opened(service.cipher, found), hearing)

    @routes.put("/v1/preferences")
    async def prefer(request: Request, caller: Owner) -> dict[str, Any]:
        officer, body = _officer(caller), await received(request, BODY_BYTES_MAX)
        wish = _understood(body)
        address = wish.email
        carriers = tuple(one for one in NAMES if one == FIRST or one in wish.carriers)
        kept = Contact(officer, wish.language, carriers, sealed(service.cipher, officer, address) if address else None)
        # No Idempotency-Key: the same call twice is the same wish, and a kept answer would hold the address.
        await work.call([Input(PUT, f"officer:{officer}", None, kept)], None)
        return _shown(kept, address, hearing)

    return routes


def _officer(caller: Caller) -> str:
    if caller.officer_id is None:
        raise Refused(NOT_FOUND)
    return caller.officer_id


def _understood(body: bytes) -> Wish:
    try:
        wish = Wish.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise _invalid(*((".".join(map(str, one["loc"])) or "body", one["msg"]) for one in error.errors())) from None
    if wish.email is not None and not is_address(wish.email):
        raise _invalid(("email", "Write one address, as name@example.gov.cn."))
    if email.NAME in wish.carriers and not wish.email:
        raise _invalid(("email", "E-mail needs an address: give one, or leave email out of the carriers."))
    return wish


def _invalid(*errors: tuple[str, str]) -> Refused:
    told = tuple({"field": field, "code": "invalid", "message": message} for field, message in errors[:50])
    return refuse(422, "invalid", "Some fields cannot be used: see errors.", told)


def _shown(kept: Contact, address: str | None, hearing: Hearing) -> dict[str, Any]:
    return {
        "language": kept.language,
        "carriers": list(kept.carriers),
        "email": address,
        "carriers_here": [FIRST, *sorted(hearing.outgoing)],
    }
