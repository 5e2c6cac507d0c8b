"""One invented person as the national form knows them: number, health, labour, schooling.

Every number is valid in form and belongs to nobody by construction of the sample: see `Numbers`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from deploy.demo.names import given_name

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_YOUNGEST_DAYS = 200  # nobody is born after the register was taken
_ORDERS = 50  # order codes of one sex within a hundred
_DAYS_TRIED_MAX = 200


@dataclass(frozen=True, slots=True)
class Person:
    """`education` (what was finished) and `schooling` (what is attended) exclude each other (rule
    3_12_004).
    """

    name: str
    id_no: str
    relation: str
    sex: str
    born_on: date
    ethnic_group: str
    health: str
    labour: str
    education: str | None
    schooling: str | None
    phone: str | None

    def as_member(self) -> dict[str, str]:
        """The member of a `household` record; what is not known is left out."""
        member = {
            "name": self.name,
            "id_no": self.id_no,
            "relation": self.relation,
            "sex": self.sex,
            "ethnic_group": self.ethnic_group,
            "health": self.health,
            "labour": self.labour,
            "education": self.education,
            "schooling": self.schooling,
            "phone": self.phone,
        }
        return {field: value for field, value in member.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Share:
    """The numbers that one part of a county gives out, so that parts are made apart and no number comes twice.

    Of the order codes of one hundred every `of`-th is the part's, by its `place`; its phones bear its `part`.
    """

    part: int = 0
    hundred: int = 9
    place: int = 0
    of: int = 1


class Numbers:
    """Gives out ID numbers and phone numbers, none twice.

    ID numbers have real county prefixes and right check digits; their order code is 900–999 up to 64,000
    households, which shows a sample at a glance (larger ones go on with 800–899, 700–799, …). Phones begin with 160,
    which no operator has been allotted [own]: no message of a demo can reach anybody.
    """

    def __init__(self, rng: Random, own_county: str, other_counties: Sequence[str], share: Share | None = None) -> None:
        self._rng = rng
        self._own_county = own_county
        self._other_counties = tuple(other_counties)
        self._share = share or Share()
        self._given: set[str] = set()

    def id_no(self, is_man: bool, born_on: date, *, is_from_elsewhere: bool) -> str | None:
        """An 18-character number, the order code odd for a man, even for a woman; None where none of this day is
        left.
        """
        county = self._rng.choice(self._other_counties) if is_from_elsewhere else self._own_county
        first_order = self._rng.randrange(_ORDERS)
        for step in range(_ORDERS):
            place = (first_order + step) % _ORDERS
            if (born_on.toordinal() * _ORDERS + place) % self._share.of != self._share.place:
                continue
            order = 100 * self._share.hundred + 2 * place + (1 if is_man else 0)
            number = with_check_digit(f"{county}{born_on:%Y%m%d}{order:03d}")
            if number not in self._given:
                self._given.add(number)
                return number
        return None

    def phone(self) -> str:
        for _ in range(1000):
            number = f"160{self._share.part:03d}{self._rng.randrange(10**5):05d}"
            if number not in self._given:
                self._given.add(number)
                return number
        raise ValueError("no phone number is left: ask for fewer households")


def with_check_digit(first_17: str) -> str:
    """GB 11643: weights modulo 11."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True))
    return first_17 + _CHECK_DIGITS[total % 11]


def born(rng: Random, age: int, today: date) -> date:
    """A birthday of somebody who is `age` years old today."""
    latest = _years_before(today, age)
    earliest = _years_before(today, age + 1) + timedelta(days=1)
    if age == 0:
        latest = max(earliest, today - timedelta(days=_YOUNGEST_DAYS))
    return earliest + timedelta(days=rng.randrange((latest - earliest).days + 1))


def person(
    rng: Random, numbers: Numbers, today: date, *, surname: str, relation: str, is_man: bool, age: int
) -> Person:
    is_from_elsewhere = rng.random() < (0.25 if relation in _MARRIED_IN else 0.02)
    born_on, id_no = _born_and_numbered(rng, numbers, today, is_man, age, is_from_elsewhere)
    health = _health(rng, age)
    education, schooling = _school(rng, age)
    return Person(
        name=surname + given_name(rng, is_man, born_on.year),
        id_no=id_no,
        relation=relation,
        sex="男" if is_man else "女",
        born_on=born_on,
        ethnic_group="回族" if surname == "马" and rng.random() < 0.2 else "汉族",
        health=health,
        labour=_labour(rng, age, health, is_pupil=schooling is not None),
        education=education,
        schooling=schooling,
        phone=numbers.phone() if 18 <= age < 80 and rng.random() < 0.85 else None,
    )


def _born_and_numbered(
    rng: Random, numbers: Numbers, today: date, is_man: bool, age: int, is_from_elsewhere: bool
) -> tuple[date, str]:
    """Another birthday of the same year of life where no number of the day is left, at last of another county."""
    for tried in range(_DAYS_TRIED_MAX):
        born_on = born(rng, age, today)
        is_of_another = is_from_elsewhere or tried > _DAYS_TRIED_MAX // 2
        id_no = numbers.id_no(is_man, born_on, is_from_elsewhere=is_of_another)
        if id_no is not None:
            return born_on, id_no
    raise ValueError(f"no ID number is left for people of {age}: ask for fewer households")


_MARRIED_IN = frozenset({"配偶", "之儿媳", "之女婿", "之母"})


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


def _health(rng: Random, age: int) -> str:
    chronic, major, disabled = (0.33, 0.03, 0.06) if age >= 60 else (0.06, 0.01, 0.03)
    if age < 16:
        chronic, major, disabled = 0.003, 0.001, 0.005
    chance = rng.random()
    if chance < chronic:
        return "长期慢性病"
    if chance < chronic + major:
        return "患有大病"
    return "残疾" if chance < chronic + major + disabled else "健康"


def _labour(rng: Random, age: int, health: str, *, is_pupil: bool) -> str:
    """Under 16 has none, from 60 on none is ordinary, 16–59 and healthy is never weak (App. A, Labour)."""
    if age < 16 or is_pupil or age >= 80:
        return "无劳动力"
    if health == "患有大病" or (health == "残疾" and rng.random() < 0.5):
        return "丧失劳动力"
    if age >= 60 or health != "健康":
        return "弱劳动力或半劳动力"
    return "技能劳动力" if rng.random() < 0.15 else "普通劳动力"


def _school(rng: Random, age: int) -> tuple[str | None, str | None]:
    """(education, schooling); in the register a child of 6–15 always goes to school: who left it is told by the
    education office (`enrolments.py`).
    """
    attended = _schooling(rng, age)
    if attended is not None:
        return None, attended
    if age < 23:
        return rng.choice(("初中", "高中")), None
    if age < 45:
        return rng.choices(("小学", "初中", "高中", "大专", "本科及以上"), (8, 60, 17, 10, 5))[0], None
    if age < 62:
        return rng.choices(("文盲或半文盲", "小学", "初中", "高中"), (6, 36, 50, 8))[0], None
    return rng.choices(("文盲或半文盲", "小学", "初中"), (38, 47, 15))[0], None


def _schooling(rng: Random, age: int) -> str | None:
    if age < 3:
        return "学龄前"
    if age < 6:
        return "学前教育"
    if age < 12:
        return "小学"
    if age < 15:
        return ("七年级", "八年级", "九年级")[age - 12]
    if age < 18 and (age == 15 or rng.random() < 0.9):
        kind = "普高" if rng.random() < 0.55 else "中职"
        return kind + ("一年级", "二年级", "三年级")[age - 15]
    if 18 <= age < 22 and rng.random() < 0.45:
        return rng.choice(("本科一年级", "高职高专一年级"))
    return None
