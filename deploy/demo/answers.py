"""The expected answers: who must be warned, who not, and why, read off the sent records alone.

A second opinion for the product's screening: plain Python over plain JSON, written from domain.md §3.2
and contract.md §4. It sees what arrived, in the order in which it arrived, and nothing of what the teller
of the stories meant; it imports nothing of screening and nothing of the policy packages.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

Record = dict[str, Any]
Sent = tuple[str, Record]

_RANK = {"yellow": 1, "orange": 2, "red": 3}
_KNOWN_IN_NEED = Decimal(5000)  # lifted-out and monitored households, yuan
_EVERYBODY_ELSE = Decimal(10000)
_ONE_LEVEL_UP = Decimal("0.25")  # of the known yearly income
_COVER = {"uninsured": "orange", "paused": "orange", "arrears": "yellow"}
_GRADE = {"C": "yellow", "D": "red"}
_COVER_ZH = {"uninsured": "未参保", "paused": "医保暂停", "arrears": "医保欠费"}
_COVER_EN = {"uninsured": "uninsured", "paused": "paused", "arrears": "in arrears"}
_LEVEL_ZH = {"red": "红色", "orange": "橙色", "yellow": "黄色"}


@dataclass(frozen=True, slots=True)
class Finding:
    level: str
    zh: str
    en: str
    record_ids: tuple[str, ...]


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
class Known:
    """One household as the register tells it."""

    household_no: str
    is_in_need: bool = False
    income: tuple[int, Decimal] | None = None


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
    """As contract.md §4 says: a higher version corrects, a lower is history, the same with other content
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


def normalised(id_no: str) -> str:
    return id_no.strip().upper()


def findings(home: Known, live: Sequence[Record], today: date) -> list[Finding]:
    """Everything that is wrong in one household by the records that stand."""
    found = [_medical_burden(home, live, today), *_without_cover(live), _dangerous_house(live)]
    return [finding for finding in found if finding is not None]


@dataclass(frozen=True, slots=True)
class SelfPaid:
    """What a household paid in scope in one window of time, and from which records that was read."""

    yuan: Decimal
    record_ids: tuple[str, ...]
    zh: str
    en: str


def self_paid(live: Sequence[Record], today: date) -> SelfPaid:
    """The larger of the calendar year to date and the rolling twelve months (people.md D3).

    A refund counts on the day of the settlement that it takes back, and not at all where that one does
    not stand.
    """
    settled = {record["record_id"]: record for record in live if record["kind"] == "settlement"}
    year: list[tuple[str, Decimal]] = []
    rolling: list[tuple[str, Decimal]] = []
    for record_id, record in settled.items():
        counted_as = settled.get(record["data"].get("reverses", record_id))
        day = _settled_on(counted_as) if counted_as else date.max
        if day.year == today.year and day <= today:
            year.append((record_id, _counted(record)))
        if _year_before(today) < day <= today:
            rolling.append((record_id, _counted(record)))
    windows = (
        _window(year, f"{today.year} 年内", f"in {today.year}"),
        _window(rolling, "近 12 个月", "in the last 12 months"),
    )
    return max(windows, key=lambda window: window.yuan)


def _window(parts: Sequence[tuple[str, Decimal]], zh: str, en: str) -> SelfPaid:
    total = sum((yuan for _, yuan in parts), Decimal(0))
    return SelfPaid(total, tuple(sorted(record_id for record_id, _ in parts)), zh, en)


def _counted(record: Record) -> Decimal:
    data = record["data"]
    return Decimal(data.get("in_scope_self_paid_yuan") or data["self_paid_yuan"])


def _settled_on(record: Record) -> date:
    return date.fromisoformat(record["data"].get("settled_on") or record["occurred_on"])


def _year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28) if is_leap_day else day.replace(year=day.year - 1)


def _line(home: Known) -> Decimal:
    return _KNOWN_IN_NEED if home.is_in_need else _EVERYBODY_ELSE


def _medical_burden(home: Known, live: Sequence[Record], today: date) -> Finding | None:
    paid = self_paid(live, today)
    line = _line(home)
    if paid.yuan < line:
        return None
    is_heavy = home.income is not None and paid.yuan >= home.income[1] * _ONE_LEVEL_UP
    zh = f"{paid.zh}合规自付 {paid.yuan:,.2f} 元，达到 {line:,} 元线"
    en = f"self-paid {paid.yuan:,.2f} yuan in scope {paid.en}, at or over the line of {line:,}"
    if is_heavy and home.income is not None:
        zh += f"，又占 {home.income[0]} 年收入 {home.income[1]:,.2f} 元的四分之一以上"
        en += f", and a quarter or more of the {home.income[0]} income of {home.income[1]:,.2f}"
    return Finding("orange" if is_heavy else "yellow", zh, en, paid.record_ids)


def _without_cover(live: Sequence[Record]) -> list[Finding]:
    """The latest word about each person, by the day on which it was true."""
    latest: dict[str, Record] = {}
    for record in live:
        if record["kind"] != "cover":
            continue
        person = normalised(record["subject"]["id_no"])
        if person not in latest or record["occurred_on"] > latest[person]["occurred_on"]:
            latest[person] = record
    return [
        Finding(
            _COVER[status],
            f"一名成员自 {record['occurred_on']} 起{_COVER_ZH[status]}",
            f"one member {_COVER_EN[status]} since {record['occurred_on']}",
            (record["record_id"],),
        )
        for record in latest.values()
        if (status := record["data"]["status"]) in _COVER
    ]


def _dangerous_house(live: Sequence[Record]) -> Finding | None:
    """The newest inspection alone."""
    inspected = [record for record in live if record["kind"] == "house_grade"]
    if not inspected:
        return None
    newest = max(inspected, key=lambda record: str(record["data"]["inspected_on"]))
    grade, day = newest["data"]["grade"], newest["data"]["inspected_on"]
    if grade not in _GRADE:
        return None
    zh = f"{day} 鉴定房屋为 {grade} 级"
    return Finding(_GRADE[grade], zh, f"house graded {grade} on {day}", (newest["record_id"],))


def _answer(home: Known, live: Sequence[Record], touched: set[str], today: date) -> Record:
    found = sorted(findings(home, live, today), key=lambda finding: -_RANK[finding.level])
    paid = self_paid(live, today)
    answer: Record = {
        "kind": "household",
        "household_no": home.household_no,
        "expected": "warned" if found else "not_warned",
        "level": found[0].level if found else None,
        "self_paid_yuan": str(paid.yuan),
        "line_yuan": str(_line(home)),
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


def _why_not(home: Known, live: Sequence[Record], paid: SelfPaid) -> dict[str, str]:
    line = _line(home)
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
    for member in data["members"]:
        known.by_id_no[normalised(member["id_no"])] = number


def _net(data: Record) -> Decimal:
    gains = ("wage_yuan", "operating_yuan", "property_yuan", "transfer_yuan")
    return sum((Decimal(data[gain]) for gain in gains), Decimal(0)) - Decimal(data["operating_cost_yuan"])
