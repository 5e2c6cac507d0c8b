"""A farmer's declaration after it was filed: who may ask about it, what they hear, appeals and withdrawals. Method 1.

A receipt with the last four digits of the phone that was given proves a declarer; five failed tries an hour, and every
failure is one and the same answer. The reason of a refusal needs the second secret or a clerk.
"""

import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg

from services.intake import receipt
from services.intake.clue import reported_id
from services.intake.progress import Progress, load_progress, of_report
from services.intake.vault import Vault
from shared.clock import civil_date
from shared.contracts.clue import Clue
from shared.contracts.envelope import event_id
from shared.messaging.room import DUPLICATE, Decision, Emit, Problem
from shared.postgres import queries, session

SQL = queries(__file__)

_MOMENT = timedelta(microseconds=1)

TRIES_AN_HOUR = 5
TRIES_KEPT = 20
"""Beyond so many no more are written: one receipt cannot fill a table."""

WITHDRAWN, APPEALED = "shouwang.clue.withdrawn.v1", "shouwang.clue.appealed.v1"

STAGES: dict[tuple[str, str | None], str] = {
    ("village_group", None): "first_look",
    ("village_committee", None): "visit",
    ("village_committee", "review"): "review",
    ("village_committee", "notice"): "notice",
    ("township", None): "township",
    ("county", None): "county",
    ("county", "entry"): "entry",
    ("department", None): "measures",
    ("township_return", None): "measures",
    ("village_return", None): "delivery",
}
WAY = ("received", "first_look", "visit", "review", "notice", "township", "county", "entry", "measures", "delivery",
       "helped")  # fmt: skip
"""The stages as a farmer hears them, in order."""


@dataclass(frozen=True, slots=True, repr=False)
class Declared:
    """One declaration as it is kept, without what was told in it."""

    clue_id: UUID
    household_id: UUID
    is_matched: bool
    channel: str
    concerns: tuple[str, ...]
    is_green: bool
    reported_at: datetime
    withdrawn_at: datetime | None
    has_code: bool
    region: str
    grid: str


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """What a caller holds: a receipt, digits of a phone, perhaps the second secret."""

    receipt_no: str
    phone_last4: str | None
    code: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Spoken:
    """A declarer takes it back, or appeals; `told` are the words, to be sealed. A case is appealed against so often at
    most."""

    declared: Declared
    what: Literal["withdraw", "appeal"]
    told: str
    appeals_most: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a decision about one declaration reads, under its household's lock: `appealed_at` of the last refusal,
    `appeals` against any refusal of its case."""

    withdrawn_at: datetime | None
    progress: Progress | None
    appealed_at: datetime | None
    appeals: int = 0


# ── who may ask ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def prove(pool: asyncpg.Pool, vault: Vault, proof: Proof) -> Declared | None:
    """The declaration of a receipt, or None for every failure alike. A try that fails counts, whether there is such a
    receipt or not; it is written first, so that a hundred at once are not five times five. What is no receipt by its
    own check is nobody's: nothing is looked up, and nothing written."""
    number = receipt.plain(proof.receipt_no)
    if not receipt.is_receipt(number):
        return None
    index = receipt.index_of(vault, number)
    async with session(pool) as connection:
        try_id = await connection.fetchval(SQL.try_, index, TRIES_KEPT)
        tries = await connection.fetchval(SQL.tries, index)
        row = await connection.fetchrow(SQL.of_receipt, index)
        is_right = _is_right(vault, row, proof)
        if not is_right or row is None or try_id is None or tries > TRIES_AN_HOUR:
            return None
        await connection.execute(SQL.forgive, try_id)
    return declared_of(row)


def declared_of(row: Any) -> Declared:
    return Declared(
        row["clue_id"], row["household_id"], row["matched_household_id"] is not None, row["channel"],
        tuple(row["concerns"]), row["is_green"], row["reported_at"], row["withdrawn_at"], row["has_code"],
        row["region"], row["grid"],
    )  # fmt: skip


def _is_right(vault: Vault, row: Any, proof: Proof) -> bool:
    """Compared in constant time, and with as much work where there is nothing to compare with."""
    clue_id = row["clue_id"] if row else UUID(int=0)
    kept = row["phone_last4"] if row else None
    given = receipt.last4_of(vault, clue_id, proof.phone_last4 or "")
    is_phone = hmac.compare_digest(given, kept or b"") if kept else not proof.phone_last4
    is_code = proof.code is None or hmac.compare_digest(
        receipt.code_of(vault, clue_id).encode(), proof.code.encode("utf-8", "replace")
    )
    return is_phone and is_code and (proof.code is None or bool(row and row["has_code"]))


# ── what they hear ──────────────────────────────────────────────────────────────────────────────────────────────────


async def standing(connection: asyncpg.Connection, declared: Declared) -> Standing:
    """Its own case, whatever else the household has had since. One that nobody could match has it under its provisional
    household, and under the registered one once a person has matched the two."""
    row = await connection.fetchrow(SQL.as_it_stands, declared.clue_id)
    matched = [row["matched_household_id"]] if row and row["matched_household_id"] else []
    households = [declared.household_id, *matched]
    cases = await load_progress(connection, households)
    found = (of_report(cases.get(one, ()), declared.reported_at) for one in households)
    case = next((one for one in found if one is not None), None)
    appeals = await connection.fetch(SQL.appealed, case.case_id) if case else []
    appealed = next((one["appealed_at"] for one in appeals if case and one["refusal"] == case.refusals), None)
    return Standing(row["withdrawn_at"] if row else None, case, appealed, len(appeals))


def shown(declared: Declared, now: Standing, knows_reason: bool, today: date, appeals_most: int) -> dict[str, Any]:
    """What a declarer hears: codes and days, no name, no sum, and a reason only for who may have it."""
    case, is_withdrawn = now.progress, now.withdrawn_at is not None
    is_refused = case is not None and case.result == "refused"
    stage = "appeal" if is_refused and now.appealed_at is not None else stage_of(case)
    stage = "withdrawn" if is_withdrawn else stage
    may_appeal = not is_withdrawn and _is_appealable(now, today, appeals_most)
    return {
        "channel": declared.channel,
        "reported_at": declared.reported_at.isoformat(),
        "concerns": list(declared.concerns),
        "is_green": declared.is_green,
        "stage": stage,
        "next": _next(stage, may_appeal),
        "due_on": _day(case.due_at) if case else None,
        "journey_due_on": _day(case.journey_due_at) if case else None,
        "planned_on": case.planned_on.isoformat() if case and case.planned_on else None,
        "notice_until": case.notice_until.isoformat() if case and case.notice_until else None,
        "is_paused": case.is_paused if case else False,
        "result": case.result if case else None,
        "reason": {"code": case.reason_code} if case and is_refused and knows_reason else None,
        "reason_needs": "code_or_clerk" if is_refused and not knows_reason else None,
        "appeal_until": case.appeal_until.isoformat() if case and case.appeal_until else None,
        "can_appeal": may_appeal,
        "can_withdraw": not is_withdrawn and _is_undecided(case),
        "withdrawn_at": now.withdrawn_at.isoformat() if now.withdrawn_at else None,
        "changed_at": _changed_at(declared, now).isoformat(),
    }


def _changed_at(declared: Declared, now: Standing) -> datetime:
    told = (declared.reported_at, now.progress.changed_at if now.progress else None, now.withdrawn_at)
    return max(one for one in told if one is not None)


def stage_of(case: Progress | None) -> str:
    """One word of the farmer's list for where a case stands."""
    if case is None:
        return "received"
    if case.result == "refused":
        return "appeal" if case.is_appealed else "refused"
    if case.state == "closed":
        return "closed"
    if case.state == "tracking":
        return "helped"
    hop = case.hop or ""
    return STAGES.get((hop, case.step)) or STAGES.get((hop, None)) or "received"


def _next(stage: str, may_appeal: bool) -> str | None:
    if stage in WAY[:-1]:
        return WAY[WAY.index(stage) + 1]
    return "appeal" if may_appeal else None


def _day(instant: datetime | None) -> str | None:
    """The last day: a limit in days is due at 00:00 of the day after it."""
    return civil_date(instant - _MOMENT).isoformat() if instant else None


def _is_undecided(case: Progress | None) -> bool:
    return case is None or (case.state == "open" and case.result is None)


def _is_appealable(now: Standing, today: date, appeals_most: int) -> bool:
    case = now.progress
    is_refused = case is not None and case.result == "refused" and not case.is_appealed and now.appealed_at is None
    if not is_refused or case is None or now.appeals >= appeals_most:
        return False
    return case.appeal_until is None or today <= case.appeal_until


# ── appeals and withdrawals ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class WithdrawalRow:
    spoken: Spoken


@dataclass(frozen=True, slots=True)
class AppealRow:
    spoken: Spoken
    case_id: UUID
    refusal: int


def answered(spoken: Spoken, now: Standing, at: datetime) -> Decision:
    """One appeal a refusal, one withdrawal a declaration; a second one gets the first one's answer. What another person
    has upheld is appealed against no more than the package lets it be."""
    return _withdrawn(spoken, now, at) if spoken.what == "withdraw" else _appealed(spoken, now, at)


def _withdrawn(spoken: Spoken, now: Standing, at: datetime) -> Decision:
    if now.withdrawn_at is not None:
        return Decision(DUPLICATE, answer=_heard("withdrawn", now.withdrawn_at))
    if not _is_undecided(now.progress):
        return Decision(
            problem=Problem(
                409, "decided_already", "This has been decided: speak to the village or the window instead."
            )
        )
    emit = _said(spoken.declared, WITHDRAWN, at, "by_declarer")
    return Decision(emits=(emit,), rows=(WithdrawalRow(spoken),), answer=_heard("withdrawn", at))


def _appealed(spoken: Spoken, now: Standing, at: datetime) -> Decision:
    case = now.progress
    if case is None or case.result != "refused" or now.withdrawn_at is not None:
        return Decision(
            problem=Problem(409, "not_refused", "Nothing has been refused: there is nothing to appeal against.")
        )
    if now.appealed_at is not None:
        return Decision(DUPLICATE, answer=_heard("appealed", now.appealed_at))
    if now.appeals >= spoken.appeals_most:
        detail = "An appeal has been answered. A new declaration is always allowed: file one, or ask at the window."
        return Decision(problem=Problem(409, "appeal_answered", detail))
    if case.appeal_until is not None and civil_date(at) > case.appeal_until:
        detail = "The days for an appeal are over. A new declaration is always allowed: file one, or ask at the window."
        return Decision(problem=Problem(409, "appeal_too_late", detail))
    emit = _said(spoken.declared, APPEALED, at, case.reason_code, case.refusals, case_id=case.case_id)
    row = AppealRow(spoken, case.case_id, case.refusals)
    return Decision(emits=(emit,), rows=(row,), answer=_heard("appealed", at))


def _heard(state: str, at: datetime) -> dict[str, Any]:
    return {"state": state, "at": at.isoformat()}


def _said(
    declared: Declared, type_: str, at: datetime, reason: str | None, *about: object, case_id: UUID | None = None
) -> Emit:
    clue = Clue(
        clue_id=declared.clue_id, household_id=declared.household_id, is_matched=declared.is_matched,
        cause="declaration", channel=declared.channel, concerns=declared.concerns, is_green=declared.is_green,
        reported_at=at, reported_by_role="farmer", reason_code=reason, case_id=case_id,
    )  # fmt: skip
    about = (*filter(None, (case_id,)), *about)
    first = reported_id(declared.clue_id, declared.household_id)
    return Emit(
        "clue.reported", type_, str(declared.household_id), event_id(str(declared.clue_id), type_, *about),
        declared.region, clue, correlation_id=first, causation_id=first, grid=declared.grid,
    )  # fmt: skip


async def save_answer(
    connection: asyncpg.Connection, row: WithdrawalRow | AppealRow, vault: Vault, at: datetime
) -> None:
    declared = row.spoken.declared
    if isinstance(row, WithdrawalRow):
        await connection.execute(SQL.withdraw, declared.clue_id, at)
        return
    sealed = vault.seal("appeals", "told", f"{row.case_id}/{row.refusal}", row.spoken.told)
    await connection.execute(
        SQL.appeal, declared.clue_id, row.case_id, row.refusal, declared.household_id, at, sealed, declared.region,
        declared.grid,
    )  # fmt: skip
