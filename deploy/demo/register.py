"""The register, as the county's rural-revitalisation office sends it.

Households live in villages of the real division table and in invented groups; each group is one grid of
20 to 100 households. The records come in three rounds: all households, then incomes, then
monitoring, so that nothing names a household that is not registered yet.
"""

import base64
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from deploy.demo.family import family
from deploy.demo.income import CENT, Income, incomes
from deploy.demo.names import clans_of
from deploy.demo.people import Numbers, Person

DEPARTMENT = "rural_revitalization"
_HOUSEHOLDS_PER_GRID = 60  # 20–100 households, 60 by default
_LEAST_PER_VILLAGE = 40
_LIFTED_OUT = 0.12
_MONITORED = 0.018  # the order of Baoshan's 2.6 %
_ELIMINATED = 0.01


@dataclass(frozen=True, slots=True)
class Village:
    """`name` is the division table's, with 村委会 or 社区居委会 at its end."""

    code: str
    name: str

    @property
    def short_name(self) -> str:
        """八里槐村委会 → 八里槐村; 鲖城社区居委会 → 鲖城社区."""
        for ending, place in (("社区居民委员会", "社区"), ("社区居委会", "社区"), ("村委会", "村")):
            if self.name.endswith(ending):
                return self.name.removesuffix(ending) + place
        return self.name


@dataclass(frozen=True, slots=True)
class Settled:
    """A village with the number of households in each of its groups, the first group first."""

    village: Village
    groups: tuple[int, ...]

    @property
    def households(self) -> int:
        return sum(self.groups)

    def grid(self, group: int) -> str:
        return f"{self.village.code}-{group:02d}"


@dataclass(frozen=True, slots=True)
class Monitoring:
    status: str
    category: str
    since: date


@dataclass(frozen=True, slots=True)
class Household:
    """`incomes` are oldest first; `monitoring` is None for a household that never was monitored."""

    household_no: str
    village: Village
    group: int
    door: int
    members: tuple[Person, ...]
    lifted_out_year: int | None
    monitoring: Monitoring | None
    incomes: tuple[Income, ...]
    registered_on: date

    @property
    def head(self) -> Person:
        return self.members[0]


def settled(seed: int, villages: Sequence[Village], count: int) -> tuple[Settled, ...]:
    """`count` households over as many of the villages as can have at least 40 each, and their groups."""
    sizes = _village_sizes(Random(f"{seed}:villages"), len(villages), count)
    return tuple(
        Settled(village, tuple(_group_sizes(Random(f"{seed}:groups {village.code}"), size)))
        for village, size in zip(villages, sizes, strict=False)
    )


def settle(
    seed: int, places: Sequence[Settled], numbers: Numbers, today: date, first: int = 0
) -> tuple[Household, ...]:
    """The households of these places, village by village; the first of them is the county's `first`."""
    rng = Random(f"{seed}:register {first}")
    found: list[Household] = []
    for place in places:
        clans = clans_of(place.village.name)
        for group, doors in enumerate(place.groups, start=1):
            for door in range(1, doors + 1):
                household_no = _household_no(seed, first + len(found))
                members = family(rng, numbers, today, clans)
                found.append(_household(rng, household_no, place.village, group, door, members, today))
    return tuple(found)


def register_records(seed: int, township_name: str, homes: Sequence[Household], today: date) -> list[dict[str, Any]]:
    """Kinds `household`, `income`, `monitoring`; a few incomes come twice, the second time corrected."""
    rng = Random(f"{seed}:register records {homes[0].household_no}")
    records = [_household_record(rng, township_name, home) for home in homes]
    for home in homes:
        records.extend(_income_records(rng, home, today))
    records.extend(_monitoring_record(home, home.monitoring) for home in homes if home.monitoring)
    return records


def _village_sizes(rng: Random, villages: int, count: int) -> list[int]:
    used = min(villages, count // _HOUSEHOLDS_PER_GRID)
    weights = [rng.uniform(0.5, 1.5) for _ in range(used)]
    free = count - used * _LEAST_PER_VILLAGE
    sizes = [_LEAST_PER_VILLAGE + int(free * weight / sum(weights)) for weight in weights]
    sizes[-1] += count - sum(sizes)
    return sizes


def _group_sizes(rng: Random, size: int) -> list[int]:
    """Even groups, then some households moved next door: at least 20 and at most 100 in each."""
    groups = max(1, math.floor(size / _HOUSEHOLDS_PER_GRID + 0.5))
    sizes = [size // groups + (1 if group < size % groups else 0) for group in range(groups)]
    for group in range(groups - 1):
        moved = rng.randint(-5, 5)
        sizes[group] += moved
        sizes[group + 1] -= moved
    return sizes


def _household_no(seed: int, index: int) -> str:
    """Opaque and stable: it tells neither village nor order, and stays when others are added.

    Letters, so that no household number can be taken for a phone or an ID number when logs are searched
    for those.
    """
    digest = hashlib.sha256(f"household {seed} {index}".encode()).digest()
    return f"HB-{base64.b32encode(digest)[:10].decode()}"


def _household(
    rng: Random,
    household_no: str,
    village: Village,
    group: int,
    door: int,
    members: tuple[Person, ...],
    today: date,
) -> Household:
    lifted_out_year = rng.randint(2014, 2020) if rng.random() < _LIFTED_OUT else None
    return Household(
        household_no=household_no,
        village=village,
        group=group,
        door=door,
        members=members,
        lifted_out_year=lifted_out_year,
        monitoring=_monitoring(rng, today, was_lifted_out=lifted_out_year is not None),
        incomes=incomes(rng, members, today),
        registered_on=today - timedelta(days=rng.randint(30, 150)),
    )


def _monitoring(rng: Random, today: date, *, was_lifted_out: bool) -> Monitoring | None:
    chance = rng.random()
    if chance >= _MONITORED + _ELIMINATED:
        return None
    common = "脱贫不稳定户" if was_lifted_out else "边缘易致贫户"
    category = "突发严重困难户" if rng.random() < 0.2 else common
    if chance < _MONITORED:
        return Monitoring("monitored", category, today - timedelta(days=rng.randint(40, 700)))
    return Monitoring("eliminated", category, today - timedelta(days=rng.randint(30, 300)))


def _household_record(rng: Random, township_name: str, home: Household) -> dict[str, Any]:
    lifted_out = {"status": "lifted_out", "year": home.lifted_out_year}
    data = {
        "household_no": home.household_no,
        "group": home.group,
        "members": [member.as_member() for member in home.members],
        "poverty_history": lifted_out if home.lifted_out_year else {"status": "none"},
        "land": _land(rng, len(home.members)),
        "house": _house(rng, len(home.members)),
        "address": f"临泉县{township_name}{home.village.short_name}{home.group}组{home.door}号",
    }
    subject = _subject(home, id_no=home.head.id_no, name=home.head.name)
    return _record("HJ", home, 1, "household", home.registered_on, subject, data)


def _income_records(rng: Random, home: Household, today: date) -> Iterator[dict[str, Any]]:
    for income in home.incomes:
        told_on = min(date(income.year + 1, 1, 15), today)
        if rng.random() < 0.02:
            slip = income.as_data() | {"wage_yuan": str((income.wage * 3 + 900).quantize(CENT))}
            yield _record(f"SR-{income.year}", home, 1, "income", told_on, _subject(home), slip)
            yield _record(f"SR-{income.year}", home, 2, "income", told_on, _subject(home), income.as_data())
        else:
            yield _record(f"SR-{income.year}", home, 1, "income", told_on, _subject(home), income.as_data())


def _monitoring_record(home: Household, monitoring: Monitoring) -> dict[str, Any]:
    data = {
        "status": monitoring.status,
        "category": monitoring.category,
        "since": monitoring.since.isoformat(),
    }
    return _record("JC", home, 1, "monitoring", monitoring.since, _subject(home), data)


def _record(
    prefix: str,
    home: Household,
    version: int,
    kind: str,
    on: date,
    subject: dict[str, Any],
    data: dict[str, Any],
) -> dict[str, Any]:
    return {
        "record_id": f"{prefix}-{home.household_no}",
        "version": version,
        "op": "upsert",
        "kind": kind,
        "occurred_on": on.isoformat(),
        "subject": subject,
        "data": data,
    }


def _subject(home: Household, *, id_no: str | None = None, name: str | None = None) -> dict[str, Any]:
    return {"id_no": id_no, "name": name, "household_no": home.household_no, "region": home.village.code}


def _land(rng: Random, people: int) -> dict[str, str]:
    cultivated = Decimal(rng.uniform(0.4, 1.8) * people).quantize(CENT)
    return {
        "cultivated_mu": str(cultivated),
        "forest_mu": str(Decimal(rng.choice((0, 0, 0.5, 1))).quantize(CENT)),
    }


def _house(rng: Random, people: int) -> dict[str, str]:
    structure = rng.choices(("土木", "砖木", "砖混", "混木"), (3, 27, 66, 4))[0]
    area = Decimal(45 + rng.uniform(12, 38) * people).quantize(CENT)
    return {
        "structure": structure,
        "area_m2": str(area),
        "distance_to_road_km": str(Decimal(rng.uniform(0.05, 2.5)).quantize(CENT)),
    }
