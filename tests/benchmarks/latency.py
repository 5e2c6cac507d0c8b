"""From a record on a department's topic to the open page, over four services in processes of their own, at a set rate.

intake accepts it, screening raises a warning, workflow opens the case and its task, console tells the page (Server-Sent
Events). All five services run. Every so many records are a bill that raises a warning, each for a household that has
none yet; the others are small. Forty grids have a page open each, and the bills go round them, so that one at a time is
under way in a grid: the page's n-th new task is the grid's n-th bill. A sample begins at the instant at which the
record was due to be sent, so that a sender that falls behind hides nothing, and ends when the page's number has come.
"""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import httpx
from aiokafka import AIOKafkaProducer

from shared.access.tokens import Issuer
from shared.contracts.topics import department_topic
from shared.postgres import SERVICES
from tests.benchmarks.clockwork import Said, cpu, quantile
from tests.benchmarks.intake import DEPARTMENT, Record, post
from tests.benchmarks.legs import legs
from tests.benchmarks.screening import prepared, servers, until
from tests.house import House
from tests.journeys.people import WEIGHTS
from tests.tokens import VILLAGE

GRIDS = 40
QUIET = 2000
"""So many households get the small bills."""
WARM_SECONDS = 10
NUMBER = re.compile(r"<strong>\D*(\d+)")


@dataclass
class Page:
    """A grid worker's open queue: when each new task was told."""

    told_at: list[float] = field(default_factory=list)
    is_listening: bool = False

    def hear(self, line: str, at: float) -> None:
        """One line of the stream; the number of new tasks only grows here."""
        found = NUMBER.search(line)
        if found:
            self.told_at += [at] * (int(found[1]) - len(self.told_at))


async def measured(place: Path, rate: int, seconds: int, warned: int) -> Said:
    house = House(place)
    total = rate * (WARM_SECONDS + seconds)
    bills = total // warned
    try:
        await prepared(house)
        for service in SERVICES:
            house.start(service)
        await asyncio.to_thread(house.await_ready, *SERVICES)
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(httpx.AsyncClient(timeout=120, trust_env=False))
            await _appoint(house, client)
            for start in range(0, bills + QUIET, 1000):
                homes = [_home(number) for number in range(start, min(start + 1000, bills + QUIET))]
                await post(client, house.keys, house.ports["intake"], "rural_revitalization", homes)
            pages = [Page() for _ in range(GRIDS)]
            tasks = [asyncio.create_task(_listen(house, number, page)) for number, page in enumerate(pages)]
            await until(lambda: _all(pages), "the pages' opening")
            pids = [house.running[service].pid for service in SERVICES]
            due, spent, lasted = await _send(house, pids, total, rate, warned)
            await until(lambda: _have_come(pages, bills), "the pages' numbers")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        ways = {
            _bill_id(bill * warned): (at, pages[bill % GRIDS].told_at[bill // GRIDS])
            for bill, at in enumerate(due)
            if bill >= rate * WARM_SECONDS // warned
        }
        samples = sorted((told_at - at) * 1000 for at, told_at in ways.values())
        values = {
            "p50 ms": quantile(samples, 0.5), "p90 ms": quantile(samples, 0.9), "p99 ms": quantile(samples, 0.99),
            "max ms": samples[-1], "n": float(len(samples)),
            **{f"{name} % of a core": part / lasted * 100 for name, part in spent.items()},
        }  # fmt: skip
        name = f"record on the topic to open page at {rate}/s, every {warned}th raises a warning"
        return Said(name, values, lines=tuple(await legs(house.kafka.bootstrap, ways)))
    finally:
        house.stop()


async def _send(
    house: House, pids: Sequence[int], total: int, rate: int, warned: int
) -> tuple[list[float], dict[str, float], float]:
    """Send at the rate. Returns when each bill was due, CPU seconds by part after the warm-up, and of how long."""
    producer = AIOKafkaProducer(bootstrap_servers=house.kafka.bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    due: list[float] = []
    sending: list[asyncio.Future[object]] = []
    before, measured_from = cpu(pids, *servers(house)), time.time()
    began = time.time()
    for number in range(total):
        at = began + number / rate
        if (wait := at - time.time()) > 0:
            await asyncio.sleep(wait)
        if number == rate * WARM_SECONDS:
            before, measured_from = cpu(pids, *servers(house)), time.time()
        record = _bill(number, len(due) if number % warned == 0 else None, total // warned)
        if number % warned == 0:
            due.append(at)
        value = json.dumps(record).encode()
        sending.append(await producer.send(department_topic(DEPARTMENT), value, key=str(record["record_id"]).encode()))
    lasted = time.time() - measured_from
    spent = cpu(pids, *servers(house)) - before
    await asyncio.gather(*sending)
    await producer.stop()
    return due, {"services": spent.app, "PostgreSQL": spent.postgres, "broker": spent.broker}, lasted


async def _listen(house: House, grid: int, page: Page) -> None:
    """Sign in as the grid's worker, open the queue's stream, and note what comes."""
    url = f"http://127.0.0.1:{house.ports['console']}"
    async with httpx.AsyncClient(base_url=url, timeout=None, trust_env=False) as client:
        form = await client.get("/sign-in")
        csrf = re.search(r'name="csrf" value="([^"]+)"', form.text)
        assert csrf is not None, "the sign-in form has no token"
        entered = await client.post("/sign-in", data={"officer_id": _worker(grid), "csrf": csrf[1], "to": "/queues"})
        assert entered.headers.get("location") == "/queues", entered.text
        async with client.stream("GET", "/events", params={"page": "queues"}) as stream:
            assert stream.status_code == 200
            page.is_listening = True
            async for line in stream.aiter_lines():
                page.hear(line, time.time())


async def _all(pages: Sequence[Page]) -> bool:
    return all(page.is_listening for page in pages)


async def _have_come(pages: Sequence[Page], bills: int) -> bool:
    return sum(len(page.told_at) for page in pages) >= bills


# ── who and what ────────────────────────────────────────────────────────────────────────────────────────────────────


def _worker(grid: int) -> str:
    return f"gw-{grid}"


def _grid(grid: int) -> str:
    return f"{VILLAGE}-{grid + 1:02d}"


async def _appoint(house: House, client: httpx.AsyncClient) -> None:
    """One village with forty groups, each a grid with one worker; known to the console's sign-in when this returns."""
    grids = range(GRIDS)
    offices = [(VILLAGE, "village_committee"), *((_grid(grid), "village_group") for grid in grids)]
    body = {
        "offices": [
            {"office_id": id_, "kind": kind, "region": VILLAGE, "name": {"zh": f"测试{id_}", "en": f"Test {id_}"}}
            for id_, kind in offices
        ],
        "grids": [{"grid": _grid(grid), "region": VILLAGE, "office_id": _grid(grid)} for grid in grids],
        "officers": [
            {
                "officer_id": _worker(grid), "name": "王守望", "display_name": "王**", "role": "grid_worker",
                "region": VILLAGE, "grid": _grid(grid), "office_id": _grid(grid), "capacity": None, "post": "worker",
                "since": "2026-01-01",
            }
            for grid in grids
        ],
    }  # fmt: skip
    token = Issuer((house.keys / "token.key").read_bytes()).issue({"role": "system"}, timedelta(hours=1))
    answer = await client.post(
        f"http://127.0.0.1:{house.ports['workflow']}/v1/officers", json=body,
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text

    async def are_known() -> bool:
        page = (await client.get(f"http://127.0.0.1:{house.ports['console']}/sign-in")).text
        return all(f'value="{_worker(grid)}"' in page for grid in grids)

    await until(are_known, "the officers on the sign-in page")


def _home(number: int) -> Record:
    """Household `number` of the register, in the grid of its number; one person."""
    household_no = f"L-{number:06d}"
    member = {"name": "张守信", "id_no": _id_number(number), "relation": "户主", "sex": "男", "health": "健康"}
    return {
        "record_id": household_no, "version": 1, "op": "upsert", "kind": "household", "occurred_on": "2026-01-05",
        "subject": {"id_no": None, "name": None, "household_no": household_no, "region": VILLAGE},
        "data": {
            "household_no": household_no, "group": number % GRIDS + 1, "members": [member],
            "poverty_history": {"status": "lifted_out", "year": 2018},
        },
    }  # fmt: skip


def _bill(number: int, bill: int | None, bills: int) -> Record:
    """A large bill of household `bill`, which has none yet, or a small one of a household that stays quiet."""
    household = bills + number % QUIET if bill is None else bill
    yuan = "10.50" if bill is None else "30410.50"
    today = date.today().isoformat()
    return {
        "record_id": _bill_id(number), "version": 1, "op": "upsert", "kind": "settlement", "occurred_on": today,
        "subject": {"id_no": _id_number(household), "name": None, "household_no": None, "region": VILLAGE},
        "data": {
            "setting": "inpatient", "settled_on": today, "total_yuan": "60821.00", "reimbursed_yuan": "30410.50",
            "self_paid_yuan": "30410.50", "in_scope_self_paid_yuan": yuan,
        },
    }  # fmt: skip


def _bill_id(number: int) -> str:
    return f"L-B-{number:07d}"


def _id_number(number: int) -> str:
    """An invented ID number with its check digit."""
    day = date(1950, 1, 1) + timedelta(days=number // 500)
    stem = f"341221{day:%Y%m%d}{number % 500:03d}"
    return stem + "10X98765432"[sum(int(digit) * w for digit, w in zip(stem, WEIGHTS, strict=True)) % 11]
