"""`./shouwang contract check FILE`: what intake would refuse of a file, said beforehand, without any server.

The same rooms read it that read a sent one; whom it is about, and what was sent before, only intake itself can know.
"""

import argparse
import json
import os
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.intake.body import BODY_BYTES_MAX, Elements, Lines
from services.intake.departments import KINDS
from services.intake.files.reading import Table, open_table
from services.intake.files.reasons import Unreadable, noted, refusal
from services.intake.record import Origin, Refused, Sent, parse
from services.intake.rejection import Fault, message
from services.intake.sent_file import SentFile
from services.intake.vault import Vault
from shared.clock import civil_date, machine_now
from shared.crypto import BlindIndex, Cipher


class Unclear(Exception):
    """What the person at the shell can mend: the file's name, its department."""


TOLD_MAX = 200
"""Refusals that are told one by one: a file with more is wrong as a whole."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One record, or why it is none."""

    line: int
    record: bytes | None
    fault: Fault | None = None


def check(file: Path, department: str | None) -> bool:
    """Whether nothing would be refused. Raises Unclear where the file, or its department, cannot be told."""
    content = _content(file)
    language = "zh" if os.environ.get("LANG", "").startswith("zh") else "en"
    if department is not None and department not in KINDS:
        raise Unclear(f"{department!r} is no department: take one of {', '.join(KINDS)}.")
    if content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["):
        pieces = [Checked(line, raw) for line, raw in _split(content)]
        code, sent = department or _department_of(pieces), None
    else:
        try:
            code, table = _table(content, file.name, department)
        except Unreadable as error:
            print(refusal(error.code, error.place, language))
            return False
        sent = SentFile(file.name, table.rows, table.about()["sheets"], table.about()["notes"])
        pieces = [
            Checked(one.line, one.record, Fault(one.code, one.field) if one.code else None) for one in table.items()
        ]
        for note in sent.notes:
            print(noted(note["code"], note["sheet"], note["names"], language))
    faults = list(_faults(pieces, code))
    for line, fault in faults[:TOLD_MAX]:
        print(_line(line, fault, sent, language))
    if len(faults) > TOLD_MAX:
        print(f"… {len(faults) - TOLD_MAX} more")
    print(f"{code}: {len(pieces)} records, {len(faults)} would be refused.")
    return not faults


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > BODY_BYTES_MAX:
            raise Unclear(f"{file} is over 64 MB, which no call takes: split it.")
        return file.read_bytes()
    except OSError as error:
        raise Unclear(f"{file} cannot be read ({error.strerror}): check its name.") from error


def _split(content: bytes) -> Iterator[tuple[int, bytes]]:
    """A JSON array, objects one after another, or a record a line."""
    splitter = Lines() if _is_by_line(content) else Elements()
    yield from splitter.feed(content)
    yield from splitter.end()


def _is_by_line(content: bytes) -> bool:
    first = content.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0]
    try:
        return isinstance(json.loads(first), dict)
    except ValueError:
        return False


def _table(content: bytes, name: str, department: str | None) -> tuple[str, Table]:
    """Of a table whose department is not named, the one whose headings it has. Raises Unreadable, Unclear."""
    if department is not None:
        return department, open_table(content, name, department)
    found: dict[str, Table] = {}
    refused: list[Unreadable] = []
    for code in KINDS:
        try:
            found[code] = open_table(content, name, code)
        except Unreadable as error:
            refused.append(error)
    if not found:
        known = ("no_heading_row", "kind_columns_missing", "sheet_without_headings")
        raise next((one for one in refused if one.code not in known), refused[0])
    if len(found) > 1:
        raise _not_told(found)
    return next(iter(found.items()))


def _department_of(pieces: list[Checked]) -> str:
    """The one that has the first record's kind."""
    kind = next((value for one in pieces if (value := _kind(one.record))), None)
    found = [code for code, kinds in KINDS.items() if any(one.name == kind for one in kinds)]
    if len(found) != 1:
        raise _not_told(found or KINDS)
    return found[0]


def _kind(raw: bytes | None) -> Any:
    try:
        value = json.loads(raw or b"")
    except ValueError:
        return None
    return value.get("kind") if isinstance(value, dict) else None


def _not_told(codes: Any) -> Unclear:
    return Unclear(f"Whose file this is does not show: name it with --department, one of {', '.join(codes)}.")


def _faults(pieces: list[Checked], code: str) -> Iterator[tuple[int, Fault]]:
    vault = Vault(Cipher(secrets.token_bytes(32)), BlindIndex(secrets.token_bytes(32)))
    today = civil_date(machine_now())
    seen: dict[tuple[str, int], bytes] = {}
    for one in pieces:
        found: Sent | Refused | None = None
        if one.fault is None:
            found = parse(one.record, code, Origin("http", line=one.line), vault)
        fault = one.fault or (found.fault if isinstance(found, Refused) else None)
        if isinstance(found, Sent):
            if seen.setdefault((found.record_id, found.version), found.content) != found.content:
                fault = Fault("same_version_other_content", "version")
            else:
                fault = found.ahead_of(today)
        if fault is not None:
            yield one.line, fault


def _line(line: int, fault: Fault, sent: SentFile | None, language: str) -> str:
    place = sent.place(line, fault.field) if sent else {"row": line}
    told = [f"{place['sheet']}:" if place.get("sheet") else "", str(place["row"])]
    told += [str(place[name]) for name in ("column", "heading") if place.get(name)]
    if fault.field and not place.get("column"):
        told.append(fault.field)
    return f"{' '.join(filter(None, told))}  {fault.code}: {message(fault.code, language, fault.field)}"


def main() -> None:
    """`python -m services.intake.check FILE [--department CODE]`; exit code 1 where anything would be refused."""
    parser = argparse.ArgumentParser(prog="shouwang contract check")
    parser.add_argument("file", type=Path)
    parser.add_argument("--department")
    given = parser.parse_args()
    try:
        sys.exit(0 if check(given.file, given.department) else 1)
    except Unclear as unclear:
        sys.exit(str(unclear))


if __name__ == "__main__":
    main()
