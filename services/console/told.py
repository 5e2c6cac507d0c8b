"""A step of the timeline in words, in the grade that its reader may see. Pure.

The timeline's row keeps coded facts; the sentence is made when it is read, in the reader's language.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from services.console.remaining import as_day, as_instant, due_words, moment_words, whole_day_words
from services.console.wording import Words

Row = Mapping[str, Any]

DAYS = {"closed": "appeal_until"}
"""What a step names a day for, beside its sentence."""
VISITORS = "visitors"
"""The entry of a hop's form that names officers by their ids."""
DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Telling:
    """To whom: language, grade, the civil now, the officers' masked names by id, and the department that reads."""

    words: Words
    grade: str
    now: datetime
    officers: Mapping[str, Mapping[str, Any]]
    department: str | None = None

    @property
    def is_exact(self) -> bool:
        return self.grade == "exact"

    def is_exact_of(self, row: Row) -> bool:
        """Whether sums and record are told of this step: of another department's record a department reads a band, as
        intake shows it none."""
        return self.is_exact and (self.department is None or row["department"] in (None, self.department))


def what(row: Row, telling: Telling) -> dict[str, Any]:
    """The coded facts that this reader may see."""
    shown = dict(row["what"])
    return {**shown, **row["exact"]} if telling.is_exact_of(row) else shown


def source(row: Row, telling: Telling) -> dict[str, Any] | None:
    """The record behind a step; below township, and for another department, a band stands for it."""
    if row["record_id"] is None:
        return None
    if telling.is_exact_of(row):
        return {"department": row["department"], "record_id": row["record_id"], "version": row["version"]}
    return {"department": None, "record_id": None, "version": None, "band": band(row, telling.words)}


def band(row: Row, words: Words) -> str:
    return words.joined([words.concern_band(code) for code in row["what"].get("concerns", ())])


def who(row: Row, telling: Telling) -> dict[str, Any] | None:
    """Who acted, by masked name and office; None for a machine's step."""
    if row["officer_id"] is None:
        return None
    found = telling.officers.get(row["officer_id"], {})
    return {
        "officer_id": row["officer_id"],
        "role": row["role"] or found.get("role"),
        "display_name": found.get("display_name"),
        "office": {"zh": found.get("office_zh"), "en": found.get("office_en")} if found else None,
    }


def sentence(row: Row, telling: Telling) -> str:
    """One line: what happened."""
    words, facts = telling.words, row["what"]
    family, word = key_of(row["type"])
    key = f"step.{family}.{word}"
    if family == "data" and not telling.is_exact_of(row):
        return words(f"step.band.{word}", concerns=band(row, words))
    try:
        text = words(key, **_facts(row, telling))
    except KeyError:
        return words("step.unknown", type=row["type"])
    if word in DAYS and facts.get(DAYS[word]):
        text += words("step.until", day=whole_day_words(as_day(facts[DAYS[word]]), words))
    at, action = facts.get("from_hop") or facts.get("hop"), facts.get("action")
    if family == "stage" and facts.get("reason_code"):
        text += words("step.reason", reason=words.reason(at, action, facts["reason_code"]))
    elif word == "reassigned" and action:
        text += words("step.reason", reason=words.action(at, action))
    return text


def detail(row: Row, telling: Telling) -> str:
    """The second line: an explanation, or a record's own figures; empty when there is none."""
    words = telling.words
    family, _ = key_of(row["type"])
    if family == "warning":
        return words.of(what(row, telling).get("explanation") or "")
    if family == "data" and telling.is_exact_of(row):
        return values_told(row["exact"].get("values") or {}, words)
    return ""


def key_of(type_: str) -> tuple[str, str]:
    """`shouwang.stage.advanced.v1` → (stage, advanced); workflow's own `task.claimed` → (task, claimed)."""
    parts = type_.removeprefix("shouwang.").split(".")
    return (parts[0], parts[1]) if len(parts) >= 2 else ("", type_)


def values_told(values: Mapping[str, Any], words: Words) -> str:
    """A record's figures on one line, in the order in which they were sent."""
    shown = [(name, value) for name, value in values.items() if value is not None and name != "kind"]
    told = [f"{words.code('field', name)} {value_told(name, value, words)}" for name, value in shown]
    return " · ".join(told)


def _person(officer_id: str, words: Words) -> str:
    """The household itself is told too; it is no officer."""
    return words("role.farmer") if officer_id.startswith("household:") else officer_id


def form_told(form: Mapping[str, Any], telling: Telling) -> list[tuple[str, str]]:
    """What was answered in a hop's form, entry by entry, its people by masked name; below township no sum."""
    shown = [(name, value) for name, value in form.items() if value not in (None, "", [], ())]
    return [
        (telling.words.code("field", name), _answer_told(name, value, telling))
        for name, value in shown
        if telling.is_exact or not name.endswith("_yuan")
    ]


def _answer_told(name: str, value: Any, telling: Telling) -> str:
    words = telling.words
    if isinstance(value, list):
        return words.joined([_answer_told(name, one, telling) for one in value])
    if name == VISITORS:
        return str(telling.officers.get(value, {}).get("display_name") or value)
    if name == "evidence":
        return words.evidence(str(value))
    if words.has(f"answer.{name}.{value}"):
        return words(f"answer.{name}.{value}")
    if name == "concerns":
        return words.concern(str(value))
    return words.code("department", value) if name.startswith("department") else value_told(name, value, words)


def value_told(name: str, value: Any, words: Words) -> str:
    """Money as 26,810.50 元, a day as 2026 年 11 月 25 日; a code by its name; anything else as it is."""
    if name.endswith("_yuan"):
        try:
            return words("yuan", sum=f"{Decimal(str(value)):,.2f}")
        except InvalidOperation:
            return str(value)
    if isinstance(value, bool):
        return words.code("value", str(value).lower())
    if isinstance(value, str) and (day := day_in(value)):
        return whole_day_words(day, words)
    return words.code("value", value)


def day_in(text: str) -> date | None:
    """The day that a whole text is, in ISO 8601; None for any other text."""
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        return None


def _facts(row: Row, telling: Telling) -> dict[str, Any]:
    """Everything that a sentence may name."""
    words, facts = telling.words, row["what"]
    hop, level = facts.get("hop"), facts.get("level")
    officer = telling.officers.get(row["officer_id"] or "", {})
    family, _ = key_of(row["type"])
    step = facts.get("step") if family in ("stage", "task", "supervision") else None
    unit = words.limit_unit(str(hop), str(level), step) if hop and level else "calendar_days"
    due_at = as_instant(facts["due_at"]) if facts.get("due_at") else None
    from_hop = facts.get("from_hop") or hop
    return {
        "size": facts.get("size", ""),
        "poverty_history": words.code("poverty_history", facts.get("poverty_history", "")),
        "department": words.code("department", row["department"] or ""),
        "kind": words.code("kind", row["exact"].get("kind", "")),
        "level": words.code("level", level or ""),
        "concerns": words.joined([words.concern(code) for code in facts.get("concerns", ())]),
        "hop": words.code("hop", hop or ""),
        "where": words.step(hop, step) if step else words.code("hop", hop or ""),
        "from_hop": words.code("hop", from_hop or ""),
        "action": words.action(from_hop, facts.get("action")),
        "due": due_words(due_at, unit, telling.now, words) if due_at else "",
        "officer": officer.get("display_name") or _person(row["officer_id"] or "", words),
        "cause": words.code("cause", facts.get("cause", "")),
        "at": moment_words(row["at"], telling.now, words),
    }
