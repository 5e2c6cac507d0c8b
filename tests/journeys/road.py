"""The whole house for a journey: five services on real servers, and what outsiders do to it, by calls alone."""

import contextlib
import importlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer

from shared.service import Service, serving
from tests.contracts.answers import watching
from tests.tokens import GRID, VILLAGE, bearer, settings_of
from tests.until import until

WORKER, DEPUTY, CADRE, SECOND_CADRE = "gw-1", "gw-2", "vc-1", "vc-2"
TOWNSHIP = "341221102"


@dataclass
class Road:
    kafka: str
    keys: Path
    services: dict[str, Service] = field(default_factory=dict)
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    _records: int = 0

    def headers(self, role: str, **fields: str | None) -> dict[str, str]:
        return bearer(self.keys, role, **fields)

    def department(self, code: str) -> dict[str, str]:
        return self.headers("department", department=code, region="341221")

    @property
    def worker(self) -> dict[str, str]:
        return self.headers("grid_worker", officer_id=WORKER)

    @property
    def cadre(self) -> dict[str, str]:
        return self.headers("village", officer_id=CADRE, capacity="handler")

    @property
    def county(self) -> dict[str, str]:
        return self.headers("county", officer_id="co-1", capacity="handler")

    async def get(self, service: str, path: str, headers: dict[str, str], **query: str) -> Any:
        answer = await self.clients[service].get(path, params=query, headers=headers)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    async def post(self, service: str, path: str, headers: dict[str, str], body: Any, status: int = 200) -> Any:
        answer = await self.clients[service].post(path, json=body, headers=headers)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json()

    # ── what departments send ───────────────────────────────────────────────────────────────────────────────────

    async def send(self, code: str, *records: dict[str, Any]) -> dict[str, Any]:
        """Records over HTTP as NDJSON. Returns the account."""
        body = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
        answer = await self.clients["intake"].post(
            f"/v1/departments/{code}/records",
            content=body.encode(),
            headers=self.department(code) | {"content-type": "application/x-ndjson"},
        )
        assert answer.status_code == 202, answer.text
        account: dict[str, Any] = answer.json()
        parts = ("accepted", "duplicates", "rejected", "parked")
        assert account["received"] == sum(account[part] for part in parts) == len(records)
        return account

    async def stream(self, code: str, *records: dict[str, Any]) -> None:
        """Records on the department's own topic."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka)
        await producer.start()
        for record in records:
            key = record["record_id"].encode()
            await producer.send_and_wait(f"departments.{code}.records", json.dumps(record).encode(), key=key)
        await producer.stop()

    def record(self, kind: str, subject: dict[str, Any], data: dict[str, Any], **more: Any) -> dict[str, Any]:
        self._records += 1
        return {
            "record_id": f"R-{self._records:05d}",
            "version": 1,
            "op": "upsert",
            "kind": kind,
            "occurred_on": "2026-11-03",
            "subject": {"id_no": None, "name": None, "household_no": None, "region": VILLAGE} | subject,
            "data": data,
        } | more

    async def register(self, household_no: str, members: list[dict[str, Any]], poverty: str = "lifted_out") -> None:
        """A household of the tests' village and group 3."""
        data = {
            "household_no": household_no,
            "group": 3,
            "members": members,
            "poverty_history": {"status": poverty, "year": 2018} if poverty == "lifted_out" else {"status": "none"},
        }
        account = await self.send(
            "rural_revitalization",
            self.record("household", {"household_no": household_no}, data, occurred_on="2026-01-05"),
        )
        assert account["accepted"] == 1, account

    def settlement(self, id_no: str, yuan: str, **more: Any) -> dict[str, Any]:
        data = {
            "setting": "inpatient",
            "settled_on": "2026-11-03",
            "total_yuan": "48210.50",
            "reimbursed_yuan": "21400.00",
            "self_paid_yuan": "26810.50",
            "in_scope_self_paid_yuan": yuan,
        }
        return self.record("settlement", {"id_no": id_no}, data, **more)

    # ── what the offices are ────────────────────────────────────────────────────────────────────────────────────

    async def appoint(self) -> None:
        """The tests' village, its group 3, one worker, one deputy, two cadres of the village committee."""
        offices = [
            (GRID, "village_group", VILLAGE, "八里槐村第 3 组", "Balihuai village, group 3"),
            (VILLAGE, "village_committee", VILLAGE, "八里槐村村委会", "Balihuai village committee"),
        ]
        people = [
            (WORKER, "王守望", "grid_worker", GRID, GRID, "worker", None),
            (DEPUTY, "李相助", "grid_worker", GRID, GRID, "deputy", None),
            (CADRE, "赵村官", "village", None, VILLAGE, "leader", "handler"),
            (SECOND_CADRE, "钱委员", "village", None, VILLAGE, "member", "handler"),
        ]
        await self.post(
            "workflow",
            "/v1/officers",
            self.headers("steward", region="341221"),
            {
                "offices": [
                    {"office_id": id_, "kind": kind, "region": region, "name": {"zh": zh, "en": en}}
                    for id_, kind, region, zh, en in offices
                ],
                "grids": [{"grid": GRID, "region": VILLAGE, "office_id": GRID}],
                "officers": [
                    {
                        "officer_id": id_, "name": name, "display_name": f"{name[0]}**", "role": role,
                        "region": VILLAGE,
                        "grid": grid, "office_id": office, "capacity": capacity, "post": post, "since": "2026-01-01",
                    }
                    for id_, name, role, grid, office, post, capacity in people
                ],
            },
        )  # fmt: skip

    # ── what is seen ────────────────────────────────────────────────────────────────────────────────────────────

    async def warnings(self, household_no: str, state: str = "open") -> list[dict[str, Any]]:
        found = await self.get("screening", "/v1/warnings", self.county, household_no=household_no, state=state)
        return list(found["items"])

    async def warned(self, household_no: str) -> dict[str, Any]:
        [warning] = await until(lambda: self.warnings(household_no), 20, f"a warning for {household_no}")
        return dict(warning)

    async def task(self, household_id: str, hop: str, headers: dict[str, str]) -> dict[str, Any]:
        """The household's open task at a hop, whole."""

        async def found() -> list[dict[str, Any]]:
            listed = await self.get("workflow", "/v1/tasks", headers, hop=hop, state="open", household=household_id)
            return list(listed["items"])

        [task] = await until(found, 20, f"a task at {hop}")
        return dict(await self.get("workflow", f"/v1/tasks/{task['task_id']}", headers))

    async def decide(
        self, task: dict[str, Any], headers: dict[str, str], status: int = 200, **more: Any
    ) -> dict[str, Any]:
        """Take a task's ordinary way on, with the example that the task itself gives."""
        action = task["actions"][0]
        body = {"action": action["action"], "form": action["form_schema"]["examples"][0], "version": task["version"]}
        return dict(await self.post("workflow", f"/v1/tasks/{task['task_id']}/decisions", headers, body | more, status))

    async def timeline(self, household_id: str) -> list[dict[str, Any]]:
        return list((await self.get("console", f"/v1/households/{household_id}/timeline", self.county))["items"])


@contextlib.asynccontextmanager
async def road(kafka: str, database: str, keys: Path, assets: Path | None = None) -> AsyncIterator[Road]:
    """Everything started, in this loop; stopped in reverse order."""
    built = Road(kafka, keys)
    async with contextlib.AsyncExitStack() as stack:
        told = {"SHOUWANG_ASSETS": str(assets)} if assets else {}
        for name in ("workflow", "screening", "intake", "notify", "console"):
            build = importlib.import_module(f"services.{name}.app").build
            settings = settings_of(name, kafka, database, keys, **told)
            service = await stack.enter_async_context(serving(build, settings))
            told[f"SHOUWANG_{name.upper()}_URL"] = service.url
            built.services[name] = service
            hooks = {"response": [watching(service.document())]}
            client = httpx.AsyncClient(base_url=service.url, timeout=20, event_hooks=hooks)
            built.clients[name] = await stack.enter_async_context(client)
        yield built
