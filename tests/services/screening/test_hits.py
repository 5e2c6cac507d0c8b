"""A rule's hits: what counts as one, when its owner is asked to look at it, and who sees the numbers."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.screening import hits
from services.screening.app import build
from services.screening.hits import CONFIRMED, PLACED, Counts, Tallied, by_rule, is_low, judgement, months_until
from services.screening.rules import RULES
from services.screening.subscribers.stage_advanced import ENDS
from services.workflow.form import Form, read
from services.workflow.hops import HOPS
from services.workflow.outcome import Ends, Onward, Refuses
from shared.access.roles import MAY
from shared.messaging.room import Input
from shared.policy import HopStep, available, load
from tests.services.screening.conftest import Room
from tests.services.screening.people import changed, closed, household_id, registered
from tests.services.workflow.hops.test_hops import ASKED
from tests.services.workflow.packaged import standing_of
from tests.tokens import bearer, settings_of

PRECISION = load("regular-2026").precision.on(date(2026, 11, 25))
MONTHS = months_until(date(2026, 11, 25), 3)
CODES = [*PLACED, CONFIRMED, "of_tomorrow"]

# ── what is a hit ───────────────────────────────────────────────────────────────────────────────────────────────


def outcomes_of_workflow() -> set[str]:
    """Every code with which workflow can end a warning's case, by its own rooms and both packages."""
    steps = [(hop, step) for name in available() for hop in HOPS for step in load(name).hop(hop).steps]
    return {code for hop, step in steps for code in _ending_at(HOPS[hop], step)} | set(ENDS)


def _ending_at(room: Any, step: HopStep) -> Iterator[str]:
    """The reasons with which this step refuses, proposes to refuse, or ends the main way."""
    for action in step.actions:
        for form in _forms(room.FORMS[action.code]):
            for reason in [one.code for one in action.reasons] or [""]:
                match room.decide(form, reason, standing_of(step.code, ASKED.today)):
                    case Onward(proposal="does_not_qualify", reason_code=code) | Refuses(code) if code:
                        yield code
                    case Ends(code) if code and not step.is_aside:
                        yield code


def _forms(form: type[Form]) -> Iterator[Form]:
    """Its example, and the answers that turn a case towards a refusal."""
    example = dict(form.example(ASKED))
    for change in ({}, {"difficulty_confirmed": False}, {"votes_for": 1, "votes_against": 20}):
        found, _ = read(form, example | change, ASKED) if change.keys() <= example.keys() else (None, [])
        if found is not None:
            yield found


def test_every_code_with_which_workflow_ends_a_case_is_placed() -> None:
    known = outcomes_of_workflow()
    assert {"no_risk", "false_data", "comparison_hit", "helped"} <= known
    assert known == set(PLACED), "a new reason is placed, and one that is gone goes here too"


@pytest.mark.parametrize(
    ("outcomes", "wanted"),
    [
        ((), None),
        ((CONFIRMED,), None),
        (("helped",), "hit"),
        (("already_resolved",), "hit"),
        (("false_data",), "miss"),
        (("no_risk",), "miss"),
        (("closed",), "neither"),
        (("comparison_hit",), "neither"),
        (("comparison_hit", CONFIRMED), "hit"),
        (("review_not_passed", CONFIRMED), "hit"),
        (("no_risk", CONFIRMED), "miss"),
        (("no_risk", "helped"), "hit"),
        (("helped", "eliminated"), "hit"),
        (("no_risk", "comparison_hit"), "miss"),
        (("of_tomorrow",), "neither"),
    ],
)
def test_what_people_made_of_a_warning_is_a_hit_a_miss_or_neither(outcomes: tuple[str, ...], wanted: Any) -> None:
    assert judgement(outcomes) == judgement(tuple(reversed(outcomes))) == wanted


# ── when a rule is put in question ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("hits", "misses", "is_flagged"),
    [
        (0, 199, False),
        (0, 200, True),
        (3, 196, False),
        (3, 197, True),
        (4, 196, False),  # two of a hundred exactly
        (4, 197, True),
        (20, 980, False),
        (19, 981, True),
    ],
)
def test_a_rule_is_flagged_under_two_of_a_hundred_from_two_hundred_judged_on(
    hits: int, misses: int, is_flagged: bool
) -> None:
    assert is_low(Counts(2000, hits, misses, 500), PRECISION) == is_flagged


TOLD = st.builds(
    Tallied,
    rule=st.sampled_from(["housing.house_grade", "medical_insurance.cover"]),
    department=st.just("housing"),
    is_exempt=st.booleans(),
    month=st.sampled_from([*MONTHS, "2026-08"]),
    outcomes=st.lists(st.sampled_from(CODES), max_size=3).map(tuple),
    warnings=st.integers(1, 400),
)


@given(st.lists(TOLD, max_size=30))
def test_the_numbers_add_up(told: list[Tallied]) -> None:
    rows = by_rule(told, MONTHS, PRECISION)
    assert sum(one.whole.warned for one in rows) == sum(one.warnings for one in told if one.month in MONTHS)
    assert len({(one.rule, one.is_exempt) for one in rows}) == len(rows)
    for one in rows:
        assert one.whole.hits + one.whole.misses + one.whole.neither == one.whole.closed <= one.whole.warned
        assert [month for month, _ in one.months] == MONTHS
        assert sum((counts for _, counts in one.months), Counts()) == one.whole
        assert one.is_flagged == (not one.is_exempt and is_low(one.whole, PRECISION))
        assert one.whole.share is None or 0 <= one.whole.share <= 1
    flags = [one.is_flagged for one in rows]
    assert flags == sorted(flags, reverse=True), "what is put in question stands first"


def test_an_exempt_rule_is_never_flagged() -> None:
    [one] = by_rule([Tallied("water.quality", "water", True, MONTHS[0], ("no_risk",), 5000)], MONTHS, PRECISION)
    assert is_low(one.whole, PRECISION) and not one.is_flagged


@pytest.mark.parametrize("package", available())
def test_only_rules_that_there_are_are_exempt(package: str) -> None:
    rules = {
        value for rule in RULES for value in vars(rule).values()
        if isinstance(value, str) and value.startswith(f"{rule.DEPARTMENT}.")
    }  # fmt: skip
    assert {one.rule for one in load(package).precision.on().exempt} <= rules


def test_months_are_counted_back_over_the_turn_of_a_year() -> None:
    assert months_until(date(2026, 2, 28), 4) == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert months_until(date(2026, 11, 1), 1) == ["2026-11"]


def test_who_reads_a_rules_numbers_reads_the_cases_behind_them() -> None:
    """A cell under 5 is nobody's who may not see its cases; below the township the call is refused."""
    assert MAY["rule.read"] <= MAY["case.read"] & MAY["warning.read"]
    assert not MAY["rule.read"] & {"village", "resident_team", "grid_worker", "group_leader", "clerk", "hotline"}


# ── on a real database ──────────────────────────────────────────────────────────────────────────────────────────

LIKE_IT = """
    INSERT INTO warnings (warning_id, household_id, state, level, is_provisional, told, raised_at, changed_at, region)
    SELECT gen_random_uuid(), gen_random_uuid(), 'closed', level, is_provisional, told, raised_at, changed_at, region
    FROM warnings, generate_series(1, $1)
"""
FOUND_WITHOUT_RISK = """
    INSERT INTO outcomes SELECT gen_random_uuid(), warning_id, 'no_risk', raised_at, region, grid
    FROM warnings WHERE state = 'closed'
"""
NEEDY = {"poverty_history": "lifted_out", "number": "H-1"}


def ended(household: UUID, warning_id: UUID, code: str | None, word: str = "closed", sequence: int = 1) -> Input:
    event = closed(household, sequence, warning_id)
    type_ = f"shouwang.stage.{word}.v1"
    body = event.body.model_copy(
        update={
            "type": type_, "id": UUID(int=event.body.id.int ^ (sequence << 64) ^ len(word)),
            "time": datetime.now(UTC), "data": event.body.data.model_copy(update={"reason_code": code}),
        }
    )  # fmt: skip
    return msgspec.structs.replace(event, body=body, type=type_)


@asynccontextmanager
async def calling(database: str, keys: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Screening's calls; nothing is read from Kafka."""
    service = await build(settings_of("screening", "127.0.0.1:9", database, keys))
    service.mount()
    transport = httpx.ASGITransport(app=service.http)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://screening") as client:
            yield client
    finally:
        await service.api.close()
        await service.worker.close()


async def warned(room: Room, number: int, *facts: dict[str, Any]) -> tuple[UUID, UUID]:
    home = household_id(number)
    await room.work.process(
        [registered(home, 1, NEEDY | {"number": f"H-{number}"})]
        + [
            changed(home, at, {"id": f"R-{number}-{at}", "day": "2026-10-01"} | fact)
            for at, fact in enumerate(facts, 1)
        ]
    )
    return home, (await room.told())[-1].data.warning_id


async def test_each_rule_is_counted_by_what_people_made_of_its_warnings(database: str, keys: Path, room: Room) -> None:
    paid, grade_c, grade_d = {"settlement": 6000}, {"house": "C"}, {"house": "D"}
    helped = await warned(room, 1, paid, grade_c)
    refused = await warned(room, 2, paid)
    seen = await warned(room, 3, paid)
    told_wrong = await warned(room, 4, grade_d)
    await warned(room, 5, paid)
    await room.work.process(
        [
            ended(*helped, None, "helped"),
            ended(*refused, "no_risk"),
            ended(*seen, CONFIRMED, "advanced", 1),
            ended(*seen, "comparison_hit", sequence=2),
            ended(*told_wrong, "false_data"),
        ]
    )
    states = [state for state, _ in await room.states()]
    assert states.count("suppressed") == 4, "what was answered and still stands is held back, and not counted"
    async with calling(database, keys) as client:

        async def get(role: str, query: str = "", region: str = "", status: int = 200) -> Any:
            where = {"region": region} if region else {}
            where |= {"department": "housing"} if role == "department" else {}
            answer = await client.get(f"/v1/rules{query}", headers=bearer(keys, role, **where))
            assert answer.status_code == status, answer.text
            return answer.json()

        told = await get("county")
        assert [len(told["months"]), told["share_least"], told["judged_least"]] == [12, 0.02, 200]
        assert told["source_zh"].startswith("默认值") and told["is_verified"] is False
        rows = {(one["rule"], one["is_exempt"]): one for one in told["items"]}
        names = ("warned", "closed", "hits", "misses", "neither", "share")
        assert {key: tuple(one[name] for name in names) for key, one in rows.items()} == {
            ("medical_insurance.self_paid", False): (4, 3, 2, 1, 0, pytest.approx(2 / 3)),
            ("housing.house_grade", False): (1, 1, 1, 0, 0, 1.0),
            ("housing.house_grade", True): (1, 1, 0, 1, 0, 0.0),
        }
        assert rows["housing.house_grade", True]["values"] == ["D"]
        assert not any(one["is_flagged"] for one in told["items"])
        for one in told["items"]:
            assert sum(each["warned"] for each in one["months"]) == one["months"][-1]["warned"] == one["warned"]
        for role, region in (("township", ""), ("department", ""), ("city", "3412"), ("auditor", ""), ("steward", "")):
            assert (await get(role, region=region))["items"] == told["items"], role
        assert (await get("county", "?region=341221102"))["items"] == told["items"]
        for role, query, region in (
            ("county", "?region=341221103", ""), ("county", "", "340822"), ("township", "", "341221103"),
        ):  # fmt: skip
            assert (await get(role, query, region))["items"] == []
        for role in ("village", "resident_team", "grid_worker", "group_leader", "clerk", "hotline"):
            await get(role, status=403)
        for query in ("?months=0", "?months=37", "?region=x"):
            await get("county", query, status=422)
        await back_by_a_year(room)
        assert (await get("county"))["items"] == []
        assert [one["warned"] for one in (await get("county", "?months=24"))["items"]] == [4, 1, 1]


async def test_counting_reads_no_warning_s_sentences(room: Room) -> None:
    """A year of a county's is fifty thousand warnings, of some 3 kB each."""
    since = datetime(2025, 12, 1, tzinfo=UTC)
    plan = await room.pool.fetch(f"EXPLAIN (VERBOSE) {hits.SQL.counts}", since, None, *hits.exempt_pairs(PRECISION))
    lines = [row[0] for row in plan]
    assert any("w.rules ~~ ANY" in line for line in lines), lines
    assert not any("told ->" in line for line in lines), lines


async def test_outcomes_are_joined_at_once_also_by_a_plan_that_knows_no_values(
    database: str, keys: Path, room: Room
) -> None:
    """As a connection plans what it has been asked a few times: looked through for each of 50,000 warnings, 35,000
    outcomes took longer than a statement may."""
    await warned(room, 1, {"settlement": 6000})
    admin = await asyncpg.connect(database)
    await admin.execute("SET search_path TO screening, public")
    await admin.execute(LIKE_IT, 2000)
    await admin.execute(FOUND_WITHOUT_RISK)
    await admin.execute("ANALYZE warnings, outcomes")
    await admin.execute("SET ROLE screening_api")
    await admin.execute("SET plan_cache_mode = force_generic_plan")
    await admin.execute(f"PREPARE counted (timestamptz, text, text[], text[]) AS {hits.SQL.counts}")
    async with admin.transaction():
        await admin.execute(hits.JOINED_AT_ONCE)
        plan = [row[0] for row in await admin.fetch("EXPLAIN EXECUTE counted ('2025-12-01', NULL, '{}', '{}')")]
    await admin.close()
    assert [line for line in plan if "Join" in line and "Hash" in line], plan
    assert not [line for line in plan if "Nested Loop Left Join" in line], plan


async def back_by_a_year(room: Room) -> None:
    await room.pool.execute("UPDATE warnings SET raised_at = raised_at - interval '13 months'")


async def test_a_rule_with_few_hits_is_put_in_question_and_an_exempt_one_is_not(
    database: str, keys: Path, room: Room
) -> None:
    await warned(room, 1, {"settlement": 6000})
    await warned(room, 2, {"water": "interrupted", "since": "2026-10-01"})
    admin = await asyncpg.connect(database)
    await admin.execute("SET search_path TO screening, public")
    await admin.execute(LIKE_IT, 210)
    await admin.execute(FOUND_WITHOUT_RISK)
    await admin.close()
    async with calling(database, keys) as client:
        told = (await client.get("/v1/rules", headers=bearer(keys, "county"))).json()
    names = ("rule", "is_flagged", "is_exempt", "misses", "warned")
    assert [tuple(one[name] for name in names) for one in told["items"]] == [
        ("medical_insurance.self_paid", True, False, 210, 211), ("water.supply_off", False, True, 210, 211),
    ]  # fmt: skip
