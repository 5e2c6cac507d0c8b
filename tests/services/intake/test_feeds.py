"""Feeds: counters that foot with what is kept, by whichever way a record came; late ones, and a source gone silent."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.intake import feed
from services.intake.account import sent_and_kept
from services.intake.record import EVERYWHERE_REGION, Origin
from shared.clock import civil_date
from shared.policy import load
from tests.services.intake.county import County, Record, number, settlement

MEDICAL, HOUSING = "medical_insurance", "housing"
MONTH = timedelta(days=31)


@pytest.mark.parametrize(
    ("days", "state"), [(None, "never"), (0, "flowing"), (46, "flowing"), (46.5, "flowing"), (46.6, "silent")]
)
def test_a_source_is_silent_after_one_and_a_half_periods(days: float | None, state: str) -> None:
    now = datetime(2026, 10, 4, tzinfo=UTC)
    last_at = None if days is None else now - timedelta(days=days)
    assert feed.flow_of(last_at, now, MONTH, Decimal("1.5")) == state


@pytest.mark.parametrize("package", ["regular-2026", "transition-2021-2025"])
def test_a_feeds_period_is_the_packages(package: str) -> None:
    assert feed.period(load(package), MEDICAL, date(2025, 12, 31)) == MONTH


@pytest.mark.parametrize(
    ("county", "expected"), [("341221", "341221000000"), ("", EVERYWHERE_REGION), ("34", "340000000000")]
)
def test_a_record_counts_for_its_senders_county(county: str, expected: str) -> None:
    assert feed.county_of(Origin("http", county), ()) == expected


async def told(desk: County, code: str = MEDICAL, **query: str) -> Record:
    answer = await desk.client.get("/v1/feeds", headers=desk.department(code), params=query)
    [mine] = answer.json()["items"]
    assert mine["department"] == code and mine["is_equal"]
    return dict(mine)


def since(before: Record, after: Record, channel: str, *names: str) -> tuple[int, ...]:
    return tuple(after[channel][name] - before[channel][name] for name in names)


async def test_the_counters_are_what_is_kept_over_both_ways(desk: County) -> None:
    known = number()
    await desk.home(known)
    before = await told(desk)
    one = settlement(known)
    await desk.send(MEDICAL, one, one, settlement(number()), settlement(known, version=0))
    await desk.stream(MEDICAL, settlement(known), settlement(number()), b"{}", one, county="341221")
    after = await told(desk)
    names = ("received", "accepted", "duplicates", "rejected", "parked", "waiting")
    assert since(before, after, "http", *names) == (4, 1, 1, 1, 1, 0)
    assert since(before, after, "kafka", *names) == (4, 1, 1, 1, 1, 0)
    assert since(before, after, "total", *names) == (8, 2, 2, 2, 2, 0)
    assert since(before, after, "http", "unknown") == since(before, after, "kafka", "unknown") == (1,)
    account = {(one["boundary"], one["department"]): one for one in (await sent_and_kept(desk.service.worker))["sent"]}
    for channel in ("http", "kafka"):
        assert {name: account[channel, MEDICAL][name] for name in names} == {
            name: after[channel][name] for name in names
        }
    assert after["unknown_now"] == after["parked_now"] == before["parked_now"] + 2


async def test_what_tells_no_county_is_counted_where_it_lies_or_for_everybody(desk: County) -> None:
    known = number()
    await desk.home(known)
    before = await told(desk)
    elsewhere = (await desk.client.get("/v1/feeds", headers=desk.department(MEDICAL, "340822"))).json()["items"][0]
    await desk.stream(MEDICAL, settlement(known), b"{}")
    after = await told(desk)
    assert since(before, after, "kafka", "received", "accepted", "rejected") == (2, 1, 1)
    there = (await desk.client.get("/v1/feeds", headers=desk.department(MEDICAL, "340822"))).json()["items"][0]
    assert since(elsewhere, there, "kafka", "received", "accepted", "rejected") == (1, 0, 1)


async def test_what_came_more_than_a_period_after_its_event_is_late_and_a_correction_is_not(desk: County) -> None:
    known = number()
    await desk.home(known)
    old = settlement(known, occurred_on="2026-03-03")
    before = await told(desk)
    today = civil_date(await desk.service.worker.fetchval("SELECT civil.now()"))
    await desk.send(
        MEDICAL, old, old,
        *(settlement(known, occurred_on=str(today - ago)) for ago in (timedelta(0), MONTH, MONTH + timedelta(days=1))),
    )  # fmt: skip
    await desk.send(MEDICAL, old | {"version": 2})
    after = await told(desk)
    assert since(before, after, "http", "received", "accepted", "late") == (6, 5, 2)
    assert after["last_occurred_on"] == str(today)


async def test_days_are_counted_from_a_day_on_and_a_silence_is_seen(desk: County) -> None:
    await desk.send(MEDICAL, settlement(number()))
    today = civil_date(await desk.service.worker.fetchval("SELECT civil.now()"))
    assert (await told(desk, since=str(today)))["http"]["received"] > 0
    tomorrow = await told(desk, since=str(today + timedelta(days=1)))
    assert tomorrow["http"]["received"] == 0 and tomorrow["parked_now"] > 0, "what is parked is parked now"
    assert (await told(desk))["state"] == "flowing" and (await told(desk, HOUSING))["state"] == "never"
    await desk.service.worker.execute("UPDATE feed_days SET last_at = last_at - interval '47 days'")
    assert (await told(desk))["state"] == "silent"
    answer = await desk.client.get("/v1/feeds", headers=desk.token("village"))
    assert answer.status_code == 403


async def test_a_page_of_feeds_reads_no_record(desk: County) -> None:
    """No table that has a row a record stands in its plans."""
    for name, query in vars(feed.SQL).items():
        if name in ("add", "now"):
            continue
        plan: Any = await desk.service.worker.fetch("EXPLAIN " + numbered(query))
        text = "\n".join(row[0] for row in plan)
        assert not any(f" on {table}" in text for table in ("records", "repeats", "rejections")), text


def numbered(query: str) -> str:
    values = {"days": ("NULL", "'341221000000'", "'341221999999'", "'340000000000'"), "": ("'341221000000'",) * 3}
    found = values["days"] if "$4" in query else ("true",) if "WHEN $1" in query else values[""]
    for at, value in enumerate(found, start=1):
        query = query.replace(f"${at}", value)
    return query
