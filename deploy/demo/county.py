"""临泉县 in parts: which villages have how many households, and how many records each part's day has.

A part is some neighbouring villages of one township, about 2,000 households. It is made by itself, from
the seed and its own place in this plan, so that a county of any size needs the memory of a few parts, and
parts may be made and sent side by side. Small samples are one part: 鲖城镇 alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from deploy.demo.people import Share
from deploy.demo.register import Settled, Village, settled
from shared.domain.division import parts_of, villages_of

CODE = "341221102"
COUNTY = "341221"
SEED = 20261001
HOUSEHOLDS = 60_000
LEAST_HOUSEHOLDS = 120
MOST_IN_ONE_TOWNSHIP = 5_000
"""From here on a sample is spread over the county's villages."""
MOST_HOUSEHOLDS = 640_000
"""ID numbers have room for ten times 64,000 households: see `people.Share`."""

_PART = 2_000
_BLOCK = 64_000  # households that share one hundred of order codes
_SHARES = 43  # parts that a block may have; no factor in common with the 50 order codes of a day and sex
_RECORDS_PER_HOUSEHOLD = (5, 6)  # a department day of 50,000 records for 60,000 households
_RECORDS_OF_A_TOWNSHIP = 1_000


@dataclass(frozen=True, slots=True)
class Part:
    """`first_household` and `first_record` count over the whole county; `records` of this part's day.

    A township that is several parts has its office with the one that `opens_township`. A part that
    `is_alone` is the whole sample.
    """

    index: int
    township: str
    places: tuple[Settled, ...]
    records: int
    first_household: int
    first_record: int
    share: Share
    opens_township: bool = True
    is_alone: bool = True

    @property
    def households(self) -> int:
        return sum(place.households for place in self.places)


def records_for(households: int) -> int:
    """The size of the departments' day where nobody asks for another."""
    several, homes = _RECORDS_PER_HOUSEHOLD
    share = households * several // homes
    return share if households > MOST_IN_ONE_TOWNSHIP else min(_RECORDS_OF_A_TOWNSHIP, share)


def plan(seed: int, households: int, records: int) -> tuple[Part, ...]:
    """The parts in order, 鲖城镇 first. Raises ValueError for a size that no sample has."""
    if not LEAST_HOUSEHOLDS <= households <= MOST_HOUSEHOLDS:
        raise ValueError(f"a sample has {LEAST_HOUSEHOLDS} to {MOST_HOUSEHOLDS} households, not {households}")
    if households <= MOST_IN_ONE_TOWNSHIP:
        places = settled(seed, _villages([CODE]), households)
        return (Part(0, CODE, places, records, 0, 0, Share()),)
    others = [one.code for one in parts_of(COUNTY) if one.code != CODE]
    groups = list(_parts(settled(seed, _villages([CODE, *others]), households)))
    return tuple(_counted(groups, households, records))


def _villages(townships: Sequence[str]) -> tuple[Village, ...]:
    return tuple(Village(one.code, one.name) for code in townships for one in villages_of(code))


def _parts(places: Sequence[Settled]) -> Iterator[tuple[Settled, ...]]:
    """Whole villages, of one township, until there are enough households."""
    for _, township in groupby(places, key=lambda place: place.village.code[:9]):
        part: list[Settled] = []
        for place in township:
            if part and sum(one.households for one in part) + place.households > _PART * 1.25:
                yield tuple(part)
                part = []
            part.append(place)
        yield tuple(part)


def _counted(groups: Sequence[tuple[Settled, ...]], households: int, records: int) -> Iterator[Part]:
    before, in_block, block, township = 0, 0, 0, ""
    for index, places in enumerate(groups):
        own = sum(place.households for place in places)
        if before // _BLOCK != block:
            in_block, block = 0, before // _BLOCK
        first_record = records * before // households
        share = Share(index, 9 - block, in_block, _SHARES)
        here = records * (before + own) // households - first_record
        code = places[0].village.code[:9]
        yield Part(index, code, places, here, before, first_record, share, code != township, is_alone=False)
        before, in_block, township = before + own, in_block + 1, code
