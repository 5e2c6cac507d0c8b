"""What the calls of farmers and cadres have in common: counted before they are read, sealed where they are kept.

Each call is counted first, in a row of its own; what becomes of it stands in another table, so that both sides can be
compared (conservation).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from services.intake import account
from services.intake.channels.words import Faulty
from services.intake.limit import WINDOW_SECONDS, Kind, Limit, address_of
from services.intake.subscribers import clues
from services.intake.vault import Vault
from shared.access.roles import may
from shared.access.tokens import Caller
from shared.messaging.answers import Slot
from shared.messaging.faults import Refused
from shared.messaging.room import Input
from shared.messaging.unit_of_work import UnitOfWork
from shared.service import Service
from shared.web.call import decided
from shared.web.callers import who
from shared.web.problems import problem, refuse

PUBLIC = ("/v1/declarations", "/v1/objections")
"""Without a token: the farmer's own calls, and a neighbour's."""
ANYBODY = "anybody"


@dataclass(slots=True)
class Desk:
    """One process's way to take what people report."""

    service: Service
    vault: Vault
    limit: Limit = field(default_factory=Limit)
    work: UnitOfWork = field(init=False)

    def __post_init__(self) -> None:
        self.work = self.service.calls(clues(self.vault), as_worker=True)

    def too_many(self, kind: Kind, request: Request, caller: Caller | None) -> JSONResponse | None:
        """The answer to an address that asks too much without a token."""
        if caller is not None or self.limit.allows(kind, address_of(request)):
            return None
        detail = "Too many calls came from this address: wait ten minutes, or ask at a window."
        return problem(429, "too_many", detail, headers={"Retry-After": str(int(WINDOW_SECONDS))})

    async def handle(self, call: "Call", made: Callable[[UUID], Input]) -> tuple[Any, bool]:
        """Count, read, decide: what was decided, and whether it is an earlier call's answer. Raises Refused."""
        await self.service.worker.execute(account.SQL.called, call.call_id, call.boundary)
        try:
            input = made(call.call_id)
            report, answer = await self.work.call([input], None, call.slot(self.vault))
        except Faulty as faulty:
            first = faulty.errors[0]
            await self._reject(call, first["type"], ".".join(map(str, first["loc"])))
            raise RequestValidationError([one | {"loc": ("body", *one["loc"])} for one in faulty.errors]) from None
        except Refused as refused:
            await self._reject(call, refused.problem.code, None)
            raise
        if answer is not None and answer.is_repeat:
            await self.service.worker.execute(account.SQL.repeated, call.call_id, call.boundary)
            return answer.body, True
        return report.decided[0].decision.answer, False

    async def _reject(self, call: "Call", code: str, field: str | None) -> None:
        await self.service.worker.execute(account.SQL.rejected, call.call_id, call.boundary, code[:64], field)


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """One call: who, what, and its Idempotency-Key. `about` stands in for a path that holds a receipt."""

    boundary: str
    caller: Caller | None
    about: str
    key: str | None
    body: bytes
    call_id: UUID = field(default_factory=uuid4)

    def slot(self, vault: Vault) -> Slot:
        """The body's hash is keyed: a plain one of a form with a number in it could be guessed back."""
        hashed = vault.index.of(hashlib.sha256(self.body).hexdigest())
        return Slot(who(self.caller) if self.caller else ANYBODY, self.about, self.key, hashed, decided)


def check_place(caller: Caller | None, region: str) -> None:
    """A window, a cadre and an office file for their own place. Raises Refused (403)."""
    if caller is not None and not region.startswith(caller.region):
        raise refuse(403, "region_not_yours", "This village is not in your area: send the person to their own window.")


def check_may(caller: Caller | None, action: Any) -> None:
    """Raises Refused (403)."""
    if caller is not None and not may(caller, action):
        raise refuse(403, "forbidden", f"The role {caller.role} may not do this ({action}).")
