"""The farmer's pages without a browser: nothing typed is lost, what is missing is told, no secret in an address."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.console.pages.apply import ENTRIES, declaration_of, in_fours, wrong_at
from services.console.pages.clue import villages, wrong
from services.console.pages.late import most_late_first, sums_of
from services.console.pages.track import WAY, way_of
from services.console.way import current, stations
from services.console.wording import Words
from shared.domain.division import Division
from shared.policy import load
from tests.services.console.scene import Scene, says
from tests.tokens import VILLAGE

NEW_VILLAGE = "341221102999"
"""In 鲖城 town, and not in the table of 2022."""
WORDS = Words("zh-CN", load("regular-2026"))
TYPED = {
    "region": VILLAGE, "difficulty": "房子漏雨", "risk": "unsafe_house", "phone": "13900000001", "name": "张三",
    "group": "3", "proxy_name": "李四", "proxy_relation": "邻居",
}  # fmt: skip
FILED = {
    "receipt_no": "7K3M9QWERT2X", "code": "482913", "household": "matched", "is_repeat": False, "times": 1,
    "is_green": False, "reported_at": "2026-11-25T01:15:00Z", "visit_due_on": None,
}  # fmt: skip
STATUS: dict[str, Any] = {
    "receipt_no": "7K3M9QWERT2X", "channel": "page", "reported_at": "2026-11-25T01:15:00Z", "concerns": ["other"],
    "is_green": False, "stage": "refused", "next": "appeal", "due_on": None, "journey_due_on": None, "planned_on": None,
    "notice_until": None, "is_paused": False, "result": "refused", "reason": None, "reason_needs": "code_or_clerk",
    "appeal_until": "2026-12-12", "can_appeal": True, "can_withdraw": False, "withdrawn_at": None,
    "changed_at": "2026-11-26T01:15:00Z",
}  # fmt: skip


@pytest_asyncio.fixture(loop_scope="module")
async def farmer(village: Scene) -> Any:
    async with httpx.AsyncClient(base_url=village.console.url) as client:
        yield client
    village.neighbours.answers.pop(("intake", "/v1/declarations"), None)
    village.neighbours.answers.pop(("intake", "/v1/declarations/status"), None)


async def test_what_was_typed_goes_with_every_screen(village: Scene, farmer: httpx.AsyncClient) -> None:
    for step, go in ((2, "next"), (3, "back"), (4, "to-1"), (3, "language"), (2, "find")):
        page = await farmer.post("/apply", data={**TYPED, "step": str(step), "go": go})
        assert page.status_code == 200
        for name in ENTRIES:
            if name in TYPED and name not in ("risk", "region"):
                assert TYPED[name] in page.text, (step, go, name)


async def test_a_village_newer_than_the_table_is_among_the_choices_once_it_has_an_office(
    village: Scene, farmer: httpx.AsyncClient
) -> None:
    township = NEW_VILLAGE[:9]
    page = await farmer.post("/apply", data={"step": "1", "place": township})
    assert f'value="{VILLAGE}"' in page.text and NEW_VILLAGE not in page.text
    await village.console.worker.execute(
        "INSERT INTO officers (officer_id, office_id, office_kind, office_zh, office_en, display_name, role, post,"
        " since, sequence, region) VALUES ('nv-1', $1, 'village_committee', '新村村委会', 'New village', '钱**',"
        " 'village', 'leader', '2026-01-01', 1, $2)",
        NEW_VILLAGE,
        NEW_VILLAGE,
    )
    page = await farmer.post("/apply", data={"step": "1", "place": township})
    assert f'value="{NEW_VILLAGE}"' in page.text and "新村村委会" in page.text
    page = await farmer.post("/apply", data={"step": "1", "region": NEW_VILLAGE})
    assert page.status_code == 200 and 'name="difficulty"' in page.text, "the next screen"
    await village.console.worker.execute("UPDATE officers SET until = since WHERE officer_id = 'nv-1'")
    assert NEW_VILLAGE not in (await farmer.post("/apply", data={"step": "1", "place": township})).text


async def test_what_is_missing_is_told_on_its_screen_with_all_the_rest_kept(
    village: Scene, farmer: httpx.AsyncClient
) -> None:
    blank = {name: text for name, text in TYPED.items() if name != "phone"}
    page = await farmer.post("/apply", data={**blank, "step": "4", "go": "send"})
    assert page.status_code == 422 and 'id="phone-wrong"' in page.text and "房子漏雨" in page.text


async def test_intake_says_no_or_is_away_and_nothing_is_lost(village: Scene, farmer: httpx.AsyncClient) -> None:
    problem = {"code": "invalid", "errors": [{"field": "body.id_no", "code": "id_wrong_length", "message": "wrong"}]}
    village.neighbours.answers["intake", "/v1/declarations"] = says(problem, 422)
    page = await farmer.post("/apply", data={**TYPED, "id_no": "12", "step": "4", "go": "send"})
    assert 'id="id_no-wrong"' in page.text and "李四" in page.text
    village.neighbours.answers["intake", "/v1/declarations"] = says({}, 503)
    page = await farmer.post("/apply", data={**TYPED, "step": "4", "go": "send", "key": "the-key"})
    assert page.status_code == 503 and "您填的都在" in page.text and 'value="the-key"' in page.text
    village.neighbours.answers["intake", "/v1/declarations"] = says({"code": "too_many"}, 429)
    assert "十分钟" in (await farmer.post("/apply", data={**TYPED, "step": "4", "go": "send"})).text


async def test_a_receipt_is_shown_large_once_and_its_form_is_sent_by_key(
    village: Scene, farmer: httpx.AsyncClient
) -> None:
    seen: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json=FILED)

    village.neighbours.answers["intake", "/v1/declarations"] = take
    page = await farmer.post("/apply", data={**TYPED, "step": "4", "go": "send", "key": "the-key"})
    assert page.status_code == 200 and page.headers["cache-control"] == "no-store"
    for part in ("7K3M", "9QWE", "RT2X", "482913", "12345"):
        assert part in page.text
    assert "7K3M" not in str(page.url)
    [request] = seen
    assert request.headers["idempotency-key"] == "the-key" and "authorization" not in request.headers
    assert request.headers["x-forwarded-for"] == "127.0.0.1"
    assert json.loads(request.content)["proxy"] == {"name": "李四", "relation": "邻居"}


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}]
)
async def test_a_form_of_another_site_is_refused(
    village: Scene, farmer: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    for path in ("/apply", "/track"):
        answer = await farmer.post(path, data={"receipt_no": "7K3M9QWERT2X"}, headers=headers)
        assert answer.status_code == 403


async def test_a_refusals_reason_needs_the_code_and_an_appeal_its_words(
    village: Scene, farmer: httpx.AsyncClient
) -> None:
    village.neighbours.answers["intake", "/v1/declarations/status"] = says(STATUS)
    page = await farmer.post("/track", data={"receipt_no": "7K3M-9QWE-RT2X", "phone_last4": "0001"})
    assert "查询码" in page.text and "无返贫致贫风险" not in page.text and "申诉" in page.text
    village.neighbours.answers["intake", "/v1/declarations/status"] = says(
        STATUS | {"reason": {"code": "no_risk"}, "reason_needs": None}
    )
    page = await farmer.post("/track", data={"receipt_no": "7K3M9QWERT2X", "phone_last4": "0001", "code": "482913"})
    assert "无返贫致贫风险" in page.text
    page = await farmer.post("/track", data={"receipt_no": "7K3M9QWERT2X", "phone_last4": "0001", "go": "appeal"})
    assert page.status_code == 422 and 'id="text-wrong"' in page.text


async def test_a_wrong_receipt_keeps_what_was_typed(village: Scene, farmer: httpx.AsyncClient) -> None:
    village.neighbours.answers["intake", "/v1/declarations/status"] = says({"code": "not_found"}, 404)
    page = await farmer.post("/track", data={"receipt_no": "7K3M9QWERT2X", "phone_last4": "0001"})
    assert page.status_code == 404 and 'value="7K3M9QWERT2X"' in page.text and "没有查到" in page.text
    assert (await farmer.post("/track", data={})).status_code == 422


async def test_whose_village_is_in_no_list_writes_its_name_and_goes_on_under_the_township(
    village: Scene, farmer: httpx.AsyncClient
) -> None:
    township, seen = NEW_VILLAGE[:9], []
    county = await farmer.post("/apply", data={"step": "1", "place": township[:6]})
    assert 'name="village_name"' not in county.text, "of a county nobody knows where to send it"
    page = await farmer.post("/apply", data={"step": "1", "place": township})
    assert 'name="village_name"' in page.text and f'name="region" value="{township}000"' in page.text
    page = await farmer.post("/apply", data={"step": "1", "region": f"{township}000"})
    assert page.status_code == 422 and 'id="village_name-wrong"' in page.text and f'value="{VILLAGE}"' in page.text
    open_ = TYPED | {"region": f"{township}000", "village_name": "新湖村"}
    page = await farmer.post("/apply", data={**open_, "step": "1"})
    assert page.status_code == 200 and 'name="difficulty"' in page.text and "新湖村" in page.text

    def take(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        return httpx.Response(201, json=FILED)

    village.neighbours.answers["intake", "/v1/declarations"] = take
    page = await farmer.post("/apply", data={**open_, "step": "4", "go": "send"})
    assert page.status_code == 200 and "鲖城 › 新湖村" in page.text
    await farmer.post("/apply", data={**open_, "region": VILLAGE, "step": "4", "go": "send"})
    assert [one.get("village_name") for one in seen] == ["新湖村", None], "a village that is chosen has its own name"


# ── pure ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_proxy_is_named_whole_or_not_at_all() -> None:
    only_name = {name: text for name, text in TYPED.items() if name != "proxy_relation"}
    assert set(wrong_at(3, only_name, None, WORDS)) == {"proxy_relation"}
    assert wrong_at(3, TYPED, None, WORDS) == {} == wrong_at(1, TYPED, None, WORDS)
    assert set(wrong_at(3, {"group": "0"}, None, WORDS)) == {"phone", "group"}


def test_nobody_s_form_is_held_up_because_the_village_is_newer_than_the_table() -> None:
    assert wrong_at(1, TYPED | {"region": NEW_VILLAGE}, None, WORDS) == {}
    assert wrong({"region": NEW_VILLAGE, "text": "房子漏雨"}, WORDS) == {}, "a cadre of it reports too"
    assert villages(NEW_VILLAGE) == [("鲖城", [(NEW_VILLAGE, NEW_VILLAGE)], "")], "nobody else's is the own one"
    newer = [Division(NEW_VILLAGE, "village", "新村村委会", NEW_VILLAGE[:9])]
    [(township, choices, open_)] = villages(NEW_VILLAGE[:9], newer)
    assert (township, choices[-1], len(choices)) == ("鲖城", (NEW_VILLAGE, "新村村委会"), 23)
    assert open_ == "341221102000" and ("鲖城", open_) in [(one[0], one[2]) for one in villages("341221")]
    for region in ("341221102000", "999999999999", ""):
        told = {"village_name"} if region == "341221102000" else {"region"}
        assert set(wrong_at(1, {"region": region}, None, WORDS)) == told
        assert set(wrong({"region": region, "text": "x"}, WORDS)) == told
        assert wrong({"region": region, "text": "x", "household": "one"}, WORDS) == {}, "it has its own place"


def test_what_is_blank_is_left_out() -> None:
    body = declaration_of({"region": VILLAGE, "difficulty": "x", "person": "王五", "person_phone": "13900000002"}, None)
    assert body == {
        "region": VILLAGE, "difficulty": "x", "channel": "page", "sudden": False,
        "contact_person": {"name": "王五", "phone": "13900000002"},
    }  # fmt: skip
    assert in_fours("7K3M9QWERT2X") == "7K3M-9QWE-RT2X"


def test_the_farmers_way_has_one_place_where_it_stands() -> None:
    for stage in WAY:
        assert [state for _, state in way_of({"stage": stage})].count("here") == 1
    assert way_of({"stage": "withdrawn"}) == []


def places() -> Iterator[dict[str, Any]]:
    nothing = dict.fromkeys(("ended_at", "ended_by", "ended_as", "paused_until", "planned_on", "notice_until"))
    common = {"level": "yellow", "lateness": "normal", "round": 1, "due_at": "2026-12-01T16:00:00+00:00", **nothing}
    at = {"sent_at": "2026-11-25T01:00:00+00:00"}
    yield {"hop": "county", "step": "sign", "branch": "main", "is_main": True, "state": "ended", **common, **at}
    yield {
        "hop": "department",
        "step": "measure_plan",
        "branch": "housing",
        "is_main": False,
        "state": "open",
        **common,
        **at,
    }
    yield {
        "hop": "village_return",
        "step": "deliver",
        "branch": "main",
        "is_main": True,
        "state": "tracking",
        **common,
        **at,
    }


def test_a_tracked_case_stands_at_its_tracking_with_branches_under_their_hop() -> None:
    path = [
        {"hop": "county", "state": "done", "step": "sign", "at": "2026-11-25T01:00:00+00:00", "officer": "co-1"},
        {"hop": "department", "state": "done", "step": "measure_plan", "at": "2026-11-25T02:00:00+00:00"},
        {"hop": "village_return", "state": "here", "step": "deliver", "at": "2026-11-25T03:00:00+00:00"},
    ]
    case = {"state": "tracking", "result": "helped", "level": "yellow", "places": list(places())}
    found = stations(path, case, {}, WORDS)
    assert [(one.hop, one.state) for one in found] == [
        ("county", "done"), ("department", "done"), ("village_return", "done"), ("tracking", "here"),
    ]  # fmt: skip
    assert [one.name for one in found[1].branches] == ["住建局"] and found[1].branches[0].state == "here"
    assert [one.state for one in stations(path, {}, {}, WORDS)] == ["done", "done", "here"], "workflow is away"
    task = {"hop": "county", "step": "sign", "round": 1, "branch": "main"}
    assert current(task, case)["step"] == "sign" and current(task, {}) == {}


def test_what_is_late_on_its_way_stands_among_what_is_late_on_a_desk() -> None:
    at = "2026-12-0{}T16:00:00+00:00".format
    items = [
        {"id": "desk", "lateness": "overdue", "due_at": at(2)}, {"id": "way", "lateness": "overdue", "due_at": at(1)},
        {"id": "asked", "lateness": "supervised", "due_at": at(3)},
    ]  # fmt: skip
    assert [one["id"] for one in most_late_first(items)] == ["asked", "way", "desk"]


def test_what_is_late_is_summed_by_level_of_office_and_adds_up() -> None:
    part = {"level": "red", "state": "open", "count": 2}
    parts = [
        {"hop": "village_group", "lateness": "overdue", **part},
        {"hop": "village_return", "lateness": "supervised", **part},
        {"hop": "village_committee", "lateness": "due", **part}, {"hop": "county", "lateness": "overdue", **part},
    ]  # fmt: skip
    sums = sums_of(parts)
    assert sums["total"] == {"overdue": 4, "supervised": 2, "total": 6}
    assert (sums["group"]["total"], sums["village"]["supervised"], sums["county"]["overdue"]) == (2, 2, 2)
