"""intake as a process: two consumer groups, the calls, and four loops: what is parked is asked again, who is in no
register is matched again, the county is alarmed of whom nobody matched, and what was kept of files is forgotten.
"""

import asyncio
import re
import secrets

from services.intake import account, clue, declaration, identity, matching, put_off, sent_file, subscribers
from services.intake.api import (
    clues,
    complaints,
    contacts,
    declarations,
    feeds,
    files,
    households,
    match,
    objections,
    records,
)
from services.intake.api import identity as identities
from services.intake.api.calls import PUBLIC, Desk
from services.intake.api.shapes import SHAPES
from services.intake.departments import KINDS
from services.intake.record import Origin, parse
from services.intake.subscribers.parked_records import Ask
from services.intake.subscribers.reported_clues import MatchedBy
from services.intake.vault import Vault
from shared.contracts.topics import department_topic
from shared.messaging.faults import Retry
from shared.messaging.record import Foreign, Headers, Read
from shared.policy import load
from shared.service import Loop, Service
from shared.settings import Settings

PATTERN = "^departments\\.(" + "|".join(KINDS) + ")\\.records$"
"""The departments that are listed: a topic that no subscriber reads must not be acknowledged."""

ASK_PERIOD_SECONDS = 1.0
ASK_AT_ONCE = 200
FORGET_PERIOD_SECONDS = 3600.0

_COUNTY = re.compile(r"[0-9]{6}")
_CODE = {department_topic(code): code for code in KINDS}


async def build(settings: Settings) -> Service:
    service = await Service.open(settings)
    vault, policy = Vault.of(service.keys), load(settings.policy)
    service.stream(
        "intake.departments",
        subscribers.departments(vault, service.alarm, policy),
        pattern=PATTERN,
        reading=Read(lambda topic, value, headers: _read(vault, topic, value, headers)),
    )
    service.stream("intake", subscribers.cases())
    holder = f"{settings.instance}/{secrets.token_hex(8)}"
    service.include(
        records.router(service, vault, holder),
        files.router(service, vault, holder),
        households.router(service, vault),
        match.router(service, vault),
        identities.router(service, vault, policy),
        feeds.router(service, policy),
    )
    desk = Desk(service, vault)
    service.shapes = SHAPES
    service.public = PUBLIC
    service.include(
        declarations.router(desk, policy),
        clues.router(desk, policy),
        objections.router(desk),
        complaints.router(service, vault),
        contacts.router(service, vault),
    )
    service.every("parked", _ask_again(service, vault))
    service.every("unmatched", _match_again(service, vault))
    service.every("matching", matching.alarming(service, policy))
    service.every("sent_files", _forget_sent_files(service))
    service.accounts.append(lambda: account.sent_and_kept(service.worker))
    return service


def _read(vault: Vault, topic: str, value: bytes | None, headers: Headers) -> Foreign:
    """A department's record as far as it can be read. Its county is told by the producer's header, if at all."""
    told = next((raw for name, raw in headers if name == "county"), b"").decode("ascii", "replace")
    origin = Origin("kafka", told if _COUNTY.fullmatch(told) else "")
    return Foreign(parse(value, _CODE[topic], origin, vault), "departments.record")


def _ask_again(service: Service, vault: Vault) -> Loop:
    """Parked records whose turn has come; each stays parked, later and later, until its household is registered."""
    work = service.calls(subscribers.parked(vault), as_worker=True)

    async def loop() -> None:
        rows = await service.worker.fetch(identity.SQL.due, ASK_AT_ONCE)
        if rows:
            try:
                report = await work.process([Ask(row["department"], row["record_id"]).as_input() for row in rows])
            except Retry:
                if work.stopped:
                    service.alarm("parked_stopped")
                return  # the unit of work has backed off already
            if report.failed:
                service.alarm("record_not_handled")
        if len(rows) < ASK_AT_ONCE:
            await asyncio.sleep(ASK_PERIOD_SECONDS)

    return loop


def _forget_sent_files(service: Service) -> Loop:
    """What was refused of a file goes back to its sender within its month, and is forgotten then."""

    async def loop() -> None:
        await service.worker.execute(sent_file.SQL.forget, sent_file.KEPT_DAYS)
        await asyncio.sleep(FORGET_PERIOD_SECONDS)

    return loop


def _match_again(service: Service, vault: Vault) -> Loop:
    """Provisional households whose person has been registered since are merged; old tries at receipts, and what was put
    off and is over, are forgotten."""
    work = service.calls(subscribers.clues(vault), as_worker=True)

    async def loop() -> None:
        rows = await service.worker.fetch(clue.SQL.matchable, ASK_AT_ONCE)
        if rows:
            try:
                report = await work.process([MatchedBy(row["household_id"], row["target"]).as_input() for row in rows])
            except Retry:
                if work.stopped:
                    service.alarm("unmatched_stopped")
                return  # the unit of work has backed off already
            if report.failed:
                service.alarm("match_failed")
        if len(rows) < ASK_AT_ONCE:
            await service.worker.execute(declaration.SQL.forget)
            await service.worker.execute(put_off.SQL.forget)
            await asyncio.sleep(ASK_PERIOD_SECONDS)

    return loop
