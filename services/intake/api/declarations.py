"""POST /v1/declarations, its status, appeals and withdrawals: the farmer's own calls, and a window's. Method 1."""

from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field, ValidationError

from services.intake import declaration, receipt
from services.intake.api.calls import Call, Desk, check_may, check_place
from services.intake.channels import declaration as channel
from services.intake.channels.declaration import DeclarationForm, concerns_told, is_green
from services.intake.channels.words import ContactPerson, Empty, Words, faulty
from services.intake.clue import NO_GROUP, NOBODY_S_NAME, Reported
from services.intake.declaration import Declared, Proof, Spoken
from services.intake.record import Named
from services.intake.subscribers.reported_clues import ANSWERS, REPORTS
from services.intake.telling import declarer_of, numbered, told_of
from services.intake.vault import Vault
from shared import audit
from shared.access.roles import may
from shared.access.tokens import Caller
from shared.clock import civil_date
from shared.contracts.types import Frozen
from shared.domain.identity import mask_name
from shared.messaging.faults import Refused
from shared.messaging.room import Input
from shared.policy import Policy
from shared.postgres import session
from shared.web.callers import idempotency_key, perhaps, who
from shared.web.problems import refuse

Form = TypeVar("Form", bound=Frozen)
Digits = Annotated[str, Field(max_length=32)]
ReceiptNo = Annotated[str, Field(min_length=1, max_length=64)]


class Proving(Frozen):
    """What proves, with the receipt, that one has declared."""

    phone_last4: Annotated[Digits | None, Empty] = None
    code: Annotated[Digits | None, Empty] = None


class AskForm(Proving):
    receipt_no: ReceiptNo


class AppealForm(Proving):
    text: Words


class WithdrawalForm(Proving):
    text: Annotated[Words | None, Empty] = None


def router(desk: Desk, policy: Policy) -> APIRouter:
    routes = APIRouter()
    _filing(routes, desk, policy)
    _afterwards(routes, desk, policy)
    return routes


def _filing(routes: APIRouter, desk: Desk, policy: Policy) -> None:
    vault = desk.vault

    @routes.post("/v1/declarations", status_code=201)
    async def file(request: Request, caller: Annotated[Caller | None, Depends(perhaps)]) -> JSONResponse:
        body = await request.body()
        check_may(caller, "declaration.file")
        if (full := desk.too_many("file", request, caller)) is not None:
            return full
        call = Call("declaration", caller, "POST /v1/declarations", idempotency_key(request), body)

        def made(call_id: UUID) -> Input:
            form = channel.parse(body, policy)
            check_place(caller, form.region)
            return Input(REPORTS, "", None, reported(form, caller, call_id, vault, policy))

        told, _ = await desk.handle(call, made)
        clue_id = UUID(told["clue_id"])
        shown = {name: told[name] for name in ("household", "is_repeat", "times", "is_green", "reported_at")}
        return JSONResponse(
            {
                "receipt_no": receipt.receipt_of(vault, clue_id),
                "code": receipt.code_of(vault, clue_id) if told["has_code"] else None,
                **shown,
                "visit_due_on": None,
            },
            201,
        )


def _afterwards(routes: APIRouter, desk: Desk, policy: Policy) -> None:
    """Where it stands; an appeal and a withdrawal, each proven by the receipt."""

    @routes.post("/v1/declarations/status")
    async def status(request: Request, caller: Annotated[Caller | None, Depends(perhaps)]) -> Any:
        body = await request.body()
        if (full := desk.too_many("ask", request, caller)) is not None:
            return full
        form = _read(AskForm, body)
        declared = await _proved(desk, Proof(form.receipt_no, form.phone_last4, form.code))
        is_clerk = caller is not None and may(caller, "declaration.read") and declared.region.startswith(caller.region)
        async with session(desk.service.worker) as connection, connection.transaction():
            if caller is not None and is_clerk:
                entry = audit.Entry(
                    who(caller), caller.role, "declaration.read", str(declared.clue_id), region=declared.region
                )
                await audit.write(connection, entry)
            now = await declaration.standing(connection, declared)
            today = civil_date(await connection.fetchval("SELECT civil.now()"))
        shown = declaration.shown(declared, now, form.code is not None or is_clerk, today, _appeals_most(policy))
        if caller is not None and caller.role == "system":
            # The console asks notify for the household's own messages by it; no farmer's answer holds it.
            shown |= {"household_id": str(declared.household_id)}
        return {"receipt_no": receipt.plain(form.receipt_no)} | shown

    @routes.post("/v1/declarations/{receipt_no}/appeals")
    async def appeal(
        receipt_no: str, request: Request, caller: Annotated[Caller | None, Depends(perhaps)]
    ) -> JSONResponse:
        body = await request.body()
        if (full := desk.too_many("ask", request, caller)) is not None:
            return full
        form = _read(AppealForm, body)
        proof = Proof(receipt_no, form.phone_last4, form.code)
        told, is_repeat = await _said(desk, policy, request, caller, proof, "appeal", form.text, body)
        shown = {"receipt_no": receipt.plain(receipt_no), "state": told["state"], "appealed_at": told["at"]}
        return JSONResponse(shown, 200 if is_repeat else 201)

    @routes.post("/v1/declarations/{receipt_no}/withdrawals")
    async def withdraw(
        receipt_no: str, request: Request, caller: Annotated[Caller | None, Depends(perhaps)]
    ) -> JSONResponse:
        body = await request.body()
        if (full := desk.too_many("ask", request, caller)) is not None:
            return full
        form = _read(WithdrawalForm, body)
        proof = Proof(receipt_no, form.phone_last4, form.code)
        told, _ = await _said(desk, policy, request, caller, proof, "withdraw", form.text or "", body)
        return JSONResponse(
            {"receipt_no": receipt.plain(receipt_no), "state": told["state"], "withdrawn_at": told["at"]}
        )


# ── filing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def reported(form: DeclarationForm, caller: Caller | None, call_id: UUID, vault: Vault, policy: Policy) -> Reported:
    """One declaration as the unit of work takes it. Raises Faulty."""
    clue_id = uuid4()
    number, born_on = numbered(form.id_no)
    contact = form.contact_person if isinstance(form.contact_person, ContactPerson) else None
    phone = form.phone or (contact.phone if contact else None)
    is_for_self = form.proxy is None and (caller is None or caller.role == "farmer")
    household_id = vault.household_id(form.household_no) if form.household_no else None
    return Reported(
        clue_id=clue_id, call_id=call_id, cause="declaration", channel=form.channel,
        named=Named(vault.person_id(number) if number else None, household_id), born_on=born_on,
        declarer=declarer_of(vault, form.phone, form.name), region=form.region, group=form.group or NO_GROUP,
        concerns=concerns_told(form.risk, form.concerns), level=None, is_green=is_green(form.risk, form.sudden, policy),
        role=caller.role if caller else "farmer", by=caller.officer_id if caller else None,
        is_for_self=is_for_self, phone=form.phone,
        told=told_of(form.model_dump(mode="json"), id_no=number),
        display_name=mask_name(form.name) if form.name else NOBODY_S_NAME,
        attached_days=int(policy.value("declaration.attached").value),
        receipt=receipt.index_of(vault, receipt.receipt_of(vault, clue_id)),
        phone_last4=receipt.last4_of(vault, clue_id, phone[-4:]) if phone else None,
    )  # fmt: skip


# ── afterwards ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def _said(
    desk: Desk,
    policy: Policy,
    request: Request,
    caller: Caller | None,
    proof: Proof,
    what: Literal["appeal", "withdraw"],
    text: str,
    body: bytes,
) -> tuple[Any, bool]:
    """What became of an appeal or a withdrawal, and whether it had been said before. Raises Refused."""
    key = idempotency_key(request)
    declared = await _proved(desk, proof)
    call = Call("declaration", caller, f"{what} {declared.clue_id}", key, body)
    spoken = Spoken(declared, what, told_of({"text": text}), _appeals_most(policy))
    input = Input(ANSWERS, str(declared.household_id), None, spoken)
    report, answer = await desk.work.call([input], None, call.slot(desk.vault))
    if answer is not None and answer.is_repeat:
        return answer.body, True
    decision = report.decided[0].decision
    return decision.answer, decision.outcome == "duplicate"


def _read(kind: type[Form], body: bytes) -> Form:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError([one | {"loc": ("body", *one["loc"])} for one in faulty(error).errors]) from None


def not_found() -> Refused:
    """One answer for every failure."""
    detail = "No declaration is found under this receipt and these digits: check both, or ask at a window."
    return refuse(404, "not_found", detail)


async def _proved(desk: Desk, proof: Proof) -> Declared:
    declared = await declaration.prove(desk.service.worker, desk.vault, proof)
    if declared is None:
        raise not_found()
    return declared


def _appeals_most(policy: Policy) -> int:
    """So often a case is appealed against: what has been upheld by another person stands."""
    return int(policy.value("appeal.most").value)
