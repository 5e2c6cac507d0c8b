"""Forms: what a hop asks, as pydantic models; their JSON Schema, with names and a valid example. Pure.

One definition makes the schema that a client sees and the check of what it sends, so the two cannot differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared.contracts.types import Text
from shared.domain.concerns import CONCERNS
from shared.domain.said_day import said_day
from shared.policy import Names

ERRORS_MAX = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known when a task is shown or decided: the civil day, the rules of the package on it, the concerns, the
    village's people."""

    today: date
    visitors_least: int
    quorum: float
    planned_within: timedelta
    concerns: tuple[str, ...] = ()
    officers: tuple[str, ...] = ()
    evidence: tuple[tuple[str, Names], ...] = ()
    sent_on: date = date.min
    notice_until: date | None = None
    departments: tuple[tuple[str, Names], ...] = ()
    """Those that may be asked for measures."""
    fitting: tuple[str, ...] = ()
    """Those of them that answer for the case's concerns."""
    asked_already: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    """Those of them that have declined: they have no measure."""
    is_refused: bool = False
    pause_last: date = date.min


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong in an answer: the field, a stable code, what to do in both languages."""

    field: str
    code: str
    en: str
    zh: str

    def told(self) -> dict[str, str]:
        return {"field": self.field, "code": self.code, "message": self.en, "message_zh": self.zh}


class Form(BaseModel):
    """An answer. Unknown fields are refused: a misspelt one must not be lost in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    hands_over: ClassVar[bool] = False
    """Whether another person may take the task by this answer: then who else is in post is read."""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        """A valid answer, so that a client can act at any hop without knowing it."""
        return {}

    @classmethod
    def narrowed(cls, asked: Asked) -> Mapping[str, Mapping[str, Any]]:
        """What the policy package says of single fields, to stand in the schema."""
        return {}

    def wrong(self, asked: Asked) -> list[Wrong]:
        """What a schema cannot say: no day lies in the future."""
        return [
            bounded(f"form.{name}", "in_the_future", asked.today, "This day is after {day}.", "日期不能晚于 {day}。")
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), date) and value > asked.today
        ]


def not_past(field: str, day: date, asked: Asked) -> list[Wrong]:
    """A day that is planned lies ahead, not further than the package lets one plan."""
    last = asked.today + asked.planned_within
    if asked.today <= day <= last:
        return []
    en = f"Choose a day from {{day}} to {said_day(last, 'en')}."
    zh = f"日期须在 {{day}}至 {said_day(last, 'zh-CN')}之间。"
    return [bounded(field, "not_ahead", asked.today, en, zh)]


def bounded(field: str, code: str, day: date, en: str, zh: str) -> Wrong:
    """What is wrong with a day that another one bounds, named in the sentences as `{day}`."""
    return Wrong(field, code, en.format(day=said_day(day, "en")), zh.format(day=said_day(day, "zh-CN")))


def titled(zh: str, en: str, names: Mapping[str, tuple[str, str]] | None = None) -> dict[str, Any]:
    """A field's names, and those of its codes."""
    found: dict[str, Any] = {"title": en, "x-title": {"zh": zh, "en": en}}
    if names:
        found["x-names-of"] = {code: {"zh": pair[0], "en": pair[1]} for code, pair in names.items()}
    return found


def _known(code: str) -> str:
    if code not in _CONCERN_NAMES:
        raise ValueError("is no concern of the list")
    return code


_CONCERN_NAMES = {one.code: (one.zh, one.en) for one in CONCERNS}

ConcernCode = Annotated[
    str,
    Field(json_schema_extra={"enum": list(_CONCERN_NAMES)} | titled("关注事项", "concern", _CONCERN_NAMES)),
    AfterValidator(_known),
]
Concerns = Annotated[
    tuple[ConcernCode, ...],
    Field(max_length=10, json_schema_extra=titled("看到的困难方面", "What the difficulty is about")),
]
Note = Annotated[Text, Field(json_schema_extra=titled("补充说明", "Anything else"))]


def schema_of(form: type[Form], asked: Asked) -> dict[str, Any]:
    """The JSON Schema of a form with its example and what the case's own rules say of single fields."""
    schema = form.model_json_schema()
    for name, more in form.narrowed(asked).items():
        schema["properties"][name] = _merged(schema["properties"][name], more)
    schema["examples"] = [dict(form.example(asked))]
    schema["description"] = (form.__doc__ or "").strip()
    return schema


def _merged(schema: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(schema)
    for key, value in more.items():
        is_inner = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
        found[key] = _merged(found[key], value) if is_inner else value
    return found


def read(form: type[Form], answer: Any, asked: Asked) -> tuple[Form | None, list[Wrong]]:
    """The checked answer, or what is wrong with it, field by field."""
    try:
        found = form.model_validate(answer)
    except ValidationError as error:
        return None, [_wrong(one) for one in error.errors(include_url=False, include_input=False)[:ERRORS_MAX]]
    wrong = found.wrong(asked)
    return (None, wrong) if wrong else (found, [])


def _wrong(error: Mapping[str, Any]) -> Wrong:
    place: Sequence[Any] = error["loc"]
    field = ".".join(["form", *(str(part)[:60] for part in place)])
    code = str(error["type"])
    return Wrong(field, code, str(error["msg"])[:300], _IN_CHINESE.get(code, "此项填写有误，请按表单要求填写。"))


_IN_CHINESE = {
    "missing": "此项必填。",
    "extra_forbidden": "表单中没有这一项。",
    "too_short": "填写的项数不够。",
    "too_long": "填写的项数太多。",
    "string_too_short": "此项不能为空。",
    "string_too_long": "文字太长。",
    "literal_error": "请从列出的选项中选择。",
    "date_from_datetime_parsing": "日期格式应为 2026-11-25。",
    "date_parsing": "日期格式应为 2026-11-25。",
}
