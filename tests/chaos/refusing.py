"""Records that PostgreSQL refuses for a while, by the tester: so that batches are halved, and what is refused waits.

A trigger of the tester's refuses what some households' records would write, each household's in one service. Once he
has dropped it, an operator puts what waits through again, over the services' own dead letters.
"""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from deploy.demo.answers import read_register
from deploy.demo.sending import Keyed
from deploy.demo.township import COUNTY, Township
from tests.chaos.calls import Calls

TABLES = {
    "intake": "records",
    "screening": "facts",
    "workflow": "cases",
    "console": "timeline",
}
"""One table a service, which its subscribers write and no person's call does. Notify's come too late in a slice."""
HOUSEHOLDS_MIN = 3
REFUSED = "chaos_refused"
"""In the cause of every record that waits for it."""
WORDS = "refused by the tester"
STEWARD = {"role": "steward", "region": COUNTY, "officer_id": "CHAOS-STEWARD"}
PAGE, AGAIN_SECONDS = 100, 0.5

REFUSE = f"""
CREATE TABLE chaos.refused (service text, household_id uuid, PRIMARY KEY (service, household_id));
CREATE FUNCTION chaos.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF EXISTS (SELECT FROM chaos.refused WHERE service = TG_TABLE_SCHEMA AND household_id = NEW.household_id) THEN
        RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'check_violation', CONSTRAINT = '{REFUSED}';
    END IF;
    RETURN NEW;
END $$;
"""
ONLY = {"intake": "WHEN (NEW.channel = 'kafka')"}
"""Over HTTP nothing waits: what is refused there is told to the department, which sends it again."""


async def begin(admin_dsn: str) -> None:
    """Nobody's records are refused yet."""
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute(REFUSE)
    for service, table in TABLES.items():
        await admin.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON {service}.{table} "
            f"FOR EACH ROW {ONLY.get(service, '')} EXECUTE FUNCTION chaos.refuse()"
        )
    await admin.close()


async def refuse(admin_dsn: str, service: str, household_nos: Sequence[str]) -> None:
    """From now on this service cannot write these households' records."""
    admin = await asyncpg.connect(admin_dsn)
    whose = "SELECT $1, household_id FROM intake.households WHERE household_no = ANY ($2::text[])"
    await admin.execute(f"INSERT INTO chaos.refused {whose}", service, household_nos)
    await admin.close()


async def end(admin_dsn: str) -> None:
    admin = await asyncpg.connect(admin_dsn)
    for service, table in TABLES.items():
        await admin.execute(f"DROP TRIGGER IF EXISTS refuse ON {service}.{table}")
    await admin.close()


def statements(log: Path) -> int:
    """So many were refused, by the server's own log."""
    return log.read_text("utf-8", "replace").count(WORDS)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A service that is to die between the halves of a batch, and the households whose records it cannot write."""

    service: str
    household_nos: Sequence[str]


def drawn(
    seed: int, township: Township, parts: Sequence[Sequence[Keyed]], count: int, households: int
) -> dict[int, Refusal]:  # fmt: skip
    """Number of a slice → whom to refuse where from then on: `count` of them, all in the first half of the slices, and
    of so many households together, or a few more."""
    chance = random.Random(f"{seed}:refused")
    services = [one for _ in range(count) for one in chance.sample(sorted(TABLES), len(TABLES))][:count]
    until, each = half(len(parts)), max(HOUSEHOLDS_MIN, households // count)
    about, warned = _about(township, parts), _warned(township)
    first = _about(township, [beginning(part) for part in parts])
    found: dict[int, Refusal] = {}
    taken: set[str] = set()
    for at, service in enumerate(services):
        number = at * until // count
        fit = [no for no in sorted(first[number] - taken) if _fits(service, no, number, until, about, warned)]
        chosen = chance.sample(fit, min(each, len(fit)))
        taken |= set(chosen)
        found[number] = Refusal(service, chosen)
    return found


def half(slices: int) -> int:
    """From this slice on nothing is refused any more."""
    return slices // 2


def beginning(part: Sequence[Keyed]) -> Sequence[Keyed]:
    """What of a slice lies there when a service comes back to die between halves."""
    return part[: len(part) // 2]


def _about(township: Township, parts: Sequence[Sequence[Keyed]]) -> list[set[str]]:
    """The households of each slice's records."""
    known = read_register(township.register)
    found = [{known.household_of(keyed.record["subject"]) for keyed in part} for part in parts]
    return [{no for no in one if no is not None} for one in found]


def _warned(township: Township) -> frozenset[str]:
    return frozenset(
        one["household_no"] for one in township.answers if one["kind"] == "household" and one["expected"] == "warned"
    )


def _fits(
    service: str, no: str, number: int, until: int, about: Sequence[set[str]], warned: Iterable[str]
) -> bool:  # fmt: skip
    if service == "intake":
        # A department's later version is taken before an earlier one that waits: nobody's order but the sender's.
        return not any(no in one for one in about[until:])
    if service == "workflow":
        # What it writes is a case opened, with a household's first warning.
        return no in warned and not any(no in one for one in about[:number])
    return True


@dataclass
class Operator:
    """Puts what was refused through again, once its cause is mended. `seen`: (service, letter) of each."""

    calls: Calls
    seen: set[tuple[str, str]] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    async def work(self, until: asyncio.Event) -> None:
        while not until.is_set():
            for service in TABLES:
                for letter in await self._letters(service):
                    await self._replay(service, letter["id"])
            await asyncio.sleep(AGAIN_SECONDS)

    async def _letters(self, service: str) -> Sequence[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        after: str | None = None
        while True:
            asked = {"limit": str(PAGE), **({"after": after} if after else {})}
            page = await self.calls.get(service, "/v1/dead-letters", STEWARD, **asked)
            found += [one for one in page["items"] if REFUSED in (one["cause"] or "")]
            after = page["next"]
            if after is None:
                return found

    async def _replay(self, service: str, letter: str) -> None:
        """One behind another of its line has its turn in the next round; one whose answer was lost is there no more."""
        sent = await self.calls.post(service, f"/v1/dead-letters/{quote(letter, safe='')}/replay", b"{}", STEWARD)
        self.seen.add((service, letter))
        if sent.status not in (200, 404, 409) or (sent.status == 200 and not sent.answer["replayed"]):
            self.complaints.append(f"{service}: a replay was answered {sent.status} {sent.answer}"[:400])
