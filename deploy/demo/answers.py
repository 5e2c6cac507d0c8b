"""The expected answers: who must be warned, who not, and why, read off the sent records alone.

A second opinion for the product's screening: plain Python over plain JSON, written from
`docs/departments.md`. It sees what arrived, in the order in which it arrived, and nothing of what the teller
of the stories meant; it imports nothing of screening and nothing of the policy packages. What is wrong in a
household is said in `findings.py`.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from deploy.demo.findings import RANK, Finding, Known, SelfPaid, findings, line_of, normalised, self_paid

Record = dict[str, Any]
Sent = tuple[str, Record]

_LEVEL_ZH = {"red": "红色", "orange": "橙色", "yellow": "黄色"}


@dataclass(slots=True)
class Account:
    """What intake must answer for one department; received is the sum of the other four."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    parked: int = 0

    def as_answer(self, department: str) -> Record:
        received = self.accepted + self.duplicates + self.rejected + self.parked
        return {
            "kind": "account",
            "department": department,
            "received": received,
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "parked": self.parked,
        }


@dataclass(slots=True)
class Register:
    households: dict[str, Known] = field(default_factory=dict)
    by_id_no: dict[str, str] = field(default_factory=dict)

    def household_of(self, subject: Record) -> str | None:
        """The household number of whoever a record is about; None where nobody is known by it."""
        if subject.get("id_no"):
            return self.by_id_no.get(normalised(subject["id_no"]))
        number = subject.get("household_no")
        return number if number in self.households else None


@dataclass(slots=True)
class Received:
    """The records as they stand after all have arrived, the accounts, and who was touched by which."""

    accounts: dict[str, Account] = field(default_factory=lambda: defaultdict(Account))
    newest: dict[tuple[str, str], Record] = field(default_factory=dict)
    touched: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def answers(register: Sequence[Record], records: Iterable[Sent], today: date) -> list[Record]:
    """A `household` answer for everybody whom a record is about, then an `account` for each department."""
    known = read_register(register)
    received = receive(known, records)
    live = _live_by_household(known, received)
    judged = [
        _answer(known.households[number], live[number], received.touched[number], today)
        for number in sorted(received.touched)
    ]
    accounts = [received.accounts[department].as_answer(department) for department in sorted(received.accounts)]
    return judged + accounts


def read_register(register: Sequence[Record]) -> Register:
    """Households, members and incomes from the newest version of each of the register's records."""
    newest: dict[str, Record] = {}
    for record in register:
        if record["record_id"] not in newest or record["version"] > newest[record["record_id"]]["version"]:
            newest[record["record_id"]] = record
    known = Register()
    for record in newest.values():
        if record["kind"] == "household":
            _read_household(known, record["data"])
    for record in newest.values():
        home = known.households[record["subject"]["household_no"]]
        if record["kind"] == "income":
            year = record["data"]["year"]
            if home.income is None or year > home.income[0]:
                home.income = (year, _net(record["data"]))
        elif record["kind"] == "monitoring":
            home.is_in_need |= record["data"]["status"] == "monitored"
    return known


def receive(known: Register, records: Iterable[Sent]) -> Received:
    """A higher version corrects, a lower is history, the same with other content
    is refused."""
    received = Received()
    contents: dict[tuple[str, str, int], str] = {}
    for department, record in records:
        account = received.accounts[department]
        number = known.household_of(record["subject"])
        if number is None:
            account.parked += 1
            continue
        received.touched[number].add(record["record_id"])
        key = (department, record["record_id"])
        content = json.dumps(record, sort_keys=True)
        earlier = contents.get((*key, record["version"]))
        if earlier is not None:
            account.duplicates += earlier == content
            account.rejected += earlier != content
            continue
        contents[(*key, record["version"])] = content
        account.accepted += 1
        if key not in received.newest or record["version"] > received.newest[key]["version"]:
            received.newest[key] = record
    return received


def _answer(home: Known, live: Sequence[Record], touched: set[str], today: date) -> Record:
    found = sorted(findings(home, live, today), key=lambda finding: -RANK[finding.level])
    paid = self_paid(live, today)
    answer: Record = {
        "kind": "household",
        "household_no": home.household_no,
        "expected": "warned" if found else "not_warned",
        "level": found[0].level if found else None,
        "levels": _levels(found),
        "self_paid_yuan": str(paid.yuan),
        "line_yuan": str(line_of(home)),
    }
    if not found:
        return answer | {"why": _why_not(home, live, paid), "record_ids": sorted(touched)}
    level = found[0].level
    why = {
        "zh": f"{_LEVEL_ZH[level]}预警：" + "；".join(finding.zh for finding in found),
        "en": f"{level} warning: " + "; ".join(finding.en for finding in found),
    }
    return answer | {
        "why": why,
        "record_ids": sorted({id_ for finding in found for id_ in finding.record_ids}),
    }


def _levels(found: Sequence[Finding]) -> dict[str, str]:
    """The highest level by department; `found` has the highest first."""
    levels: dict[str, str] = {}
    for finding in found:
        levels.setdefault(finding.department, finding.level)
    return levels


def _why_not(home: Known, live: Sequence[Record], paid: SelfPaid) -> dict[str, str]:
    line = line_of(home)
    if not live:
        return {"zh": "不预警：没有仍有效的记录", "en": "no warning: no record stands"}
    if paid.yuan == 0:
        return {"zh": "不预警：没有问题记录", "en": "no warning: what the records say is in order"}
    under = (line - paid.yuan) / line
    near_zh, near_en = ("，仅差不到 1%", ", by less than 1 %") if under <= Decimal("0.01") else ("", "")
    zh = f"不预警：{paid.zh}合规自付 {paid.yuan:,.2f} 元，未到 {line:,} 元线{near_zh}"
    en = f"no warning: self-paid {paid.yuan:,.2f} yuan in scope {paid.en}, under the line of {line:,}{near_en}"
    return {"zh": zh, "en": en}


def _live_by_household(known: Register, received: Received) -> dict[str, list[Record]]:
    live: dict[str, list[Record]] = defaultdict(list)
    for record in received.newest.values():
        number = known.household_of(record["subject"])
        if number is not None and record["op"] == "upsert":
            live[number].append(record)
    return live


def _read_household(known: Register, data: Record) -> None:
    number = data["household_no"]
    known.households[number] = Known(number, is_in_need=data["poverty_history"]["status"] == "lifted_out")
    known.households[number].labour = tuple(member.get("labour", "") for member in data["members"])
    for member in data["members"]:
        known.by_id_no[normalised(member["id_no"])] = number


def _net(data: Record) -> Decimal:
    gains = ("wage_yuan", "operating_yuan", "property_yuan", "transfer_yuan")
    return sum((Decimal(data[gain]) for gain in gains), Decimal(0)) - Decimal(data["operating_cost_yuan"])
