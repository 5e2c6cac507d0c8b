"""Education 教育: a child out of compulsory schooling, and what schooling costs a household.

Schooling: each person's newest word, by the day on which it was true. Whoever is known to be beyond compulsory
schooling, by stage or by age, is judged by the table for the others; where nobody knows it, as a child of school age.
Cost: what a household's records tell of each school year that still counts, added up and net of subsidies: tuition and
boarding may come apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.screening.rules.finding import Answer, Change, Live, Measured, Quiet, Sight, last_of, line_since
from services.screening.rules.window import YEARS_KEPT, last_words, months_after, newest_words
from shared.contracts.data import Enrolment, Fact, SchoolCost
from shared.contracts.types import Level
from shared.contracts.warning import Words
from shared.domain.dated import Dated
from shared.domain.said_day import said_in_both
from shared.policy import Policy

DEPARTMENT = "education"
ENROLMENT, COST = "education.enrolment", "education.cost"
STATUSES = ("enrolled", "suspected_dropout", "dropped_out", "not_enrolled")
COMPULSORY, OUTSIDE = frozenset({"primary", "junior"}), frozenset({"preschool", "senior", "vocational", "higher"})


class EnrolmentFact(Live, frozen=True, tag="n"):
    person_id: str
    occurred_on: date
    status: str
    stage: str | None


class CostFact(Live, frozen=True, tag="t"):
    """`net_yuan` is the cost less the subsidy, which may be more than it."""

    occurred_on: date
    school_year: int
    net_yuan: Decimal


FACTS: tuple[type[Live], ...] = (EnrolmentFact, CostFact)

Table = Mapping[str, Dated[Level | None]]


@dataclass(frozen=True, slots=True)
class SchoolLines:
    """`inside` and `outside` compulsory schooling: the level of a status; `ages`: the first and the last year of it."""

    inside: Table
    outside: Table
    ages: tuple[int, int]
    cost: Dated[Decimal]
    counted: Dated[Decimal]
    at_threshold: Dated[Level | None]


def lines_of(policy: Policy, today: date) -> SchoolLines:
    least, most = (int(policy.value(f"education.compulsory_age.{end}", today).value) for end in ("least", "most"))
    return SchoolLines(
        inside={status: policy.level("education.enrolment", status, today) for status in STATUSES},
        outside={status: policy.level("education.enrolment_outside", status, today) for status in STATUSES},
        ages=(least, most),
        cost=policy.value("education.cost", today),
        counted=policy.value("education.cost.counted", today),
        at_threshold=policy.level("education.cost", "at_threshold", today),
    )


def live_of(fact: Fact) -> Live | None:
    match fact.values:
        case Enrolment() as said:
            return EnrolmentFact(fact.record_id, str(fact.person_id or ""), fact.occurred_on, said.status, said.stage)
        case SchoolCost() as said:
            net = said.cost_yuan - (said.subsidy_yuan or Decimal(0))
            return CostFact(fact.record_id, fact.occurred_on, said.school_year, net)
        case _:
            return None


def kept(facts: Sequence[Live], today: date) -> Sequence[Live]:
    """The newest words about each person's schooling, and the costs of school years that may still count."""
    enrolments = (one for one in facts if isinstance(one, EnrolmentFact))
    costs = (one for one in facts if isinstance(one, CostFact) and one.school_year >= today.year - YEARS_KEPT)
    return [*newest_words(enrolments, _person, _occurred_on), *costs]


def check(facts: Sequence[Live], sight: Sight, lines: SchoolLines, today: date) -> Iterator[Answer]:
    """The days: somebody comes to school age or grows out of it, a school year counts no more."""
    for one in _last_enrolments(facts):
        table = _table(one, sight, lines, today)
        told = table[one.status]
        if told.value is not None:
            yield Measured(
                ENROLMENT, one.person_id, DEPARTMENT, "schooling", told.value,
                one.status, "enrolled", "status", told, one.occurred_on, (one.record_id,),
                Change(one.record_id, "status", "one_of", _statuses(table, speaking=False), "status"),
            )  # fmt: skip
        yield from _comes_of_age(one, sight, lines, today)
    level = lines.at_threshold.value
    if _most(facts) >= lines.cost.value:
        for spent in _spent(facts, lines, today):
            yield _counted_until(spent.school_year, lines)
            if level is not None and spent.yuan >= lines.cost.value:
                yield _dear(spent, level, lines)


# ── schooling ───────────────────────────────────────────────────────────────────────────────────────────────────


def _table(one: EnrolmentFact, sight: Sight, lines: SchoolLines, today: date) -> Table:
    return lines.outside if _is_outside(one, sight, lines, today) else lines.inside


def _is_outside(one: EnrolmentFact, sight: Sight, lines: SchoolLines, today: date) -> bool:
    """Whether a person is known to be no child of compulsory schooling: by stage, else by age in years of birth."""
    if one.stage in COMPULSORY or one.stage in OUTSIDE:
        return one.stage in OUTSIDE
    if sight.young is None or not one.person_id:
        return False
    born = sight.young.get(one.person_id)
    if born is None:
        return sight.grown is None or one.person_id in sight.grown
    return born != 0 and not lines.ages[0] <= today.year - born <= lines.ages[1]


def _comes_of_age(one: EnrolmentFact, sight: Sight, lines: SchoolLines, today: date) -> Iterator[date]:
    """Where its age decides by which table a person is judged."""
    born = (sight.young or {}).get(one.person_id)
    if born and lines.inside[one.status].value != lines.outside[one.status].value:
        ages = (lines.ages[0], lines.ages[1] + 1)
        yield from (day for day in (date(born + age, 1, 1) for age in ages) if day > today)


def _statuses(table: Table, *, speaking: bool) -> str:
    return "|".join(status for status, level in table.items() if (level.value is not None) == speaking)


def _last_enrolments(facts: Sequence[Live]) -> Iterator[EnrolmentFact]:
    return last_words((one for one in facts if isinstance(one, EnrolmentFact)), _person, _occurred_on)


# ── cost ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Spent:
    """A household's net cost of one school year; the last of its records says most of it."""

    school_year: int
    yuan: Decimal
    last_on: date
    record_ids: tuple[str, ...]
    records: int

    @property
    def dearest(self) -> str:
        return self.record_ids[-1]


def _most(facts: Sequence[Live]) -> Decimal:
    """More than any school year can hold: what lies under the line even so, as nearly every household does, is done
    with."""
    return sum((one.net_yuan for one in facts if isinstance(one, CostFact) and one.net_yuan > 0), Decimal(0))


def _spent(facts: Sequence[Live], lines: SchoolLines, today: date) -> list[Spent]:
    """Each school year that counts."""
    years: dict[int, list[CostFact]] = {}
    for one in facts:
        if isinstance(one, CostFact) and _counted_until(one.school_year, lines) > today:
            years.setdefault(one.school_year, []).append(one)
    return [_spent_in(year, parts) for year, parts in sorted(years.items())]


def _spent_in(year: int, parts: Sequence[CostFact]) -> Spent:
    return Spent(
        year,
        sum((one.net_yuan for one in parts), Decimal(0)),
        max(one.occurred_on for one in parts),
        last_of([(one.net_yuan, one.record_id) for one in parts]),
        len(parts),
    )


def _counted_until(school_year: int, lines: SchoolLines) -> date:
    """The first day on which a school year counts no more. It ends with August everywhere in the country."""
    return months_after(date(school_year + 1, 9, 1), int(lines.counted.value))


def _dear(spent: Spent, level: Level, lines: SchoolLines) -> Measured:
    line, over = lines.cost, spent.yuan - lines.cost.value
    return Measured(
        COST, f"{spent.school_year}", DEPARTMENT, "schooling_cost", level,
        f"{spent.yuan:.2f}", f"{line.value:.2f}", "yuan", line, spent.last_on, spent.record_ids,
        Change(spent.dearest, "cost_yuan", "under", f"{line.value:.2f}", "yuan", f"{over:.2f}"),
        {
            "school_year": _name_of(spent.school_year),
            "value": f"{spent.yuan:,.2f}",
            "line": f"{line.value:,.2f}",
            "over": f"{over:,.2f}",
        },
        spent.records,
    )  # fmt: skip


def _name_of(school_year: int) -> str:
    return f"{school_year}-{school_year + 1}"


def _person(fact: EnrolmentFact) -> str:
    return fact.person_id


def _occurred_on(fact: EnrolmentFact) -> date:
    return fact.occurred_on


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────────

STATUS_ZH = {"enrolled": "在读", "suspected_dropout": "疑似辍学", "dropped_out": "辍学", "not_enrolled": "未入学"}
STATUS_EN = {
    "enrolled": "in school",
    "suspected_dropout": "thought to have dropped out",
    "dropped_out": "out of school",
    "not_enrolled": "not enrolled in a school",
}


def sentence(found: Measured) -> Words:
    if found.rule == COST:
        return _cost_sentence(found)
    day = said_in_both(found.occurred_on)
    return Words(
        zh=f"{day[0]}一名成员{STATUS_ZH[found.value]}，来自教育局。",
        en=f"On {day[1]} one member was {STATUS_EN[found.value]}; from the education bureau.",
    )


def _cost_sentence(found: Measured) -> Words:
    told, since = found.words, line_since(found.line)
    return Words(
        zh=f"{told['school_year']} 学年上学费用扣除资助后 {told['value']} 元，达到 {told['line']} 元线（{since[0]}），"
        "来自教育局。",
        en=f"Schooling in {told['school_year']} costs {told['value']} yuan net of subsidies, at or over the line of"
        f" {told['line']} yuan ({since[1]}); from the education bureau.",
    )


def unless(found: Measured) -> Words:
    if found.rule == COST:
        return Words(
            zh=f"扣除资助后的上学费用不足 {found.words['line']} 元（现多 {found.words['over']} 元）",
            en=f"schooling net of subsidies costs under {found.words['line']} yuan (now {found.words['over']} more)",
        )
    quiet = found.unless.value.split("|")
    return Words(
        zh=f"该成员{'或'.join(STATUS_ZH[one] for one in quiet)}（现为{STATUS_ZH[found.value]}）",
        en=f"this member is {' or '.join(STATUS_EN[one] for one in quiet)} (now {STATUS_EN[found.value]})",
    )


def why_not(facts: Sequence[Live], sight: Sight, lines: SchoolLines, today: date) -> Iterator[Quiet]:
    for one in _last_enrolments(facts):
        table = _table(one, sight, lines, today)
        if table[one.status].value is None:
            yield _in_order(one, table)
    yield from (_under(one, lines.cost) for one in _spent(facts, lines, today) if one.yuan < lines.cost.value)


def _in_order(one: EnrolmentFact, table: Table) -> Quiet:
    speaking = _statuses(table, speaking=True)
    day, names = said_in_both(one.occurred_on), speaking.split("|") if speaking else []
    return Quiet(
        ENROLMENT, DEPARTMENT, one.status, "enrolled", "status", table[one.status], one.occurred_on,
        Change(one.record_id, "status", "one_of", speaking, "status") if speaking else None,
        Words(
            zh=f"{day[0]}一名成员{STATUS_ZH[one.status]}，{'、'.join(STATUS_ZH[name] for name in names)}才预警。",
            en=f"On {day[1]} one member was {STATUS_EN[one.status]}; only"
            f" {' or '.join(STATUS_EN[name] for name in names)} gives a warning.",
        ),
    )  # fmt: skip


def _under(spent: Spent, line: Dated[Decimal]) -> Quiet:
    missing = line.value - spent.yuan
    return Quiet(
        COST, DEPARTMENT, f"{spent.yuan:.2f}", f"{line.value:.2f}", "yuan", line, spent.last_on,
        Change(spent.dearest, "cost_yuan", "at_least", f"{line.value:.2f}", "yuan", f"{missing:.2f}"),
        Words(
            zh=f"{_name_of(spent.school_year)} 学年上学费用扣除资助后 {spent.yuan:,.2f} 元，"
            f"未到 {line.value:,.2f} 元线，还差 {missing:,.2f} 元。",
            en=f"Schooling in {_name_of(spent.school_year)} costs {spent.yuan:,.2f} yuan net of subsidies,"
            f" {missing:,.2f} under the line of {line.value:,.2f}.",
        ),
    )  # fmt: skip
