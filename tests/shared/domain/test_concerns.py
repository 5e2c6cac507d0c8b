"""Concerns: a closed list, and bands that tell a village nothing that it may not know."""

import re

import pytest

from shared.domain.concerns import BY_CODE, CONCERNS, concern, concerns_of

FORBIDDEN_ZH = re.compile(r"[0-9一二三四五六七八九十百千万]{2,}|元|病|医院|癌|艾滋|精神|监狱|服刑|坐牢|受害|残疾|死")
FORBIDDEN_EN = re.compile(r"\d|yuan|disease|hospital|cancer|hiv|mental|prison|victim|disab|death|died", re.I)


def test_the_list_has_two_worries_three_guarantees_water_and_living() -> None:
    worries, guarantees = ["food", "clothing"], ["schooling", "medical_burden", "insurance_gap", "unsafe_house"]
    assert [one.code for one in CONCERNS][:8] == [*worries, *guarantees, "unsafe_water", "living"]
    assert len(BY_CODE) == len(CONCERNS)


@pytest.mark.parametrize("code", list(BY_CODE))
def test_a_band_names_no_sum_disease_hospital_or_prison(code: str) -> None:
    one = concern(code)
    assert one.zh and one.en and one.band_zh and one.band_en
    assert not FORBIDDEN_ZH.search(one.band_zh)
    assert not FORBIDDEN_EN.search(one.band_en)


def test_the_record_kinds_of_this_road_raise_their_concern() -> None:
    assert [one.code for one in concerns_of("medical_insurance", "settlement")] == ["medical_burden"]
    assert [one.code for one in concerns_of("medical_insurance", "cover")] == ["insurance_gap"]
    assert [one.code for one in concerns_of("housing", "house_grade")] == ["unsafe_house"]
    assert concerns_of("rural_revitalization", "household") == ()


def test_a_code_that_is_not_on_the_list_is_an_error() -> None:
    with pytest.raises(LookupError):
        concern("illness")
