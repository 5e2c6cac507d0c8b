"""POST /v1/contacts/resolve: notify's carriers ask at the moment of sending; no address is kept outside the vault."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.intake import contact
from services.intake.channels.clue import Reference
from services.intake.vault import Vault
from shared import audit
from shared.access.tokens import Caller
from shared.contracts.types import Text
from shared.service import Service
from shared.web.callers import allowed, scoped, who


class Resolve(BaseModel):
    references: Annotated[list[Reference], Field(max_length=contact.REFERENCES_MAX)]
    purpose: Annotated[Text, Field(min_length=3, max_length=500)]


def router(service: Service, vault: Vault) -> APIRouter:
    routes = APIRouter()

    @routes.post("/v1/contacts/resolve")
    async def resolve(body: Resolve, caller: Annotated[Caller, Depends(allowed("contact.resolve"))]) -> dict[str, Any]:
        async with scoped(service.api, caller) as connection:
            items = await contact.contacts(connection, vault, body.references)
            found = [one["reference"] for one in items if one["state"] == "found"]
            entry = audit.Entry(
                who(caller), caller.role, "contact.resolve", f"{len(found)}", body.purpose, None, {"references": found}
            )
            await audit.write(connection, entry)
        return {"items": items}

    return routes
