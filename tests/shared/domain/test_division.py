"""The table of Anhui's divisions."""

from collections import Counter

import pytest

from shared.domain import division as table
from shared.domain.division import (
    Division,
    UnknownDivision,
    ancestors,
    can_be_township,
    can_be_village,
    contains,
    division,
    find,
    is_village_open,
    pad,
    trim,
    villages_of,
)

VILLAGE = "341221102201"


def test_the_table_holds_what_its_provenance_says() -> None:
    rows = table._divisions()
    assert Counter(one.level for one in rows.values()) == {
        "province": 1,
        "prefecture": 16,
        "county": 119,
        "township": 1685,
        "village": 18334,
    }
    lengths = {"province": 2, "prefecture": 4, "county": 6, "township": 9, "village": 12}
    assert all(len(one.code) == lengths[one.level] for one in rows.values())
    assert all(one.parent_code is None or one.code.startswith(one.parent_code) for one in rows.values())
    assert all(one.parent_code in rows for one in rows.values() if one.level != "province")


def test_every_code_survives_padding() -> None:
    assert all(trim(pad(code)) == code for code in table._divisions())


def test_a_division_is_found_padded_or_not() -> None:
    township = Division("341221102", "township", "鲖城镇", "341221")
    assert division("341221102") == division("341221102000") == township
    assert division("341221000000").name == "临泉县"
    assert division("34").parent_code is None


def test_ancestors_lead_from_the_province_down() -> None:
    assert [one.name for one in ancestors(VILLAGE)] == ["安徽省", "阜阳市", "临泉县", "鲖城镇"]
    assert ancestors("34") == ()


def test_villages_of_a_township_in_order() -> None:
    found = villages_of("341221102")
    assert len(found) == 22
    assert [one.code for one in found] == sorted(one.code for one in found)
    assert villages_of("341221102000") == found
    assert villages_of("341221") == ()
    assert villages_of("341221999") == ()


def test_a_village_is_one_though_the_table_lacks_it() -> None:
    assert find(VILLAGE) is not None and can_be_village(VILLAGE)
    assert all(can_be_village(code) for code, one in table._divisions().items() if one.level == "village")
    assert find("341221102999") is None and can_be_village("341221102999"), "a new village of a known township"
    assert can_be_village("341221990001") and can_be_village("341299001001"), "a new township, a new county"


@pytest.mark.parametrize(
    "code",
    ["341221102000", "341221102", "341221000201", "341200102201", "340021102201", "349921102201", "320621102201", "",
     "34122110220x", "３４1221102201"],
)  # fmt: skip
def test_what_leaves_a_level_open_or_lies_elsewhere_is_no_village_of_anhui(code: str) -> None:
    assert not can_be_village(code)


def test_a_township_whose_village_is_left_open_is_told_from_a_village_and_a_county() -> None:
    assert can_be_township("341221102000") and can_be_township("341221990000"), "in the table, and newer than it"
    for code in ("341221102201", "341221000000", "341200000000", "341221102", "320621102000", "", "34122110200x"):
        assert not can_be_township(code), code
    assert is_village_open("341221102000") and not is_village_open("341221102201")


def test_a_code_that_is_not_there_is_unknown_and_never_an_accident() -> None:
    assert find("341221102999") is None
    with pytest.raises(UnknownDivision):
        division("341221102999")
    with pytest.raises(UnknownDivision):
        ancestors("110000000000")


@pytest.mark.parametrize(
    ("prefix", "code", "expected"),
    [
        ("34", VILLAGE, True),
        ("341221000000", VILLAGE, True),
        ("341221102", VILLAGE, True),
        (VILLAGE, VILLAGE, True),
        ("", VILLAGE, True),
        ("341221103", VILLAGE, False),
        (VILLAGE, "341221102", False),
        ("3412", "341221", True),
        ("341200000000", "341221102000", True),
        ("341221", "341200000000", False),
    ],
)
def test_containment_needs_no_table(prefix: str, code: str, expected: bool) -> None:
    assert contains(prefix, code) is expected


@pytest.mark.parametrize("code", ["", "3", "34122", "３４", "34122110220x", "3412211022011"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="division code"):
        pad(code)
