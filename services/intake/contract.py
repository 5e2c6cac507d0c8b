"""What departments may send, as JSON Schema: read off the code that checks it, never written beside it. Method 3.

A kind's `check` is run over fields that hold nothing and write down what is asked of them. A document never refuses
what intake takes; it takes some that intake refuses, for what JSON Schema cannot say: check digits, days to come.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import reduce
from itertools import product
from typing import Any, TypeVar, cast

from services.intake.departments import KINDS
from services.intake.departments.rural_revitalization import VILLAGE
from services.intake.fields import CONTROL, INVISIBLE, Fields
from services.intake.kind import Kind
from services.intake.record import VERSION_MAX
from services.intake.rejection import LONGEST, TEXT_MAX, longest

Json = dict[str, Any]
Value = TypeVar("Value")

ANY, WITHDRAWAL = "departments.record", "record.withdrawal"
"""The schemas of any department's record, and of one that is taken back."""
SHARED = "#/components/schemas/"
BLANK = r"\x09-\x0d\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""What `str.strip` takes off, spelt so that other languages' patterns mean the same."""
ABSENT_TEXT, ABSENT = ["", None], [None]
NO_OBJECT: list[Any] = [None, "", 0, False, []]
"""What counts as an object that is not told."""
YUAN_MOST = 10**12 - 1
PLACES = r"[0-9]{1,12}(\.[0-9]{1,2})?"
ANSWERS: Mapping[str, int | None] = {"the least": None, "first words": 0, "last words": -1}
"""How a pass answers what may be left out: not at all, or with the first or the last of the known words."""
DAYS = (date(2026, 1, 1), date(2027, 1, 1))
"""A bound that differs between them lies with the record's own day, which no schema can say."""
SOMETIMES: Json = {"description": "Looked at only where other fields ask for it."}
TEXT, YUAN = "999999", Decimal(1)
"""What a pass reads where it reads something: a text that is also the number of whoever has none."""


def schemas() -> dict[str, Json]:
    """Name → schema, for the `components` of a document: each kind, each department's record, any record."""
    kinds = {f"{code}.{kind.name}": _upsert(kind) for code, found in KINDS.items() for kind in found}
    departments = {
        record_of(code): {"anyOf": [ref(f"{code}.{kind.name}") for kind in found] + [ref(WITHDRAWAL)]}
        for code, found in KINDS.items()
    }
    every = {"anyOf": [*map(ref, kinds), ref(WITHDRAWAL), _event([*map(ref, kinds), ref(WITHDRAWAL)])]}
    return _forms() | {WITHDRAWAL: _withdrawal()} | kinds | departments | {ANY: every}


def record_of(code: str) -> str:
    """The name of a department's schema."""
    return f"{code}.record"


def message_of(code: str) -> Json:
    """What may stand on a department's topic: a record, plain or as a CloudEvent's `data`."""
    return {"anyOf": [ref(record_of(code)), _event([ref(record_of(code))])]}


def ref(name: str) -> Json:
    return {"$ref": f"{SHARED}{name}"}


# ── the record's frame: `record.parse` ──────────────────────────────────────────────────────────────────────────────


def _upsert(kind: Kind) -> Json:
    return {
        "title": kind.name,
        "type": "object",
        "required": ["record_id", "version", "kind", "occurred_on", "subject", "data"],
        "properties": {
            **_name(),
            "op": _word(["upsert"], ABSENT_TEXT),
            "kind": _word([kind.name]),
            "occurred_on": ref("record.day"),
            "subject": _subject(kind),
            "data": data_of(kind),
        },
    }


def _withdrawal() -> Json:
    """What else it holds is looked at by nobody."""
    return {
        "title": "withdraw",
        "type": "object",
        "required": ["record_id", "version", "op"],
        "properties": {
            **_name(), "op": _word(["withdraw"]), "kind": {}, "occurred_on": {}, "subject": {}, "data": {},
        },
    }  # fmt: skip


def _name() -> Json:
    return {
        "record_id": {"anyOf": [_text("record_id"), _whole(-(2**63), 2**64 - 1)]},
        "version": {"type": "integer", "minimum": 1, "maximum": VERSION_MAX},
    }


def _subject(kind: Kind) -> Json:
    """Who it is about: by one of two numbers; of the register's own record, the village."""
    told = {name: _may(_text(name), ABSENT_TEXT) for name in ("id_no", "household_no")}
    told |= {"name": {}, "region": {}}
    if kind.about == "register":
        village = {"anyOf": [{"type": "string", "pattern": f"^{VILLAGE.pattern}$"}, ref("record.copied")]}
        return {"type": "object", "required": ["region"], "properties": {**told, "region": village}}
    ways = ({"required": [name], "properties": {**told, name: _text(name)}} for name in ("id_no", "household_no"))
    return {"anyOf": [{"type": "object", **way} for way in ways]}


def _event(data: list[Json]) -> Json:
    return {
        "title": "CloudEvent",
        "type": "object",
        "required": ["specversion", "data"],
        "properties": {"specversion": {}, "data": {"anyOf": data}},
    }


# ── one field's forms: `Fields` ─────────────────────────────────────────────────────────────────────────────────────


def _forms() -> dict[str, Json]:
    return {
        "record.copied": {
            "type": "string",
            "pattern": f"^[{BLANK}]|[{BLANK}]$|{INVISIBLE.pattern}",
            "description": "With blanks round it or signs without a width: they are taken off, then it is read.",
        },
        **{f"record.text.{most}": _text_of(most) for most in (TEXT_MAX, *LONGEST.values())},
        "record.day": {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "record.yuan": _sum(f"^[+-]?{PLACES}$", -YUAN_MOST, "Yuan with at most two places, as 26810.50."),
        "record.gain": _sum(
            rf"^\+?{PLACES}$|^-0{{1,12}}(\.0{{1,2}})?$", 0, "Yuan with at most two places, not below nought."
        ),
    }


def _sum(pattern: str, least: int, description: str) -> Json:
    whole = {"type": "integer", "minimum": least, "maximum": YUAN_MOST}
    return {"anyOf": [{"type": "string", "pattern": pattern}, whole], "description": description}


def _text(name: str) -> Json:
    return ref(f"record.text.{longest(name)}")


def _text_of(most: int) -> Json:
    plain = {"type": "string", "minLength": 1, "maxLength": most, "pattern": f"^[^{CONTROL.pattern[1:]}*$"}
    return {"anyOf": [plain, ref("record.copied")]}


def _word(known: Sequence[str], absent: Sequence[Any] = ()) -> Json:
    told = {"anyOf": [{"type": "string", "enum": [*known]}, ref("record.copied")]}
    return _may(told, absent) if absent else told


def _whole(least: int, most: int) -> Json:
    return {"type": "integer", "minimum": least, "maximum": most}


def _may(told: Json, absent: Sequence[Any]) -> Json:
    """A form, or one of the ways to leave it out."""
    return {"anyOf": [*(told["anyOf"] if told.keys() == {"anyOf"} else [told]), {"enum": [*absent]}]}


# ── what a kind's check asks ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Asked:
    """One field: its form where it is told, how else it may be left out, and a value that lets the check go on."""

    form: Callable[[], Json]
    absent: Sequence[Any]
    sound: Any


@dataclass(frozen=True, slots=True)
class Asking(Fields):
    """Fields that hold nothing, and write down what is asked of them. `word`: how the pass answers, of ANSWERS."""

    word: int | None = None
    asked: dict[str, Asked] = field(default_factory=dict)
    needs: list[tuple[str, ...]] = field(default_factory=list)
    """Of each of these, one has to be there."""

    def _ask(self, name: str, form: Json | Callable[[], Json], absent: Sequence[Any], sound: Value) -> Value | None:
        self.asked[name] = Asked(form if callable(form) else lambda: form, absent, sound)
        return None if self.word is None else sound

    def text(self, name: str) -> str | None:
        return self._ask(name, _text(name), ABSENT_TEXT, TEXT)

    def loose(self, name: str) -> str | None:
        return self._ask(name, {}, (), TEXT)

    def number(self, name: str, least: int, most: int) -> int | None:
        return self._ask(name, _whole(least, most), ABSENT, least)

    def must_number_told(self, name: str, least: int, most: int, read: Callable[[str], int | None], code: str) -> int:
        self._ask(name, {"anyOf": [_whole(least, most), _text(name)]}, (), least)
        return self.must(name, least)

    def day(self, name: str) -> date | None:
        return self._ask(name, ref("record.day"), ABSENT_TEXT, DAYS[0])

    def yuan(self, name: str) -> Decimal | None:
        return self._ask(name, ref("record.yuan"), ABSENT, YUAN)

    def gain(self, name: str) -> Decimal | None:
        return self._ask(name, ref("record.gain"), ABSENT, YUAN)

    def choice(self, name: str, known: Sequence[str], refused: Mapping[str, str] | None = None) -> str | None:
        return self._ask(name, _word(known), ABSENT_TEXT, known[self.word or 0])

    def objects(self, name: str, most: int) -> list[Fields]:
        inner = self._inner()
        items = {"type": "array", "minItems": 1, "maxItems": most}
        self._ask(name, lambda: items | {"items": inner.schema()}, (), inner)
        return [self.must(name, inner)]

    def object(self, name: str) -> Fields:
        inner = self._inner()
        self._ask(name, lambda: inner.schema(), NO_OBJECT, inner)
        return inner

    def object_or_word(self, name: str, inner: str) -> Fields:
        found = cast(Asking, self.object(name))
        self._ask(name, lambda: {"anyOf": [found.schema(), *found.property(inner)["anyOf"]]}, NO_OBJECT, found)
        return found

    def must_one(self, names: Sequence[str], values: Sequence[Any]) -> None:
        self.needs.append(tuple(names))

    def must(self, name: str, value: Value | None) -> Value:
        self.needs.append((name,))
        return cast(Value, self.asked[name].sound) if value is None else value

    def _inner(self) -> "Asking":
        return Asking({}, word=self.word)

    def schema(self, aliases: Mapping[str, str] = {}, brought: Sequence[str] = ()) -> Json:
        """The object as it was asked for. `brought`: names that stand elsewhere in the record as well."""
        also = {name: other for other, name in aliases.items()}
        needs = {(*names, *(also[name] for name in names if name in also)) for names in self.needs}
        needed = {names[0] for names in needs if len(names) == 1} - set(brought)
        found: Json = {"type": "object", "required": sorted(needed)}
        found["properties"] = {name: self.property(name, name in needed) for name in self.asked}
        several = sorted(names for names in needs if len(names) > 1)
        if several:
            found["allOf"] = [{"anyOf": list(self._ways(names, aliases))} for names in several]
        return found

    def property(self, name: str, is_needed: bool = False) -> Json:
        one = self.asked[name]
        return one.form() if is_needed or not one.absent else _may(one.form(), one.absent)

    def _ways(self, names: Sequence[str], aliases: Mapping[str, str]) -> Iterator[Json]:
        for name in names:
            yield {"required": [name], "properties": {name: self.asked[aliases.get(name, name)].form()}}


def data_of(kind: Kind) -> Json:
    """The schema of a kind's `data`."""
    brought = ("household_no",) if kind.about == "register" else ()
    found = reduce(_either, (_pass(kind, word, day, brought) for word, day in product(ANSWERS.values(), DAYS)))
    others = {name: _other_name(ours) for name, ours in kind.aliases.items()}
    kept = {name: {"description": "Kept sealed; not looked at.", "x-looked-at": False} for name in kind.shown}
    found["properties"] = {**kept, **others, **found["properties"]}
    return found


def _other_name(ours: str) -> Json:
    """No form: where ours is told, nobody looks at it, whatever it holds."""
    return {"description": f"Stands for {ours}, where that is not told."}


def _pass(kind: Kind, word: int | None, day: date, brought: Sequence[str]) -> Json:
    asking = Asking({"region": "341221102201"}, "data", word=word)
    kind.check(asking, day)
    return asking.schema(kind.aliases, brought)


def _either(one: Json, other: Json) -> Json:
    """What both passes say. A field that only one of them asked for may hold anything where nobody asks."""
    if one in (other, SOMETIMES):
        return one
    found: Json = {}
    for key in (key for key in one if key in other):
        mine, its = one[key], other[key]
        if key == "properties":
            found[key] = {
                name: _either(mine[name], its[name]) if name in mine and name in its else SOMETIMES
                for name in {**mine, **its}
            }
        elif key == "required":
            found[key] = sorted(set(mine) & set(its))
        elif key == "items":
            found[key] = _either(mine, its)
        elif key == "anyOf" and len(mine) == len(its):
            found[key] = [_either(*both) for both in zip(mine, its, strict=True)]
        elif mine == its:
            found[key] = mine
    return found
