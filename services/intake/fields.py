"""The fields of one sent record, read one by one: what is wrong is told with its code and its place. Pure.

Stricter than the contracts' own parsing where a machine would guess (a number taken for an instant, a float for a sum).
Days are remembered as they are read, so that none of them may lie ahead of the civil today, which only the transaction
knows.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from services.intake.rejection import TEXT_MAX, Wrong, longest
from shared.domain.money import SignedYuan, as_written

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
INVISIBLE = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f]")
"""Signs without a width, and those that turn a line round: a copy brings them along, and a name is none of them."""
Value = TypeVar("Value")
_YUAN: TypeAdapter[Decimal] = TypeAdapter(SignedYuan)


@dataclass(frozen=True, slots=True)
class Fields:
    """One object of a record. `path` is where it stands; `days` collects every date that was read, with its place."""

    values: Mapping[str, Any]
    path: str = ""
    days: list[tuple[str, date]] = field(default_factory=list)

    def place(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str) -> str | None:
        """A text of 1 to `longest(name)` characters, without control characters and invisible signs; None where it is
        absent or nothing is left of it."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise Wrong("not_text", self.place(name))
        value = value.strip() if value.isascii() else INVISIBLE.sub("", value).strip()
        if len(value) > longest(name):
            raise Wrong("text_length", self.place(name))
        if CONTROL.search(value):
            raise Wrong("forbidden_character", self.place(name))
        return value or None

    def must_text(self, name: str) -> str:
        return self.must(name, self.text(name))

    def loose(self, name: str) -> str | None:
        """A text for the vault or for a list of known words: whatever cannot be one counts as absent."""
        value = self.values.get(name)
        return value.strip()[:TEXT_MAX] or None if isinstance(value, str) else None

    def number(self, name: str, least: int, most: int) -> int | None:
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong("not_a_whole_number", self.place(name))
        if not least <= value <= most:
            raise Wrong("out_of_range", self.place(name))
        return value

    def must_number_told(self, name: str, least: int, most: int, read: Callable[[str], int | None], code: str) -> int:
        """A whole number, or a text that `read` makes one of; a text that it cannot read is refused by `code`."""
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            return self.must_number(name, least, most)
        found = read(self.must_text(name))
        if found is None:
            raise Wrong(code, self.place(name))
        return Fields({name: found}, self.path).must_number(name, least, most)

    def must_number(self, name: str, least: int, most: int) -> int:
        return self.must(name, self.number(name, least, most))

    def day(self, name: str) -> date | None:
        value = self.values.get(name)
        if value is None or value == "":
            return None
        try:
            if not isinstance(value, str) or not _DAY.fullmatch(value):
                raise ValueError
            found = date.fromisoformat(value)
        except ValueError:
            raise Wrong("not_a_date", self.place(name)) from None
        self.days.append((self.place(name), found))
        return found

    def must_day(self, name: str) -> date:
        return self.must(name, self.day(name))

    def yuan(self, name: str) -> Decimal | None:
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, str) and (found := as_written(value)) is not None:
            return found
        try:
            return _YUAN.validate_python(value)
        except ValidationError:
            raise Wrong("not_money", self.place(name)) from None

    def gain(self, name: str) -> Decimal | None:
        """A sum that cannot be below nought: there is no refund of an income."""
        value = self.yuan(name)
        if value is not None and value < 0:
            raise Wrong("negative_sum", self.place(name))
        return value

    def must_yuan(self, name: str) -> Decimal:
        return self.must(name, self.yuan(name))

    def choice(self, name: str, known: Sequence[str], refused: Mapping[str, str] | None = None) -> str | None:
        """One of the known words. `refused`: words that are understood and not taken, each with its code."""
        value = self.text(name)
        if value is not None and value not in known:
            raise Wrong((refused or {}).get(value, "not_one_of"), self.place(name))
        return value

    def must_choice(self, name: str, known: Sequence[str]) -> str:
        return self.must(name, self.choice(name, known))

    def objects(self, name: str, most: int) -> list["Fields"]:
        """A list of 1 to `most` objects."""
        value = self.values.get(name)
        if not isinstance(value, list):
            raise Wrong("missing" if value is None else "not_a_list", self.place(name))
        if not 1 <= len(value) <= most:
            raise Wrong("list_length", self.place(name))
        return [self._object(one, f"{self.place(name)}[{place}]") for place, one in enumerate(value)]

    def object(self, name: str) -> "Fields":
        """An object; an absent one is empty."""
        return self._object(self.values.get(name) or {}, self.place(name))

    def object_or_word(self, name: str, inner: str) -> "Fields":
        """An object; a text in its place stands for its field `inner`."""
        value = self.values.get(name)
        return Fields({inner: value}, self.path, self.days) if isinstance(value, str) else self.object(name)

    def _object(self, value: Any, path: str) -> "Fields":
        if not isinstance(value, dict):
            raise Wrong("not_an_object_here", path)
        return Fields(value, path, self.days)

    def must_one(self, names: Sequence[str], values: Sequence[Any]) -> None:
        """One of the values at least has to be there; where none is, the first is asked for."""
        if all(value is None for value in values):
            raise Wrong("missing", self.place(names[0]))

    def must(self, name: str, value: Value | None) -> Value:
        """The value, which has to be there."""
        if value is None:
            raise Wrong("missing", self.place(name))
        return value
