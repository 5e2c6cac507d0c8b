"""A task's form, from the JSON Schema that its hop gives: what to draw, and what came back. Pure.

The console knows no hop: a new one needs no change here. Known values are shown beside the field, examples are
placeholders and never values (people's words must be their own).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from services.console.wording import Words

DEPTH_MAX = 4
ROWS_MAX = 8
"""Rows of a repeated entry on one page."""
SPARE_ROWS = 3
"""Empty ones below what is given or needed, where there may be more."""
LONG_FROM = 120
"""A text that may be longer than this gets several lines."""
WHOLE = 10**15
MONEY_PLACES = 2

Posted = Mapping[str, Sequence[str]]
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One entry to draw. `kind`: text long number date choice choices yes_no group rows."""

    name: str
    kind: str
    title: str
    is_required: bool = False
    hint: str = ""
    example: str = ""
    known: str = ""
    options: tuple[tuple[str, str], ...] = ()
    fields: tuple["Field", ...] = ()
    given: tuple[str, ...] = ()
    error: str = ""

    @property
    def id(self) -> str:
        return re.sub(r"[^0-9A-Za-z]+", "-", self.name)


def draw(schema: Schema, words: Words, posted: Posted | None = None, errors: Mapping[str, str] | None = None) -> Field:
    """The form as one group. `posted` and `errors` are by field name, as `read` takes and gives them."""
    example = (schema.get("examples") or [None])[0]
    return _Drawing(words, posted or {}, errors or {}).field(schema, "form", True, example, 0)


def read(schema: Schema, posted: Posted, words: Words) -> tuple[Any, dict[str, str]]:
    """The answer as the schema wants it, and what is wrong by field name. What is blank and optional is left out."""
    reading = _Reading(words, posted, {})
    value = reading.value(schema, "form", True, 0)
    return value if value is not None else {}, reading.errors


def asks_for_officers(schema: Schema) -> bool:
    """Whether an entry of the form is to be chosen from the people in post."""
    inner = (schema.get("items"), *schema.get("properties", {}).values())
    return schema.get("x-of") == "officers" or any(asks_for_officers(one) for one in inner if one)


def offered(schema: Schema, people: Mapping[str, str]) -> Schema:
    """The schema with the people in post (names by officer id) where it asks for officers: nobody types an id."""
    found = dict(schema)
    if found.get("x-of") == "officers" and people:
        found |= {"enum": list(people), "x-names-of": dict(people)}
    if "items" in found:
        found["items"] = offered(found["items"], people)
    if "properties" in found:
        found["properties"] = {name: offered(one, people) for name, one in found["properties"].items()}
    return found


def named_error(field: str) -> str:
    """A service's `errors[].field` as a name of ours: `form.visitors.0`."""
    inner = field.removeprefix("body.").removeprefix("form.").removeprefix("form")
    return f"form.{inner}" if inner else "form"


# ── what kind of entry ──────────────────────────────────────────────────────────────────────────────────────────


def kind_of(schema: Schema) -> str:
    type_ = schema.get("type")
    if isinstance(type_, list):
        type_ = next((one for one in type_ if one != "null"), "string")
    if type_ is None and (number := _decimal(schema)):
        type_ = number["type"]
    if type_ == "object" or "properties" in schema:
        return "group"
    if type_ == "array":
        return "choices" if options_of(schema.get("items", {}), None) else "rows"
    if options_of(schema, None):
        return "choice"
    if type_ == "boolean":
        return "yes_no"
    if type_ in ("integer", "number"):
        return "number"
    if schema.get("format") == "date":
        return "date"
    return "long" if int(schema.get("maxLength", 80)) > LONG_FROM else "text"


def _decimal(schema: Schema) -> Schema:
    """The number of an entry that may come as a number or as its digits (money); empty for any other one."""
    listed = [one for one in schema.get("anyOf") or () if isinstance(one, Mapping)]
    return next((one for one in listed if one.get("type") in ("number", "integer")), {})


def options_of(schema: Schema, words: Words | None) -> tuple[tuple[str, str], ...]:
    """(value, name) of a closed list, given as `oneOf` of const and title or as `enum`."""
    listed = schema.get("oneOf") or schema.get("anyOf") or ()
    named = [one for one in listed if isinstance(one, Mapping) and "const" in one]
    if named:
        return tuple((str(one["const"]), _title(one, str(one["const"]), words)) for one in named)
    values = [one for one in schema.get("enum", ()) if one is not None]
    names = schema.get("x-names-of") or schema.get("x-enum-names") or {}
    shown = []
    for at, value in enumerate(values):
        found = names.get(value) if isinstance(names, Mapping) else names[at] if at < len(names) else None
        shown.append((str(value), words.of(found) if found and words else words.code("value", value) if words else ""))
    return tuple(shown)


def _title(schema: Schema, fallback: str, words: Words | None) -> str:
    for key in ("x-title", "x-names", "names", "title"):
        if schema.get(key) and words is not None:
            return words.of(schema[key])
    return words.code("field", fallback) if words is not None else fallback


@dataclass(slots=True)
class _Drawing:
    words: Words
    posted: Posted
    errors: Mapping[str, str]

    def field(self, schema: Schema, name: str, is_required: bool, example: Any, depth: int) -> Field:
        kind = kind_of(schema)
        own = (schema.get("examples") or [None])[0]
        found = Field(
            name=name, kind=kind, title=_title(schema, name.rpartition(".")[2], self.words), is_required=is_required,
            hint=_described(schema, self.words), given=tuple(self.posted.get(name, ())),
            error=self.errors.get(name, ""), known=_known(schema, self.words),
        )  # fmt: skip
        shown = own if example is None else example
        if kind == "group":
            return replace(found, fields=self._group(schema, name, shown, depth))
        if kind == "rows":
            return replace(found, fields=self._rows(schema, name, shown, depth))
        options = options_of(schema.get("items", {}) if kind == "choices" else schema, self.words)
        return replace(found, options=options, example=_example(shown, kind))

    def _group(self, schema: Schema, name: str, example: Any, depth: int) -> tuple[Field, ...]:
        if depth >= DEPTH_MAX:
            return ()
        required = set(schema.get("required", ()))
        given = example if isinstance(example, Mapping) else {}
        return tuple(
            self.field(inner, f"{name}.{key}", key in required, given.get(key), depth + 1)
            for key, inner in schema.get("properties", {}).items()
        )

    def _rows(self, schema: Schema, name: str, example: Any, depth: int) -> tuple[Field, ...]:
        least, most = int(schema.get("minItems", 1)), int(schema.get("maxItems", ROWS_MAX))
        number = min(max(least, _rows_in(name, self.posted)) + SPARE_ROWS * (most > least), most, ROWS_MAX)
        given = example if isinstance(example, Sequence) and not isinstance(example, str) else []
        return tuple(
            self.field(
                schema.get("items", {}), f"{name}.{at}", at < least, given[at] if at < len(given) else None, depth + 1
            )
            for at in range(number)
        )


def _described(schema: Schema, words: Words) -> str:
    return words.of(schema.get("x-description") or schema.get("description") or "")


def _known(schema: Schema, words: Words) -> str:
    known = schema.get("x-known")
    if not isinstance(known, Mapping):
        return ""
    return words("task.known", value=words.of(known.get("value", "")))


def _example(example: Any, kind: str) -> str:
    if example is None or isinstance(example, Mapping):
        return ""
    if kind in ("choice", "choices", "yes_no"):
        return ""
    return ", ".join(map(str, example)) if isinstance(example, (list, tuple)) else str(example)


def _rows_in(name: str, posted: Posted) -> int:
    """How many rows of a repeated entry were filled in."""
    numbers = [re.match(r"(\d{1,2})(?:\.|$)", key[len(name) + 1 :]) for key in posted if key.startswith(f"{name}.")]
    filled = [int(one[1]) for one in numbers if one]
    return max(filled) + 1 if filled else 0


# ── what came back ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Reading:
    words: Words
    posted: Posted
    errors: dict[str, str]

    def value(self, schema: Schema, name: str, is_required: bool, depth: int) -> Any:
        """None where nothing was given."""
        if "const" in schema:
            return schema["const"]
        match kind_of(schema):
            case "group":
                return self._group(schema, name, is_required, depth)
            case "rows":
                return self._rows(schema, name, is_required, depth)
            case "choices":
                return self._choices(schema, name, is_required)
            case kind:
                text = next((one.strip() for one in self.posted.get(name, ()) if one.strip()), "")
                if not text:
                    if is_required:
                        self._wrong(name, "missing")
                    return None
                return self._single(schema, kind, name, text)

    def _group(self, schema: Schema, name: str, is_required: bool, depth: int) -> Any:
        if depth >= DEPTH_MAX or (not is_required and not self._has_any(name)):
            return None
        required = set(schema.get("required", ()))
        found = {
            key: self.value(inner, f"{name}.{key}", key in required, depth + 1)
            for key, inner in schema.get("properties", {}).items()
        }
        return {key: value for key, value in found.items() if value is not None}

    def _rows(self, schema: Schema, name: str, is_required: bool, depth: int) -> Any:
        found = []
        for at in range(min(_rows_in(name, self.posted), ROWS_MAX)):
            if self._has_any(f"{name}.{at}"):
                found.append(self.value(schema.get("items", {}), f"{name}.{at}", True, depth + 1))
        if not found and not is_required:
            return None
        self._count(schema, name, len(found))
        return [one for one in found if one is not None]

    def _choices(self, schema: Schema, name: str, is_required: bool) -> Any:
        allowed = dict(options_of(schema.get("items", {}), None))
        given = [one for one in dict.fromkeys(self.posted.get(name, ())) if one]
        if any(one not in allowed for one in given):
            self._wrong(name, "not_listed")
        if not given and not is_required:
            return None
        if not given:
            self._wrong(name, "missing")
            return []
        self._count(schema, name, len(given))
        return given

    def _count(self, schema: Schema, name: str, number: int) -> None:
        if number < (least := int(schema.get("minItems", 0))):
            self._wrong(name, "too_few", least)
        elif number > (most := int(schema.get("maxItems", WHOLE))):
            self._wrong(name, "too_many", most)

    def _single(self, schema: Schema, kind: str, name: str, text: str) -> Any:
        match kind:
            case "choice":
                return self._choice(schema, name, text)
            case "yes_no":
                if text not in ("true", "false"):
                    self._wrong(name, "not_listed")
                return text == "true"
            case "number":
                return self._number(schema, name, text)
            case "date":
                try:
                    return date.fromisoformat(text).isoformat()
                except ValueError:
                    self._wrong(name, "not_a_date")
                    return text
            case _:
                return self._text(schema, name, text)

    def _choice(self, schema: Schema, name: str, text: str) -> Any:
        values: list[Any] = list(schema.get("enum", ()))
        values += [one["const"] for one in schema.get("oneOf", schema.get("anyOf", ())) if "const" in one]
        for value in values:
            if str(value) == text:
                return value
        self._wrong(name, "not_listed")
        return text

    def _number(self, schema: Schema, name: str, text: str) -> Any:
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("NaN")
        decimal = _decimal(schema)
        if not value.is_finite() or abs(value) > WHOLE or (schema.get("type") == "integer" and value % 1):
            self._wrong(name, "not_a_number")
            return text
        schema = {**decimal, **schema}
        if "minimum" in schema and value < Decimal(str(schema["minimum"])):
            self._wrong(name, "too_small", schema["minimum"])
        if "maximum" in schema and value > Decimal(str(schema["maximum"])):
            self._wrong(name, "too_large", schema["maximum"])
        if decimal:
            if value.as_tuple().exponent < -MONEY_PLACES:  # type: ignore[operator]
                self._wrong(name, "too_fine")
            return format(value, "f")  # to the last digit: money is never a float
        return int(value) if value == value.to_integral_value() else float(value)

    def _text(self, schema: Schema, name: str, text: str) -> str:
        if len(text) < (least := int(schema.get("minLength", 0))):
            self._wrong(name, "too_short", least)
        elif len(text) > (most := int(schema.get("maxLength", 10_000))):
            self._wrong(name, "too_long", most)
        elif "pattern" in schema and not _matches(str(schema["pattern"]), text):
            self._wrong(name, "wrong_pattern")
        return text.replace("\x00", "")

    def _has_any(self, name: str) -> bool:
        return any(
            (key == name or key.startswith(f"{name}.")) and any(one.strip() for one in values)
            for key, values in self.posted.items()
        )

    def _wrong(self, name: str, key: str, number: object = None) -> None:
        text = self.words(f"form.{key}", n=number) if number is not None else self.words(f"form.{key}")
        self.errors.setdefault(name, text)


def _matches(pattern: str, text: str) -> bool:
    """A pattern that Python cannot read is left to the service, which checks again anyway."""
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return True
