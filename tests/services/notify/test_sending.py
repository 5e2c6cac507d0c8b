"""Letters over a real SMTP server: claimed, sent, told; whatever goes wrong on the way, tried again and shown."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from services.notify import dispatch as dispatches
from services.notify import sending, smtp
from services.notify.address import Intake
from services.notify.contact import PUT, Contact, sealed
from services.notify.dispatch import TRIES_MAX, Dispatch
from services.notify.sending import AT_ONCE, CLAIM, Claim, Desk, Round, send_once
from shared.access.tokens import Caller, Issuer, Verifier
from shared.clock import machine_now
from shared.contracts.stage import Actor
from shared.messaging.batch import Report
from shared.messaging.room import Input
from shared.service import Service
from tests.services.notify.house import Post, clue, household
from tests.services.notify.mail import Addresses, MailServer, mail_server
from tests.tokens import GRID, VILLAGE

WORKER, LEADER = ("gw-1", "worker"), ("vc-1", "leader", "341221102201")
HOUSE = household(1)
ADDRESS = "wang.example@fuyang.example"
GREEN: dict[str, Any] = {"is_green": True}
"""The green channel rings at every hour, so that these tests say the same by day and by night."""


@dataclass
class Mail:
    office: Post
    server: MailServer
    addresses: Addresses
    desk: Desk

    async def wish(self, officer: str, address: str | None = ADDRESS, language: str = "zh-CN") -> None:
        email = sealed(self.office.cipher, officer, address) if address else None
        contact = Contact(officer, language, ("inbox", "email"), email)
        await self.office.prefer.call([Input(PUT, f"officer:{officer}", None, contact)], None)

    async def arrive(self) -> None:
        await self.office.told(self.office.step("arrived", HOUSE, **GREEN))

    async def dispatch(self) -> asyncpg.Record:
        [row] = await self.office.worker.fetch("SELECT * FROM dispatches")
        return row

    async def make_due(self) -> None:
        await self.office.worker.execute("UPDATE dispatches SET due_at = civil.now() WHERE due_at IS NOT NULL")

    async def send(self, desk: Desk | None = None) -> Round | None:
        return await send_once(desk or self.desk)


@pytest_asyncio.fixture
async def mail(office: Post, keys: Path) -> AsyncIterator[Mail]:
    addresses = Addresses()
    intake = Intake("http://intake", Issuer((keys / "token.key").read_bytes()), addresses.transport())
    async with mail_server() as server:
        sender, base = "shouwang@fuyang.example", "http://console"
        desk = Desk(office.send, ("127.0.0.1", server.port), sender, base, office.cipher, intake)
        yield Mail(office, server, addresses, desk)
    await intake.close()


async def test_an_officer_who_wishes_it_gets_the_notice_as_a_letter_in_his_language(mail: Mail) -> None:
    await mail.office.appoint(WORKER, LEADER)
    await mail.wish("gw-1")
    await mail.arrive()
    done = await mail.send()
    assert done is not None and done.words == {"claimed": 1, "sent": 1}
    [letter] = mail.server.taken
    [notice] = await mail.office.notices(HOUSE)
    assert (letter["To"], letter["From"]) == (ADDRESS, "shouwang@fuyang.example")
    assert letter["Subject"] == notice["title_zh"] and letter["Subject"].startswith("绿色通道，橙色预警")
    text = letter.get_content()
    assert notice["text_zh"] in text and f"http://console{notice['link']}" in text
    assert letter["Auto-Submitted"] == "auto-generated"
    row = await mail.dispatch()
    assert (row["state"], row["tries"], row["due_at"], row["claim_id"]) == ("sent", 1, None, None)
    assert mail.server.ids() == [f"<{row['dispatch_id']}@fuyang.example>"]
    assert await mail.office.emitted(HOUSE) == [("sent", 1), ("delivered", 2)]
    assert await mail.send() is None, "once"


async def test_in_english_where_that_is_wished(mail: Mail) -> None:
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1", language="en")
    await mail.arrive()
    await mail.send()
    [letter] = mail.server.taken
    assert letter["Subject"] == "Green channel: Orange warning: please look at a household"
    assert "Sign in to act" in letter.get_content()


async def test_who_has_said_nothing_has_the_inbox_alone(mail: Mail) -> None:
    await mail.office.appoint(WORKER)
    await mail.arrive()
    assert await mail.send() is None and mail.server.tried == 0


async def test_the_address_lies_sealed_for_its_owner(mail: Mail) -> None:
    await mail.wish("gw-1")
    [row] = await mail.office.worker.fetch("SELECT * FROM contacts")
    assert ADDRESS.encode() not in bytes(row["email"])
    # Copied to another officer's row it does not open: his letter fails with a coded cause, and is never misdirected.
    await mail.office.worker.execute(
        "INSERT INTO contacts SELECT 'gw-2', language, carriers, email, changed_at FROM contacts"
    )
    await mail.office.appoint(("gw-2", "worker"))
    await mail.arrive()
    await mail.send()
    row = await mail.dispatch()
    assert (row["state"], row["cause"]) == ("due", "address_sealed") and mail.server.taken == []


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ("451 later", "smtp_451"),
        ("554 no", "smtp_554"),
        ("rcpt 450 busy", "smtp_450"),
        ("rcpt 550 no such person wang.example", "smtp_550"),
    ],
)
async def test_a_letter_that_is_refused_is_due_again_a_minute_later_with_its_coded_cause(
    mail: Mail, answer: str, cause: str
) -> None:
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.arrive()
    mail.server.answers = [answer]
    done = await mail.send()
    assert done is not None and done.words == {"claimed": 1, "tried_again": 1}
    row = await mail.dispatch()
    assert (row["state"], row["cause"], row["tries"]) == ("due", cause, 1)
    assert await mail.send() is None, "not before its minute"
    await mail.make_due()
    await mail.send()
    assert (await mail.dispatch())["state"] == "sent" and len(mail.server.taken) == 1
    assert await mail.office.emitted(HOUSE) == [("sent", 1), ("delivered", 2)]


async def test_after_1_5_and_30_minutes_it_has_failed_and_says_so_once(mail: Mail) -> None:
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.arrive()
    mail.server.answers = ["451 later"] * TRIES_MAX
    waits = []
    for _ in range(TRIES_MAX):
        await mail.send()
        row = await mail.dispatch()
        if row["due_at"] is not None:
            waits.append(round((row["due_at"] - await mail.office.now()).total_seconds() / 60))
        await mail.make_due()
    assert waits == [1, 5, 30]
    row = await mail.dispatch()
    assert (row["state"], row["cause"], row["tries"]) == ("failed", "smtp_451", TRIES_MAX)
    assert await mail.send() is None
    assert await mail.office.emitted(HOUSE) == [("sent", 1), ("failed", 2)]


async def test_a_server_that_is_away_is_unreachable_and_the_notice_stands_in_the_inbox(mail: Mail) -> None:
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.arrive()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        await mail.send(replace(mail.desk, server=("127.0.0.1", unused.getsockname()[1])))
    row = await mail.dispatch()
    assert (row["state"], row["cause"]) == ("due", "unreachable")
    assert len(await mail.office.notices(HOUSE)) == 1


async def test_a_server_that_says_nothing_is_left_after_a_bounded_time(
    mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "CONVERSATION_SECONDS", 0.3)
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.arrive()
    mail.server.answers = ["silent"]
    await mail.send()
    assert (await mail.dispatch())["cause"] == "timeout"


async def test_a_connection_cut_after_the_text_is_sent_again_under_the_same_message_id(mail: Mail) -> None:
    """Where a letter may come twice: its receipt was lost. Its Message-ID tells the second for the first."""
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.arrive()
    mail.server.answers = ["cut"]
    await mail.send()
    assert (await mail.dispatch())["cause"] == "cut"
    await mail.make_due()
    await mail.send()
    assert (await mail.dispatch())["state"] == "sent"
    assert len(mail.server.taken) == 2 and len(set(mail.server.ids())) == 1


async def test_a_process_that_died_between_receipt_and_row_leaves_a_claim_that_lapses(
    mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.arrive()

    async def died(*_: object) -> Report:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched, pytest.raises(asyncio.CancelledError):
        patched.setattr(sending, "_outcomes", died)
        await mail.send()
    assert (await mail.dispatch())["state"] == "claimed"
    assert await mail.send() is None, "another process leaves it alone while the claim holds"
    await mail.office.worker.execute("UPDATE dispatches SET claimed_until = clock_timestamp() - interval '1 s'")
    await mail.send()
    row = await mail.dispatch()
    assert (row["state"], row["tries"]) == ("sent", 2) and len(mail.server.taken) == 1


async def test_one_that_no_process_ever_comes_back_from_is_given_up(mail: Mail) -> None:
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.arrive()
    await mail.office.worker.execute(
        "UPDATE dispatches SET state = 'claimed', tries = $1, claim_id = gen_random_uuid(), "
        "claimed_until = clock_timestamp() - interval '1 s'",
        TRIES_MAX,
    )
    done = await mail.send()
    assert done is not None and done.words == {"gave_up": 1}
    assert ((await mail.dispatch())["state"], (await mail.dispatch())["cause"]) == ("failed", "lost")


async def test_two_processes_send_it_once(mail: Mail) -> None:
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.arrive()
    other = replace(mail.desk, work=replace(mail.desk.work))
    await asyncio.gather(mail.send(), mail.send(other))
    assert len(mail.server.taken) == 1
    assert await mail.office.emitted(HOUSE) == [("sent", 1), ("delivered", 2)]


async def test_an_outcome_of_a_claim_that_has_lapsed_changes_nothing(mail: Mail) -> None:
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.arrive()
    row = await mail.dispatch()
    claim = Claim(row["dispatch_id"], uuid4(), machine_now())
    await mail.office.send.process([Input(CLAIM, str(HOUSE), None, claim)])
    late = Input(sending.OUTCOME, str(HOUSE), None, sending.Outcome(row["dispatch_id"], uuid4(), None))
    report = await mail.office.send.process([late])
    assert dict(report.words) == {"claim_lapsed": 1}
    assert (await mail.dispatch())["claim_id"] == claim.claim_id


async def test_what_was_read_or_done_meanwhile_is_not_sent(mail: Mail) -> None:
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.arrive()
    [notice] = await mail.office.notices(HOUSE)
    await mail.office.read(notice["notice_id"], Caller("gw-1", "grid_worker", VILLAGE, GRID))
    done = await mail.send()
    assert done is not None and done.words == {"dropped": 1}
    assert (await mail.dispatch())["cause"] == "read" and mail.server.tried == 0


async def test_a_letter_whose_task_is_done_is_dropped(mail: Mail) -> None:
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.arrive()
    task_id = (await mail.office.notices(HOUSE))[0]["task_id"]
    await mail.office.told(mail.office.step("advanced", HOUSE, "village_committee", task_id=task_id))
    await mail.send()
    assert (await mail.dispatch())["cause"] == "place_left" and mail.server.tried == 0


async def test_a_letter_whose_task_was_handed_over_is_dropped(mail: Mail) -> None:
    await mail.office.appoint(WORKER, ("vc-1", "leader", VILLAGE))
    await mail.wish("gw-1")
    await mail.arrive()
    await mail.office.told(mail.office.step("reassigned", HOUSE, office=VILLAGE, actor=Actor(officer_id="gw-1")))
    await mail.send()
    assert (await mail.dispatch())["cause"] == "place_left" and mail.server.tried == 0


async def test_nine_letters_go_out_in_two_rounds(mail: Mail) -> None:
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.office.told(*(mail.office.step("arrived", household(n), **GREEN) for n in range(9)))
    rounds = [await mail.send(), await mail.send(), await mail.send()]
    assert [one.claimed if one else None for one in rounds] == [8, 1, None]
    assert len(mail.server.taken) == 9 and len(set(mail.server.ids())) == 9


async def test_letters_on_which_we_fail_are_put_off_with_an_alarm_and_the_one_behind_them_goes_out(
    mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.office.told(*(mail.office.step("arrived", household(n), **GREEN) for n in range(AT_ONCE + 1)))
    last = household(AT_ONCE)
    await mail.office.worker.execute(
        "UPDATE dispatches SET due_at = civil.now() - interval '1 hour' WHERE household_id <> $1", last
    )
    claimed, alarms = dispatches.claimed, list[str]()

    def broken(one: Dispatch, *rest: Any) -> Dispatch:
        if one.household_id != last:
            raise RuntimeError("planted")
        return claimed(one, *rest)

    monkeypatch.setattr(dispatches, "claimed", broken)
    monkeypatch.setattr(sending, "PERIOD_SECONDS", 0)
    round_ = sending.sending(cast(Service, SimpleNamespace(alarm=alarms.append)), mail.desk)
    await round_()
    assert alarms == ["letter_failed"] and mail.server.taken == []
    await round_()
    assert len(mail.server.taken) == 1, "what fails is not before it any more"
    assert await mail.send() is None, "nor due before its five minutes"

    monkeypatch.undo()
    await mail.make_due()
    done = await mail.send()
    assert done is not None and done.words == {"claimed": AT_ONCE, "sent": AT_ONCE}
    assert len(set(mail.server.ids())) == AT_ONCE + 1


async def test_a_letter_whose_outcome_is_lost_is_alarmed_and_sent_again_after_its_claim(
    mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.arrive()

    def broken(*_: object) -> Dispatch:
        raise RuntimeError("planted")

    monkeypatch.setattr(dispatches, "sent", broken)
    done = await mail.send()
    assert done is not None and (done.words, done.failed) == ({"claimed": 1, "outcome_lost": 1}, 1)
    monkeypatch.undo()
    await mail.office.worker.execute("UPDATE dispatches SET claimed_until = clock_timestamp() - interval '1 s'")
    await mail.send()
    assert (await mail.dispatch())["state"] == "sent" and len(set(mail.server.ids())) == 1


# ── a household's letters ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_household_is_written_to_where_intake_knows_an_address(mail: Mail, keys: Path) -> None:
    person = f"household:{HOUSE}"
    mail.addresses.known = {person: "farmer@example.com"}
    await mail.office.told(mail.office.fact("clue.reported", "reported", str(HOUSE), clue(HOUSE, is_green=True)))
    await mail.send()
    [letter] = mail.server.taken
    assert letter["To"] == "farmer@example.com" and letter["Subject"] == "您家的申报已收到"
    assert mail.addresses.asked == [{"references": [person], "purpose": "notice"}]
    caller = Verifier((keys / "token.pub").read_bytes()).verify(mail.addresses.tokens[0], machine_now())
    assert caller.role == "system"
    # Nowhere kept.
    tables = ("dispatches", "notices", "contacts", "outbox")
    for table in tables:
        rows = await mail.office.worker.fetch(f"SELECT t::text AS row FROM {table} t")
        assert "farmer@example.com" not in "\n".join(row["row"] for row in rows)


@pytest.mark.parametrize(("away", "cause", "end"), [(True, "intake_away", "failed"), (False, "no_address", "dropped")])
async def test_a_household_that_cannot_be_written_to_has_its_inbox_and_is_tried_again(
    mail: Mail, away: bool, cause: str, end: str
) -> None:
    mail.addresses.is_away = away
    await mail.office.told(mail.office.fact("clue.reported", "reported", str(HOUSE), clue(HOUSE, is_green=True)))
    await mail.send()
    row = await mail.dispatch()
    assert (row["state"], row["cause"], row["tries"]) == ("due", cause, 1)
    for _ in range(TRIES_MAX - 1):
        await mail.make_due()
        await mail.send()
    assert (await mail.dispatch())["state"] == end
    assert len(await mail.office.notices(HOUSE)) == 1 and mail.server.tried == 0
    words = [word for word, _ in await mail.office.emitted(HOUSE)]
    assert words == (["sent", "failed"] if away else ["sent"]), "having no e-mail is no failure of ours"


@pytest.mark.parametrize("status", [403, 500, 503])
async def test_an_intake_that_refuses_counts_as_away(mail: Mail, status: int) -> None:
    mail.addresses.status = status
    assert await mail.desk.intake.addresses_of([f"household:{HOUSE}"]) is None


async def test_a_letter_held_over_night_is_due_at_seven(mail: Mail) -> None:
    """By day it is due at once: the instant itself is the rule's, tested in test_quiet_hours.py."""
    await mail.office.appoint(WORKER)
    await mail.wish("gw-1")
    await mail.office.told(mail.office.step("arrived", HOUSE))
    row = await mail.dispatch()
    now = await mail.office.now()
    assert row["due_at"] - now < timedelta(hours=10) and (row["due_at"] <= now or row["due_at"].hour == 23)
