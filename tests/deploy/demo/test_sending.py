"""Two ways to intake that cannot overtake each other about one household or one record."""

from collections import defaultdict
from typing import Any

import pytest

from deploy.demo.answers import read_register
from deploy.demo.sending import Sending, sending
from deploy.demo.township import Township


@pytest.fixture
def ways(sample: Township) -> Sending:
    return sending(sample.register, sample.records)


def test_about_half_goes_each_way_and_nothing_is_lost(sample: Township, ways: Sending) -> None:
    assert len(ways.http) + len(ways.kafka) == len(sample.records)
    assert abs(len(ways.http) - len(ways.kafka)) <= 8
    kafka = [(keyed.department, keyed.record) for keyed in ways.kafka]
    for way in (list(ways.http), kafka):
        assert way == [sent for sent in sample.records if sent in way]
    assert {department for department, _ in ways.http} == {department for department, _ in kafka}


def test_a_household_and_a_record_take_one_way(sample: Township, ways: Sending) -> None:
    known = read_register(sample.register)
    taken: dict[Any, set[str]] = defaultdict(set)
    for way, sent in (("http", ways.http), ("kafka", [(keyed.department, keyed.record) for keyed in ways.kafka])):
        for department, record in sent:
            taken[department, record["record_id"]].add(way)
            taken[known.household_of(record["subject"]) or record["record_id"]].add(way)
    assert all(len(ways_taken) == 1 for ways_taken in taken.values())


def test_every_version_of_a_record_and_its_refund_have_one_key(ways: Sending) -> None:
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    refunds = 0
    for keyed in ways.kafka:
        keys[keyed.department, keyed.record["record_id"]].add(keyed.key)
        reverses = keyed.record["data"].get("reverses")
        if reverses:
            refunds += 1
            keys[keyed.department, reverses].add(keyed.key)
    assert refunds > 0
    assert all(len(used) == 1 for used in keys.values())


def test_the_same_sample_takes_the_same_ways(sample: Township, ways: Sending) -> None:
    assert sending(sample.register, sample.records) == ways
