"""A demo's sign-in page: one township and one village at a time, the others by their names."""

import re
from datetime import date
from typing import Any

import pytest
from starlette.requests import Request

from deploy.demo.county import plan
from deploy.demo.officers import officers, offices
from services.console.frame import Frame
from services.console.pages.sign_in import listed
from shared.policy.loader import load

PAGE_BYTES_MAX = 200_000


@pytest.fixture(scope="module")
def county() -> list[dict[str, Any]]:
    """Everybody in post in a demo of 40,000 households, as the projection has them."""
    parts = plan(20260101, 40_000, 0)
    houses = {one["office_id"]: one for part in parts for one in offices(part)}
    return [
        one | {"office_kind": house["kind"], "office_zh": house["name"]["zh"], "office_en": house["name"]["en"]}
        for part in parts
        for one in officers(20260101, part, date(2026, 11, 27))
        for house in (houses[one["office_id"]],)
    ]


def page(county: list[dict[str, Any]], place: str = "", asked: str = "") -> str:
    request = Request({"type": "http", "method": "GET", "path": "/sign-in", "query_string": b"", "headers": []})
    facts = listed(county, place, asked)
    answer = Frame(load("regular-2026"), True).page(
        request, None, "sign_in.html", has_issuer=True, csrf="c" * 32, back="/queues", **facts
    )
    return bytes(answer.body).decode()


def test_a_whole_countys_page_is_light_and_everybody_is_on_the_page_of_their_village(
    county: list[dict[str, Any]],
) -> None:
    pages = [page(county, place) for place in ("", *sorted({one["region"] for one in county}))]
    assert max(len(one.encode()) for one in pages) <= PAGE_BYTES_MAX
    shown = {found for one in pages for found in re.findall(r'name="officer_id" value="([^"]+)"', one)}
    assert len(county) > 4_000 and shown == {one["officer_id"] for one in county}


def test_every_village_is_a_link_away_from_its_township_and_every_township_from_any_page(
    county: list[dict[str, Any]],
) -> None:
    start = page(county)
    townships = re.findall(r"place=(\d{9})&", start.replace("&amp;", "&"))
    villages = {
        found for one in townships for found in re.findall(r"place=(\d{12})&", page(county, one).replace("&amp;", "&"))
    }
    assert villages == {one["region"] for one in county if not one["region"].endswith("000")}


def test_a_place_is_found_by_a_part_of_its_name(county: list[dict[str, Any]]) -> None:
    assert [one.name for one in listed(county, "", "大涂庄")["found"]] == ["大涂庄村"]
    assert listed(county, "", "没有这个地方")["found"] == ()
    assert len(listed(county, "", "村")["found"]) == 60
    assert "大涂庄村" in page(county, "", "大涂庄") and 'role="status"' in page(county, "", "没有")


@pytest.mark.parametrize("place", ["nowhere", "999999999", "341221102999", "\x00"])
def test_a_place_without_people_shows_the_first_one(county: list[dict[str, Any]], place: str) -> None:
    assert listed(county, place, "")["village"]
