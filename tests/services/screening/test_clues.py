"""What people report: raised, never judged, never suppressed; withdrawn with its own part alone."""

from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from services.screening.app import build
from services.screening.clue import CLUES_MAX, added, fact_of, said, without
from services.screening.household import EMPTY, Digest, pack, unpack
from services.screening.lines import lines_on
from services.screening.precheck import says_nothing_new
from shared.contracts.envelope import event_id
from shared.domain.concerns import CONCERNS
from shared.policy import load
from shared.service import serving
from tests.services.screening.conftest import Room
from tests.services.screening.people import TODAY, changed, closed, household_id, paid, registered, reported
from tests.tokens import bearer, settings_of

H = household_id(1)
NEEDY = {"poverty_history": "lifted_out", "number": "H-1"}
LINES = lines_on("regular-2026", TODAY)
RECEIPT = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)


async def test_a_declaration_is_raised_from_its_receipt_whatever_the_records_say(room: Room) -> None:
    declaration = reported(H, 1, concerns=("food", "medical_burden"))
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(10)), declaration])
    [event] = await room.told()
    told = event.data
    assert (event.type.split(".")[2], told.cause, told.level) == ("raised", "declaration", "orange")
    assert (told.concerns, told.findings, told.clock_started_at) == (("food", "medical_burden"), (), RECEIPT)
    assert (told.household_no, told.provisional) == ("H-1", False)
    assert (event.causationid, event.correlationid) == (declaration.body.id, declaration.body.correlationid)
    assert told.explanation.exact.zh == (
        "农户自主申报（2026 年 11 月 1 日收到）：吃饭问题、医疗负担；按规定定为橙色，未核实。"
    )
    assert told.explanation.band.zh == "农户自主申报困难。吃饭可能有困难，请上门了解。医疗负担较重，请上门了解。"


async def test_before_the_register_knows_anybody_a_declaration_is_raised_where_it_was_told(room: Room) -> None:
    nobody = event_id(str(H), "household")
    await room.work.process([reported(nobody, 1, is_matched=False)])
    [event] = await room.told()
    assert (event.region, event.grid, event.data.household_no) == ("341221102201", "341221102201-03", None)
    assert event.data.cause == "declaration" and not event.data.provisional, "nothing was judged"
    await room.work.process([registered(nobody, 1, NEEDY)])
    assert await room.kinds() == ["raised"], "the register's word about it changes nothing"
    assert await room.pool.fetchval("SELECT household_no FROM warnings") == "H-1"


async def test_a_report_again_says_how_often_and_by_how_many_ways_to_the_township_alone(room: Room) -> None:
    await room.work.process(
        [
            registered(H, 1, NEEDY),
            reported(H, 1, number=1),
            reported(H, 2, "repeated", number=2, days=4, times=2),
            reported(H, 3, "repeated", number=3, days=9, times=3, cause="clue", channel="hotline"),
        ]
    )
    assert await room.kinds() == ["raised", "strengthened", "strengthened"]
    last = (await room.told())[-1].data
    assert (last.new_concerns, last.cause, last.clock_started_at) == ((), "declaration", RECEIPT)
    assert last.explanation.exact.zh.endswith("第三次反映，九天内，两个渠道。")
    assert last.explanation.exact.en.endswith("Report number 3, within 9 days, through 2 channels.")
    assert "次" not in last.explanation.band.zh and "线索" not in last.explanation.band.zh
    assert "Report" not in last.explanation.band.en and "channel" not in last.explanation.band.en


async def test_a_finding_joins_what_was_declared_and_its_correction_leaves_it_standing(room: Room) -> None:
    await room.work.process([registered(H, 1, NEEDY), reported(H, 1, concerns=("food",))])
    await room.work.process([changed(H, 1, {"house": "D", "day": "2026-10-02", "id": "C"})])
    joined = (await room.told())[-1].data
    assert (joined.cause, joined.level, joined.clock_started_at) == ("declaration", "red", RECEIPT)
    assert (joined.new_concerns, len(joined.findings)) == (("unsafe_house",), 1)
    await room.work.process([changed(H, 2, {"withdrawn": True, "house": "D", "day": "2026-10-02", "id": "C"}, 2)])
    assert (await room.kinds()) == ["raised", "strengthened", "weakened"]
    assert await room.states() == [("open", "orange")]
    left = (await room.told())[-1].data
    assert (left.concerns, left.findings, left.cause) == (("food",), (), "declaration")


async def test_a_declaration_on_top_of_a_finding_brings_its_cause_and_its_clock(room: Room) -> None:
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(6000)), reported(H, 1)])
    first, second = await room.told()
    assert (first.data.cause, second.data.cause) == ("finding", "declaration")
    assert second.data.clock_started_at == RECEIPT and second.data.warning_id == first.data.warning_id


async def test_a_withdrawal_takes_its_own_part_out_and_nothing_else(room: Room) -> None:
    await room.work.process([registered(H, 1, NEEDY), reported(H, 1), changed(H, 1, paid(6000))])
    await room.work.process([reported(H, 2, "withdrawn")])
    left = (await room.told())[-1]
    assert (left.type.split(".")[2], left.data.cause, len(left.data.findings)) == ("weakened", "finding", 1)
    report = await room.work.process([reported(H, 3, "withdrawn")])
    assert dict(report.words) == {"stands_no_more": 1}
    await room.work.process([changed(H, 2, paid(6000, withdrawn=True, id="R-1"), 2)])
    assert await room.states() == [("withdrawn", "yellow")]


async def test_withdrawn_alone_the_warning_goes_and_says_why(room: Room) -> None:
    await room.work.process([reported(H, 1), reported(H, 2, "withdrawn")])
    last = (await room.told())[-1].data
    assert (last.state, last.cause, last.clock_started_at) == ("withdrawn", "declaration", RECEIPT)
    assert last.explanation.exact.zh == "申报或反映的情况已撤回，没有其他依据。"
    await room.work.process([reported(H, 3, number=2, days=5)])
    assert await room.kinds() == ["raised", "withdrawn", "raised"]


async def test_the_earliest_declaration_that_stands_keeps_the_clock(room: Room) -> None:
    first, second = reported(H, 1, number=1, days=1), reported(H, 2, "repeated", number=2, days=5, times=2)
    await room.work.process([first, second, reported(H, 3, "withdrawn", number=1)])
    clocks = [one.data.clock_started_at.day for one in await room.told()]
    assert clocks == [2, 2, 6]


async def test_appeals_objections_and_the_unmatched_are_heard_and_counted(room: Room) -> None:
    kinds = ("appealed", "objected", "unmatched")
    report = await room.work.process([reported(H, number, kind) for number, kind in enumerate(kinds, 1)])
    assert dict(report.words) == dict.fromkeys(kinds, 1)
    assert await room.told() == []


async def test_a_repeat_without_anything_new_is_told_and_a_second_delivery_is_not(room: Room) -> None:
    again = reported(H, 2, "repeated", number=1)
    await room.work.process([reported(H, 1), again])
    report = await room.work.process([again])
    assert dict(report.outcomes) == {"duplicate": 1}
    assert await room.kinds() == ["raised", "strengthened"]
    assert (await room.told())[-1].data.new_concerns == ()


async def test_a_monitored_household_is_raised_all_the_same_as_a_new_risk(room: Room) -> None:
    await room.work.process([registered(H, 1, NEEDY | {"monitoring": "monitored"}), reported(H, 1, cause="clue")])
    [event] = await room.told()
    assert (event.data.state, event.data.cause) == ("open", "clue")
    assert event.data.clock_started_at == event.data.raised_at
    assert "按新风险核实" in event.data.explanation.band.zh


async def test_after_people_closed_the_case_what_was_reported_is_answered_and_a_new_report_is_not(room: Room) -> None:
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(6000)), reported(H, 1)])
    first = (await room.told())[-1].data
    await room.work.process([closed(H, 1, first.warning_id)])
    await room.work.process([reported(H, 2, "withdrawn"), changed(H, 2, paid(10, id="Z", day="2024-01-01"))])
    kinds = ["raised", "strengthened", "suppressed"]
    assert await room.kinds() == kinds, "a closed case is not opened by what it answered"
    await room.work.process([reported(H, 3, "repeated", number=2, days=9, times=2, concerns=("food",))])
    again = (await room.told())[-1].data
    assert again.warning_id != first.warning_id and again.clock_started_at.day == 10
    assert (again.findings, again.concerns) == ((), ("food",)), "the finding was answered with the case"
    assert "近三十天内第二次反映" in again.explanation.exact.zh
    await room.work.process([reported(H, 4, "withdrawn", number=2)])
    assert (await room.kinds())[3:] == ["raised", "withdrawn", "suppressed"]
    await room.work.process([reported(H, 5, number=3), changed(H, 3, paid(500, id="Y"))])
    assert len((await room.told())[-2].data.findings) == 1, "more than was answered speaks"


async def test_the_village_sees_neither_how_often_nor_by_which_way(
    database: str, topics: str, keys: Any, room: Room
) -> None:
    await room.work.process(
        [reported(H, 1, cause="clue", channel="petition"), reported(H, 2, number=2, days=3, channel="letter")]
    )
    async with (
        serving(build, settings_of("screening", topics, database, keys)) as service,
        httpx.AsyncClient(base_url=service.url) as client,
    ):
        for path in ("/v1/warnings", f"/v1/households/{H}/why"):
            for role in ("village", "grid_worker"):
                shown = (await client.get(path, headers=bearer(keys, role))).text
                assert "医疗负担较重" in shown
                for word in ("第二次", "两个渠道", "Report", "petition", "letter", "11 月 1 日收到", "clerk"):
                    assert word not in shown
            seen = (await client.get(path, headers=bearer(keys, "county"))).text
            assert "第二次反映，三天内，两个渠道" in seen


def clue(number: int = 1, **told: Any) -> Any:
    return fact_of(reported(H, 1, number=number, **told).body.data, LINES)


@pytest.mark.parametrize(
    ("told", "level", "basis"),
    [
        ({}, "yellow", "table"),
        ({"concerns": ("debt", "unsafe_house")}, "orange", "table"),
        ({"concerns": ("debt",), "level": "red"}, "red", "given"),
        ({"concerns": ("food",), "level": "yellow"}, "yellow", "given"),
        ({"concerns": ("debt",), "is_green": True}, "red", "green"),
        ({"concerns": ("debt",), "is_green": True, "level": "yellow"}, "red", "green"),
        ({"concerns": ()}, "yellow", "table"),
        ({"concerns": ("a_word_of_tomorrow",)}, "yellow", "table"),
    ],
)
def test_the_level_of_a_report(told: dict[str, Any], level: str, basis: str) -> None:
    assert (clue(**told).level, clue(**told).basis) == (level, basis)


def test_both_packages_give_every_concern_a_level() -> None:
    for name in ("regular-2026", "transition-2021-2025"):
        table = {code: load(name).level("clue.concern", code) for code in [one.code for one in CONCERNS] + ["green"]}
        assert all(one.value is not None and one.source for one in table.values())
        assert table["green"].value == "red" and not table["green"].verified


@pytest.mark.parametrize(
    ("told", "is_nothing_new"),
    [
        ({"concerns": ("debt",), "cause": "clue"}, False),
        ({"level": "red", "cause": "clue"}, False),
        ({"cause": "declaration"}, False),
        ({"cause": "clue", "channel": "hotline"}, False),
        ({"level": "yellow", "cause": "clue"}, True),
        ({"cause": "clue"}, True),
    ],
)
async def test_the_pre_check_says_whether_anything_is_new(
    room: Room, told: dict[str, Any], is_nothing_new: bool
) -> None:
    await room.work.process([reported(H, 1, cause="clue")])
    digest = unpack(await room.pool.fetchval("SELECT digest FROM keys WHERE key = $1", str(H)))
    assert digest.spoken is not None
    assert says_nothing_new(digest.spoken, digest.clues, clue(2, **told)) is is_nothing_new
    held = msgspec.structs.replace(digest.spoken, hold="cool_down")
    for spoken in (None, held):
        assert not says_nothing_new(spoken, digest.clues, clue(2, **told)), "where nothing speaks, any report is new"


def test_very_many_reports_are_folded_and_none_is_swallowed() -> None:
    codes = [one.code for one in CONCERNS]
    clues: tuple[Any, ...] = ()
    for number in range(500):
        cause = "clue" if number % 3 else "declaration"
        told = {"concerns": (codes[number % len(codes)],), "cause": cause, "days": number % 20}
        clues = added(clues, clue(number, **told))
    assert len(clues) <= 2 * CLUES_MAX
    whole = said(clues)
    assert (set(whole.concerns), whole.reports, whole.clock_at) == (set(codes), 500, RECEIPT)
    for number in range(500):
        clues = without(clues, clue(number).clue_id)
    assert {one.cause for one in clues} == {"declaration", "clue"}, "what was folded stays until people close it"


def test_a_digest_with_four_reports_stays_small_and_one_from_before_them_is_read() -> None:
    clues: tuple[Any, ...] = ()
    for number in range(4):
        clues = added(clues, clue(number, concerns=("medical_burden", "income_loss"), days=number))
    assert len(pack(Digest(clues=clues))) < 700
    assert unpack(pack(Digest(clues=clues))).clues == clues
    assert unpack(b"\x95\xc0\x80\xc0\x00\x80") == EMPTY
