"""/warnings/{id}: one warning with all its findings: the value, the line, the day, the source, and what would have to
be different. Records open in place; the case and the household's line are one click away. Method 3.
"""

import asyncio
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.console import Console
from services.console.frame import place_of
from services.console.pages.warnings import warned
from services.console.remaining import as_instant, whole_day_words
from services.console.told import day_in
from services.console.wording import Words


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/warnings/{warning_id}")
    async def warning(request: Request, warning_id: UUID) -> Response:
        viewer = await console.viewer(request, "warning.read")
        token, words = console.token(viewer), console.frame.words(viewer.language)
        answer = await console.neighbours.get("screening", f"/v1/warnings/{warning_id}", token)
        if not answer.is_fine:
            return console.frame.unshown(
                request, viewer, "warnings.title", "warnings.away", "warnings.not_found", answer.status
            )
        told, household_id = answer.body, UUID(answer.body["household_id"])
        homes, tasks = await asyncio.gather(
            console.homes(viewer.caller, [household_id]),
            console.neighbours.get("workflow", "/v1/tasks", token, household=str(household_id), state="open", limit=20),
        )
        home = homes.get(household_id)
        return console.frame.page(
            request, viewer, "warning.html", one=warned(told, homes, viewer, words), household_id=household_id,
            is_exact=any("rule" in each for each in told["findings"]),
            where=place_of(home["region"])[-2:] if home else [], changed_at=changed_at(told),
            findings=[finding(each, words) for each in told["findings"]],
            tasks=[_task(each, words) for each in tasks.body["items"]] if tasks.is_fine else [],
            policy=console.frame.policy_name(str(told.get("policy", "")), words),
        )  # fmt: skip

    return routes


def changed_at(told: Mapping[str, Any]) -> Any:
    return as_instant(told["changed_at"]) if told.get("changed_at") else None


def finding(one: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """A finding as the page says it; below township its concern and its sentence alone. Pure."""
    unit = str(one.get("unit", ""))
    return {
        "level": one["level"], "concern": words.concern(one["concern"]), "why": words.of(one.get("explanation")),
        "is_exact": "rule" in one, "rule": words.code("rule", one["rule"]) if "rule" in one else "",
        "department": one.get("department", ""), "department_name": words.code("department", one.get("department", "")),
        "value": measured(one.get("value"), unit, words), "threshold": measured(one.get("threshold"), unit, words),
        "is_verified": bool(one.get("threshold_verified")), "occurred_on": one.get("occurred_on") or "",
        "since": one.get("threshold_since") or "",
        "line_source": words.of({"zh": one.get("threshold_source_zh"), "en": one.get("threshold_source")}),
        "records": list(one.get("record_ids") or ()), "of_records": one.get("records"), "unless": unless(one, words),
    }  # fmt: skip


def unless(one: Mapping[str, Any], words: Words) -> str:
    """The smallest change that would silence this finding, in words."""
    return words.of((one.get("counterfactual") or {}).get("words"))


def measured(value: object, unit: str, words: Words) -> str:
    """A value with its unit: 20,410.50 元; a grade or a status by its name; of a lapse of time the day it began."""
    text = "" if value is None else str(value)
    if not text:
        return ""
    if unit.endswith("_since") and (day := day_in(text)):
        return words("warnings.value_since", day=whole_day_words(day, words))
    try:
        number = Decimal(text)
    except InvalidOperation:
        plain = words.code("value", text)
    else:
        if unit == "yuan":
            return words("yuan", sum=f"{number:,.2f}")
        plain = f"{number:,f}"
    return words(f"measured.{unit}", n=plain) if words.has(f"measured.{unit}") else plain


def _task(one: Mapping[str, Any], words: Words) -> dict[str, str]:
    return {"task_id": str(one["task_id"]), "step": words.step(one["hop"], one.get("step"))}
