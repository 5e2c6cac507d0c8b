"""Who lives under one roof: invented families whose ages, sexes and relations agree.

The relations are the national form's own words, told from the head of the household (户主).
"""

from collections.abc import Callable
from datetime import date
from random import Random

from deploy.demo.names import surname
from deploy.demo.people import Numbers, Person, person


class _Roof:
    """One family while it is put together; the family name goes down the male line."""

    def __init__(self, rng: Random, numbers: Numbers, today: date, clans: tuple[str, ...]) -> None:
        self.rng = rng
        self.family_name = surname(rng, clans)
        self.members: list[Person] = []
        self._numbers = numbers
        self._today = today

    def add(self, relation: str, age: int, *, is_man: bool, name: str | None = None) -> None:
        """`name` is the surname of who married in; left out: the family's."""
        self.members.append(
            person(
                self.rng,
                self._numbers,
                self._today,
                surname=name or self.family_name,
                relation=relation,
                is_man=is_man,
                age=age,
            )
        )

    def other_name(self) -> str:
        return surname(self.rng)

    def couple(self, youngest: int, oldest: int) -> tuple[int, int]:
        """A husband as head, and his wife; their ages."""
        his = self.rng.randint(youngest, oldest)
        hers = max(20, his - self.rng.randint(-2, 5))
        self.add("户主", his, is_man=True)
        self.add("配偶", hers, is_man=False, name=self.other_name())
        return his, hers

    def children(self, parent: int, most: int, *, oldest: int = 24, grand: bool = False) -> None:
        """1 to `most` children, 20 to 40 years younger than the parent, brothers and sisters a year or
        more apart.
        """
        age = min(oldest, parent - 20)
        lowest = max(0, parent - 40)
        for _ in range(self.rng.randint(1, most)):
            if age < lowest:
                return
            age = self.rng.randint(max(lowest, age - 5), age)
            is_man = self.rng.random() < 0.52
            relation = ("之孙子" if is_man else "之孙女") if grand else ("之子" if is_man else "之女")
            self.add(relation, age, is_man=is_man)
            age -= self.rng.randint(1, 4)


def family(rng: Random, numbers: Numbers, today: date, clans: tuple[str, ...]) -> tuple[Person, ...]:
    """One to eight people, the head first."""
    roof = _Roof(rng, numbers, today, clans)
    shape = rng.choices(list(_SHAPES), weights=list(_SHAPES.values()))[0]
    shape(roof)
    return tuple(roof.members)


def _alone_and_old(roof: _Roof) -> None:
    roof.add("户主", roof.rng.randint(62, 90), is_man=roof.rng.random() < 0.5)


def _old_couple(roof: _Roof) -> None:
    roof.couple(60, 84)


def _parents_with_children(roof: _Roof) -> None:
    roof.children(min(roof.couple(26, 52)), most=3)


def _three_generations(roof: _Roof) -> None:
    his, hers = roof.couple(48, 66)
    son = roof.rng.randint(22, min(40, min(his, hers) - 20))
    wife = max(20, son - roof.rng.randint(-1, 4))
    roof.add("之子", son, is_man=True)
    roof.add("之儿媳", wife, is_man=False, name=roof.other_name())
    roof.children(min(son, wife), most=2, oldest=17, grand=True)
    if roof.rng.random() < 0.25:
        roof.add("之母", his + roof.rng.randint(20, 27), is_man=False, name=roof.other_name())


def _with_old_parents(roof: _Roof) -> None:
    his, hers = roof.couple(34, 55)
    father = his + roof.rng.randint(21, 30)
    roof.children(min(his, hers), most=2, oldest=22)
    if roof.rng.random() < 0.6:
        roof.add("之父", father, is_man=True)
    roof.add("之母", father - roof.rng.randint(0, 3), is_man=False, name=roof.other_name())


def _grandparents_with_grandchildren(roof: _Roof) -> None:
    elder = min(roof.couple(55, 74))
    roof.children(elder - 22, most=2, oldest=15, grand=True)


def _one_parent(roof: _Roof) -> None:
    is_man = roof.rng.random() < 0.55
    parent = roof.rng.randint(28, 50)
    roof.add("户主", parent, is_man=is_man, name=None if is_man else roof.other_name())
    roof.children(parent, most=2, oldest=19)


# Shares of a township whose young work away but stay in the register [own]
_SHAPES: dict[Callable[[_Roof], None], int] = {
    _alone_and_old: 12,
    _old_couple: 18,
    _parents_with_children: 28,
    _three_generations: 24,
    _with_old_parents: 10,
    _grandparents_with_grandchildren: 4,
    _one_parent: 4,
}
