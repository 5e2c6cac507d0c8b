"""The register: households as their newest record tells them, who moves, what stands beside them."""

from tests.services.intake.county import (
    County,
    Record,
    house_grade,
    household,
    household_no,
    income,
    member,
    number,
    record,
    settlement,
)
from tests.tokens import VILLAGE

MEDICAL = "medical_insurance"
REGISTER = "rural_revitalization"
OTHER_VILLAGE = "341221102202"


def monitoring(no: str, status: str, since: str, **more: object) -> Record:
    data = {"status": status, "since": since, "category": "边缘易致贫户"}
    return record("monitoring", {"household_no": no}, data, **more)


async def last(desk: County, no: str) -> Record:
    return (await desk.homes(no))[-1][1]


async def test_a_household_is_told_masked_in_the_form_s_own_words(desk: County) -> None:
    no, id_no = household_no(), number()
    head = member(id_no, "张三丰", health="长期慢性病、残疾", labour="无劳动力", schooling="小学", phone="13800001234")
    child = member(None, "张小", "之女", health="说不清", labour="超人")
    history = {"poverty_history": {"status": "lifted_out", "year": 2018}, "address": "门前大路一号"}
    await desk.send(REGISTER, household(no, child, head, data=history))
    [(word, told)] = await desk.homes(no)
    assert word == "registered"
    assert told["household_no"] == no and told["grid"] == f"{VILLAGE}-03" and told["display_name"] == "张**"
    assert (told["poverty_history"], told["lifted_out_year"], told["size"]) == ("lifted_out", 2018, 2)
    first, second = told["members"]
    assert first["person_id"] == str(desk.vault.person_id(id_no)) and first["birth_year"] == 1970
    assert (first["health"], first["labour"], first["schooling"]) == (["长期慢性病", "残疾"], "无劳动力", "小学")
    assert (second["relation"], second["health"], second["labour"]) == ("之女", [], None), "only listed words travel"


async def test_a_higher_version_changes_a_household_and_the_same_state_is_not_told_again(desk: County) -> None:
    no, id_no = household_no(), number()
    sent = household(no, member(id_no))
    grown = sent | {"version": 2, "data": sent["data"] | {"members": [member(id_no), member(number(), "李四", "配偶")]}}
    more = grown | {"version": 3, "data": grown["data"] | {"land": {"mu": 3}}}
    for one in (sent, grown, more, sent):
        await desk.send(REGISTER, one)
    assert [word for word, _ in await desk.homes(no)] == ["registered", "changed"]
    assert (await last(desk, no))["size"] == 2


async def test_a_withdrawn_household_is_removed_and_can_be_registered_again(desk: County) -> None:
    no, id_no = household_no(), number()
    sent = household(no, member(id_no))
    await desk.send(REGISTER, sent)
    await desk.send(REGISTER, {"record_id": sent["record_id"], "version": 2, "op": "withdraw"})
    waits = settlement(id_no)
    assert (await desk.send(MEDICAL, waits))["parked"] == 1, "nobody lives there now"
    await desk.send(REGISTER, sent | {"version": 3})
    assert [word for word, _ in await desk.homes(no)] == ["registered", "removed", "registered"]
    assert await desk.said(no) == [("changed", 1)]


async def test_a_member_who_moves_takes_his_facts_along_and_a_house_stays(desk: County) -> None:
    mover, stays, later = number(), number(), household_no()
    first = await desk.home(stays, mover)
    his, hers, house = settlement(mover), settlement(stays), house_grade(first, "C")
    await desk.send(MEDICAL, his, hers)
    await desk.send("housing", house)
    await desk.send(REGISTER, household(later, member(mover), region=OTHER_VILLAGE))
    assert await desk.said(first, his["record_id"]) == [("changed", 1), ("withdrawn", 1)]
    assert await desk.said(later) == [("changed", 1)]
    assert await desk.said(first, hers["record_id"]) == await desk.said(first, house["record_id"]) == [("changed", 1)]
    assert (await last(desk, first))["size"] == 1 and (await last(desk, later))["size"] == 1
    moved = (await desk.events("data.changed", desk.vault.household_id(later)))[0]
    assert moved["region"] == OTHER_VILLAGE and moved["data"]["values"]["in_scope_self_paid_yuan"] == "6000.00"
    await desk.send(MEDICAL, his | {"version": 2})
    assert await desk.said(later, his["record_id"]) == [("changed", 1), ("corrected", 2)]
    assert await desk.said(first, his["record_id"]) == [("changed", 1), ("withdrawn", 1)]
    await desk.is_conserved()


async def test_what_is_released_and_moved_in_one_batch_stands_where_its_person_is(desk: County) -> None:
    id_no, first, second = number(), household_no(), household_no()
    waits, stays = settlement(id_no), number()
    await desk.send(MEDICAL, waits)
    await desk.send(REGISTER, household(first, member(id_no), member(stays)), household(second, member(id_no)))
    assert await desk.said(first) == [("changed", 1), ("withdrawn", 1)]
    assert await desk.said(second) == [("changed", 1)]


async def test_he_who_moves_twice_in_one_batch_takes_his_facts_to_the_end(desk: County) -> None:
    mover, second, third = number(), household_no(), household_no()
    first = await desk.home(number(), mover)
    await desk.send(MEDICAL, settlement(mover))
    await desk.send(REGISTER, household(second, member(mover)), household(third, member(mover)))
    assert await desk.said(first) == await desk.said(second) == [("changed", 1), ("withdrawn", 1)]
    assert await desk.said(third) == [("changed", 1)]
    assert [(await last(desk, no))["size"] for no in (first, second, third)] == [1, 0, 1]
    assert (await last(desk, second))["status"] == "removed"


async def test_he_who_moves_there_and_back_is_told_each_time_under_an_id_of_its_own(desk: County) -> None:
    mover, stays, later = number(), number(), household_no()
    no = household_no()
    home = household(no, member(stays), member(mover, relation="之子"))
    await desk.send(REGISTER, home)
    await desk.send(MEDICAL, settlement(mover))
    await desk.send(REGISTER, household(later, member(mover)))
    await desk.send(REGISTER, home | {"version": 2})
    assert await desk.said(no) == [("changed", 1), ("withdrawn", 1), ("changed", 1)]
    assert await desk.said(later) == [("changed", 1), ("withdrawn", 1)]
    events = [*await desk.events("data.changed", desk.vault.household_id(no))]
    events += await desk.events("data.changed", desk.vault.household_id(later))
    assert len({one["id"] for one in events}) == 5
    assert (await last(desk, later))["status"] == "removed", "its only member has gone"


async def test_a_settlement_after_a_death_still_finds_the_survivors(desk: County) -> None:
    dead, stays, no = number(), number(), household_no()
    sent = household(no, member(dead), member(stays, relation="配偶"))
    await desk.send(REGISTER, sent, sent | {"version": 2, "data": sent["data"] | {"members": [member(stays)]}})
    assert (await last(desk, no))["size"] == 1
    await desk.send(MEDICAL, settlement(dead))
    assert await desk.said(no) == [("changed", 1)]


async def test_a_record_that_names_another_household_number_leaves_the_old_one_removed(desk: County) -> None:
    id_no, old, new = number(), household_no(), household_no()
    sent = household(old, member(id_no))
    fact = settlement(id_no)
    await desk.send(REGISTER, sent)
    await desk.send(MEDICAL, fact)
    await desk.send(REGISTER, household(new, member(id_no), record_id=sent["record_id"], version=2))
    assert [word for word, _ in await desk.homes(old)][-1] == "removed"
    assert (await last(desk, new))["status"] == "active"
    assert await desk.said(old) == [("changed", 1), ("withdrawn", 1)] and await desk.said(new) == [("changed", 1)]


async def test_two_records_about_one_household_the_last_one_speaks(desk: County) -> None:
    id_no, no = number(), household_no()
    first, second = household(no, member(id_no)), household(no, member(id_no), data={"group": 5})
    await desk.send(REGISTER, first)
    await desk.send(REGISTER, second)
    await desk.send(REGISTER, {"record_id": first["record_id"], "version": 2, "op": "withdraw"})
    told = await last(desk, no)
    assert (told["status"], told["grid"]) == ("active", f"{VILLAGE}-05"), "what speaks no more takes nothing back"


async def test_income_and_monitoring_before_and_beside_their_household(desk: County) -> None:
    no = household_no()
    early = income(no, "41260.00")
    assert (await desk.send(REGISTER, early, monitoring(no, "monitored", "2025-03-01")))["parked"] == 2
    await desk.send(REGISTER, household(no, member(number())))
    [(word, told)] = await desk.homes(no)
    assert word == "registered", "with what had been waiting for it, in one word"
    assert told["incomes"] == [{"year": 2025, "net_yuan": "41260.00"}]
    assert told["monitoring"] == {"status": "monitored", "category": "边缘易致贫户", "since": "2025-03-01"}
    assert await desk.parked(early["record_id"]) is None
    await desk.is_conserved()


async def test_incomes_are_corrected_withdrawn_and_told_newest_year_first(desk: County) -> None:
    no = await desk.home(number())
    older, newer = income(no, "100.00", 2024), income(no, "200.00", 2025)
    costs = record("income", {"household_no": no}, {"year": 2023, "wage_yuan": "10.00", "operating_cost_yuan": "40.00"})
    await desk.send(REGISTER, older, newer, costs)
    assert [(one["year"], one["net_yuan"]) for one in (await last(desk, no))["incomes"]] == [
        (2025, "200.00"), (2024, "100.00"), (2023, "-30.00")
    ]  # fmt: skip
    await desk.send(REGISTER, income(no, "250.00", 2025, record_id=newer["record_id"], version=2))
    await desk.send(REGISTER, {"record_id": older["record_id"], "version": 2, "op": "withdraw"})
    assert [(one["year"], one["net_yuan"]) for one in (await last(desk, no))["incomes"]] == [
        (2025, "250.00"), (2023, "-30.00")
    ]  # fmt: skip


async def test_an_income_that_names_another_household_leaves_the_first(desk: County) -> None:
    first, second = await desk.home(number()), await desk.home(number())
    sent = income(first)
    await desk.send(REGISTER, sent)
    await desk.send(REGISTER, income(second, record_id=sent["record_id"], version=2))
    assert (await last(desk, first))["incomes"] == []
    assert len((await last(desk, second))["incomes"]) == 1


async def test_the_monitoring_that_began_last_speaks_and_a_withdrawn_one_gives_way(desk: County) -> None:
    no = await desk.home(number())
    ended = monitoring(no, "eliminated", "2026-05-01")
    await desk.send(REGISTER, ended, monitoring(no, "monitored", "2025-03-01"))
    assert (await last(desk, no))["monitoring"]["status"] == "eliminated"
    await desk.send(REGISTER, {"record_id": ended["record_id"], "version": 2, "op": "withdraw"})
    assert (await last(desk, no))["monitoring"]["status"] == "monitored"


async def test_a_household_that_moves_is_seen_with_all_that_is_its_own_where_it_is_now(desk: County) -> None:
    id_no, no = number(), household_no()
    sent = household(no, member(id_no))
    fact = settlement(id_no)
    await desk.send(REGISTER, sent, income(no))
    await desk.send(MEDICAL, fact)
    moved = sent | {"version": 2, "subject": sent["subject"] | {"region": OTHER_VILLAGE}}
    await desk.send(REGISTER, moved)
    for table in ("households", "persons", "incomes"):
        query = f"SELECT region, grid FROM {table} WHERE household_id = $1"
        [row] = await desk.service.worker.fetch(query, desk.vault.household_id(no))
        assert tuple(row) == (OTHER_VILLAGE, f"{OTHER_VILLAGE}-03"), table
    path = f"/v1/departments/{MEDICAL}/records/{fact['record_id']}"
    there = await desk.client.get(path, headers=desk.token("village", region=OTHER_VILLAGE))
    here = await desk.client.get(path, headers=desk.token("village"))
    assert (there.status_code, here.status_code) == (200, 404), "and its source records too"


async def test_a_person_without_a_number_is_known_within_the_household_alone(desk: County) -> None:
    no = household_no()
    sent = household(no, member(number()), member("99999920200101001X", "无号", "之女"), member(None, "也无", "之子"))
    account = await desk.send(REGISTER, sent)
    assert account["accepted"] == 1
    assert (await last(desk, no))["size"] == 3
    unnumbered = settlement("999999202001010019")
    assert (await desk.send(MEDICAL, unnumbered))["parked"] == 1
    assert await desk.parked(unnumbered["record_id"]) == ("no_number", 1)
