"""What is wrong in one household by the records that stand: the second opinion of the expected answers.

Plain Python over plain JSON, written from what is said below and in `docs/departments.md` alone; it imports
nothing of screening, of the policy packages or of the stories. What is read how:

- medical insurance: the household's in-scope self-paid sum, the larger of calendar year and rolling twelve months;
- enrolment: the newest word about each person; a drop-out counts at any age, "not enrolled" from the 6th to the 16th
  year of life by the ID number, both included, on the day of the word;
- school cost: all records of one school year (September to August) together, over the household's pupils; the year
  that runs today and the one before it;
- water: the newest word about the supply and the newest about its quality, apart; off since its first day, and more
  than seven days before today; restored, normal, or a pass ends it;
- allowance: the newest word about the household's 低保; ended less than three calendar months ago;
- employment: the newest word about each person; one calendar month where the register tells of at most one member with
  full labour (普通, 技能) and none with less, three otherwise;
- wages owed: the newest word about each person, over the household together;
- failed project: each by itself, from 5,000 yuan on (a share of the income is the agriculture office's to say).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

Record = dict[str, Any]

RANK = {"yellow": 1, "orange": 2, "red": 3}
_KNOWN_IN_NEED = Decimal(5000)  # lifted-out and monitored households, yuan
_EVERYBODY_ELSE = Decimal(10000)
_ONE_LEVEL_UP = Decimal("0.25")  # of the known yearly income
_COVER = {"uninsured": "orange", "paused": "orange", "arrears": "yellow"}
_GRADE = {"C": "yellow", "D": "red"}
_COVER_ZH = {"uninsured": "未参保", "paused": "医保暂停", "arrears": "医保欠费"}
_COVER_EN = {"uninsured": "uninsured", "paused": "paused", "arrears": "in arrears"}
_SCHOOL_COST = Decimal(10000)  # yuan a school year, net
_SCHOOL_AGE = (6, 16)
_SCHOOL_YEAR_BEGINS = 9
_WATER_DAYS = 7
_WATCHED_MONTHS = 3
_OUT_OF_WORK_MONTHS = {True: 1, False: 3}  # by whether nobody else earns
_WAGES = Decimal(5000)
_LOSS = Decimal(5000)
_FULL_LABOUR = ("普通劳动力", "技能劳动力")
_SOME_LABOUR = "弱劳动力或半劳动力"


@dataclass(frozen=True, slots=True)
class Finding:
    department: str
    level: str
    zh: str
    en: str
    record_ids: tuple[str, ...]


@dataclass(slots=True)
class Known:
    """One household as the register tells it; `labour` of its members."""

    household_no: str
    is_in_need: bool = False
    income: tuple[int, Decimal] | None = None
    labour: tuple[str, ...] = ()

    @property
    def earns_alone(self) -> bool:
        full = sum(one in _FULL_LABOUR for one in self.labour)
        return full <= 1 and _SOME_LABOUR not in self.labour


def normalised(id_no: str) -> str:
    return id_no.strip().upper()


def findings(home: Known, live: Sequence[Record], today: date) -> list[Finding]:
    """Everything that is wrong in one household by the records that stand."""
    found = [
        _medical_burden(home, live, today),
        *_without_cover(live),
        _dangerous_house(live),
        *_out_of_school(live),
        _school_cost(live, today),
        *_without_water(live, today),
        _allowance_ended(live, today),
        *_out_of_work(home, live, today),
        _wages_owed(live),
        *_projects_failed(live),
    ]
    return [finding for finding in found if finding is not None]


@dataclass(frozen=True, slots=True)
class SelfPaid:
    """What a household paid in scope in one window of time, and from which records that was read."""

    yuan: Decimal
    record_ids: tuple[str, ...]
    zh: str
    en: str


def self_paid(live: Sequence[Record], today: date) -> SelfPaid:
    """The larger of the calendar year to date and the rolling twelve months.

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


def line_of(home: Known) -> Decimal:
    return _KNOWN_IN_NEED if home.is_in_need else _EVERYBODY_ELSE


def _medical_burden(home: Known, live: Sequence[Record], today: date) -> Finding | None:
    paid = self_paid(live, today)
    line = line_of(home)
    if paid.yuan < line:
        return None
    is_heavy = home.income is not None and paid.yuan >= home.income[1] * _ONE_LEVEL_UP
    zh = f"{paid.zh}合规自付 {paid.yuan:,.2f} 元，达到 {line:,} 元线"
    en = f"self-paid {paid.yuan:,.2f} yuan in scope {paid.en}, at or over the line of {line:,}"
    if is_heavy and home.income is not None:
        zh += f"，又占 {home.income[0]} 年收入 {home.income[1]:,.2f} 元的四分之一以上"
        en += f", and a quarter or more of the {home.income[0]} income of {home.income[1]:,.2f}"
    return Finding("medical_insurance", "orange" if is_heavy else "yellow", zh, en, paid.record_ids)


def _without_cover(live: Sequence[Record]) -> list[Finding]:
    """The latest word about each person, by the day on which it was true."""
    return [
        Finding(
            "medical_insurance",
            _COVER[status],
            f"一名成员自 {record['occurred_on']} 起{_COVER_ZH[status]}",
            f"one member {_COVER_EN[status]} since {record['occurred_on']}",
            (record["record_id"],),
        )
        for record in _newest_of_each(live, "cover")
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
    return Finding("housing", _GRADE[grade], zh, f"house graded {grade} on {day}", (newest["record_id"],))


def _out_of_school(live: Sequence[Record]) -> list[Finding]:
    found = []
    for record in _newest_of_each(live, "enrolment"):
        status, on = record["data"]["status"], record["occurred_on"]
        ids = (record["record_id"],)
        if status == "dropped_out":
            found.append(Finding("education", "red", f"{on} 一名学生辍学", f"one pupil dropped out on {on}", ids))
        elif status == "not_enrolled" and _SCHOOL_AGE[0] <= _age(record) <= _SCHOOL_AGE[1]:
            zh, en = f"{on} 一名适龄儿童未入学", f"one child of school age not enrolled on {on}"
            found.append(Finding("education", "red", zh, en, ids))
        elif status == "suspected_dropout":
            zh, en = f"{on} 一名学生疑似辍学", f"one pupil suspected to have dropped out on {on}"
            found.append(Finding("education", "orange", zh, en, ids))
    return found


def _school_cost(live: Sequence[Record], today: date) -> Finding | None:
    """The dearer of the two school years."""
    running = today.year if today.month >= _SCHOOL_YEAR_BEGINS else today.year - 1
    years: dict[int, list[Record]] = defaultdict(list)
    for record in live:
        if record["kind"] == "cost":
            years[int(str(record["data"]["school_year"])[:4])].append(record)
    sums = {year: sum((_net_cost(one) for one in years[year]), Decimal(0)) for year in (running, running - 1)}
    year = max(sums, key=lambda one: sums[one])
    if sums[year] < _SCHOOL_COST:
        return None
    zh = f"{year} 学年就学支出扣除资助后 {sums[year]:,.2f} 元，达到 {_SCHOOL_COST:,} 元线"
    en = f"schooling cost {sums[year]:,.2f} yuan net in the year from {year}, at or over the line of {_SCHOOL_COST:,}"
    return Finding("education", "yellow", zh, en, tuple(sorted(one["record_id"] for one in years[year])))


def _without_water(live: Sequence[Record], today: date) -> Iterable[Finding]:
    supply = [record for record in live if record["kind"] == "supply"]
    states = [one for one in supply if one["data"]["status"] != "normal" or "quality" not in one["data"]]
    tested = [one for one in supply if one["data"].get("quality")]
    if states and (newest := _newest(states))["data"]["status"] == "interrupted":
        since = _since(newest)
        back = [one for one in supply if one["data"]["status"] != "interrupted" and _day(one) > _day(newest)]
        if (today - since).days > _WATER_DAYS and not back:
            zh, en = f"自 {since} 起停水超过 7 天", f"no water since {since}, for more than 7 days"
            yield Finding("water", "orange", zh, en, (newest["record_id"],))
    if tested and (newest := _newest(tested))["data"]["quality"] == "fail":
        on = newest["occurred_on"]
        yield Finding("water", "orange", f"{on} 水质不合格", f"water unfit on {on}", (newest["record_id"],))


def _allowance_ended(live: Sequence[Record], today: date) -> Finding | None:
    told = [one for one in live if one["kind"] == "allowance" and one["data"]["type"] == "subsistence"]
    if not told or (newest := _newest(told))["data"]["change"] != "ended":
        return None
    on = newest["occurred_on"]
    if today >= _months_after(_day(newest), _WATCHED_MONTHS):
        return None
    zh, en = f"{on} 起停发低保，三个月内关注", f"subsistence allowance ended on {on}, watched for three months"
    return Finding("civil_affairs", "yellow", zh, en, (newest["record_id"],))


def _out_of_work(home: Known, live: Sequence[Record], today: date) -> list[Finding]:
    months = _OUT_OF_WORK_MONTHS[home.earns_alone]
    return [
        Finding(
            "human_resources",
            "yellow",
            f"一名成员自 {_since(record)} 起返乡或失业，满 {months} 个月",
            f"one member home or out of work since {_since(record)}, for {months} months or more",
            (record["record_id"],),
        )
        for record in _newest_of_each(live, "employment")
        if record["data"]["status"] in ("returned", "unemployed") and today >= _months_after(_since(record), months)
    ]


def _wages_owed(live: Sequence[Record]) -> Finding | None:
    newest = _newest_of_each(live, "wage_arrears")
    owed = sum((Decimal(record["data"]["yuan"]) for record in newest), Decimal(0))
    if owed < _WAGES:
        return None
    zh = f"被拖欠工资 {owed:,.2f} 元，达到 {_WAGES:,} 元线"
    en = f"{owed:,.2f} yuan of wages owed, at or over the line of {_WAGES:,}"
    return Finding("human_resources", "yellow", zh, en, tuple(record["record_id"] for record in newest))


def _projects_failed(live: Sequence[Record]) -> list[Finding]:
    return [
        Finding(
            "rural_revitalization",
            "yellow",
            f"帮扶项目失败，损失 {loss:,.2f} 元，达到 {_LOSS:,} 元线",
            f"a failed project lost {loss:,.2f} yuan, at or over the line of {_LOSS:,}",
            (record["record_id"],),
        )
        for record in live
        if record["kind"] == "project_failure" and (loss := Decimal(record["data"]["loss_yuan"])) >= _LOSS
    ]


def _newest_of_each(live: Sequence[Record], kind: str) -> list[Record]:
    """The latest word about each person, by the day on which it was true."""
    latest: dict[str, Record] = {}
    for record in live:
        if record["kind"] == kind:
            person = normalised(record["subject"]["id_no"])
            if person not in latest or _day(record) > _day(latest[person]):
                latest[person] = record
    return list(latest.values())


def _newest(records: Sequence[Record]) -> Record:
    return max(records, key=_day)


def _day(record: Record) -> date:
    return date.fromisoformat(record["occurred_on"])


def _since(record: Record) -> date:
    return date.fromisoformat(record["data"].get("since") or record["occurred_on"])


def _net_cost(record: Record) -> Decimal:
    return Decimal(record["data"]["cost_yuan"]) - Decimal(record["data"].get("subsidy_yuan") or 0)


def _age(record: Record) -> int:
    """Full years of whom the record is about, by the ID number, on its day."""
    digits, on = normalised(record["subject"]["id_no"])[6:14], _day(record)
    born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _months_after(day: date, months: int) -> date:
    """The same day of a later month, or that month's last one."""
    year, month = day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
