"""Records over both ways, on real servers: versions, corrections, withdrawals, duplicates, other content, unknowns."""

import pytest

from tests.services.intake.county import County, household, household_no, member, number, settlement

MEDICAL = "medical_insurance"
REGISTER = "rural_revitalization"
BOTH = pytest.mark.parametrize("channel", ["http", "kafka"])


async def registered(desk: County, *id_nos: str, **more: object) -> str:
    """A household of these people; its number."""
    no = household_no()
    relations = ["户主", "配偶", "之子", "之女"]
    members = [member(one, relation=relation) for one, relation in zip(id_nos, relations, strict=False)]
    assert (await desk.send(REGISTER, household(no, *members)))["accepted"] == 1
    return no


@BOTH
async def test_a_settlement_of_a_registered_person_is_told_once(desk: County, channel: str) -> None:
    id_no = number()
    no = await registered(desk, id_no)
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
