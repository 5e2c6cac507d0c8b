"""What is parked and how it comes out again: by the register, by the loop, by nobody for as long as nobody knows."""

from tests.services.intake.county import RELEASE, County, household, household_no, member, number, planted, settlement
from tests.services.intake.test_batches import alarms
from tests.until import until

MEDICAL = "medical_insurance"
REGISTER = "rural_revitalization"


async def tries(desk: County, record_id: str) -> int:
    return int(await desk.service.worker.fetchval("SELECT tries FROM parked WHERE record_id = $1", record_id))


async def due_now(desk: County) -> None:
    await desk.service.worker.execute("UPDATE parked SET retry_at = clock_timestamp()")


async def test_the_loop_asks_again_and_later_and_later(desk: County) -> None:
    sent = settlement(number())
    await desk.send(MEDICAL, sent)
    for turn in range(1, 4):
        await due_now(desk)

        async def is_asked(turn: int = turn) -> bool:
            return await tries(desk, sent["record_id"]) >= turn

        await until(is_asked)
    query = "SELECT retry_at - clock_timestamp() > interval '5 seconds' FROM parked WHERE record_id = $1"
    assert await desk.service.worker.fetchval(query, sent["record_id"])
    assert await desk.parked(sent["record_id"]) == ("unknown_person", 1)


async def test_a_record_by_both_numbers_is_told_once_its_household_is_there_without_the_person(desk: County) -> None:
    no = household_no()
    sent = settlement(number(), subject={"household_no": no})
    await desk.send(MEDICAL, sent)
    await desk.send(REGISTER, household(no, member(number())))
    await due_now(desk)
    await until(lambda: desk.service.worker.fetchval("SELECT NOT EXISTS (SELECT FROM parked WHERE record_id = $1)",
                                                     sent["record_id"]))  # fmt: skip
    assert await desk.said(no) == [("changed", 1)]


async def test_a_contradiction_ends_when_the_register_is_mended(desk: County) -> None:
    id_no, right, wrong = number(), household_no(), household_no()
    await desk.send(REGISTER, household(right, member(number())), household(wrong, member(id_no), member(number())))
    sent = settlement(id_no, subject={"household_no": right})
    await desk.send(MEDICAL, sent)
    assert await desk.parked(sent["record_id"]) == ("identity_contradicts", 1)
    await desk.send(REGISTER, household(right, member(number()), member(id_no)))
    assert await desk.parked(sent["record_id"]) is None
    assert await desk.said(right) == [("changed", 1)] and await desk.said(wrong) == []


async def test_a_household_that_another_county_claims_is_released_when_its_member_has_left(desk: County) -> None:
    id_no, no, there = number(), household_no(), household_no()
    home = household(no, member(number()), member(id_no, relation="之女"))
    await desk.send(REGISTER, home)
    taking = household(there, member(id_no), region="340822104200")
    assert (await desk.send(REGISTER, taking, region="340822"))["parked"] == 1
    await desk.send(REGISTER, home | {"version": 2, "data": home["data"] | {"members": home["data"]["members"][:1]}})
    await until(lambda: desk.service.worker.fetchval("SELECT NOT EXISTS (SELECT FROM parked WHERE record_id = $1)",
                                                     taking["record_id"]))  # fmt: skip
    assert [word for word, _ in await desk.homes(there)] == ["registered"]


async def test_a_region_that_is_not_yours_is_released_by_whoever_it_belongs_to(desk: County) -> None:
    id_no = number()
    no = await desk.home(id_no)
    sent = settlement(id_no)
    await desk.send(MEDICAL, sent, region="340822")
    await due_now(desk)

    async def is_asked() -> bool:
        return await tries(desk, sent["record_id"]) >= 1

    await until(is_asked)
    assert await desk.parked(sent["record_id"]) == ("region_not_yours", 1)
    assert await desk.said(no) == []


async def test_one_household_that_cannot_release_what_awaits_it_is_rejected_alone(desk: County, database: str) -> None:
    good, bad, no, later = number(), number(), household_no(), household_no()
    first, second = settlement(good), settlement(bad)
    await desk.send(MEDICAL, first, second)
    async with planted(database, second["record_id"], RELEASE):
        account = await desk.send(REGISTER, household(no, member(good)), household(household_no(), member(bad)))
        assert (account["accepted"], account["rejected"]) == (1, 1)
        assert account["rejections"][0]["code"] == "not_handled"
        assert await desk.said(no) == [("changed", 1)]
    await desk.send(REGISTER, household(later, member(bad)))
    assert await desk.said(later) == [("changed", 1)]


async def test_one_on_which_the_loop_fails_stays_parked_as_it_was_and_its_neighbours_are_released(
    desk: County, database: str
) -> None:
    no, id_no, later = household_no(), number(), household_no()
    bad, good = (settlement(one, subject={"household_no": no}) for one in (id_no, number()))
    before = alarms(desk, "record_not_handled")
    await desk.send(MEDICAL, bad, good)
    await desk.send(REGISTER, household(no, member(number())))
    async with planted(database, bad["record_id"], RELEASE):
        await due_now(desk)

        async def is_asked() -> bool:
            return await desk.parked(good["record_id"]) is None and await tries(desk, bad["record_id"]) >= 1

        await until(is_asked)
        query = "SELECT reason, awaits FROM parked WHERE record_id = $1"
        row = await desk.service.worker.fetchrow(query, bad["record_id"])
        assert row is not None and tuple(row) == ("unknown_person", desk.vault.person_id(id_no)), (
            "it still awaits its person"
        )
        await until(lambda: alarms(desk, "record_not_handled") > before, 5, "the alarm")
    await desk.service.worker.execute("UPDATE parked SET retry_at = clock_timestamp() + interval '1 hour'")
    await desk.send(REGISTER, household(later, member(id_no)))

    async def contradicts() -> bool:
        return await desk.parked(bad["record_id"]) == ("identity_contradicts", 1)

    await until(contradicts)
    assert await desk.said(later) == []


async def test_what_is_parked_is_told_a_page_at_a_time_without_anybody_s_number(desk: County) -> None:
    id_no = number()
    await desk.send(MEDICAL, *(settlement(id_no) for _ in range(5)))
    seen: list[str] = []
    after = ""
    while True:
        path = "/v1/identity?state=parked&limit=2" + (f"&after={after}" if after else "")
        page = await desk.client.get(path, headers=desk.token("county"))
        assert id_no not in page.text
        seen += [one["id"] for one in page.json()["items"]]
        after = page.json()["next"]
        if after is None:
            break
    assert (
        len(seen)
        == len(set(seen))
        == await desk.service.worker.fetchval("SELECT count(*) FROM parked WHERE region < '35' AND region >= '341221'")
    )
    assert (await desk.client.get("/v1/identity", headers=desk.token("county", region="350000"))).json()["items"] == []


async def test_after_all_of_this_every_boundary_foots(desk: County) -> None:
    await desk.is_conserved()
