"""A village for the console's tests: real workflow and console on real servers, facts over Kafka.

What the console asks of intake, screening and notify is answered from here where only a page is looked at; the journeys
and the browser's road use the real ones.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import httpx

from services.console.app import build as build_console
from services.workflow.app import build as build_workflow
from shared.contracts.data import Fact, Settlement
from shared.contracts.envelope import event_id
from shared.contracts.household import Household, Income, Monitoring
from shared.contracts.notice import Notice
from shared.contracts.warning import Explanation, Finding, WarningState, Words
from shared.messaging.room import Emit
from shared.service import Service, serving
from tests.services.workflow.house import as_input
from tests.services.workflow.outside import publish
from tests.tokens import GRID, VILLAGE, bearer, settings_of
from tests.until import until

SPACE = UUID("8a6b6a0e-9f6e-4c0b-8a44-8f6a3f0d0005")
TOWNSHIP, COUNTY = "341221102", "341221"
EXACT_ZH = (
    "住院合规自付 20,410.50 元，达到脱贫户 5,000 元线（2026 年 1 月 1 日起，未核实），"
    "最近一笔 2026 年 11 月 3 日结算，来自医保局。"
)
EXACT_EN = (
    "Self-paid hospital costs within scope come to 20,410.50 yuan, over the line of 5,000 yuan for households lifted "
    "out of poverty (from 1 January 2026, unverified); last settled on 3 November 2026; told by Medical Insurance."
)
NAMES = "张王李赵刘陈杨黄周吴徐孙马朱胡郭何高林罗"

OFFICERS = (
    ("COUNTY-341221-1", "程**", "county", COUNTY, None, COUNTY, "member", "approver"),
    ("TOWNSHIP-341221102-1", "方*", "township", TOWNSHIP, None, TOWNSHIP, "member", "handler"),
    ("TOWNSHIP-341221102-2", "任**", "township", TOWNSHIP, None, TOWNSHIP, "member", "approver"),
    ("vc-1", "赵**", "village", VILLAGE, None, VILLAGE, "leader", "handler"),
    ("vc-2", "钱**", "village", VILLAGE, None, VILLAGE, "member", "reviewer"),
    ("rt-1", "孙*", "resident_team", VILLAGE, None, VILLAGE, "member", "handler"),
    ("gl-3", "周**", "group_leader", VILLAGE, GRID, GRID, "leader", None),
    ("gw-1", "王**", "grid_worker", VILLAGE, GRID, GRID, "worker", None),
    ("gw-2", "李**", "grid_worker", VILLAGE, GRID, GRID, "deputy", None),
)
OFFICES = (
    (COUNTY, "county", "临泉县农业农村局", "Linquan county office"),
    (TOWNSHIP, "township", "鲖城镇人民政府", "Tongcheng township office"),
    (VILLAGE, "village_committee", "八里槐村村委会", "Balihuai village committee"),
    (GRID, "village_group", "八里槐村第 3 组", "Balihuai village, group 3"),
)


def household_id(number: int) -> UUID:
    return uuid5(SPACE, f"household {number}")


def household(number: int, *, region: str = VILLAGE, grid: str = GRID, size: int | None = None) -> Household:
    name = NAMES[number % len(NAMES)]
    return Household(
        household_id=household_id(number), household_no=f"H-{number:04d}", region=region, grid=grid,
        group=int(grid.rpartition("-")[2]), display_name=f"{name}**" if number % 3 else f"{name}*",
        poverty_history="lifted_out" if number % 2 else "none", lifted_out_year=2018 if number % 2 else None,
        monitoring=Monitoring(status="none"), members=(), size=size or 1 + number % 6,
        incomes=(Income(year=2025, net_yuan=Decimal("61200.00")),),
    )  # fmt: skip


def settlement(number: int, version: int = 1) -> Fact:
    return Fact(
        department="medical_insurance", kind="settlement", record_id=f"YB-2026-{number:06d}", version=version,
        household_id=household_id(number), occurred_on=date(2026, 11, 3),
        known_at=datetime(2026, 11, 24, 2, tzinfo=UTC),
        values=Settlement(
            setting="inpatient", settled_on=date(2026, 11, 3), total_yuan=Decimal("48210.50"),
            reimbursed_yuan=Decimal("21400.00"), self_paid_yuan=Decimal("26810.50"),
            in_scope_self_paid_yuan=Decimal("20410.50"),
        ),
    )  # fmt: skip


def warning(number: int, level: Any, concerns: tuple[str, ...]) -> WarningState:
    words = Explanation(
        exact=Words(zh=EXACT_ZH, en=EXACT_EN),
        band=Words(zh="医疗负担较重，请上门看看。", en="Medical costs weigh heavily; please visit."),
    )
    now = datetime(2026, 11, 24, 2, tzinfo=UTC)
    finding = Finding(
        finding_id=uuid5(SPACE, f"finding {number}"), rule="medical_burden", department="medical_insurance",
        concern=concerns[0], level=level, value="20410.50", threshold="5000", unit="yuan", threshold_verified=False,
        occurred_on=date(2026, 11, 3), record_ids=(f"YB-2026-{number:06d}",), explanation=words,
    )  # fmt: skip
    return WarningState(
        warning_id=uuid5(SPACE, f"warning {number}"), household_id=household_id(number),
        household_no=f"H-{number:04d}", state="open", level=level, provisional=False, policy="regular-2026",
        raised_at=now, clock_started_at=now, concerns=concerns, findings=(finding,), explanation=words,
    )  # fmt: skip


Handler = Callable[[httpx.Request], httpx.Response]


@dataclass
class Neighbourhood(httpx.AsyncBaseTransport):
    """Answers by (service, path's beginning); what is not here goes to the real service; `away` does not answer."""

    urls: Mapping[str, str]
    answers: dict[tuple[str, str], Handler] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    _real: httpx.AsyncHTTPTransport = field(default_factory=httpx.AsyncHTTPTransport)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        base = f"{request.url.scheme}://{request.url.netloc.decode()}"
        service = next(name for name, url in self.urls.items() if url == base)
        self.asked.append((service, request.method, request.url.path))
        if service in self.away:
            raise httpx.ConnectError("away", request=request)
        for (name, path), handler in self.answers.items():
            if name == service and request.url.path.startswith(path):
                return handler(request)
        return await self._real.handle_async_request(request)

    async def aclose(self) -> None:
        await self._real.aclose()


def says(body: Any, status: int = 200) -> Handler:
    return lambda _: httpx.Response(status, json=body)


UNMASKED = {
    "head_name": "张守信", "address": "鲖城镇八里槐村第 3 组 21 号", "phone": "138-0000-0000", "group": 3,
    "members": [{"person_id": "1", "name": "张守信", "id_no_masked": "34************1"},
                {"person_id": "2", "name": "李秀英", "id_no_masked": "34************2"}],
}  # fmt: skip
RECORD = {
    "department": "medical_insurance", "record_id": "YB-2026-000001", "kind": "settlement",
    "household_id": str(household_id(1)),
    "versions": [{
        "version": 1, "op": "upsert", "received_at": "2026-11-24T02:00:00+00:00", "occurred_on": "2026-11-03",
        "channel": "http", "outcome": "accepted",
        "data": {"setting": "inpatient", "settled_on": "2026-11-03", "total_yuan": "48210.50",
                 "reimbursed_yuan": "21400.00", "self_paid_yuan": "26810.50", "in_scope_self_paid_yuan": "20410.50"},
    }],
}  # fmt: skip
NOTICES = {
    "items": [
        {
            "notice_id": str(uuid5(SPACE, f"notice {number}")), "household_id": str(household_id(number)),
            "step": "arrived", "hop": "village_group", "carrier": "inbox", "state": "sent",
            "title": {"zh": "新任务：小组初核", "en": "New task: group's first look"},
            "text": {"zh": "张**（3 人）医疗负担较重，请在 11 月 27 日前初核。",
                     "en": "张** (3 people): medical costs weigh heavily; first look by 27 Nov."},
            "created_at": "2026-11-24T02:01:00+00:00", "read_at": read_at, "link": "/queues",
        }
        for number, read_at in ((1, None), (2, "2026-11-24T03:00:00+00:00"))
    ],
    "next": None,
}  # fmt: skip


@dataclass
class Scene:
    """The two services, whoever speaks to them, and what is told to them over Kafka."""

    workflow: Service
    console: Service
    neighbours: Neighbourhood
    keys: Path
    kafka: str
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def bearer(self, role: str, **fields: str | None) -> dict[str, str]:
        return bearer(self.keys, role, **fields)

    async def tell(self, topic: str, word: str, house: UUID, data: Any, **more: Any) -> UUID:
        """A fact of another service, next in its line. Returns its id."""
        number = self.numbers[topic, str(house)] = self.numbers.get((topic, str(house)), 0) + 1
        place = {"region": VILLAGE, "grid": GRID, **more}
        type_ = f"shouwang.{topic.split('.')[0]}.{word}.v1"
        id_ = event_id("scene", type_, house, number)
        emit = Emit(topic, type_, str(house), id_, data=data, **place)
        await publish(self.kafka, as_input(emit, number))
        return id_

    async def register(self, number: int, **how: Any) -> UUID:
        home = household(number, **how)
        return await self.tell(
            "household.registered", "registered", home.household_id, home, region=home.region, grid=home.grid
        )

    async def warn(self, number: int, level: str = "yellow", concerns: tuple[str, ...] = ("medical_burden",)) -> UUID:
        """A settlement, and the warning that it caused."""
        house = household_id(number)
        known = await self.tell("data.changed", "changed", house, settlement(number))
        return await self.tell(
            "warning.raised", "raised", house, warning(number, level, concerns),
            causation_id=known, correlation_id=known,
        )  # fmt: skip

    async def notify(self, number: int, task_id: UUID, case_id: UUID, officer_id: str = "gw-1") -> UUID:
        notice = Notice(
            notice_id=uuid5(SPACE, f"told {task_id}"), case_id=case_id, household_id=household_id(number),
            officer_id=officer_id, office=GRID, carrier="inbox", step="arrived", hop="village_group", task_id=task_id,
        )  # fmt: skip
        return await self.tell("notice.sent", "sent", household_id(number), notice)

    async def get(self, path: str, headers: dict[str, str], status: int = 200, **query: Any) -> Any:
        async with httpx.AsyncClient(base_url=self.console.url) as client:
            answer = await client.get(path, headers=headers, params=query)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json()

    async def task_of(self, number: int, hop: str = "village_group") -> dict[str, Any]:
        """The household's open task, as workflow lists it for the county."""

        async def found() -> list[dict[str, Any]]:
            async with httpx.AsyncClient(base_url=self.workflow.url) as client:
                query = {"household": str(household_id(number)), "hop": hop, "state": "open"}
                answer = await client.get("/v1/tasks", params=query, headers=self.bearer("county", officer_id="c"))
            return list(answer.json()["items"])

        [task] = await until(found, 20, f"a task of household {number} at {hop}")
        return dict(task)

    async def appoint(self) -> None:
        """The offices and officers of the tests' village, its township and its county."""
        register = {
            "offices": [
                {"office_id": id_, "kind": kind, "region": id_[:12].ljust(12, "0"), "name": {"zh": zh, "en": en}}
                for id_, kind, zh, en in OFFICES
            ],
            "grids": [{"grid": GRID, "region": VILLAGE, "office_id": GRID}],
            "officers": [
                {
                    "officer_id": id_, "name": name, "display_name": name, "role": role,
                    "region": region.ljust(12, "0"),
                    "grid": grid, "office_id": office, "capacity": capacity, "post": post, "since": "2026-01-01",
                }
                for id_, name, role, region, grid, office, post, capacity in OFFICERS
            ],
        }  # fmt: skip
        async with httpx.AsyncClient(base_url=self.workflow.url) as client:
            headers = self.bearer("steward", officer_id="st-1", region=COUNTY)
            answer = await client.post("/v1/officers", json=register, headers=headers)
        assert answer.status_code == 200, answer.text


@contextlib.asynccontextmanager
async def scene(kafka: str, database: str, keys: Path, assets: Path | None = None, **more: str) -> AsyncIterator[Scene]:
    """Workflow and console, ready, with the village appointed; intake, screening and notify answered from here."""
    told = {"SHOUWANG_ASSETS": str(assets)} if assets else {}
    async with serving(build_workflow, settings_of("workflow", kafka, database, keys)) as workflow:
        others = ("intake", "screening", "notify")
        urls = {"workflow": workflow.url, **{name: f"http://{name}.invalid" for name in others}}
        told |= {f"SHOUWANG_{name.upper()}_URL": url for name, url in urls.items()}
        neighbours = Neighbourhood(urls)
        neighbours.answers |= {
            ("intake", "/v1/departments/"): says(RECORD),
            ("intake", "/v1/households/"): says(UNMASKED),
            ("notify", "/v1/notices"): says(NOTICES),
        }
        neighbours.away |= {"screening"}
        settings = settings_of("console", kafka, database, keys, **(told | more))
        async with serving(partial(build_console, transport=neighbours), settings) as console:
            built = Scene(workflow, console, neighbours, keys, kafka)
            await built.appoint()
            yield built


async def signed_in(client: httpx.AsyncClient, officer_id: str) -> None:
    """Through the page, as soon as the officer's appointment has come to the console."""

    async def token() -> str | None:
        page = (await client.get("/sign-in")).text
        found = re.search(r'name="csrf" value="([^"]+)"', page)
        return found[1] if found and officer_id in page else None

    csrf = await until(token, 20, "the officer to sign in as")
    answer = await client.post("/sign-in", data={"csrf": csrf, "officer_id": officer_id})
    assert answer.headers["location"] == "/queues"
