"""Every call × role × place: who may what, by a table of its own; what is another place's is not there.

The calls come from the services' documents, so that a new one fails here until it has its line in `NEEDS`.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from shared.access.roles import ACTS_AT, MAY, ONE_GRID, ROLES
from shared.postgres import SERVICES
from tests.contracts.known import Known, in_path
from tests.journeys.road import Road
from tests.tokens import GRID, VILLAGE

Json = dict[str, Any]

SIBLING, PARENT, ELSEWHERE = "341221102202", VILLAGE[:6], "340822101201"
PLACES: Mapping[str, tuple[str, str]] = {
    "own": (VILLAGE, GRID),
    "parent": (PARENT, GRID),
    "sibling": (SIBLING, f"{SIBLING}-03"),
    "other county": (ELSEWHERE, f"{ELSEWHERE}-03"),
}
"""Where a token is for: what happened is of `own`; region and, for the two roles of a grid, grid."""
WITHIN = ("own", "parent")
AT_ONCE = 8

OPERATION: Mapping[str, str] = {
    "GET /v1/conservation": "conservation.read",
    "GET /v1/dead-letters": "dead_letter.read",
    "GET /v1/dead-letters/lines": "dead_letter.read",
    "GET /v1/dead-letters/{id}": "dead_letter.read",
    "POST /v1/dead-letters/{id}/replay": "dead_letter.replay",
    "POST /v1/dead-letters/{id}/skip": "dead_letter.skip",
}
NEEDS: Mapping[str, str] = {
    **OPERATION,
    "GET /v1/batches/{id}": "batch.read",
    "GET /v1/batches/{id}/rejections.xlsx": "batch.read",
    "POST /v1/clues": "clue.file",
    "GET /v1/complaints": "complaint.read",
    "POST /v1/contacts/resolve": "contact.resolve",
    "POST /v1/departments/{code}/files": "record.send",
    "POST /v1/departments/{code}/records": "record.send",
    "GET /v1/departments/{code}/records/{record_id}": "record.read",
    "GET /v1/feeds": "feed.read",
    "GET /v1/households": "household.read",
    "console GET /v1/households": "timeline.read",
    "GET /v1/households/{id}": "household.read",
    "POST /v1/households/{id}/unmask": "household.unmask",
    "GET /v1/identity": "identity.read",
    "GET /v1/identity/tally": "identity.read",
    "GET /v1/identity/{id}": "identity.read",
    "POST /v1/identity/{id}/match": "identity.match",
    "POST /v1/identity/{id}/not-ours": "identity.match",
    "POST /v1/identity/{id}/unmask": "household.unmask",
    "GET /v1/households/{household_id}/why": "warning.read",
    "GET /v1/rules": "rule.read",
    "GET /v1/warnings": "warning.read",
    "GET /v1/warnings/tally": "warning.read",
    "GET /v1/warnings/{warning_id}": "warning.read",
    "GET /v1/cases/{case_id}": "case.read",
    "GET /v1/deadlines/unfired": "deadline.read",
    "GET /v1/grids": "grid.read",
    "PUT /v1/grids/{grid}": "grid.write",
    "GET /v1/leaves": "officer.read",
    "POST /v1/leaves": "officer.write",
    "POST /v1/leaves/{leave_id}/ends": "officer.write",
    "GET /v1/officers": "officer.read",
    "POST /v1/officers": "officer.write",
    "GET /v1/offices": "officer.read",
    "GET /v1/queues": "queue.read",
    "GET /v1/queues/late-on-the-way": "queue.read",
    "GET /v1/supervisions": "supervision.read",
    "POST /v1/supervisions/{supervision_id}/answers": "supervision.answer",
    "POST /v1/supervisions/{supervision_id}/closures": "supervision.close",
    "GET /v1/tasks": "task.read",
    "GET /v1/tasks/{task_id}": "task.read",
    "POST /v1/tasks/{task_id}/claim": "task.claim",
    "POST /v1/tasks/{task_id}/decisions": "task.decide",
    "GET /v1/notices": "notice.read",
    "GET /v1/notices/household/{household_id}": "notice.read",
    "GET /v1/notices/unread-count": "notice.read",
    "POST /v1/notices/{notice_id}/read": "notice.read",
    "GET /v1/preferences": "preference.write",
    "PUT /v1/preferences": "preference.write",
    "GET /v1/households/{household_id}/timeline": "timeline.read",
}
PUBLIC = ("/v1/declarations", "/v1/objections")
"""Anybody's, with or without a token: a receipt is found by its number and the phone's last digits."""

BODIES: Mapping[str, Json] = {
    "POST /v1/dead-letters/{id}/skip": {"reason": "不再需要"},
    "POST /v1/households/{id}/unmask": {"reason": "上门走访核对"},
    "POST /v1/identity/{id}/match": {"household_id": str(uuid4()), "reason": "按走访核对"},
    "POST /v1/identity/{id}/not-ours": {"reason": "外县住户"},
    "POST /v1/identity/{id}/unmask": {"reason": "上门走访核对"},
    "POST /v1/supervisions/{supervision_id}/answers": {"text": "下雨路断，明日补办"},
    "POST /v1/supervisions/{supervision_id}/closures": {"text": "已经办完"},
    "POST /v1/tasks/{task_id}/decisions": {"action": "report", "form": {}, "version": 1},
}
"""Sound ones, sent from where the call finds nothing: with an empty body it would not come to looking."""
MEANT: Mapping[str, frozenset[int]] = {
    "POST /v1/departments/{code}/records": frozenset({202}),
    "POST /v1/departments/{code}/files": frozenset({422, 429}),
    "POST /v1/officers": frozenset({200}),
    "PUT /v1/preferences": frozenset({200}),
}
"""Calls without an object for which a body that says nothing is no fault, or a fault of its own."""
NOT_OF_THE_DEPARTMENT = frozenset({"GET /v1/tasks/{task_id}", "GET /v1/cases/{case_id}", "GET /v1/batches/{id}"})
"""A task at the village, a case that asks nothing of any department, and another department's batch: of those a
department sees its own alone."""
NOBODYS = frozenset(
    {
        "GET /v1/batches/{id}/rejections.xlsx", "GET /v1/notices/household/{household_id}",
        "POST /v1/notices/{notice_id}/read",
    }
)  # fmt: skip
"""Of a file that was never sent, and of what others were told."""
SEEN_FROM: Mapping[str, tuple[str, ...]] = {"GET /v1/batches/{id}": ("parent",)}
"""The county's department sent it: a village is told nothing of it."""


@dataclass(frozen=True)
class Cell:
    service: str
    call: str
    address: str
    role: str
    place: str
    body: str = "{}"

    @property
    def method(self) -> str:
        return self.call.partition(" ")[0]

    @property
    def needs(self) -> str:
        return NEEDS.get(f"{self.service} {self.call}") or NEEDS[self.call]

    @property
    def is_within(self) -> bool:
        return self.place in SEEN_FROM.get(self.call, WITHIN)

    def right(self) -> frozenset[int]:
        """The statuses with which this may be answered."""
        if self.role not in MAY[self.needs]:
            return frozenset({403})
        if "{" not in self.call.replace("{code}", "").replace("{record_id}", "{"):
            return frozenset({200}) if self.method == "GET" else MEANT.get(self.call, frozenset({422}))
        if self.call in BODIES and self.body == "{}":
            return frozenset({422})
        if self.call in NOBODYS:
            return frozenset({200 if "household" in self.call and self.role == "system" else 404})
        is_anothers = self.role == "department" and self.call in NOT_OF_THE_DEPARTMENT
        if not self.is_within or is_anothers:
            return frozenset({404})
        if self.call.endswith("/claim"):
            return frozenset({200, 409} if self.role in ACTS_AT["village_group"] else {403})
        return frozenset({200})


def cells(walk: Road, known: Known) -> Iterator[Cell]:
    """Every call with its object's address, by every role from every place."""
    for service in SERVICES:
        for path, methods in walk.services[service].document()["paths"].items():
            if not path.startswith("/v1") or path.startswith(PUBLIC):
                continue
            for method, told in methods.items():
                call = f"{method.upper()} {path}"
                address = _address(path, known.there(service, call, in_path(told)))
                for role in ROLES:
                    for place in PLACES:
                        yield Cell(service, call, address, role, place)
                        if call in BODIES and place not in WITHIN:
                            yield Cell(service, call, address, role, place, json.dumps(BODIES[call]))


def _address(path: str, there: Mapping[str, Sequence[str]]) -> str:
    for name, values in there.items():
        path = path.replace(f"{{{name}}}", values[0])
    return "/".join(str(uuid4()) if part.startswith("{") else part for part in path.split("/"))


def token(walk: Road, cell: Cell) -> dict[str, str]:
    region, grid = PLACES[cell.place]
    fields: dict[str, str | None] = {"region": region, "officer_id": f"m-{cell.role.replace('_', '-')}"}
    if cell.role in ONE_GRID:
        fields["grid"] = grid
    if cell.role == "department":
        fields["department"] = "medical_insurance"
    return walk.headers(cell.role, **fields)


async def test_every_call_by_every_role_from_every_place(lived: tuple[Road, Known]) -> None:
    walk, known = lived
    gate = asyncio.Semaphore(AT_ONCE)
    ours = {one for values in known.values.values() for one in values if len(one) >= 36}
    wrong: list[str] = []

    async def ask(cell: Cell) -> None:
        is_file = cell.call.endswith("/files")
        sent: Json = {"files": {"file": ("a.csv", b"{}")}} if is_file else {"content": cell.body.encode()}
        headers = token(walk, cell) | ({"content-type": "application/json"} if cell.body != "{}" else {})
        async with gate:
            answer = await walk.clients[cell.service].request(
                cell.method, cell.address, headers=headers, **({} if cell.method == "GET" else sent)
            )
        if answer.status_code not in cell.right():
            wrong.append(f"{cell}: {answer.status_code} {answer.text[:120]}, not {sorted(cell.right())}")
        if cell.place not in WITHIN and any(one in answer.text for one in ours - set(cell.address.split("/"))):
            wrong.append(f"{cell}: shows what is of another place")

    every = list(cells(walk, known))
    await asyncio.gather(*(ask(cell) for cell in every))
    assert wrong == [], "\n".join(["", *wrong[:40], f"{len(wrong)} of {len(every)}"])
    assert len(every) > 4_000


@pytest.mark.parametrize(
    ("service", "path"),
    [("workflow", "/v1/tasks"), ("screening", "/v1/warnings"), ("console", "/v1/households")],
)
async def test_lists_hold_what_is_of_the_place_and_of_no_other(
    lived: tuple[Road, Known], service: str, path: str
) -> None:
    walk, known = lived
    ours = set(known.values["household_id"])
    for role in ("village", "township", "county", "steward", "grid_worker"):
        for place in PLACES:
            headers = token(walk, Cell(service, f"GET {path}", path, role, place))
            items = (await walk.get(service, path, headers))["items"]
            seen = {one["household_id"] for one in items}
            assert ours <= seen if place in WITHIN else seen == set(), (role, place)


def test_a_wrong_allowance_and_a_wrong_denial_would_be_found() -> None:
    assert Cell("workflow", "GET /v1/tasks/{task_id}", "", "farmer", "own").right() == {403}
    assert Cell("workflow", "GET /v1/tasks/{task_id}", "", "village", "sibling").right() == {404}
    assert Cell("workflow", "GET /v1/tasks/{task_id}", "", "village", "own").right() == {200}
