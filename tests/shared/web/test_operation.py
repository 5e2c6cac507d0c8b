"""Operation over HTTP on a real service: dead letters, conservation, readiness, and who may see what."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from shared.service import Service, serving
from shared.settings import Settings
from tests.databases import execute
from tests.shared.messaging.ledger import REGION, Ledger, fact, house, household
from tests.shared.messaging.reading import publish
from tests.tokens import bearer, settings_of
from tests.until import until

A, B = household(501), household(502)


@pytest_asyncio.fixture(scope="module")
async def service(database: str, topics: str, keys: Path) -> AsyncIterator[tuple[Service, httpx.AsyncClient, Ledger]]:
    built = await house(database, keys)
    await built.pool.close()
    ledger = Ledger(broken={"bad"}, emits=False)

    async def build(settings: Settings) -> Service:
        one = await Service.open(settings)
        one.stream("screening", [ledger])
        return one

    settings = settings_of("screening", topics, database, keys)
    async with serving(build, settings) as running, httpx.AsyncClient(base_url=running.url) as client:
        yield running, client, ledger


async def test_a_failed_record_and_the_two_behind_it_wait_and_a_replay_applies_all_three(
    service: tuple[Service, httpx.AsyncClient, Ledger], keys: Path, topics: str
) -> None:
    running, client, ledger = service
    steward = bearer(keys, "steward")
    await publish(topics, fact(A, 1, "bad"), fact(A, 2, "a-2"), fact(A, 3, "a-3"), fact(B, 1, "b-1"))

    async def listed() -> list[dict[str, object]]:
        items = list((await client.get("/v1/dead-letters", headers=steward)).json()["items"])
        return [one for one in items if one["behind"] == 2]

    [letter] = await until(listed, 20, "a dead letter, and two behind it")
    assert (letter["key"], letter["sequence"], letter["behind"]) == (A, 1, 2)
    words = "SELECT word FROM ledger ORDER BY place"

    async def written() -> list[str]:
        return [row["word"] for row in await running.worker.fetch(words)]

    assert await until(written, 20, "its neighbour flows") == ["b-1"]

    shown = (await client.get(f"/v1/dead-letters/{letter['id']}", headers=steward)).json()
    assert shown["is_first"] and shown["record"]["headers"]["ce_partitionkey"] == A

    again = (await client.post(f"/v1/dead-letters/{letter['id']}/replay", headers=steward)).json()
    assert again["replayed"] is False and again["cause"] == "decide: RuntimeError"
    ledger.broken.clear()
    done = (await client.post(f"/v1/dead-letters/{letter['id']}/replay", headers=steward)).json()
    assert done["replayed"] is True and done["outcomes"] == {"accepted": 3}
    assert [row["word"] for row in await running.worker.fetch(words)] == ["b-1", "bad", "a-2", "a-3"]
    assert await listed() == []
    noted = await running.worker.fetch(
        "SELECT details::json->>'failed_again' AS again FROM audit WHERE action = 'dead_letter.replay' AND subject = $1"
        " ORDER BY at",
        letter["id"],
    )
    assert [row["again"] for row in noted] == ["true", "false"]
    sums = (await client.get("/v1/conservation", headers=steward)).json()
    assert sums["applied"]["data.changed"] == 4 and all(account["is_equal"] for account in sums["read"])


async def test_a_replay_without_its_audit_row_is_none(
    service: tuple[Service, httpx.AsyncClient, Ledger], keys: Path, topics: str, database: str
) -> None:
    _, client, ledger = service
    ledger.broken.add("bad")
    steward, key = bearer(keys, "steward"), household(506)
    await publish(topics, fact(key, 1, "bad"))

    async def listed() -> list[dict[str, object]]:
        items = list((await client.get("/v1/dead-letters", headers=steward)).json()["items"])
        return [one for one in items if one["key"] == key]

    [letter] = await until(listed, 20, "a dead letter")
    ledger.broken.clear()
    path = f"/v1/dead-letters/{letter['id']}/replay"
    await execute(database, "ALTER TABLE screening.audit ADD CONSTRAINT planted CHECK (action = '') NOT VALID")
    refused = await client.post(path, headers=steward)
    await execute(database, "ALTER TABLE screening.audit DROP CONSTRAINT planted")
    assert refused.status_code == 500 and await listed() == [letter], "where it stood, as it was"
    assert (await client.post(path, headers=steward)).json()["replayed"] is True


async def test_a_skip_needs_a_reason_and_leaves_an_audit_row(
    service: tuple[Service, httpx.AsyncClient, Ledger], keys: Path, topics: str
) -> None:
    running, client, ledger = service
    ledger.broken.add("bad")
    steward = bearer(keys, "steward", officer_id="st-1")
    await publish(topics, fact(B, 2, "bad"), fact(B, 3, "b-3"))

    async def listed() -> list[dict[str, object]]:
        return list((await client.get("/v1/dead-letters", headers=steward)).json()["items"])

    [letter] = await until(listed, 20, "a dead letter")
    path = f"/v1/dead-letters/{letter['id']}/skip"
    refused = await client.post(path, json={}, headers=steward)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "reason")
    assert (await client.post(path, json={"reason": "withdrawn by the department"}, headers=steward)).json()["skipped"]
    assert [row["word"] for row in await running.worker.fetch("SELECT word FROM ledger WHERE key = $1", B)] == [
        "b-1",
        "b-3",
    ]
    [row] = await running.worker.fetch(
        "SELECT actor, action, subject, purpose FROM audit WHERE action = 'dead_letter.skip'"
    )
    assert tuple(row) == ("st-1", "dead_letter.skip", letter["id"], "withdrawn by the department")
    assert (await client.post(path, json={"reason": "twice"}, headers=steward)).status_code == 404


@pytest.mark.parametrize("path", ["/v1/dead-letters/lines", "/v1/conservation", "/v1/no-such-thing"])
async def test_every_call_needs_a_token_known_path_or_not(
    service: tuple[Service, httpx.AsyncClient, Ledger], path: str
) -> None:
    for method in ("GET", "POST"):
        answer = await service[1].request(method, path, content=b"x" * 100_000)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


async def test_roles_and_places_narrow_what_is_seen(
    service: tuple[Service, httpx.AsyncClient, Ledger], keys: Path, topics: str
) -> None:
    _, client, ledger = service
    ledger.broken.add("bad")
    await publish(topics, fact(household(503), 1, "bad"))

    async def listed(**who: str) -> int:
        return len((await client.get("/v1/dead-letters", headers=bearer(keys, "county", **who))).json()["items"])

    await until(listed, 20, "the own county's")
    assert REGION.startswith("341221")
    assert await listed(region="340822") == 0, "another county sees nothing of it"
    answer = await client.get("/v1/dead-letters", headers=bearer(keys, "village"))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_page_is_of_the_caller_s_own_place_however_many_wait_elsewhere(
    service: tuple[Service, httpx.AsyncClient, Ledger], keys: Path
) -> None:
    running, client, _ = service
    own, foreign, begin = "341503101201", "340822101201", datetime(2026, 11, 25, tzinfo=UTC)
    of = [own if number % 7 == 6 else None if number % 7 == 5 else foreign for number in range(70)]
    await running.worker.executemany(
        "INSERT INTO waiting (consumer, topic, key, sequence, state, type, region, cause, tries, since, record)"
        " VALUES ('screening', 'data.changed', $1, 1, 'failed', 'x', $2, 'planted', 1, $3, '')",
        [(planted(number), region, begin + timedelta(minutes=number // 3)) for number, region in enumerate(of)],
    )

    async def pages(limit: int, region: str, role: str = "county") -> list[list[str]]:
        found, after = [], ""
        while True:
            address = f"/v1/dead-letters?limit={limit}{after}"
            told = (await client.get(address, headers=bearer(keys, role, region=region))).json()
            found.append([one["key"] for one in told["items"] if one["cause"] == "planted"])
            if told["next"] is None:
                return found
            after = f"&after={told['next']}"

    def kept(*regions: str | None) -> list[str]:
        rows = [(number // 3, planted(number)) for number, region in enumerate(of) if region in regions]
        return [key for _, key in sorted(rows)]

    small = await pages(4, "341503")
    assert [len(page) for page in small] == [4, 4, 2], "six of seven that wait are another county's, or of no place"
    assert [key for page in small for key in page] == kept(own)
    assert await pages(100, "340822") == [kept(foreign)]
    assert await pages(100, "340102") == [[]]
    assert [key for page in await pages(9, "34", "steward") for key in page] == kept(own, None, foreign)
    await running.worker.execute("DELETE FROM waiting WHERE cause = 'planted'")


def planted(number: int) -> str:
    return household(7000 + number)


async def test_lines_are_told_by_their_first_record_failed_or_ahead_and_add_up(
    service: tuple[Service, httpx.AsyncClient, Ledger], keys: Path, topics: str
) -> None:
    _, client, ledger = service
    ledger.broken.add("bad")
    steward = bearer(keys, "steward")
    failed, gap = household(504), household(505)
    await publish(topics, fact(failed, 1, "bad"), fact(failed, 2, "a"), fact(failed, 3, "b"), fact(gap, 3, "c"))
    await publish(topics, fact(gap, 4, "d"))

    async def listed() -> dict[str, tuple[str, int, int]]:
        items = (await client.get("/v1/dead-letters/lines", headers=steward)).json()["items"]
        return {one["key"]: (one["state"], one["sequence"], one["behind"]) for one in items}

    async def both() -> bool:
        found = await listed()
        return found.get(failed) == ("failed", 1, 2) and found.get(gap) == ("ahead", 3, 1)

    await until(both, 20, "a failed line and one with a gap")
    first = (await client.get("/v1/dead-letters/lines?limit=1", headers=steward)).json()
    rest = (await client.get(f"/v1/dead-letters/lines?after={first['next']}", headers=steward)).json()
    lines = [*first["items"], *rest["items"]]
    assert [one["key"] for one in lines] == list(await listed())
    assert first["sums"] == {
        "failed": sum(one["state"] == "failed" for one in lines),
        "ahead": sum(one["state"] == "ahead" for one in lines),
        "total": sum(1 + one["behind"] for one in lines),
    }
    far = (await client.get("/v1/dead-letters/lines", headers=bearer(keys, "county", region="340822"))).json()
    assert far == {"items": [], "next": None, "sums": {"failed": 0, "ahead": 0, "total": 0}}


async def test_ready_names_its_reasons_and_metrics_hold_the_counts(
    service: tuple[Service, httpx.AsyncClient, Ledger],
) -> None:
    client = service[1]
    assert (await client.get("/readyz")).json() == {"status": "ready", "service": "screening", "because": []}
    assert (await client.get("/healthz")).json()["status"] == "alive"
    answer = await client.get("/metrics")
    text = answer.text
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    read = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    families = {family.name: family for family in read}
    assert families["shouwang_records"].type == "counter" and families["shouwang_batch_seconds"].samples
    assert 'shouwang_records_total{consumer="screening",outcome="accepted",service="screening"}' in text
    assert (
        'shouwang_waiting_records{consumer="screening",service="screening",state="failed",topic="data.changed"}' in text
    )


async def test_a_dead_letter_is_found_by_its_id_whatever_signs_its_key_holds(
    service: tuple[Service, httpx.AsyncClient, Ledger], keys: Path, topics: str
) -> None:
    _, client, _ = service
    steward, key = bearer(keys, "steward"), f"{A}\x1f7\x1e"
    await publish(topics, fact(A, 1, "unreadable", value=b"{", head={"ce_partitionkey": key}))

    async def listed() -> list[dict[str, object]]:
        items = list((await client.get("/v1/dead-letters", headers=steward)).json()["items"])
        return [one for one in items if one["key"] == key]

    [letter] = await until(listed, 20, "a dead letter of this key")
    again = await client.post(f"/v1/dead-letters/{letter['id']}/replay", headers=steward)
    assert again.status_code == 200 and again.json()["replayed"] is False
    skipped = await client.post(
        f"/v1/dead-letters/{letter['id']}/skip", headers=steward, json={"reason": "sent damaged, sent anew"}
    )
    assert skipped.status_code == 200 and await listed() == []
