"""A queue's page: totals that add up, chips whose counts are the lists behind them, filters from an address."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.console.frame import local_address, place_of, region_name, totalled
from services.console.pages.queues import counts_of
from services.console.queue import LATENESS, Totals, chips, chosen, row
from services.console.wording import Words
from shared.policy import load

WORDS = Words("zh-CN", load("regular-2026"))
NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)


def part(hop: str, level: str, lateness: str, state: str, count: int, office: str = "o-1") -> dict[str, Any]:
    return {
        "hop": hop, "office": office, "office_name": {"zh": "甲组", "en": "group A"}, "level": level,
        "lateness": lateness, "state": state, "count": count,
    }  # fmt: skip


PARTS = [
    part("village_group", "red", "overdue", "open", 1),
    part("village_group", "yellow", "normal", "open", 4),
    part("village_group", "yellow", "normal", "on_its_way", 9),
    part("village_committee", "orange", "due", "open", 2, "o-2"),
    part("village_committee", "orange", "normal", "tracking", 7, "o-2"),
]


def counts(family: str, filters: dict[str, str]) -> dict[str, int | None]:
    return {one.value: one.count for one in chips(family, PARTS, filters, WORDS)}


def test_chips_count_open_tasks_alone_and_all_is_their_sum() -> None:
    assert counts("hop", {}) == {"": 7, "village_group": 5, "village_committee": 2}
    assert counts("level", {}) == {"": 7, "red": 1, "orange": 2, "yellow": 4}
    assert counts("lateness", {}) == {"": 7, "normal": 4, "due": 2, "overdue": 1}
    assert counts("office", {}) == {"": 7, "o-1": 5, "o-2": 2}


def test_a_chip_counts_what_it_would_leave_beside_the_other_filters() -> None:
    assert counts("level", {"hop": "village_group"}) == {"": 5, "red": 1, "yellow": 4}
    assert counts("hop", {"hop": "village_group"}) == {"": 7, "village_group": 5, "village_committee": 2}
    assert counts("hop", {"mine": "1"}) == {"": None, "village_group": None, "village_committee": None}


def test_a_chosen_filter_that_leaves_nothing_still_shows_its_nought() -> None:
    assert counts("level", {"level": "red", "hop": "village_committee"})["red"] == 0


@given(st.lists(st.sampled_from(PARTS), max_size=12), st.sampled_from(["hop", "level", "lateness", "office"]))
def test_the_parts_of_every_row_of_chips_add_up(parts: list[dict[str, Any]], family: str) -> None:
    first, *others = chips(family, parts, {}, WORDS)
    assert first.count == sum(one.count or 0 for one in others)


def test_each_number_of_the_totals_stands_once_and_leads_to_its_list() -> None:
    totals = Totals.of({"on_its_way": 4, "open": 17, "due_today": 3, "overdue": 1, "tracking": 0, "total": 25})
    sentence = WORDS("queue.totals", on_its_way="\x01", open="\x02", due_today="\x03", overdue="\x04")
    text = str(totalled(sentence, totals))
    assert text.count("<b ") == 4 and '<a href="/late">' in text and "在途" in text


def test_only_filters_of_ours_are_taken_from_an_address() -> None:
    given = {"hop": "county", "level": "purple", "lateness": "due", "office": "x" * 65, "mine": "1", "sql": "--"}
    assert chosen(given) == {"hop": "county", "lateness": "due", "mine": "1"}
    assert set(LATENESS) == {"normal", "due", "overdue", "supervised"}


def test_a_row_says_who_has_it_and_what_is_left_in_the_limits_unit() -> None:
    item = {
        "task_id": "t", "household_id": "h", "level": "yellow", "lateness": "normal", "display_name": "张**",
        "household_no": "H-1", "size": 3, "region": "341221102201", "grid": "341221102201-03", "hop": "village_group",
        "concerns": ["medical_burden"], "due_at": "2026-11-27T16:00:00+00:00", "claimed_by": "gw-1",
        "limit": {"amount": 7, "unit": "calendar_days"},
    }  # fmt: skip
    mine = row(item, {}, "gw-1", NOW, WORDS)
    assert (mine.holder, mine.remaining.text, mine.group, mine.why) == ("您", "还剩 2 天", "3", "医疗负担")
    other = row(item | {"size": None}, {"gw-1": {"display_name": "王**"}}, "gw-2", NOW, WORDS)
    assert (other.holder, other.size) == ("王**", None)
    assert row(item | {"claimed_by": None}, {}, "gw-2", NOW, WORDS).holder == "未认领"


def test_a_village_is_named_without_its_office() -> None:
    assert region_name("341221102201") == "大涂庄村"
    assert [
        region_name(code) for code in ("341221102003", "340103100200", "340111007215", "340122100035", "340111400001")
    ] == ["大顾庄社区", "大杨村", "南河村", "赵岗社区", "琼临居委会"], "a village is named without its committee"
    assert region_name("341221000000") == "临泉"
    assert region_name("999999999999") == "999999999999"


def test_a_village_that_is_newer_than_the_table_is_named_by_what_it_lies_in_and_its_code() -> None:
    assert place_of("341221102999") == ["安徽", "阜阳", "临泉", "鲖城", "341221102999"]
    assert place_of("341299001001") == ["安徽", "阜阳", "341299001001"]
    assert (place_of("999999999999"), place_of(""), place_of("x")) == (["999999999999"], [], ["x"])


def test_nobody_is_led_to_another_site() -> None:
    for bad in ("//evil.example", "/\\evil.example", "https://evil.example", "evil", "/a\r\nSet-Cookie: x=1", None):
        assert local_address(bad) == "/"
    assert local_address("/queues?hop=county&level=red") == "/queues?hop=county&level=red"


def test_a_page_is_told_the_numbers_that_it_has_drawn_and_no_others() -> None:
    drawn = ["hop-all", "hop-village_group", "hop-county", "level-red"]
    assert counts_of(drawn, PARTS, {}, WORDS) == [
        ("hop-all", 7), ("hop-village_group", 5), ("hop-county", 0), ("level-red", 1),
    ]  # fmt: skip
