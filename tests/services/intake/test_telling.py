"""What several reports tell of one household, put together."""

from typing import Any

import pytest

from services.intake.telling import told_home, told_together

TOWNSHIP, VILLAGE = "341221102000", "341221102201"
FIRST = {
    "region": TOWNSHIP, "village_name": "新湖村", "address": "河东岸", "name": "郑候访",
    "contact_person": {"name": "邻居老王", "phone": "13900000002"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("newer", "home", "name", "reach"),
    [
        ({}, "新湖村 河东岸", "郑候访", (None, "邻居老王")),
        ({"region": TOWNSHIP, "address": "桥头"}, "新湖村 桥头", "郑候访", (None, "邻居老王")),
        ({"region": TOWNSHIP, "village_name": "湖西村"}, "湖西村 河东岸", "郑候访", (None, "邻居老王")),
        ({"region": VILLAGE, "address": "3 组"}, "3 组", "郑候访", (None, "邻居老王")),
        ({"region": VILLAGE}, None, "郑候访", (None, "邻居老王")),
        ({"name": "郑新访", "phone": "13900000001"}, "新湖村 河东岸", "郑新访", ("13900000001", None)),
    ],
)
def test_the_newest_word_of_each_kind_counts(
    newer: dict[str, Any], home: str | None, name: str, reach: tuple[str | None, str | None]
) -> None:
    told = told_together([newer, FIRST])
    person = told["contact_person"]
    assert (told_home(told), told["name"], (told["phone"], person and person["name"])) == (home, name, reach)


def test_one_report_is_told_as_it_is() -> None:
    assert {name: told for name, told in told_together([FIRST]).items() if told} == {
        name: told for name, told in FIRST.items() if name != "region"
    }
