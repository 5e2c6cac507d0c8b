"""/rules: what people made of each rule's warnings, and which rule its owner is asked to look at. Method 3.

Screening counts; the page says which part of a rule is never put in question.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.console import Console
from services.console.remaining import as_instant
from services.console.wording import Words
from shared.domain.said_day import said_month

MONTHS = 12
PARTS = ("hits", "misses", "neither")
"""What came of a warning that was closed; together they are the closed ones."""
COLUMNS = ("warned", "closed", *PARTS, "share")


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/rules")
    async def rules(request: Request) -> Response:
        viewer = await console.viewer(request, "rule.read")
        answer = await console.neighbours.get("screening", "/v1/rules", console.token(viewer), months=MONTHS)
        if not answer.is_fine:
            return console.frame.unshown(request, viewer, "rules.title", "rules.away")
        told, words = answer.body, console.frame.words(viewer.language)
        return console.frame.page(
            request, viewer, "rules.html", parts=PARTS, columns=COLUMNS, sums=added_up(told["items"]),
            rows=[row_of(one, words) for one in told["items"]],
            months=[month_words(one, words) for one in told["months"]],
            as_of=as_instant(told["as_of"]), share_least=percent(told["share_least"]), judged=told["judged_least"],
            is_verified=told["is_verified"], source=words.of({"zh": told["source_zh"], "en": told["source"]}),
        )  # fmt: skip

    return routes


def row_of(item: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """A rule as its row says it. Pure."""
    judged = item["hits"] + item["misses"]
    return {
        "name": named(item, words), "department": words.code("department", item["department"]),
        "warned": item["warned"], "closed": item["closed"], **{part: item[part] for part in PARTS},
        "share": percent(item["share"]) if judged else "", "is_flagged": item["is_flagged"],
        "is_exempt": item["is_exempt"], "months": [month_of(one) for one in item["months"]],
    }  # fmt: skip


def named(item: Mapping[str, Any], words: Words) -> str:
    """The rule's name; of one that is exempt in part, which part it is."""
    name = words.code("rule", item["rule"])
    if not item["values"]:
        return name
    values = words.joined([words.code("value", one) for one in item["values"]])
    return words(f"rules.{'only' if item['is_exempt'] else 'but'}", name=name, values=values)


def percent(share: float) -> str:
    """0.02 as 2%, with as many digits as two places of it have."""
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + "%"


def month_of(one: Mapping[str, Any]) -> str:
    """The hits of the judged, as 3/120; a dash where the month has none."""
    judged = one["hits"] + one["misses"]
    return f"{one['hits']}/{judged}" if judged else "–"


def month_words(month: str, words: Words) -> str:
    """2026-11 as 11 月; January with its year."""
    first = date.fromisoformat(f"{month}-01")
    return said_month(first, words.language, None if first.month == 1 else first.year)


def added_up(items: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """All rules together; a warning of several rules is counted for each."""
    return {name: sum(one[name] for one in items) for name in ("warned", "closed", *PARTS)}
