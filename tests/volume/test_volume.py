"""The volume programs in brief, on the session's servers; and that what they count is found where it is planted."""

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse

from shared.contracts.types import UUID
from shared.messaging.relay import Floor
from shared.service import Service, serving
from shared.settings import Settings
from shared.web.document import Reply, Shape
from tests.contracts.known import Known
from tests.house import ROOT, House
from tests.tokens import bearer
from tests.volume import calls, deliveries, fuzzed, letters, neighbours, outbox, scopes
from tests.volume.__main__ import PROGRAMS
from tests.volume.endpoint import Case, endpoints, made
from tests.volume.ground import Figure
from tests.volume.judge import SHAPE
from tests.volume.sound import Pool
from tests.volume.wire import Answer

SEED = 20261127
Brief = Callable[[House], Awaitable[Figure]]

BRIEFLY: dict[str, Brief] = {
    "gaps": partial(outbox.gaps, rows=16_000, seed=SEED, delay=0.3),
    "idle": partial(outbox.idle, rows=6_000, seed=SEED),
    "keys_of_calls": partial(calls.keys_of_calls, count=60, seed=SEED, steps=("call_emitted",)),
    "held_lines": partial(calls.held_lines, count=80, seed=SEED, share=0.03),
    "replayed": partial(letters.replayed, count=40, seed=SEED),
    "again": partial(deliveries.again, count=300, seed=SEED),
    "hot": partial(neighbours.hot, count=150, seed=SEED),
    "poisoned": partial(neighbours.poisoned, count=150, seed=SEED),
    "interleaved": partial(scopes.interleaved, count=200, seed=SEED),
    "fuzzed": partial(fuzzed.fuzzed, count=20, seed=SEED),
}


@pytest_asyncio.fixture(scope="module")
async def house(
    topics: str, database: str, keys: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """A house of processes whose servers and keys are the session's."""
    folder = tmp_path_factory.mktemp("volume")
    (folder / "keys").symlink_to(keys)
    built = House(folder)
    built.kafka = SimpleNamespace(bootstrap=topics)  # type: ignore[assignment]
    built.postgres = SimpleNamespace(dsn=database)  # type: ignore[assignment]
    yield built
    for slot in list(built.running):
        built.kill(slot)


def test_every_program_has_a_brief_form() -> None:
    assert BRIEFLY.keys() == PROGRAMS.keys()


@pytest.mark.parametrize("name", BRIEFLY)
async def test_nothing_is_lost_doubled_or_shown_to_another(house: House, name: str) -> None:
    figure = await BRIEFLY[name](house)
    assert figure.is_right, figure.line()
    assert f"seed {SEED}" in figure.line() and figure.row in figure.line()


async def test_a_floor_that_does_not_wait_for_open_transactions_is_found(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(floor: Floor, last_id: int, transaction: int, oldest: int) -> None:
        floor.settled = last_id

    monkeypatch.setattr(Floor, "look", look)
    monkeypatch.setattr("shared.messaging.relay.RENEW_SECONDS", 0.01)
    # Whether it is met depends on when the relay looks: on a busy machine more transactions are needed.
    for rows in (32_000, 64_000, 128_000):
        figure = await outbox.gaps(house, rows, SEED, delay=2.0, patience=3)
        if figure.wrong["missed"]:
            return
    pytest.fail(figure.line())


async def test_a_foreign_row_a_row_withheld_and_a_wrong_answer_are_found(house: House) -> None:
    person = scopes.Person({}, frozenset({"a", "b"}))
    asking = scopes.Asking(house, [person], 0, random.Random(SEED))
    asking._list(person, Answer(200, json.dumps({"items": [{"task_id": "a"}, {"task_id": "c"}]}).encode()))
    assert (asking.foreign, asking.missing) == (1, 1)
    asking._one(person, Answer(200, json.dumps({"task_id": "c"}).encode()), 404)
    assert asking.foreign == 2 and asking.wrong.total() == 1


async def test_a_second_answer_to_the_same_key_is_found(house: House) -> None:
    using = calls.Using(house, SEED)
    for clue in ("x", "x", "y"):
        using._hear(1, Answer(201, json.dumps({"clue_id": clue}).encode()), {(201, None)})
    using._hear(1, Answer(409, b'{"code": "in_flight"}'), {(201, None)})
    assert dict(using.wrong) == {"another answer": 1, "409 in_flight": 1}


async def test_a_row_that_changed_is_found(house: House) -> None:
    admin = await asyncpg.connect(house.postgres.dsn)
    before = await deliveries._state(admin)
    await admin.execute("INSERT INTO screening.keys (key) VALUES ('planted')")
    after = await deliveries._state(admin)
    assert [name for name in before if before[name] != after[name]] == ["keys"]
    await admin.close()


async def test_a_call_of_a_number_is_the_same_again() -> None:
    document = json.loads((ROOT / "docs/contracts/openapi/intake.json").read_text("utf-8"))
    every, who = endpoints("intake", document, SEED), {"steward": {"Authorization": "Bearer x"}, "nobody": {}}

    def of(seed: int) -> list[Case]:
        pool = Pool(Known({"household_id": ["h"], "code": ["housing"]}))
        return [made(seed, one, number, pool, who) for one in every for number in range(30)]

    assert of(SEED) == of(SEED) != of(SEED + 1)
    bent = [one for one in of(SEED) if one.ways]
    assert 0.6 < len(bent) / len(every) / 30 < 0.9, "a fair share is sound"


async def test_what_no_answer_may_be_is_found(house: House) -> None:
    async with serving(_wrong, house.settings("screening")) as service:
        tally = fuzzed.Tally()
        asking = fuzzed.Asking.of("screening", service.port, service.document(), Known({}), SEED, tally)
        await asking.rounds(range(4), {"steward": bearer(house.keys, "steward")})
        async with httpx.AsyncClient(base_url=service.url) as client:
            alarms = await fuzzed.alarms_of([client])
    assert tally.wrong == {kind: 4 for kind in ("5xx", "undocumented status", "wrong media type")} | {SHAPE: 8}
    assert alarms == {"call_failed": 4}
    told = list(tally.lines())
    assert len(told) == 5 and f"WRONG screening GET /v1/field: {SHAPE} 200  additionalProperties, 4 times" in told[0]


class Found(Reply):
    at: UUID


async def _wrong(settings: Settings) -> Service:
    """A service whose every call of its own does what none may."""
    routes, service = APIRouter(), await Service.open(settings)

    @routes.get("/v1/raises")
    async def raises() -> None:
        raise ZeroDivisionError

    @routes.get("/v1/field")
    async def field() -> JSONResponse:
        return JSONResponse({"at": str(uuid4()), "more": 1})

    @routes.get("/v1/format")
    async def format_() -> JSONResponse:
        return JSONResponse({"at": "x"})

    @routes.get("/v1/status")
    async def status() -> JSONResponse:
        return JSONResponse({"at": str(uuid4())}, 201)

    @routes.get("/v1/media")
    async def media() -> PlainTextResponse:
        return PlainTextResponse("x")

    service.include(routes)
    service.shapes = {
        f"GET /v1/{name}": Shape({200: Found}) for name in ("raises", "field", "format", "status", "media")
    }
    return service
