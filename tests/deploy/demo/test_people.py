"""Invented people: numbers right in form, families whose ages, sexes and relations agree."""

from datetime import date
from random import Random
from typing import Any

import pytest

from deploy.demo.people import Numbers, Share, person, with_check_digit
from deploy.demo.township import _OTHER_COUNTIES, COUNTY, Township
from shared.domain.division import division

_MEN = {"之子", "之孙子", "之父"}
_WOMEN = {"之女", "之孙女", "之儿媳", "之母"}
_RELATIONS = {"户主", "配偶"} | _MEN | _WOMEN
_HEALTH = {"健康", "长期慢性病", "患有大病", "残疾"}
_LABOUR = {"技能劳动力", "普通劳动力", "弱劳动力或半劳动力", "丧失劳动力", "无劳动力"}

Member = dict[str, Any]


def born_on(member: Member) -> date:
    digits = member["id_no"][6:14]
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def age(member: Member, today: date) -> int:
    born = born_on(member)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def homes(township: Township) -> list[list[Member]]:
    return [record["data"]["members"] for record in township.register if record["kind"] == "household"]


@pytest.fixture(scope="module")
def members(township: Township) -> list[Member]:
    return [member for home in homes(township) for member in home]


def test_check_digit_is_that_of_the_standard() -> None:
    assert with_check_digit("11010519491231002") == "11010519491231002X"  # the example of GB 11643
    assert with_check_digit("44052418800101001") == "440524188001010014"


def test_every_id_number_is_valid_unique_and_seen_as_a_sample(members: list[Member]) -> None:
    numbers = [member["id_no"] for member in members]
    assert len(set(numbers)) == len(numbers)
    assert all(with_check_digit(number[:17]) == number for number in numbers)
    assert all(number[14] == "9" for number in numbers)


def test_prefixes_are_real_counties_mostly_the_own(members: list[Member]) -> None:
    prefixes = [member["id_no"][:6] for member in members]
    assert set(prefixes) == {COUNTY, *_OTHER_COUNTIES}
    assert all(division(prefix).level == "county" for prefix in set(prefixes))
    assert 0.8 < prefixes.count(COUNTY) / len(prefixes) < 0.97


def test_sex_agrees_with_number_and_relation(members: list[Member]) -> None:
    for member in members:
        assert member["relation"] in _RELATIONS
        assert (int(member["id_no"][16]) % 2 == 1) == (member["sex"] == "男")
        assert member["sex"] == "男" if member["relation"] in _MEN else True
        assert member["sex"] == "女" if member["relation"] in _WOMEN else True


def test_each_home_has_one_head_first_and_a_spouse_of_the_other_sex(township: Township) -> None:
    for home in homes(township):
        assert [member["relation"] for member in home].index("户主") == 0
        assert sum(member["relation"] == "户主" for member in home) == 1
        spouses = [member for member in home if member["relation"] == "配偶"]
        assert len(spouses) <= 1
        assert all(spouse["sex"] != home[0]["sex"] for spouse in spouses)


def test_generations_lie_sixteen_years_apart_or_more(township: Township) -> None:
    for home in homes(township):
        head = born_on(home[0]).year
        for member in home:
            year = born_on(member).year
            if member["relation"] in ("之子", "之女"):
                assert year - head >= 16
            elif member["relation"] in ("之孙子", "之孙女"):
                assert year - head >= 32
            elif member["relation"] in ("之父", "之母"):
                assert head - year >= 16


def test_ages_are_those_of_people(members: list[Member], today: date) -> None:
    ages = [age(member, today) for member in members]
    assert min(ages) >= 0
    assert max(ages) < 105
    assert sum(one < 18 for one in ages) / len(ages) > 0.1
    assert sum(one >= 60 for one in ages) / len(ages) > 0.2


def test_education_and_schooling_exclude_each_other_and_fit_the_age(members: list[Member], today: date) -> None:
    for member in members:
        years, schooling, education = age(member, today), member.get("schooling"), member.get("education")
        assert (schooling is None) != (education is None)
        if 6 <= years < 16:
            assert schooling is not None
        if schooling in ("七年级", "八年级", "九年级"):
            assert 12 <= years <= 17
        if 16 <= years <= 22:
            assert education != "小学"


def test_health_and_labour_are_the_forms_words_and_agree(members: list[Member], today: date) -> None:
    for member in members:
        years = age(member, today)
        assert member["health"] in _HEALTH
        assert member["labour"] in _LABOUR
        if years < 16:
            assert member["labour"] == "无劳动力"
        if years >= 60:
            assert member["labour"] not in ("普通劳动力", "技能劳动力")
        if 16 <= years < 60 and member["health"] == "健康":
            assert member["labour"] != "弱劳动力或半劳动力"


def test_phones_reach_nobody_and_none_is_given_twice(members: list[Member]) -> None:
    phones = [member["phone"] for member in members if "phone" in member]
    assert len(phones) > 3000
    assert len(set(phones)) == len(phones)
    assert all(len(phone) == 11 and phone.startswith("160") and phone.isdigit() for phone in phones)


def test_a_day_has_fifty_numbers_for_each_sex_and_then_none() -> None:
    numbers = Numbers(Random(1), COUNTY, ("341222",))
    given = {numbers.id_no(True, date(1980, 1, 1), is_from_elsewhere=False) for _ in range(50)}
    assert len(given) == 50 and None not in given
    assert numbers.id_no(True, date(1980, 1, 1), is_from_elsewhere=False) is None


def test_parts_of_a_county_never_give_out_the_same_number() -> None:
    given: list[str] = []
    for place in range(3):
        numbers = Numbers(Random(1), COUNTY, ("341222",), Share(place, 9, place, 3))
        for day in range(1, 29):
            while number := numbers.id_no(False, date(1980, 2, day), is_from_elsewhere=False):
                given.append(number)
        given += [numbers.phone() for _ in range(100)]
    assert len(set(given)) == len(given) == 28 * 50 + 300


def test_where_no_number_is_left_it_is_refused_in_words(today: date) -> None:
    numbers, rng = Numbers(Random(1), COUNTY, (COUNTY,), Share(0, 9, 0, 2000)), Random(1)
    with pytest.raises(ValueError, match="fewer households"):
        for _ in range(50):
            person(rng, numbers, today, surname="王", relation="户主", is_man=True, age=40)
