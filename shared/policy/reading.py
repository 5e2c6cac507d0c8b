"""Reading a package's YAML with its line numbers, so that a refusal says where, and what to write instead.

Every scalar is read as the type that its place wants; YAML's own guesses (`no`, `1_000`, `0o7`, `2026-1-1`)
play no part. A field that nobody reads, or that stands there twice, is refused: it is a slip of the hand.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import yaml

BYTES_MAX = 1024 * 1024


class PolicyError(ValueError):
    """A package that cannot be used. Its text is one sentence: file, line, what is wrong, what to do."""

    def __init__(self, file: str, line: int, what: str, remedy: str) -> None:
        super().__init__(f"{file}, line {line}: {what}; {remedy}.")
        self.file = file
        self.line = line


class Field:
    """One place of the file: what stands there, its path for people, its line."""

    def __init__(self, file: str, node: yaml.Node, path: str) -> None:
        self._node = node
        self.file = file
        self.path = path
        self.line: int = node.start_mark.line + 1

    def wrong(self, what: str, remedy: str) -> PolicyError:
        return PolicyError(self.file, self.line, f"{self.path} {what}", remedy)

    def is_empty(self) -> bool:
        """Whether `null` stands here."""
        return self._node.tag == "tag:yaml.org,2002:null"

    def text(self) -> str:
        value = self._scalar("a text")
        if not value.strip() or "\x00" in value:
            raise self.wrong("is empty", "write a text")
        return value.strip()

    def code(self) -> str:
        value = self.text()
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", value):
            raise self.wrong(f"is {value!r}", "write a code of letters, digits and underscores")
        return value

    def truth(self) -> bool:
        value = self._scalar("true or false")
        if value not in ("true", "false"):
            raise self.wrong(f"is {value!r}", "write true or false")
        return value == "true"

    def day(self) -> date:
        value = self._scalar("a date")
        try:
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise self.wrong(f"is {value!r}", "write a date as 2026-01-31")

    def number(self, least: Decimal, most: Decimal, is_whole: bool) -> Decimal:
        value = self._scalar("a number")
        wanted = f"write a {'whole ' if is_whole else ''}number from {least} to {most}"
        pattern = r"[0-9]{1,12}" if is_whole else r"[0-9]{1,12}(?:\.[0-9]{1,6})?"
        if not re.fullmatch(pattern, value) or not least <= Decimal(value) <= most:
            raise self.wrong(f"is {value!r}", wanted)
        return Decimal(value)

    def choice(self, *known: str) -> str:
        value = self._scalar("a word")
        if value not in known:
            raise self.wrong(f"is {value!r}", f"write one of {', '.join(known)}")
        return value

    def items(self) -> list["Field"]:
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.wrong("is not a list", "write a list")
        return [Field(self.file, one, f"{self.path}[{n}]") for n, one in enumerate(self._node.value, 1)]

    def entries(self) -> dict[str, "Field"]:
        if not isinstance(self._node, yaml.MappingNode):
            raise self.wrong("has no fields", "write its fields as name: value")
        found: dict[str, Field] = {}
        for key, value in self._node.value:
            name = str(key.value)
            here = Field(self.file, value, f"{self.path}.{name}" if self.path else name)
            here.line = key.start_mark.line + 1
            if name in found:
                raise here.wrong("stands here twice", "keep one of them")
            found[name] = here
        return found

    def record(self, *required: str, optional: tuple[str, ...] = ()) -> "Record":
        """The fields of this place, which must be these: all the required ones and no unknown one."""
        found = self.entries()
        for name in required:
            if name not in found:
                raise self.wrong(f"has no {name}", f"add {name}")
        for name, here in found.items():
            if name not in required and name not in optional:
                raise here.wrong("is not known here", "delete it or correct its name")
        return Record(found)

    def _scalar(self, wanted: str) -> str:
        if not isinstance(self._node, yaml.ScalarNode) or self.is_empty():
            raise self.wrong("has no value", f"write {wanted}")
        return str(self._node.value)


class Record(Mapping[str, Field]):
    """The checked fields of one place."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> Field:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


def read(path: Path) -> Field:
    """The whole file. Raises PolicyError for one that is missing, too big, not UTF-8 or not YAML."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
    except FileNotFoundError:
        raise PolicyError(path.name, 1, "there is no such file", "name a package that is there") from None
    except UnicodeDecodeError:
        raise PolicyError(path.name, 1, "the file is not UTF-8", "save it as UTF-8") from None
    if len(content) > BYTES_MAX:
        raise PolicyError(path.name, 1, "the file is over 1 MB", "keep a package to what it must say")
    return Field(path.name, _compose(path.name, text), "")


def _compose(name: str, text: str) -> yaml.Node:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise PolicyError(name, line, f"not YAML ({error.problem})", "correct the line") from None
    except yaml.YAMLError:
        raise PolicyError(name, 1, "not YAML", "correct the file") from None
    if node is None:
        raise PolicyError(name, 1, "the file is empty", "write a package into it")
    return node
