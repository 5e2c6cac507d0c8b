"""Ten thousand dead letters, replayed over HTTP by several people at once: each applied once, in order, and audited."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping

import asyncpg

from shared.service import Service, serving
from shared.settings import Settings
from tests.house import House
from tests.shared.messaging.ledger import TABLE, Ledger, fact, household
from tests.tokens import bearer
from tests.volume.ground import Figure, emptied
from tests.volume.wire import Wire

PEOPLE = 4
PAGE = 100
BATCH = 1000
BEHIND = (0, 0, 1, 3)
"""So many sound records stand behind a failed one, by its household's number."""


async def replayed(house: House, count: int, seed: int) -> Figure:
    """`count` records fail, wait, and are replayed once the fault is mended; each is asked for by two people."""
    await emptied(house)
    admin = await asyncpg.connect(house.postgres.dsn)
    await admin.execute(TABLE)
    await admin.execute("TRUNCATE screening.ledger")
    subscriber = Ledger()

    async def build(settings: Settings) -> Service:
        service = await Service.open(settings)
        service.knows("screening", [subscriber])
        return service

    async with serving(build, house.settings("screening")) as service:
        lines = await _failed(service, subscriber, count, seed)
        before = await admin.fetchval("SELECT count(*) FROM screening.waiting WHERE state = 'failed'")
        subscriber.broken = set()
        began = time.monotonic()
        answers = await _replay(house, service.port)
        seconds = time.monotonic() - began
    found = await _found(admin, lines, answers)
    await admin.execute("DROP TABLE screening.ledger")
    await admin.close()
    return Figure(
        "B3", f"{count:,} dead letters among {sum(map(len, lines.values())):,} records, replayed",
        "10,000: 0 doubled, all accounted for", seed, {"not failed at first": abs(count - int(before)), **found},
        (
            f"answers {', '.join(f'{name} {number:,}' for name, number in sorted(answers.items()))}",
            f"{count / seconds:,.0f} replays/s by {PEOPLE} people",
        ),
    )  # fmt: skip


async def _failed(service: Service, subscriber: Ledger, count: int, seed: int) -> dict[str, list[str]]:
    """Lets `count` records fail, each the first of its line. Returns what each line must have applied in the end."""
    chance = random.Random(seed)
    lines = {household(2_000_000 + number): ["bad-" + str(number)] for number in range(count)}
    for number, (key, line) in enumerate(lines.items()):
        line += [f"{key}:{at}" for at in range(2, 2 + BEHIND[number % len(BEHIND)])]
    subscriber.broken = {line[0] for line in lines.values()}
    work = service.work_of("screening")
    sound = [household(3_000_000 + number) for number in range(count * 2)]
    inputs = [fact(key, 1, line[0]) for key, line in lines.items()] + [fact(key, 1, f"s-{key}") for key in sound]
    chance.shuffle(inputs)  # a batch of which more than half fails would be taken for a fault of ours
    inputs += [fact(key, at, word) for key, line in lines.items() for at, word in enumerate(line[1:], start=2)]
    for start in range(0, len(inputs), BATCH):
        await work.process(inputs[start : start + BATCH])
    lines.update({key: [f"s-{key}"] for key in sound})
    return lines


async def _replay(house: House, port: int) -> Counter[str]:
    """The whole list, by people of whom each takes every other letter, so that two ask for the same one at once."""
    answers: Counter[str] = Counter()
    headers = bearer(house.keys, "steward", officer_id="st-1")
    letters = await _listed(Wire(port), headers)

    async def person(number: int) -> None:
        wire = Wire(port)
        for id_ in letters[number % 2 :: 2]:
            answer = await wire.call("POST", f"/v1/dead-letters/{id_}/replay", headers)
            answers["replayed" if answer.body.get("replayed") else str(answer.code or "failed again")] += 1
        wire.close()

    await asyncio.gather(*(person(number) for number in range(PEOPLE)))
    return answers


async def _listed(wire: Wire, headers: Mapping[str, str]) -> list[str]:
    found, after = [], ""
    while True:
        page = (await wire.call("GET", f"/v1/dead-letters?limit={PAGE}{after}", headers)).body
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            wire.close()
            return found
        after = f"&after={page['next']}"


async def _found(admin: asyncpg.Connection, lines: dict[str, list[str]], answers: Counter[str]) -> dict[str, int]:
    """What was applied and emitted, line by line; what still waits; replays that nobody can read up."""
    applied: dict[str, list[str]] = {}
    for row in await admin.fetch("SELECT key, word FROM screening.ledger ORDER BY place"):
        applied.setdefault(row["key"], []).append(row["word"])
    emitted = {row["key"]: row["emitted"][2] for row in await admin.fetch("SELECT key, emitted FROM screening.keys")}
    left = await admin.fetchval("SELECT count(*) FROM screening.waiting")
    notes = await admin.fetchval("SELECT count(*) FROM screening.audit WHERE action = 'dead_letter.replay'")
    account = await admin.fetchrow("SELECT sum(accepted) AS accepted, sum(waiting) AS waiting FROM screening.positions")
    assert account is not None
    words = sum(map(len, lines.values()))
    return {
        "lost": sum(bool(set(line) - set(applied.get(key, ()))) for key, line in lines.items()),
        "doubled": sum(len(line) - len(set(line)) for line in applied.values()),
        "out of order": sum(applied.get(key) != line for key, line in lines.items()),
        "still waiting": left,
        "not emitted once": sum(emitted.get(key) != len(line) for key, line in lines.items()),
        "not in the account": abs(words - int(account["accepted"])) + int(account["waiting"]),
        "not audited": abs(answers["replayed"] + answers["failed again"] - notes),
    }
