"""Intake: records over NDJSON posts of 1,000: accepted, matched, sealed, emitted."""

import asyncio
import json
import time
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import httpx

from deploy.demo.load import _chunks
from deploy.demo.township import COUNTY, generate
from shared.access.tokens import Issuer
from tests.benchmarks.clockwork import Run, cpu
from tests.benchmarks.screening import _servers, prepared
from tests.house import House

RECORDS, AT_ONCE = 30_000, 4


async def over_http(place: Path) -> Run:
    """Four senders; every record is of a registered person and accepted."""
    house = House(place)
    try:
        await prepared(house)
        house.start("intake")
        await asyncio.to_thread(house.await_ready, "intake")
        township = generate(11, date.today(), 3000, 1000)
        async with httpx.AsyncClient(timeout=120, trust_env=False) as client:
            for chunk in _chunks(township.register):
                await _post(client, house, "rural_revitalization", chunk)
            admin = await asyncpg.connect(house.postgres.dsn)
            await admin.execute("ANALYZE")
            numbers = [
                member["id_no"]
                for record in township.register
                if record["kind"] == "household"
                for member in record["data"]["members"]
                if member["id_no"]
            ]
            batches = [_settlements(numbers, start) for start in range(0, RECORDS, 1000)]
            pids = [house.running["intake"].pid]
            before, began = cpu(pids, *_servers(house)), time.monotonic()
            lock = asyncio.Semaphore(AT_ONCE)

            async def send(batch: list[dict[str, object]]) -> int:
                async with lock:
                    return await _post(client, house, "medical_insurance", batch)

            accepted = sum(await asyncio.gather(*(send(batch) for batch in batches)))
            seconds = time.monotonic() - began
            spent = cpu(pids, *_servers(house)) - before
            await admin.close()
        assert accepted == RECORDS, f"{accepted} of {RECORDS} accepted"
        return Run("intake over HTTP, posts of 1,000", RECORDS, seconds, spent, "accepted, matched, sealed, emitted")
    finally:
        house.stop()


def _settlements(numbers: list[str], start: int) -> list[dict[str, object]]:
    today = date.today().isoformat()
    data = {
        "setting": "outpatient", "settled_on": today, "total_yuan": "210.50", "reimbursed_yuan": "100.00",
        "self_paid_yuan": "110.50", "in_scope_self_paid_yuan": "90.50",
    }  # fmt: skip
    return [
        {
            "record_id": f"B-{start + n:07d}", "version": 1, "op": "upsert", "kind": "settlement", "occurred_on": today,
            "subject": {"id_no": numbers[(start + n) % len(numbers)], "household_no": None, "region": None},
            "data": data,
        }
        for n in range(1000)
    ]  # fmt: skip


async def _post(client: httpx.AsyncClient, house: House, department: str, records: list[dict[str, object]]) -> int:
    fields = {"role": "department", "department": department, "region": COUNTY}
    token = Issuer((house.keys / "token.key").read_bytes()).issue(fields, timedelta(hours=1))
    body = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    answer = await client.post(
        f"http://127.0.0.1:{house.ports['intake']}/v1/departments/{department}/records",
        content=body,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 202, answer.text
    return int(answer.json()["accepted"])
