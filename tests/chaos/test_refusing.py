"""Whom PostgreSQL refuses in a chaos run: as the plan asks, and with nothing that the ledger would expect otherwise."""

from collections import Counter
from datetime import date

import pytest

from deploy.demo.answers import read_register
from deploy.demo.sending import sending
from deploy.demo.township import generate
from tests.chaos.refusing import TABLES, beginning, drawn, half
from tests.chaos.run import slices

SEEDS, PASSES, SLICES, HOUSEHOLDS = (1, 20261125, 20261130), 2, 24, 40


@pytest.mark.parametrize("seed", SEEDS)
def test_whom_it_refuses(seed: int) -> None:
    """Each service as often as asked, all of them in the first half, nobody in two services, and only whose records lie
    there when the service comes back to die."""
    township = generate(seed, date(2026, 11, 25), 600, 2000)
    parts = list(slices(sending(township.register, township.records).kafka, SLICES))
    found = drawn(seed, township, parts, PASSES * len(TABLES), HOUSEHOLDS)
    assert Counter(one.service for one in found.values()) == dict.fromkeys(TABLES, PASSES)
    assert all(number < half(SLICES) for number in found)
    refused = [no for one in found.values() for no in one.household_nos]
    assert len(refused) == len(set(refused)) >= HOUSEHOLDS // 2
    home = read_register(township.register).household_of
    about = [[home(keyed.record["subject"]) for keyed in part] for part in parts]
    begun = [[home(keyed.record["subject"]) for keyed in beginning(part)] for part in parts]
    warned = {one["household_no"] for one in township.answers if one.get("expected") == "warned"}
    for number, one in found.items():
        assert one.household_nos and set(one.household_nos) <= set(begun[number]), (number, one)
        if one.service == "intake":
            assert not any(set(one.household_nos) & set(part) for part in about[half(SLICES) :])
        if one.service == "workflow":
            assert set(one.household_nos) <= warned
            assert not any(set(one.household_nos) & set(part) for part in about[:number])
