"""A house in which something has happened, so that a call that is made up finds what it may answer; and who calls."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4
from zlib import crc32

from aiokafka import AIOKafkaProducer

from shared.contracts.topics import TOPIC
from shared.postgres import SERVICES
from tests.contracts.known import Known
from tests.journeys.people import couple, id_number
from tests.journeys.road import CADRE, DEPUTY, WORKER, Road
from tests.tokens import GRID, VILLAGE
from tests.until import until

DECLARED = {
    "region": VILLAGE,
    "difficulty": "住院花费较大",
    "channel": "window",
    "name": "孙求助",
    "phone": "13905580077",
}


def callers(walk: Road) -> dict[str, Mapping[str, str]]:
    """Who calls, by name; one of another county, and nobody."""
    return {
        "steward": walk.headers("steward", region="341221", officer_id="st-1"),
        "county": walk.county,
        "county approver": walk.headers("county", officer_id="co-2", capacity="approver"),
        "township": walk.headers("township", officer_id="to-1", capacity="handler"),
        "cadre": walk.headers("village", officer_id=CADRE, capacity="handler"),
        "grid worker": walk.headers("grid_worker", officer_id=WORKER),
        "department": walk.department("medical_insurance"),
        "clerk": walk.headers("clerk", region=VILLAGE[:9], officer_id="cl-1"),
        "city": walk.headers("city", region="3412", officer_id="ci-1"),
        "auditor": walk.headers("auditor", region="34", officer_id="au-1"),
        "system": walk.headers("system"),
        "farmer": walk.headers("farmer", region=VILLAGE),
        "another county": walk.headers("county", region="340822", officer_id="co-9", capacity="handler"),
        "nobody": {},
    }


async def live(walk: Road) -> Known:
    """Two households with a case, one of them at the village committee, a declaration, a leave, a letter of each kind.

    Once the offices are appointed.
    """
    steward = walk.headers("steward", region="341221", officer_id="st-1")
    households, tasks, cases, warnings = [], [], [], []
    for serial in (1, 2):
        number = f"H-{serial:04d}"
        await walk.register(number, couple(serial))
        await walk.send("medical_insurance", walk.settlement(id_number(serial), "20410.50"))
        warning = await walk.warned(number)
        task = await walk.task(warning["household_id"], "village_group", walk.worker)
        households.append(warning["household_id"])
        warnings.append(warning["warning_id"])
        tasks.append(task["task_id"])
        cases.append(task["case_id"])
        if serial == 2:
            await walk.decide(task, walk.worker)
            tasks.append((await walk.task(warning["household_id"], "village_committee", walk.cadre))["task_id"])
    clerk = walk.headers("clerk", region=VILLAGE[:9], officer_id="cl-1")
    declared = await walk.post("intake", "/v1/declarations", clerk, DECLARED, 201)
    leave = {"officer_id": DEPUTY, "since": "2027-03-01", "until": "2027-03-05", "reason_code": "annual"}
    kept = await walk.post("workflow", "/v1/leaves", steward, leave)
    batch = await walk.send("housing", {"record_id": "B-1", "version": 1})
    await walk.send("medical_insurance", walk.settlement(id_number(9), "900.00"))
    parked = (await walk.get("intake", "/v1/identity", steward))["items"]
    letters = {
        f"{name} {call} /v1/dead-letters/{{id}}{end} id": [one]
        for name, one in (await _dead_letters(walk, steward)).items()
        for call, end in (("GET", ""), ("POST", "/replay"), ("POST", "/skip"))
    }
    notices: list[dict[str, Any]] = (await walk.get("notify", "/v1/notices", walk.worker))["items"]
    told = {
        "household_id": households, "task_id": tasks, "case_id": cases, "warning_id": warnings, "grid": [GRID],
        "leave_id": [kept["leave_id"]], "receipt_no": [declared["receipt_no"]], "record_id": ["R-00002", "R-00001"],
        "code": ["medical_insurance", "housing", "rural_revitalization"], "household": households,
        "notice_id": [one["notice_id"] for one in notices], "officer": [WORKER], "id": [batch["batch_id"], *households],
        "GET /v1/identity/{id} id": [parked[0]["id"]], "GET /v1/batches/{id} id": [batch["batch_id"]],
        "GET /v1/households/{id} id": households,
        "POST /v1/households/{id}/unmask id": households,
    }  # fmt: skip
    return Known(told | letters)


async def _dead_letters(walk: Road, steward: dict[str, str]) -> dict[str, str]:
    """A dead letter of each service: service → its id."""
    await send_unreadable(walk.kafka)
    found = {}
    for name in SERVICES:

        async def letters(name: str = name) -> list[dict[str, Any]]:
            return list((await walk.get(name, "/v1/dead-letters", steward))["items"])

        found[name] = str((await until(letters, 20, f"a dead letter of {name}"))[0]["id"])
    return found


async def send_unreadable(kafka: str, number: int = 1) -> None:
    """So many records that nobody can read, on two topics of which every service reads one."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    for topic in ("stage.advanced", "clue.reported") * number:
        key = str(uuid4())
        headers = {
            "ce_id": str(uuid4()), "ce_type": "shouwang.hostile.v1", "ce_source": f"/{TOPIC[topic].producer}",
            "ce_sequence": "000000000001", "ce_partitionkey": key, "ce_region": VILLAGE,
        }  # fmt: skip
        sent = [(name, text.encode()) for name, text in headers.items()]
        await producer.send_and_wait(topic, b"{", key=key.encode(), partition=crc32(key.encode()) % 6, headers=sent)
    await producer.stop()
