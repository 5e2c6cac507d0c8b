"""Notify from outside: facts over Kafka, people over HTTP with tokens; what is one's own and what is not."""

import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from services.notify.app import build
from shared.messaging.room import Input
from shared.service import Build, Service, serving
from tests.logs import logged_by
from tests.outside import FromOutside, Headers
from tests.services.notify.house import as_input, assignment, clue, household, passed, stage
from tests.services.notify.mail import Addresses, MailServer, mail_server
from tests.shared.messaging.reading import publish
from tests.tokens import GRID, VILLAGE, settings_of
from tests.until import until

HOUSE = household(101)
CANARY = "欧阳守望者"
MAIL, FARMER = "canary.officer@fuyang.example", "canary.farmer@example.com"


@dataclass
class Outside(FromOutside):
    mail: MailServer

    async def publish(self, topic: str, word: str, key: str, data: Any) -> Input:
        fact = as_input(topic, word, key, data, self.next_number(topic, key))
        await publish(self.kafka, fact, topic=topic)
        return fact

    async def appoint(self, officer: str, post: str, office: str = GRID, **more: Any) -> None:
        await self.publish(
            "officer.assigned", "assigned", f"office:{office}", assignment(officer, post, office, **more)
        )

    async def arrive(self, house: UUID) -> Input:
        return await self.publish("stage.advanced", "arrived", str(house), stage(house))

    async def listed(self, headers: Headers, house: UUID | None = None, **query: Any) -> list[Any]:
        items = (await self.get("/v1/notices", headers, **query))["items"]
        return [one for one in items if house is None or one["household_id"] == str(house)]

    async def told(self, headers: Headers, house: UUID) -> Any:
        [notice] = await until(lambda: self.listed(headers, house), 20, "a notice")
        return notice


@pytest.fixture(scope="module")
def log() -> Iterator[io.StringIO]:
    """Everything that notify logs, as it logs it in production."""
    with logged_by("notify") as written:
        yield written


@pytest.fixture(scope="module")
def addresses() -> Addresses:
    """What intake knows of the households that are written to."""
    return Addresses()


def building(addresses: Addresses) -> Build:
    return lambda settings: build(settings, addresses.transport())


def client_of(service: Service) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=service.url, timeout=20)


@pytest_asyncio.fixture(scope="module")
async def outside(
    database: str, topics: str, keys: Path, log: io.StringIO, addresses: Addresses
) -> AsyncIterator[Outside]:
    async with mail_server() as mail:
        settings = settings_of("notify", topics, database, keys, SHOUWANG_SMTP=f"127.0.0.1:{mail.port}")
        async with serving(building(addresses), settings) as service, client_of(service) as client:
            built = Outside(service, client, keys, topics, mail)
            await built.appoint("gw-1", "worker", display_name=CANARY)
            await built.appoint("gw-2", "deputy", display_name=CANARY)
            await built.appoint("vc-1", "leader", VILLAGE, display_name=CANARY)
            await until(lambda: _has_heard_of(service, 3), 20, "three posts")
            yield built


async def _has_heard_of(service: Service, number: int) -> bool:
    return int(await service.worker.fetchval("SELECT count(*) FROM posts")) == number


async def test_a_grid_worker_hears_of_a_task_in_both_languages_and_with_the_way_to_it(outside: Outside) -> None:
    await outside.arrive(HOUSE)
    notice = await outside.told(outside.worker, HOUSE)
    assert (notice["step"], notice["hop"], notice["carrier"], notice["state"]) == (
        "arrived", "village_group", "inbox", "sent",
    )  # fmt: skip
    assert notice["title"] == {
        "zh": "橙色预警：请去看看一户",
        "en": "Orange warning: please look at a household",
    }
    assert "医疗负担较重" in notice["text"]["zh"] and "11 月 28 日（含）前" in notice["text"]["zh"]
    assert notice["link"] == f"/tasks/{notice['task_id']}" and notice["read_at"] is None


async def test_reading_is_once_whatever_is_clicked_and_counts_down(outside: Outside) -> None:
    house = household(102)
    await outside.arrive(house)
    notice = await outside.told(outside.worker, house)
    unread = (await outside.get("/v1/notices/unread-count", outside.worker))["unread"]
    path, clicked = f"/v1/notices/{notice['notice_id']}/read", outside.worker | {"Idempotency-Key": "read-1"}
    first = await outside.client.post(path, headers=clicked, json={})
    again = await outside.client.post(path, headers=clicked, json={})
    later = await outside.client.post(path, headers=outside.worker, json={})
    assert (first.status_code, again.status_code, later.status_code) == (200, 200, 200)
    assert first.json() == again.json() and [one["topic"] for one in first.json()["emitted"]] == ["notice.sent"]
    assert later.json() == first.json() | {"emitted": []}
    assert (await outside.get("/v1/notices/unread-count", outside.worker))["unread"] == unread - 1
    assert [one["notice_id"] for one in await outside.listed(outside.worker, house, state="read")] == [
        notice["notice_id"]
    ]
    assert await outside.listed(outside.worker, house, state="sent") == []


async def test_it_is_delivered_by_its_receiver_s_own_list_and_by_nobody_else_s(outside: Outside) -> None:
    house = household(105)
    await outside.arrive(house)
    township = outside.headers("township", "tw-1")
    [seen] = await until(lambda: outside.listed(township, house), 20, "a notice")
    [again] = await outside.listed(township, house)
    assert seen["delivered_at"] is None and again["delivered_at"] is None
    await outside.told(outside.worker, house)
    [after] = await outside.listed(township, house)
    assert after["delivered_at"] is not None and after["read_at"] is None


async def test_what_is_another_s_does_not_exist(outside: Outside) -> None:
    house = household(103)
    await outside.arrive(house)
    notice = await outside.told(outside.worker, house)
    strangers = [
        outside.headers("grid_worker", "gw-2"),
        outside.headers("village", "vc-1"),
        outside.headers("grid_worker"),
        outside.headers("county", "co-1"),
    ]
    for headers in strangers:
        answer = await outside.client.post(f"/v1/notices/{notice['notice_id']}/read", headers=headers, json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert await outside.listed(headers, house, mine="1") == []
    answer = await outside.client.post(f"/v1/notices/{uuid4()}/read", headers=outside.worker, json={})
    assert answer.status_code == 404


async def test_the_township_sees_who_was_told_and_never_the_words(outside: Outside) -> None:
    house = household(104)
    await outside.arrive(house)
    await outside.told(outside.worker, house)
    [seen] = await outside.listed(outside.headers("township", "tw-1"), house)
    assert seen["officer_id"] == "gw-1" and not {"title", "text", "link"} & seen.keys()
    assert await outside.listed(outside.headers("county", region="340822"), house) == []
    assert await outside.listed(outside.headers("village", "vc-1"), house) == [], "a village sees its own alone"


async def test_a_list_goes_on_page_by_page_and_refuses_a_cursor_that_is_none(outside: Outside) -> None:
    for number in range(110, 115):
        await outside.arrive(household(number))
        await outside.told(outside.worker, household(number))
    found, after = [], None
    while True:
        query = {"limit": 2} | ({"after": after} if after else {})
        page = await outside.get("/v1/notices", outside.worker, **query)
        found += [one["notice_id"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    whole = await outside.listed(outside.worker, limit=200)
    assert found == [one["notice_id"] for one in whole] and len(found) == len(set(found)) >= 5
    refused = await outside.get("/v1/notices", outside.worker, 422, after="no cursor")
    assert refused["code"] == "cursor"


@pytest.mark.parametrize("query", [{"state": "acted"}, {"limit": "0"}, {"limit": "1000"}, {"mine": "who"}])
async def test_a_query_that_cannot_be_used_names_its_field(outside: Outside, query: dict[str, str]) -> None:
    refused = await outside.get("/v1/notices", outside.worker, 422, **query)
    assert refused["errors"][0]["field"] == next(iter(query))


async def test_a_role_without_notices_and_a_call_without_a_token_are_refused(outside: Outside) -> None:
    assert (await outside.get("/v1/notices", outside.headers("hotline"), 403))["code"] == "forbidden"
    assert (await outside.get("/v1/notices", {}, 401))["code"] == "unauthenticated"
    large = await outside.client.post(f"/v1/notices/{uuid4()}/read", headers=outside.worker, content=b"x" * 100_000)
    assert large.status_code == 413


async def test_a_limit_that_passed_reaches_the_worker_and_the_leader(outside: Outside) -> None:
    house = household(120)
    await outside.publish("deadline.passed", "passed", str(house), passed(house))
    assert (await outside.told(outside.worker, house))["title"]["zh"] == "已超期：橙色预警还没有核实"
    leader = await outside.told(outside.headers("village", "vc-1"), house)
    assert leader["text"]["zh"].startswith("八里槐村第 3 组有一户（橙色预警）应在 11 月 28 日（含）前完成小组初核")


async def test_the_loop_tells_a_new_officer_what_was_kept_and_alarms_while_nobody_is_there(outside: Outside) -> None:
    house, grid = household(130), f"{VILLAGE}-08"
    data = stage(house, office=grid, hop="village_group")
    number = as_input("stage.advanced", "arrived", str(house), data, 1, grid=grid)
    # A grid whose village nobody sits in either.
    await outside.service.worker.execute("UPDATE posts SET until = '2026-01-02' WHERE office_id = $1", VILLAGE)
    await publish(outside.kafka, number, topic="stage.advanced")
    await until(lambda: _is_kept(outside.service, house), 20, "kept")
    await outside.service.worker.execute("UPDATE occasions SET retry_at = civil.now() WHERE household_id = $1", house)

    async def alarmed() -> bool:
        text = (await outside.client.get("/metrics")).text
        return 'shouwang_alarms_total{alarm="notice_without_audience",service="notify"}' in text

    await until(alarmed, 20, "an alarm")
    await outside.appoint("gw-8", "worker", grid)
    await outside.told(outside.headers("grid_worker", "gw-8", grid=grid), house)


async def _is_kept(service: Service, house: UUID) -> bool:
    return bool(await service.worker.fetchval("SELECT state = 'kept' FROM occasions WHERE household_id = $1", house))


# ── preferences, letters, a household's own messages ────────────────────────────────────────────────────────────


async def prefer(outside: Outside, headers: Headers, status: int = 200, **wish: Any) -> Any:
    answer = await outside.client.put("/v1/preferences", headers=headers, json=wish)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_an_officer_says_how_he_wishes_to_be_told_and_sees_it(outside: Outside) -> None:
    leader = outside.headers("village", "vc-9")
    nothing = {"language": "zh-CN", "carriers": ["inbox"], "email": None, "carriers_here": ["inbox", "email"]}
    assert await outside.get("/v1/preferences", leader) == nothing
    wish: dict[str, Any] = {"language": "en", "carriers": ["email"], "email": MAIL}
    kept = await prefer(outside, leader, **wish)
    assert kept == nothing | wish | {"carriers": ["inbox", "email"]}, "the inbox cannot be left out"
    assert await outside.get("/v1/preferences", leader) == kept
    assert await outside.get("/v1/preferences", outside.headers("village", "vc-8")) == nothing, "one's own alone"
    assert await prefer(outside, leader) == nothing


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"carriers": ["email"]}, "email"),
        ({"carriers": ["pigeon"]}, "carriers.0"),
        ({"language": "fr"}, "language"),
        ({"email": "no address"}, "email"),
        ({"email": "a@b\r\nBcc: c@d"}, "email"),
        ({"email": "张三@example.com"}, "email"),
        ({"email": "a@" + "b." * 120 + "c"}, "email"),
        ({"phone": "13800000000"}, "phone"),
    ],
)
async def test_a_wish_that_cannot_be_met_names_its_field(outside: Outside, wish: Any, field: str) -> None:
    refused = await prefer(outside, outside.headers("village", "vc-9"), 422, **wish)
    assert refused["errors"][0]["field"] == field


async def test_whoever_is_no_officer_has_no_preferences(outside: Outside) -> None:
    assert (await prefer(outside, outside.headers("village"), 404))["code"] == "not_found"
    assert (await prefer(outside, outside.headers("farmer", region="341221"), 403))["code"] == "forbidden"
    answer = await outside.client.put("/v1/preferences", headers=outside.worker, content=b"{not json")
    assert answer.status_code == 422


async def test_a_letter_goes_out_and_its_way_is_shown_to_its_receiver(outside: Outside) -> None:
    house = household(140)
    await prefer(outside, outside.worker, carriers=["inbox", "email"], email=MAIL)
    await outside.publish("stage.advanced", "arrived", str(house), stage(house, is_green=True))

    async def sent() -> list[Any]:
        return [one for one in await outside.listed(outside.worker, house) if _states(one) == ["sent"]]

    [notice] = await until(sent, 20, "a letter")
    [way] = notice["dispatches"]
    assert (way["carrier"], way["tries"], way["cause"], way["due_at"]) == ("email", 1, None, None)
    [letter] = [one for one in outside.mail.taken if notice["task_id"] in one.get_content()]
    assert letter["To"] == MAIL and letter["Subject"] == notice["title"]["zh"]
    [seen] = await outside.listed(outside.headers("township", "tw-1"), house)
    assert _states(seen) == ["sent"] and MAIL not in str(seen)
    await prefer(outside, outside.worker)


def _states(notice: Any) -> list[str]:
    return [one["state"] for one in notice["dispatches"]]


async def test_a_household_s_messages_are_for_the_farmer_s_page_and_for_whoever_was_told_of_it(
    outside: Outside, addresses: Addresses
) -> None:
    house = household(150)
    person, path = f"household:{house}", f"/v1/notices/household/{house}"
    addresses.known[person] = FARMER
    await outside.publish("clue.reported", "reported", str(house), clue(house, is_green=True))
    page = outside.headers("system")

    async def told() -> list[Any]:
        found = (await outside.get("/v1/notices", page, person=person))["items"]
        return [one for one in found if _states(one) == ["sent"]]

    [notice] = await until(told, 20, "an answer to the declaration")
    assert notice["title"]["zh"] == "您家的申报已收到" and notice["case_id"] is None and notice["link"] is None
    assert (await outside.get(path, page))["items"] == [notice]
    assert [one["To"] for one in outside.mail.taken if one["Subject"] == "您家的申报已收到"] == [FARMER]
    for stranger in (outside.worker, outside.headers("village", "vc-1"), outside.headers("county", "co-1")):
        assert (await outside.get(path, stranger, 404))["code"] == "not_found"
        assert (await outside.get("/v1/notices", stranger, 404, person=person))["code"] == "not_found"
    await outside.arrive(house)
    await outside.told(outside.worker, house)
    assert (await outside.get(path, outside.worker))["items"] == [notice]
    other_grid = outside.headers("grid_worker", "gw-1", grid=f"{VILLAGE}-07")
    assert (await outside.get(path, other_grid, 404))["code"] == "not_found"
    bare = await outside.listed(outside.headers("township", "tw-1"), house)
    assert all(not {"title", "text"} & one.keys() for one in bare)


@pytest.mark.parametrize("person", ["gw-1", "household:", "household:" + "-" * 36])
async def test_a_person_that_is_none_is_refused(outside: Outside, person: str) -> None:
    answer = await outside.client.get("/v1/notices", headers=outside.headers("system"), params={"person": person})
    assert answer.status_code in (404, 422)


async def test_no_address_is_in_a_log_a_table_or_a_metric(outside: Outside, log: io.StringIO) -> None:
    tables = ("posts", "occasions", "notices", "keys", "outbox", "dispatches", "answers")
    rows = [
        row["row"]
        for one in tables
        for row in await outside.service.worker.fetch(f"SELECT t::text AS row FROM {one} t")
    ]
    for address in (MAIL, FARMER):
        assert address not in log.getvalue()
        assert address not in (await outside.client.get("/metrics")).text
        assert address not in "\n".join(rows)


async def test_no_name_is_in_a_log_a_table_or_a_metric(outside: Outside, log: io.StringIO) -> None:
    assert "unit.committed" in log.getvalue(), "the log was heard at all"
    assert CANARY not in log.getvalue()
    assert CANARY not in (await outside.client.get("/metrics")).text
    for table in ("posts", "occasions", "notices", "keys"):
        rows = await outside.service.worker.fetch(f"SELECT t::text AS row FROM {table} t")
        assert rows and CANARY not in "\n".join(row["row"] for row in rows)
