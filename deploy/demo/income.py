"""What an invented household lives on in a year, in the five sums of the national form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from deploy.demo.people import Person

CENT = Decimal("0.01")
_UNKNOWN = 0.04  # of the households no income was ever collected
_TWO_YEARS = 0.3


@dataclass(frozen=True, slots=True)
class Income:
    """One calendar year of a whole household, yuan; `net` may be small but is never negative here."""

    year: int
    wage: Decimal
    operating: Decimal
    of_property: Decimal
    transfer: Decimal
    operating_cost: Decimal

    @property
    def net(self) -> Decimal:
        return self.wage + self.operating + self.of_property + self.transfer - self.operating_cost

    def as_data(self) -> dict[str, int | str]:
        """The `data` of an `income` record."""
        return {
            "year": self.year,
            "wage_yuan": str(self.wage),
            "operating_yuan": str(self.operating),
            "property_yuan": str(self.of_property),
            "transfer_yuan": str(self.transfer),
            "operating_cost_yuan": str(self.operating_cost),
        }


def incomes(rng: Random, members: Sequence[Person], today: date) -> tuple[Income, ...]:
    """The years that are known, oldest first: none, last year, or the last two."""
    if rng.random() < _UNKNOWN:
        return ()
    last = _income(rng, members, today.year - 1)
    if rng.random() >= _TWO_YEARS:
        return (last,)
    return (_income(rng, members, today.year - 2), last)


def _income(rng: Random, members: Sequence[Person], year: int) -> Income:
    workers = sum(1 for member in members if member.labour in ("普通劳动力", "技能劳动力"))
    weak = sum(1 for member in members if member.labour == "弱劳动力或半劳动力")
    pensioners = sum(1 for member in members if year - member.born_on.year >= 60)
    operating = rng.uniform(800, 9000) * (1 + 0.3 * (workers + weak))
    return Income(
        year=year,
        wage=_yuan(sum(rng.uniform(9000, 42000) for _ in range(workers)) + weak * rng.uniform(0, 9000)),
        operating=_yuan(operating),
        of_property=_yuan(rng.choice((0, rng.uniform(100, 2500)))),
        transfer=_yuan(rng.uniform(600, 2200) + pensioners * rng.uniform(1700, 3600)),
        operating_cost=_yuan(operating * rng.uniform(0.15, 0.45)),
    )


def _yuan(amount: float) -> Decimal:
    return Decimal(amount).quantize(CENT)
