"""Records over both ways, on real servers: versions, corrections, withdrawals, duplicates, other content, unknowns."""

import pytest

from tests.services.intake.county import County, house_grade, household, household_no, member, number, settlement

MEDICAL = "medical_insurance"
REGISTER = "rural_revitalization"
BOTH = pytest.mark.parametrize("channel", ["http", "kafka"])


@BOTH
async def test_a_settlement_of_a_registered_person_is_told_once(desk: County, channel: str) -> None:
    id_no = number()
    no = await desk.home(id_no)
    sent = settlement(id_no.lower(), "20410.50")
    assert (await desk.send_by(channel, MEDICAL, sent))["accepted"] == 1
    assert (await desk.send_by(channel, MEDICAL, sent))["duplicates"] == 1
    [event] = await desk.events("data.changed", desk.vault.household_id(no))
    fact = event["data"]
    assert event["type"] == "shouwang.data.changed.v1"
    assert event["correlationid"] == event["id"]
    assert (fact["record_id"], fact["version"], fact["occurred_on"]) == (sent["record_id"], 1, "2026-10-03")
    assert fact["person_id"] == str(desk.vault.person_id(id_no))
    assert fact["values"]["in_scope_self_paid_yuan"] == "20410.50"
    assert fact["values"]["settled_on"] == "2026-10-03", "settled on the day on which it occurred unless said"
    await desk.is_conserved()


@BOTH
async def test_the_same_version_with_other_content_is_rejected_and_says_nothing(desk: County, channel: str) -> None:
    id_no = number()
    no = await desk.home(id_no)
    sent = settlement(id_no, "5100.00")
    await desk.send_by(channel, MEDICAL, sent)
    other = sent | {"data": sent["data"] | {"in_scope_self_paid_yuan": "5200.00"}}
    assert (await desk.send_by(channel, MEDICAL, other))["rejected"] == 1
    [refused] = await desk.refused(sent["record_id"])
    assert refused == ("same_version_other_content", "version", channel)
    assert await desk.said(no) == [("changed", 1)]


@BOTH
async def test_fields_that_are_null_or_in_another_order_are_the_same_content(desk: County, channel: str) -> None:
    id_no = number()
    await desk.home(id_no)
    sent = settlement(id_no, data={"disease": None})
    again = dict(reversed((sent | {"data": {k: v for k, v in sent["data"].items() if v is not None}}).items()))
    await desk.send_by(channel, MEDICAL, sent)
    assert (await desk.send_by(channel, MEDICAL, again))["duplicates"] == 1


@BOTH
async def test_a_higher_version_corrects_and_a_lower_one_is_history_and_silent(desk: County, channel: str) -> None:
    id_no = number()
    no = await desk.home(id_no)
    sent = settlement(id_no, "5100.00", version=2)
    higher = sent | {"version": 5, "data": sent["data"] | {"in_scope_self_paid_yuan": "100.00"}}
    lower = sent | {"version": 3, "data": sent["data"] | {"in_scope_self_paid_yuan": "9999.00"}}
    for one in (sent, higher, lower):
        assert (await desk.send_by(channel, MEDICAL, one))["accepted"] == 1
    assert (await desk.send_by(channel, MEDICAL, lower))["duplicates"] == 1
    assert await desk.said(no) == [("changed", 2), ("corrected", 5)]
    events = await desk.events("data.changed", desk.vault.household_id(no))
    assert events[-1]["data"]["values"]["in_scope_self_paid_yuan"] == "100.00"
    assert len({one["id"] for one in events}) == 2
    assert await desk.kept(sent["record_id"]) == [(2, "accepted", False), (3, "accepted", True), (5, "accepted", False)]


@BOTH
async def test_a_withdrawal_takes_back_and_a_higher_version_says_it_again(desk: County, channel: str) -> None:
    id_no = number()
    no = await desk.home(id_no)
    sent = settlement(id_no)
    gone = {"record_id": sent["record_id"], "version": 2, "op": "withdraw"}
    for one in (sent, gone, sent | {"version": 3}):
        assert (await desk.send_by(channel, MEDICAL, one))["accepted"] == 1
    assert (await desk.send_by(channel, MEDICAL, gone))["duplicates"] == 1
    assert await desk.said(no) == [("changed", 1), ("withdrawn", 2), ("changed", 3)]
    events = await desk.events("data.changed", desk.vault.household_id(no))
    withdrawn = events[1]["data"]
    assert withdrawn["values"] is None and withdrawn["kind"] == "settlement"
    assert withdrawn["occurred_on"] == "2026-10-03" and withdrawn["person_id"] == str(desk.vault.person_id(id_no))
    assert len({one["id"] for one in events}) == 3


@BOTH
async def test_what_was_withdrawn_before_it_was_known_stays_silent(desk: County, channel: str) -> None:
    id_no = number()
    no = await desk.home(id_no)
    sent = settlement(id_no)
    await desk.send_by(channel, MEDICAL, {"record_id": sent["record_id"], "version": 2, "op": "withdraw"})
    assert (await desk.send_by(channel, MEDICAL, sent))["accepted"] == 1
    assert await desk.said(no) == []
    await desk.send_by(channel, MEDICAL, sent | {"version": 3})
    assert await desk.said(no) == [("changed", 3)]
    await desk.is_conserved()


@BOTH
async def test_a_settlement_of_an_unknown_person_is_parked_and_told_with_the_registration(
    desk: County, channel: str
) -> None:
    id_no, no = number(), household_no()
    sent = settlement(id_no, "5100.00")
    corrected = sent | {"version": 2, "data": sent["data"] | {"in_scope_self_paid_yuan": "5300.00"}}
    for one in (sent, corrected):
        assert (await desk.send_by(channel, MEDICAL, one))["parked"] == 1
    assert await desk.parked(sent["record_id"]) == ("unknown_person", 2)
    await desk.send_by(channel, REGISTER, household(no, member(id_no)))
    assert await desk.parked(sent["record_id"]) is None, "released in the transaction of the registration"
    assert await desk.said(no) == [("changed", 2)], "its newest version alone"
    await desk.is_conserved()


async def test_a_parked_record_that_is_withdrawn_is_parked_no_more(desk: County) -> None:
    id_no, no = number(), household_no()
    sent = settlement(id_no)
    await desk.send(MEDICAL, sent)
    await desk.send(MEDICAL, {"record_id": sent["record_id"], "version": 2, "op": "withdraw"})
    assert await desk.parked(sent["record_id"]) is None
    await desk.send(REGISTER, household(no, member(id_no)))
    assert await desk.said(no) == []


async def test_a_correction_towards_an_unknown_person_takes_back_what_was_said(desk: County) -> None:
    one, other = number(), number()
    no, later = await desk.home(one), household_no()
    sent = settlement(one)
    await desk.send(MEDICAL, sent)
    assert (await desk.send(MEDICAL, settlement(other, record_id=sent["record_id"], version=2)))["parked"] == 1
    assert await desk.said(no) == [("changed", 1), ("withdrawn", 2)]
    await desk.send(REGISTER, household(later, member(other)))
    assert await desk.said(later) == [("changed", 2)]


async def test_a_correction_that_names_another_person_moves_the_fact(desk: County) -> None:
    one, other = number(), number()
    first, second = await desk.home(one), await desk.home(other)
    sent = settlement(one)
    await desk.send(MEDICAL, sent)
    await desk.send(MEDICAL, settlement(other, record_id=sent["record_id"], version=2))
    await desk.send(MEDICAL, settlement(one, record_id=sent["record_id"], version=3))
    assert await desk.said(first) == [("changed", 1), ("withdrawn", 2), ("changed", 3)]
    assert await desk.said(second) == [("changed", 2), ("withdrawn", 3)]


async def test_a_record_by_household_number_alone_is_told_or_parked_until_it_is_registered(desk: County) -> None:
    no = household_no()
    sent = house_grade(no, "C")
    assert (await desk.send("housing", sent))["parked"] == 1
    assert await desk.parked(sent["record_id"]) == ("unknown_household", 1)
    await desk.send(REGISTER, household(no, member(number())))
    assert await desk.said(no) == [("changed", 1)]
    [event] = await desk.events("data.changed", desk.vault.household_id(no))
    assert event["data"]["values"] == {"kind": "house_grade", "grade": "C", "cause": None, "inspected_on": "2026-10-03"}


async def test_numbers_that_contradict_each_other_are_parked_for_a_person(desk: County) -> None:
    one = number()
    no, other = await desk.home(one), await desk.home(number())
    sent = settlement(one, subject={"household_no": other})
    assert (await desk.send(MEDICAL, sent))["parked"] == 1
    assert await desk.parked(sent["record_id"]) == ("identity_contradicts", 1)
    assert await desk.said(no) == [] == await desk.said(other)
    await desk.send(MEDICAL, settlement(one, record_id=sent["record_id"], version=2, subject={"household_no": no}))
    assert await desk.said(no) == [("changed", 2)]
    assert await desk.parked(sent["record_id"]) is None


@BOTH
async def test_another_county_s_people_are_parked_as_not_yours(desk: County, channel: str) -> None:
    id_no = number()
    no = await desk.home(id_no)
    sent = settlement(id_no)
    if channel == "http":
        assert (await desk.send(MEDICAL, sent, region="340822"))["parked"] == 1
    else:
        await desk.stream(MEDICAL, sent, county="340822")
    assert await desk.parked(sent["record_id"]) == ("region_not_yours", 1)
    assert await desk.said(no) == []


async def test_another_county_cannot_write_a_household_nor_take_in_its_members(desk: County) -> None:
    id_no = number()
    no = await desk.home(id_no)
    theirs = household(no, member(id_no), version=9)
    assert (await desk.send(REGISTER, theirs, region="340822"))["parked"] == 1
    taking = household(household_no(), member(id_no), region="340822104200")
    assert (await desk.send(REGISTER, taking, region="340822"))["parked"] == 1
    assert await desk.parked(taking["record_id"]) == ("member_elsewhere", 1)
    assert [word for word, _ in await desk.homes(no)] == ["registered"]


async def test_another_county_s_record_id_is_not_taken_over(desk: County) -> None:
    id_no = number()
    no = await desk.home(id_no)
    sent = settlement(id_no)
    await desk.send(MEDICAL, sent)
    account = await desk.send(
        MEDICAL, {"record_id": sent["record_id"], "version": 2, "op": "withdraw"}, region="340822"
    )
    assert [one["code"] for one in account["rejections"]] == ["record_id_of_other_county"]
    assert await desk.said(no) == [("changed", 1)]


@pytest.mark.parametrize("shape", ["x", "fifteen", "full_width", "blanks"])
async def test_a_number_is_known_in_every_dress(desk: County, shape: str) -> None:
    # Orders from 996 on were kept for whoever was born in the nineteenth century: fifteen digits say another year.
    id_no = next(one for one in iter(number, None) if one.endswith("X") and one[14:17] < "996")
    no = await desk.home(id_no)
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in id_no)
    dressed = {
        "x": id_no.lower(),
        "fifteen": id_no[:6] + id_no[8:17],
        "full_width": wide,
        "blanks": f" {id_no[:6]} {id_no[6:14]}-{id_no[14:]} ",
    }
    assert (await desk.send(MEDICAL, settlement(dressed[shape])))["accepted"] == 1
    assert await desk.said(no) == [("changed", 1)]


async def test_a_refund_is_a_settlement_of_its_own_that_names_what_it_takes_back(desk: County) -> None:
    id_no = number()
    no = await desk.home(id_no)
    sent = settlement(id_no)
    sums = {name: "-10.00" for name in ("total_yuan", "reimbursed_yuan", "self_paid_yuan", "in_scope_self_paid_yuan")}
    await desk.send(MEDICAL, sent, settlement(id_no, data=sums | {"reverses": sent["record_id"]}))
    facts = [one["data"]["values"] for one in await desk.events("data.changed", desk.vault.household_id(no))]
    assert [one["reverses"] for one in facts] == [None, sent["record_id"]]


@BOTH
async def test_all_versions_in_one_batch_come_to_the_same(desk: County, channel: str) -> None:
    id_no, other = number(), number()
    no, second = await desk.home(id_no), await desk.home(other)
    one = settlement(id_no)
    record_id = one["record_id"]
    differs = one | {"data": one["data"] | {"total_yuan": "1.00"}}
    there = settlement(other, record_id=record_id, version=3)
    gone = {"record_id": record_id, "version": 5, "op": "withdraw"}
    back = one | {"version": 6}
    told = await desk.send_by(channel, MEDICAL, one, one, differs, there, one | {"version": 2}, gone, gone, back)
    assert [told[name] for name in ("accepted", "duplicates", "rejected", "parked")] == [5, 2, 1, 0]
    assert await desk.said(no) == [("changed", 1), ("withdrawn", 3), ("changed", 6)]
    assert await desk.said(second) == [("changed", 3), ("withdrawn", 5)]


async def test_parked_corrected_and_withdrawn_in_one_batch_is_not_parked(desk: County) -> None:
    one = settlement(number())
    gone = {"record_id": one["record_id"], "version": 3, "op": "withdraw"}
    account = await desk.send(MEDICAL, one, one | {"version": 2}, gone)
    assert (account["parked"], account["accepted"]) == (2, 1)
    assert await desk.parked(one["record_id"]) is None


async def test_a_record_keeps_its_kind(desk: County) -> None:
    id_no = number()
    no = await desk.home(id_no)
    sent = settlement(id_no)
    cover = sent | {"version": 2, "kind": "cover", "data": {"status": "paused", "year": 2026}}
    account = await desk.send(MEDICAL, sent, cover)
    assert [one["code"] for one in account["rejections"]] == ["kind_changed"]
    assert (await desk.send(MEDICAL, cover | {"record_id": f"{sent['record_id']}-C"}))["accepted"] == 1
    facts = [one["data"]["values"] for one in await desk.events("data.changed", desk.vault.household_id(no))]
    assert facts[-1] == {"kind": "cover", "status": "paused", "year": 2026}
