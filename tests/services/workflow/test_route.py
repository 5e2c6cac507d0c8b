"""Which office acts at a hop and which is above it: of a village, and of a household whose village nobody knows."""

import pytest

from services.workflow.route import office_at
from services.workflow.supervision import supervisor_of
from tests.tokens import GRID, VILLAGE

TOWNSHIP, COUNTY, CITY = VILLAGE[:9], VILLAGE[:6], VILLAGE[:4]
OPEN = f"{TOWNSHIP}000"


@pytest.mark.parametrize(
    ("hop", "region", "grid", "office", "above"),
    [
        ("village_group", VILLAGE, GRID, GRID, TOWNSHIP),
        ("village_group", VILLAGE, None, VILLAGE, TOWNSHIP),
        ("village_committee", VILLAGE, GRID, VILLAGE, TOWNSHIP),
        ("village_group", OPEN, f"{OPEN}-03", TOWNSHIP, COUNTY),
        ("village_committee", OPEN, f"{OPEN}-00", TOWNSHIP, COUNTY),
        ("village_return", OPEN, None, TOWNSHIP, COUNTY),
        ("township", OPEN, None, TOWNSHIP, COUNTY),
        ("county", OPEN, None, COUNTY, CITY),
    ],
)
def test_an_office_acts_and_the_one_above_it_supervises(
    hop: str, region: str, grid: str | None, office: str, above: str
) -> None:
    assert (office_at(hop, region, grid), supervisor_of(hop, region)) == (office, above)
