"""Who may send, see and match: roles, row scope, masks, grades, and an audit row for every sight."""

import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.intake.departments import KINDS
from tests.services.intake.county import (
    RELEASE,
    County,
    Record,
    house_grade,
    household,
    household_no,
    income,
    key,
    member,
    number,
    planted,
    settlement,
)

MEDICAL = "medical_insurance"
REGISTER = "rural_revitalization"
NAME, PHONE, ADDRESS, DISEASE, HOSPITAL = "欧阳守望", "13812345678", "金丝猴巷七号", "恶性肿瘤癌", "县人民医院七病区"


async def a_home(desk: County) -> tuple[str, str]:
    """(household number, the head's ID number) of a household of three."""
    no, id_no = household_no(), number()
    members = [member(id_no, NAME, phone=PHONE), member(number(), "李四", "配偶"), member(None, "欧阳小", "之女")]
    await desk.send(REGISTER, household(no, *members, data={"address": ADDRESS}))
    return no, id_no


async def audited(desk: County, action: str, subject: str) -> list[dict[str, Any]]:
    query = "SELECT actor, role, purpose, region FROM audit WHERE action = $1 AND subject = $2 ORDER BY at"
    return [dict(row) for row in await desk.service.worker.fetch(query, action, subject)]


# ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("role", "fields", "status"),
    [
        ("department", {"department": MEDICAL}, 202),
        ("county", {}, 202),
        ("steward", {"region": "34"}, 202),
        ("system", {}, 202),
        ("department", {"department": "housing"}, 403),
        ("village", {}, 403),
        ("grid_worker", {}, 403),
        ("township", {}, 403),
        ("province", {"region": "34"}, 403),
        ("auditor", {}, 403),
        ("farmer", {}, 403),
    ],
)
async def test_who_may_send_a_department_s_records(
    desk: County, role: str, fields: dict[str, str | None], status: int
) -> None:
    headers = desk.token(role, **fields) | {"content-type": "application/json"}
    body = json.dumps(settlement(number())).encode()
    answer = await desk.client.post(f"/v1/departments/{MEDICAL}/records", content=body, headers=headers)
    assert answer.status_code == status, answer.text


async def test_nobody_sends_without_a_token_and_nobody_for_an_unknown_department(desk: County) -> None:
    body = b"x" * 3_000_000
    assert (await desk.client.post(f"/v1/departments/{MEDICAL}/records", content=body)).status_code == 401
    answer = await desk.client.post("/v1/departments/space/records", content=body, headers=desk.token("county"))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_department")


# ── masked, and by name ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_households_are_listed_and_read_masked_in_two_grades(desk: County) -> None:
    no, _ = await a_home(desk)
    await desk.send(REGISTER, income(no))
    id_ = desk.vault.household_id(no)
    for role, is_exact in (("county", True), ("township", True), ("village", False), ("grid_worker", False)):
        told = await desk.client.get(f"/v1/households/{id_}", headers=desk.token(role))
        home = told.json()
        assert home["display_name"] == "欧**" and home["size"] == 3
        assert bool(home["incomes"]) is bool(home["members"][0]["health"]) is is_exact
        for secret in (NAME, "李四", PHONE, ADDRESS):
            assert secret not in told.text
    [row] = (await desk.client.get(f"/v1/households?q={no}", headers=desk.token("village"))).json()["items"]
    assert (row["household_id"], row["group"], row["size"]) == (str(id_), 3, 3)
    by_name = (await desk.client.get("/v1/households?q=欧&limit=200", headers=desk.token("village"))).json()["items"]
    assert no in [one["household_no"] for one in by_name]
    assert (await desk.client.get("/v1/households?q=%25", headers=desk.token("village"))).json()["items"] == []
    assert len(await audited(desk, "household.read", str(id_))) == 4


async def test_a_list_comes_a_page_at_a_time_and_ends(desk: County) -> None:
    for _ in range(5):
        await desk.home(number())
    seen: list[str] = []
    after = ""
    while True:
        page = (await desk.client.get(f"/v1/households?limit=2&after={after}", headers=desk.token("county"))).json()
        seen += [one["household_no"] for one in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert (
        len(seen)
        == len(set(seen))
        == await desk.service.worker.fetchval("SELECT count(*) FROM households WHERE status = 'active'")
    )


@pytest.mark.parametrize(
    ("role", "fields"),
    [
        ("county", {"region": "340822"}),
        ("township", {"region": "341221103"}),
        ("village", {"region": "341221102202"}),
        ("grid_worker", {"grid": "341221102201-07"}),
        ("group_leader", {"grid": "341221102201-07"}),
    ],
)
async def test_nothing_of_a_household_is_seen_from_another_place(
    desk: County, role: str, fields: dict[str, str | None]
) -> None:
    no, id_no = await a_home(desk)
    fact = settlement(id_no)
    await desk.send(MEDICAL, fact)
    id_, headers = desk.vault.household_id(no), desk.token(role, **fields)
    calls = [
        await desk.client.get(f"/v1/households/{id_}", headers=headers),
        await desk.client.post(f"/v1/households/{id_}/unmask", headers=headers, json={"reason": "入户核查"}),
        await desk.client.get(f"/v1/departments/{MEDICAL}/records/{fact['record_id']}", headers=headers),
    ]
    assert [one.status_code for one in calls] == [404, 404, 404]
    assert (await desk.client.get(f"/v1/households?q={no}", headers=headers)).json()["items"] == []
    assert await audited(desk, "household.unmask", str(id_)) == []


async def test_a_name_is_seen_for_a_reason_or_for_an_open_task_and_each_sight_is_audited(desk: County) -> None:
    no, id_no = await a_home(desk)
    id_ = desk.vault.household_id(no)
    path, worker = f"/v1/households/{id_}/unmask", desk.token("grid_worker")
    refused = await desk.client.post(path, headers=worker, json={})
    assert (refused.status_code, refused.json()["code"]) == (422, "reason_needed")
    assert refused.json()["errors"][0]["field"] == "reason" and NAME not in refused.text
    task_id = await desk.step("arrived", no)
    seen = (await desk.client.post(path, headers=worker, json={})).json()
    assert (seen["head_name"], seen["phone"], seen["address"], seen["group"]) == (NAME, PHONE, ADDRESS, 3)
    assert [one["name"] for one in seen["members"]] == [NAME, "李四", "欧阳小"]
    assert seen["members"][0]["id_no_masked"] == f"{id_no[:6]}********{id_no[-4:]}"
    assert id_no not in json.dumps(seen)
    assert (await desk.client.post(path, headers=worker, json={"task_id": str(task_id)})).status_code == 200
    by_reason = await desk.client.post(path, headers=desk.token("township"), json={"reason": "入户核查"})
    assert by_reason.json()["head_name"] == NAME
    other = await desk.client.post(path, headers=worker, json={"task_id": str(uuid4())})
    assert (other.status_code, other.json()["code"]) == (403, "not_your_task")
    purposes = [one["purpose"] for one in await audited(desk, "household.unmask", str(id_))]
    assert purposes == [f"task:{task_id}"] * 2 + ["入户核查"]


async def test_a_task_gives_the_name_to_whoever_acts_for_it_and_only_while_it_is_open(desk: County) -> None:
    no, _ = await a_home(desk)
    path = f"/v1/households/{desk.vault.household_id(no)}/unmask"

    async def sees(role: str, **fields: str | None) -> bool:
        return (await desk.client.post(path, headers=desk.token(role, **fields), json={})).status_code == 200

    await desk.step("arrived", no)
    assert await sees("grid_worker") and await sees("group_leader")
    assert await sees("village"), "the village may stand in for its group"
    assert not await sees("township") and not await sees("county")
    await desk.step("advanced", no, hop="village_committee", from_hop="village_group", task_id=None)
    assert not await sees("grid_worker")
    await desk.step("arrived", no, hop="village_committee")
    assert await sees("village") and not await sees("grid_worker")
    await desk.step("closed", no, hop=None, task_id=None, office=None)
    assert not await sees("village")


@pytest.mark.parametrize("role", ["auditor", "province", "department", "farmer", "clerk"])
async def test_who_does_not_act_sees_no_name(desk: County, role: str) -> None:
    no, _ = await a_home(desk)
    fields: dict[str, str | None] = {"department": MEDICAL} if role == "department" else {}
    path = f"/v1/households/{desk.vault.household_id(no)}/unmask"
    answer = await desk.client.post(path, headers=desk.token(role, **fields), json={"reason": "想看看"})
    assert answer.status_code == 403


# ── the source record ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_source_record_is_shown_masked_and_below_the_township_as_a_band(desk: County) -> None:
    _, id_no = await a_home(desk)
    fact = settlement(
        id_no, "20410.50", subject={"name": NAME}, data={"disease": DISEASE, "hospital": HOSPITAL, "note": PHONE}
    )
    await desk.send(
        MEDICAL, fact, fact | {"version": 2}, {"record_id": fact["record_id"], "version": 3, "op": "withdraw"}
    )
    path = f"/v1/departments/{MEDICAL}/records/{fact['record_id']}"
    exact = await desk.client.get(path, headers=desk.token("county"))
    told = exact.json()
    assert [(one["version"], one["op"]) for one in told["versions"]] == [(1, "upsert"), (2, "upsert"), (3, "withdraw")]
    first = told["versions"][0]
    assert first["data"]["in_scope_self_paid_yuan"] == "20410.50" and first["data"]["disease"] == DISEASE
    assert first["data"]["subject"]["id_no"] == f"{id_no[:6]}********{id_no[-4:]}"
    assert first["data"]["subject"]["name"] == "欧**" and first["data"]["fields_not_shown"] == 2
    for secret in (id_no, NAME, HOSPITAL, PHONE):
        assert secret not in exact.text, "unknown fields may hold anything"
    for role in ("village", "grid_worker", "group_leader", "resident_team"):
        band = await desk.client.get(path, headers=desk.token(role))
        assert band.status_code == 200, band.text
        for secret in (id_no, NAME, HOSPITAL, PHONE, DISEASE, "20410.50", "6000.00", "inpatient"):
            assert secret not in band.text
        assert band.json()["versions"][0]["data"]["concerns"][0]["zh"]
    assert len(await audited(desk, "record.read", f"{MEDICAL}/{fact['record_id']}")) == 5


async def test_what_was_never_checked_is_not_shown_either(desk: County) -> None:
    """A withdrawal's subject, the words of a member, a disease's words: nobody has checked them."""
    no, id_no = household_no(), number()
    odd = member(id_no, NAME, relation=f"户主{id_no}")
    home = household(no, odd, data={"land": {"owner": NAME, "id": id_no}, "house": id_no})
    gone = {
        "record_id": home["record_id"], "version": 2, "op": "withdraw",
        "subject": {"household_no": id_no, "region": {"name": NAME}}, "data": {"household_no": id_no, "group": NAME},
    }  # fmt: skip
    fact = settlement(
        id_no, data={"disease": f"{DISEASE} {id_no}", "settlement_kind": {"name": NAME}, "offsite": id_no}
    )
    await desk.send(REGISTER, home)
    await desk.send(MEDICAL, fact)
    await desk.send(REGISTER, gone)
    for code, record in ((REGISTER, home), (MEDICAL, fact)):
        path = f"/v1/departments/{code}/records/{record['record_id']}"
        told = await desk.client.get(path, headers=desk.token("county"))
        assert told.status_code == 200
        for secret in (id_no, NAME):
            assert secret not in told.text, told.text


async def test_a_department_reads_its_own_records_alone(desk: County) -> None:
    _, id_no = await a_home(desk)
    fact = settlement(id_no)
    await desk.send(MEDICAL, fact)
    path = f"/v1/departments/{MEDICAL}/records/{fact['record_id']}"
    assert (await desk.client.get(path, headers=desk.department(MEDICAL))).status_code == 200
    assert (await desk.client.get(path, headers=desk.department("housing"))).status_code == 404
    assert (await desk.client.get(path, headers=desk.token("province", region="34"))).status_code == 403


async def test_a_record_id_with_a_stroke_is_found(desk: County) -> None:
    fact = settlement(number(), record_id=f"YB/2026/{key()[:8]}?a=b#c")
    await desk.send(MEDICAL, fact)
    path = "/v1/departments/medical_insurance/records/" + fact["record_id"].replace("?", "%3F").replace("#", "%23")
    assert (await desk.client.get(path, headers=desk.token("county"))).json()["record_id"] == fact["record_id"]


# ── matching by hand ────────────────────────────────────────────────────────────────────────────────────────────────


async def a_parked(desk: County, record: Record) -> str:
    items = (await desk.client.get("/v1/identity?limit=200", headers=desk.token("county"))).json()["items"]
    return next(str(one["id"]) for one in items if one["record_id"] == record["record_id"])


async def test_a_person_matches_a_parked_record_and_its_newest_version_is_told(desk: County) -> None:
    no, _ = await a_home(desk)
    fact = settlement(number())
    await desk.send(MEDICAL, fact, fact | {"version": 2})
    id_ = await a_parked(desk, fact)
    body = {"household_id": str(desk.vault.household_id(no)), "reason": "户口本核对一致"}
    headers = desk.token("county") | {"idempotency-key": key()}
    first = await desk.client.post(f"/v1/identity/{id_}/match", headers=headers, json=body)
    assert first.json() == {"department": MEDICAL, "record_id": fact["record_id"], "state": "matched"}
    assert await desk.said(no) == [("changed", 2)]
    assert await desk.parked(fact["record_id"]) is None
    again = await desk.client.post(f"/v1/identity/{id_}/match", headers=headers, json=body)
    assert (again.status_code, again.json()) == (200, first.json()), "a double click is one"
    [entry] = [one for one in await audited(desk, "identity.match", f"{MEDICAL}/{fact['record_id']}")]
    assert (entry["role"], entry["purpose"]) == ("county", "户口本核对一致")
    await desk.is_conserved()


async def test_a_match_that_did_not_come_about_is_not_audited_and_one_that_did_is_once(
    desk: County, database: str
) -> None:
    no, _ = await a_home(desk)
    fact = settlement(number())
    await desk.send(MEDICAL, fact)
    id_, subject = await a_parked(desk, fact), f"{MEDICAL}/{fact['record_id']}"
    body = {"household_id": str(desk.vault.household_id(no)), "reason": "户口本核对一致"}
    headers = desk.token("county") | {"idempotency-key": key()}
    async with planted(database, fact["record_id"], RELEASE):
        refused = await desk.client.post(f"/v1/identity/{id_}/match", headers=headers, json=body)
        assert refused.status_code == 500 and await audited(desk, "identity.match", subject) == []
    again = await desk.client.post(f"/v1/identity/{id_}/match", headers=headers, json=body)
    assert again.json()["state"] == "matched"
    [entry] = await audited(desk, "identity.match", subject)
    assert (entry["role"], entry["purpose"]) == ("county", "户口本核对一致")


async def test_the_village_that_a_record_names_sees_it_parked_and_matches_it(desk: County) -> None:
    no, _ = await a_home(desk)
    fact, elsewhere = settlement(number()), settlement(number(), subject={"region": "341221102202"})
    theirs = settlement(number())
    await desk.send(MEDICAL, fact, elsewhere)
    await desk.send(MEDICAL, theirs, region="340822")
    village = desk.token("village")
    items = (await desk.client.get("/v1/identity?limit=200", headers=village)).json()["items"]
    seen = {one["record_id"]: one["id"] for one in items}
    assert fact["record_id"] in seen
    assert elsewhere["record_id"] not in seen and theirs["record_id"] not in seen, (
        "a village is named by its own county"
    )
    path = f"/v1/departments/{MEDICAL}/records/{fact['record_id']}"
    assert "6000.00" not in (await desk.client.get(path, headers=village)).text
    body = {"household_id": str(desk.vault.household_id(no)), "reason": "户口本核对一致"}
    answer = await desk.client.post(f"/v1/identity/{seen[fact['record_id']]}/match", headers=village, json=body)
    assert answer.json()["state"] == "matched", answer.text
    assert await desk.said(no) == [("changed", 1)]


async def test_nobody_matches_what_is_not_in_his_area(desk: County) -> None:
    no, _ = await a_home(desk)
    fact = house_grade(household_no(), "D")
    await desk.send("housing", fact)
    id_ = await a_parked(desk, fact)
    body = {"household_id": str(desk.vault.household_id(no)), "reason": "户口本核对一致"}
    other = await desk.client.post(
        f"/v1/identity/{id_}/match", headers=desk.token("county", region="340822"), json=body
    )
    assert other.status_code == 404
    nowhere = await desk.client.post(
        f"/v1/identity/{id_}/match", headers=desk.token("county"), json=body | {"household_id": str(uuid4())}
    )
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "household_not_found")
    assert (
        await desk.client.post(f"/v1/identity/{id_}/match", headers=desk.token("auditor"), json=body)
    ).status_code == 403
    assert await desk.parked(fact["record_id"]) is not None


async def test_feeds_tell_each_department_its_own_account(desk: County) -> None:
    await desk.send(MEDICAL, settlement(number()))
    await desk.stream(MEDICAL, settlement(number()), b"{}")
    [mine] = (await desk.client.get("/v1/feeds", headers=desk.department(MEDICAL))).json()["items"]
    assert mine["department"] == MEDICAL and mine["http"]["received"] == sum(
        mine["http"][name] for name in ("accepted", "duplicates", "rejected", "parked")
    )
    assert (mine["kafka"]["received"], mine["kafka"]["parked"], mine["kafka"]["rejected"]) == (2, 1, 1)
    everything = (await desk.client.get("/v1/feeds", headers=desk.token("county"))).json()["items"]
    assert [one["department"] for one in everything] == list(KINDS)


# ── the vault ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_no_canary_stands_in_any_table_or_topic(desk: County, database: str) -> None:
    no, id_no = await a_home(desk)
    fact = settlement(id_no, subject={"name": NAME}, data={"disease": DISEASE, "hospital": HOSPITAL})
    waits = settlement(number(), subject={"name": NAME})
    await desk.send(MEDICAL, fact, fact, waits, settlement(id_no, subject={"name": NAME}, data={"total_yuan": "x"}))
    await desk.stream(MEDICAL, settlement(number(), subject={"name": NAME}), json.dumps({"name": NAME}).encode())
    words = (id_no, waits["subject"]["id_no"], NAME, PHONE, ADDRESS, DISEASE, HOSPITAL)
    admin = await asyncpg.connect(database)
    tables = await admin.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'intake'")
    assert len(tables) > 10
    for table in tables:
        rows = await admin.fetch(f'SELECT t::text AS row FROM intake."{table["tablename"]}" t')
        text = "\n".join(row["row"] for row in rows)
        for word in words:
            hexed = word.encode().hex()
            assert word not in text and hexed not in text, table["tablename"]
    await admin.close()
    assert UUID(str(desk.vault.person_id(id_no))) != desk.vault.person_id(number())
    for topic in ("household.registered", "data.changed"):
        for event in await desk.events(topic, desk.vault.household_id(no)):
            assert not [word for word in words if word in json.dumps(event, ensure_ascii=False)]
