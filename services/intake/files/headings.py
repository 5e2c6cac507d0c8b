"""What a department's headings mean: `departments/<code>.headings.yaml` beside `departments/record.headings.yaml`."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

Form = Literal["text", "whole", "yuan", "day", "flag"]

FOLDER = Path(__file__).resolve().parents[1] / "departments"
RECORD = "record"

_PARENTHESES = re.compile(r"\(([^()]*)\)$")
_MARKS = re.compile(r"[*\s\u200b-\u200f\u2060\ufeff\"'‘’“”:：]")


@dataclass(frozen=True, slots=True)
class Field:
    """`path` is where its value stands in a record: `data.total_yuan`, `subject.id_no`, `data.members.name`."""

    path: str
    form: Form
    words: Mapping[str, str]
    headings: frozenset[str]


@dataclass(frozen=True, slots=True)
class KindHeadings:
    """One kind: `must` are the paths by which a table is known to be of it; `defaults` fill path from path."""

    name: str
    names: frozenset[str]
    must: frozenset[str]
    defaults: Mapping[str, str]
    one_record: str | None
    fields: tuple[Field, ...]

    def field_of(self, heading: "Heading") -> Field | None:
        return next((one for one in self.fields if heading.words & one.headings), None)


@dataclass(frozen=True, slots=True)
class Headings:
    """A department's: `record` are the fields outside of a kind's data."""

    department: str
    record: tuple[Field, ...]
    kinds: tuple[KindHeadings, ...]
    left_out: frozenset[str]
    all: frozenset[str]

    def is_known(self, heading: "Heading") -> bool:
        return bool(heading.words & self.all)

    def record_field_of(self, heading: "Heading") -> Field | None:
        return next((one for one in self.record if heading.words & one.headings), None)


@dataclass(frozen=True, slots=True)
class Heading:
    """One column's heading: `shown` as it stands, `words` what it may be known by, `unit` what its parentheses hold."""

    shown: str
    words: frozenset[str]
    unit: str

    @classmethod
    def of(cls, told: str) -> "Heading":
        plain = plain_heading(told)
        found = _PARENTHESES.search(plain)
        words = {plain, plain[: found.start()]} if found else {plain}
        return cls(" ".join(told.split()), frozenset(words - {""}), found[1] if found else "")


def plain_heading(told: str) -> str:
    """One form for a heading: full-width signs plain, no blanks, stars and line ends, small letters."""
    return _MARKS.sub("", unicodedata.normalize("NFKC", told)).lower()


@cache
def headings_of(department: str) -> Headings:
    told, own = _told(RECORD), _told(department)
    record = tuple(
        _field(name, values, "", own.get("record_id", ()) if name == "record_id" else ())
        for name, values in told["fields"].items()
    )
    kinds = tuple(_kind(name, values) for name, values in own["kinds"].items())
    known = [*record, *(one for kind in kinds for one in kind.fields)]
    left_out = frozenset(map(plain_heading, told["left_out"]))
    return Headings(department, record, kinds, left_out, frozenset[str]().union(*(one.headings for one in known)))


def _told(name: str) -> Any:
    text = (FOLDER / f"{name}.headings.yaml").read_text("utf-8")
    return yaml.load(text, yaml.BaseLoader)  # every word a text: No is a heading


def _kind(name: str, told: Mapping[str, Any]) -> KindHeadings:
    fields = [_field(word, values, "data.") for word, values in told["fields"].items()]
    fields += [_field(word, values, "data.members.") for word, values in told.get("members", {}).items()]
    paths = {one.path.removeprefix("data.").removeprefix("members."): one.path for one in fields}
    return KindHeadings(
        name=name,
        names=frozenset(map(plain_heading, told["names"])),
        must=frozenset(paths[word] for word in told["must"]),
        defaults={word: paths[source] for word, source in told.get("defaults", {}).items()},
        one_record=paths[told["one_record"]] if "one_record" in told else None,
        fields=tuple(fields),
    )


def _field(name: str, told: Mapping[str, Any], before: str, more: Iterable[str] = ()) -> Field:
    last = name.rpartition(".")[2] if not before else name
    headings = [last, *told.get("headings", ()), *more]
    words = {plain_heading(word): meant for word, meant in told.get("words", {}).items()}
    return Field(before + name, told.get("form", "text"), words, frozenset(map(plain_heading, headings)))
