"""The tester's officers: they take up open tasks through the API alone, by each form's own example, and some twice.

They know no hop but who acts there. Some households are theirs; the others' deadlines run out.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import uuid5
from zlib import crc32

from deploy.demo.township import CODE, COUNTY
from tests.chaos.calls import IDS, Calls, Sent, Who

PAGE, AT_ONCE = 200, 3
DOUBLE_CLICK_SHARE, REFUSAL_SHARE, RETURN_SHARE = 0.15, 0.15, 0.1
LATER = frozenset({"notice_running", "too_early"})
OVERTAKEN = frozenset({"not_ahead"})
HANDLER = {"role": "county", "region": COUNTY, "officer_id": f"COUNTY-{COUNTY}-1", "capacity": "handler"}
"""Sees the whole county."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A decision that was sent until it was answered. `version` is the task's before it."""

    task_id: str
    version: int
    action: str
    status: int
    code: str | None = None


@dataclass
class Officers:
    """`share`: one household in so many is worked on. `waits`: tasks whose time has not come, by the clock's day."""

    calls: Calls
    seed: int
    share: int
    attempts: list[Attempt] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    day: float = 0.0
    waits: dict[tuple[str, int], float] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)
    rounds: int = 0

    async def work(self, until: asyncio.Event) -> None:
        """Round after round."""
        while not until.is_set():
            if not await self.round():
                await asyncio.sleep(0.3)

    async def round(self) -> int:
        """Every open task of theirs once; how many were decided."""
        tasks = [one for one in await self._open() if self._is_ours(one)]
        gate = asyncio.Semaphore(AT_ONCE)

        async def one_by_one(task: Mapping[str, Any]) -> int:
            async with gate:
                return await self._decide(task)

        decided = sum(await asyncio.gather(*(one_by_one(task) for task in tasks)))
        self.rounds += 1
        return decided

    def _is_ours(self, task: Mapping[str, Any]) -> bool:
        is_due = self.waits.get((task["task_id"], task["version"]), -1.0) < self.day
        return crc32(f"{task['household_id']}".encode()) % self.share == 0 and is_due

    async def _open(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        after: str | None = None
        while True:
            asked = {"limit": str(PAGE), **({"after": after} if after else {})}
            page = await self.calls.get("workflow", "/v1/tasks", HANDLER, **asked)
            found += page["items"]
            after = page["next"]
            if after is None:
                return found

    async def _decide(self, listed: Mapping[str, Any]) -> int:
        task = await self.calls.get("workflow", f"/v1/tasks/{listed['task_id']}", who_at(listed))
        if task is None or task["state"] != "open" or not task["actions"]:
            return 0
        chance = Random(f"{self.seed} {task['task_id']} {task['version']}")
        action = _chosen(task, chance)
        body = json.dumps(
            {
                "action": action["action"],
                "form": action["form_schema"]["examples"][0],
                "version": task["version"],
                **({"reason_code": action["reason_codes"][0]} if action["reason_codes"] else {}),
            }
        ).encode()
        keys = ["once", "twice"] if chance.random() < DOUBLE_CLICK_SHARE else ["once"]
        answers = await asyncio.gather(*(self._send(task, body, key) for key in keys))
        for sent in answers:
            if not (_codes(sent) == OVERTAKEN and await self._has_another_example(task, action)):
                self._note(task, action["action"], sent)
        self.steps[f"{task['hop']}.{task['step']}"] += any(sent.status == 200 for sent in answers)
        return sum(sent.status == 200 for sent in answers)

    async def _has_another_example(self, task: Mapping[str, Any], action: Mapping[str, Any]) -> bool:
        """Whether the clock went on between the reading of a task and its answer: read again, it names other days."""
        again = await self.calls.get("workflow", f"/v1/tasks/{task['task_id']}", who_at(task))
        same = [one for one in (again or task)["actions"] if one["action"] == action["action"]]
        return not same or same[0]["form_schema"]["examples"][0] != action["form_schema"]["examples"][0]

    async def _send(self, task: Mapping[str, Any], body: bytes, which: str) -> Sent:
        key = str(uuid5(IDS, f"{self.seed} {task['task_id']} {task['version']} {self.day} {which}"))
        path = f"/v1/tasks/{task['task_id']}/decisions"
        return await self.calls.post("workflow", path, body, who_at(task), key=key)

    def _note(self, task: Mapping[str, Any], action: str, sent: Sent) -> None:
        code = None if sent.status == 200 else str(sent.answer.get("code"))
        self.attempts.append(Attempt(task["task_id"], task["version"], action, sent.status, code))
        where = f"{task['hop']}.{task['step']} {action}"
        if sent.status == 200:
            self.calls.kept.append(sent)
        elif sent.status == 422 and _codes(sent) <= LATER:
            self.waits[task["task_id"], task["version"]] = self.day
        elif code not in ("version_conflict", "task_closed"):
            self.waits[task["task_id"], task["version"]] = float("inf")
            self.complaints.append(f"{where}: its own example was answered {sent.status} {sent.answer}"[:400])


def _codes(sent: Sent) -> frozenset[str]:
    """What is wrong with the answer that was refused."""
    return frozenset(one["code"] for one in sent.answer.get("errors", ())) if sent.status == 422 else frozenset()


def who_at(task: Mapping[str, Any]) -> Who:
    """Who acts at a task's step: handlers prepare, approvers sign, a third answers an appeal."""
    region, step = str(task["region"]), f"{task['hop']}.{task['step']}"
    match task["hop"]:
        case "village_group" if task["grid"] and task["office"] == task["grid"]:
            return {
                "role": "grid_worker", "region": region, "grid": task["grid"], "officer_id": f"W-{task['grid']}",
            }  # fmt: skip
        case "village_group" | "village_committee" | "village_return":
            return {"role": "village", "region": region, "officer_id": f"V-{region}-1"}
        case "department":
            code = str(task["branch"])
            return {
                "role": "department", "region": COUNTY, "department": code, "officer_id": f"DP-{code}".replace("_", "-")
            }  # fmt: skip
        case "township" | "township_return":
            return _at("township", CODE, step)
        case _:
            return _at("county", COUNTY, step)


def _at(role: str, region: str, step: str) -> Who:
    number, capacity = {"sign": (4, "approver"), "appeal": (9, "approver")}.get(step.partition(".")[2], (1, "handler"))
    return {"role": role, "region": region, "officer_id": f"{role.upper()}-{region}-{number}", "capacity": capacity}


def _chosen(task: Mapping[str, Any], chance: Random) -> Any:
    """The ordinary way on, mostly; at a review now and then a refusal or a return."""
    offered = {one["action"]: one for one in task["actions"]}
    draw = chance.random()
    if task["step"] == "review" and draw < REFUSAL_SHARE and "not_eligible" in offered:
        return offered["not_eligible"]
    if task["step"] == "review" and draw > 1 - RETURN_SHARE and "return" in offered:
        return offered["return"]
    return task["actions"][0]
