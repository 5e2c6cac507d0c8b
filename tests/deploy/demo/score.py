"""The key against the product's own reading and judging, in one process: no Kafka, no database.

`python -m tests.deploy.demo.score --seed 7 --households 60000 --records 50000` prints precision and recall by
department, of whole households too, and each difference in one line. Records go through intake's parser and
its typed kinds, facts through screening's digest and judge under the package in force; only the outcome of
versions (correct, withdraw, history, refusal) is decided here, plainly.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from deploy.demo.county import SEED, plan, records_for
from deploy.demo.desk import Record
from deploy.demo.township import Township, made
from services.intake.record import Origin, Refused, Sent, parse
from services.intake.register import Home, settled_in
from services.intake.vault import Vault
from services.screening.facts import Facts, pruned, replaced
from services.screening.household import Known
from services.screening.judge import judge, sights_of
from services.screening.lines import lines_on
from services.screening.subscribers.household_registered import known_of
from shared.contracts.data import Fact
from shared.contracts.household import HouseholdRegistered
from shared.crypto import BlindIndex, Cipher
from shared.domain.calendar import SHANGHAI
from shared.policy import load

VAULT = Vault(Cipher(b"v" * 32), BlindIndex(b"i" * 32))
ORIGIN = Origin("http", "341221")
PACKAGE = "regular-2026"
RANK = {"yellow": 1, "orange": 2, "red": 3}
WHOLE = "household"
"""Beside the departments: the household's highest level."""

Levels = Mapping[str, str]


@dataclass
class Score:
    """By department: how many households both warn of at one level, the product too many, the product too few."""

    both: Counter[str] = field(default_factory=Counter)
    too_many: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def add(self, answer: Record, given: Levels) -> None:
        expected = dict(answer["levels"]) | ({WHOLE: answer["level"]} if answer["level"] else {})
        for department in sorted(expected.keys() | given.keys()):
            wanted, got = expected.get(department), given.get(department)
            if wanted == got:
                self.both[department] += 1
                continue
            self.missed[department] += wanted is not None
            self.too_many[department] += got is not None
            if department != WHOLE:
                self.differences.append(
                    f"{answer['household_no']} {department}: the key says {wanted or 'nothing'}, screening"
                    f" {got or 'nothing'}: {answer['why']['en']} {answer['record_ids']}"
                )

    def lines(self) -> Iterator[str]:
        yield f"{'':<22}{'warned':>8}{'too many':>10}{'missed':>8}{'precision':>11}{'recall':>8}"
        for department in sorted(self.both.keys() | self.too_many.keys() | self.missed.keys()):
            both, more, less = self.both[department], self.too_many[department], self.missed[department]
            precision, recall = both / max(both + more, 1), both / max(both + less, 1)
            yield f"{department:<22}{both + less:>8,}{more:>10,}{less:>8,}{precision:>11.4f}{recall:>8.4f}"
        yield from self.differences or ["no difference"]


def score(seed: int, today: date, households: int, records: int) -> Score:
    """Part by part, so that a county needs the memory of one."""
    found = Score()
    for part in plan(seed, households, records):
        township = made(seed, today, part)
        given = screened(township, today)
        for answer in township.answers:
            if answer["kind"] == WHOLE:
                found.add(answer, given.get(answer["household_no"], {}))
    return found


def screened(township: Township, today: date, policy_name: str = PACKAGE) -> dict[str, dict[str, str]]:
    """Household number → department → the highest level that screening finds, under `household` of all."""
    homes, of_person = register(township.register)
    policy = load(policy_name)
    lines = lines_on(policy.name, today)
    noon = datetime.combine(today, time(12), SHANGHAI)
    found = {}
    for household_id, facts in digests(township, homes, of_person, noon).items():
        known = _known(homes[household_id], noon)
        levels: dict[str, str] = {}
        for one in judge(facts, sights_of(known, policy), lines, today).found:
            for name in (one.department, WHOLE):
                levels[name] = max(levels.get(name, "yellow"), one.level, key=RANK.__getitem__)
        found[known.household_no] = levels
    return found


def register(records: Sequence[Record]) -> tuple[dict[UUID, Home], dict[UUID, UUID]]:
    """Households by id, and each person's household."""
    homes: dict[UUID, Home] = {}
    of_person: dict[UUID, UUID] = {}
    for record in sorted(records, key=lambda one: one["version"]):
        sent = read("rural_revitalization", record)
        household_id = cast(UUID, sent.named.household_id)
        if record["kind"] == "household":
            homes[household_id] = settled_in(household_id, sent.told, sent.members, None, sent.record_id)
            of_person |= dict.fromkeys(sent.members, household_id)
        else:
            homes[household_id] = homes[household_id].beside(sent.record_id, sent.told, sent.occurred_on)
    return homes, of_person


def digests(
    township: Township, homes: Mapping[UUID, Home], of_person: Mapping[UUID, UUID], now: datetime
) -> dict[UUID, Facts]:
    """What screening holds of each household after all have come, in their order."""
    facts: dict[UUID, Facts] = defaultdict(dict)
    heads: dict[tuple[str, str], tuple[int, UUID]] = {}
    contents: dict[tuple[str, str, int], str] = {}
    for department, record in township.records:
        sent = read(department, record)
        record_id, version = sent.record_id, sent.version
        before = heads.get((department, record_id))
        household_id = _household(record, sent, before, homes, of_person)
        content = json.dumps(record, sort_keys=True)
        if household_id is None or contents.setdefault((department, record_id, version), content) != content:
            continue
        if before is not None and version <= before[0]:
            continue
        heads[department, record_id] = (version, household_id)
        if before is not None and before[1] != household_id:
            facts[before[1]] = replaced(facts[before[1]], _fact(sent, department, record, before[1], None, now))
        fact = _fact(sent, department, record, household_id, sent.told, now)
        facts[household_id] = pruned(replaced(facts[household_id], fact), department, now.date())
    return facts


def read(department: str, record: Record) -> Sent:
    sent = parse(json.dumps(record).encode(), department, ORIGIN, VAULT)
    assert not isinstance(sent, Refused), f"{record['record_id']} is refused: {sent}"
    return sent


def _household(
    record: Record,
    sent: Sent,
    before: tuple[int, UUID] | None,
    homes: Mapping[UUID, Home],
    of_person: Mapping[UUID, UUID],
) -> UUID | None:
    """A withdrawal is of the record, whomever it was about; one that comes first names them by its subject."""
    named = sent.named
    if record["op"] == "withdraw":
        if before is not None:
            return before[1]
        named = read_subject(record)
    if named.person_id is not None:
        return of_person.get(named.person_id)
    return named.household_id if named.household_id in homes else None


def read_subject(record: Record) -> Any:
    subject = record["subject"]
    number = subject["id_no"].strip().upper() if subject["id_no"] else None
    return SimpleNamespace(
        person_id=VAULT.person_id(number) if number else None,
        household_id=VAULT.household_id(subject["household_no"]) if subject["household_no"] else None,
    )


def _fact(sent: Sent, department: str, record: Record, household_id: UUID, told: Any, now: datetime) -> Fact:
    return Fact(
        department=department,
        kind=record["kind"],
        record_id=sent.record_id,
        version=sent.version,
        household_id=household_id,
        person_id=sent.named.person_id,
        occurred_on=date.fromisoformat(record["occurred_on"]),
        known_at=now,
        values=told,
    )


def _known(home: Home, now: datetime) -> Known:
    event = SimpleNamespace(data=home.public(), time=now)
    return known_of(cast(HouseholdRegistered, event))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seed", type=int, default=SEED)
    asked.add_argument("--households", type=int, default=3000)
    asked.add_argument("--records", type=int, default=None)
    asked.add_argument("--today", type=date.fromisoformat, default=date(2026, 11, 25))
    told = asked.parse_args()
    records = records_for(told.households) if told.records is None else told.records
    found = score(told.seed, told.today, told.households, records)
    print(f"seed {told.seed}, {told.households:,} households, {records:,} records, {told.today}")
    print("\n".join(found.lines()))
    sys.exit(1 if found.differences else 0)


if __name__ == "__main__":
    main()
