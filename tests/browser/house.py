"""A village as its people see it: the whole house in this loop, one Chromium, and whoever signs in to it."""

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import asyncpg
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Response

from services.console.session import LANGUAGE_COOKIE
from tests.journeys.people import id_number
from tests.journeys.road import CADRE, DEPUTY, SECOND_CADRE, TOWNSHIP, WORKER, Road
from tests.tokens import GRID, VILLAGE

Theme = Literal["light", "dark"]

COUNTY = "341221"
TOWNSHIP_OFFICER, COUNTY_OFFICER, STEWARD = "to-1", "co-1", "st-1"
TOWNSHIP_APPROVER, COUNTY_HANDLER, DEPARTMENT_OFFICER = "to-2", "co-2", "dm-1"
DEPARTMENT = f"{COUNTY}-medical_insurance"
DESK, PHONE, NARROW = (1440, 900), (390, 844), (360, 740)
PAGE_BYTES_MAX = 150_000
LOOKS: list[tuple[str, Theme]] = [("zh-CN", "light"), ("zh-CN", "dark"), ("en", "light"), ("en", "dark")]
TWO_LOOKS = (LOOKS[0], LOOKS[3])
SMALL = """() => [...document.querySelectorAll('main button, label.option, nav.rail a, main a.plain, main a.main-act')]
  .filter(one => one.offsetParent && one.getBoundingClientRect().height < 47.5)
  .map(one => one.textContent.trim() + ' ' + one.getBoundingClientRect().height)"""
"""What is too small for a thumb."""
BY_MACHINE = """() => {
  const found = [], words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let one = words.nextNode(); one; one = words.nextNode())
    if (/(?<![\\w-])\\d{4}-\\d\\d(-\\d\\d)?(?![\\w-])/.test(one.data) && !one.parentElement.closest('.whole, script'))
      found.push(one.data.trim())
  return found
}"""
"""What is dated as machines do it; but for what a package cites: a day of that is kept whole on its line."""
NAMED_TWICE = """() => [...document.querySelectorAll('[id]')].map(one => one.id)
  .filter((id, at, every) => every.indexOf(id) !== at)"""
"""Ids that a page has more than once: what points to one leads to the first."""
NAMES = (
    "张守信",
    "李长河",
    "王桂兰",
    "刘广田",
    "陈秀英",
    "杨德胜",
    "黄春生",
    "周玉梅",
    "吴大山",
    "徐国强",
    "孙兰花",
    "马福来",
)
SCREENSHOTS = Path(os.environ.get("SHOUWANG_SCREENSHOTS", Path(tempfile.gettempdir()) / "shouwang-screenshots"))
"""Where pictures of pages are kept as artefacts of a test run."""

GROUPS = (1, 3, 5, 8)
"""Only group 3 has a grid worker; the others' tasks fall to the village's office."""
OFFICES = (
    (COUNTY, "county", COUNTY, "临泉县农业农村局", "Linquan county office"),
    (DEPARTMENT, "department", COUNTY, "临泉县医疗保障局", "Linquan medical insurance"),
    (TOWNSHIP, "township", TOWNSHIP, "鲖城镇人民政府", "Tongcheng township office"),
    (VILLAGE, "village_committee", VILLAGE, "大涂庄村村委会", "Datuzhuang village committee"),
    *(
        (f"{VILLAGE}-{n:02}", "village_group", VILLAGE, f"大涂庄村第 {n} 组", f"Datuzhuang village, group {n}")
        for n in GROUPS
    ),
)
OFFICERS = (
    (COUNTY_OFFICER, "程思远", "county", COUNTY, None, COUNTY, "member", "approver"),
    (COUNTY_HANDLER, "洪立新", "county", COUNTY, None, COUNTY, "member", "handler"),
    (DEPARTMENT_OFFICER, "卢保民", "department", COUNTY, None, DEPARTMENT, "member", "handler"),
    (STEWARD, "石守成", "steward", COUNTY, None, COUNTY, "member", None),
    (TOWNSHIP_OFFICER, "方晓明", "township", TOWNSHIP, None, TOWNSHIP, "member", "handler"),
    (TOWNSHIP_APPROVER, "任守责", "township", TOWNSHIP, None, TOWNSHIP, "member", "approver"),
    (CADRE, "赵建国", "village", VILLAGE, None, VILLAGE, "leader", "handler"),
    (SECOND_CADRE, "钱秋菊", "village", VILLAGE, None, VILLAGE, "member", "reviewer"),
    (WORKER, "王守望", "grid_worker", VILLAGE, GRID, GRID, "worker", None),
    (DEPUTY, "李相助", "grid_worker", VILLAGE, GRID, GRID, "deputy", None),
)


@dataclass
class Village:
    """The house, its road from outside, and the browser in which people open its pages."""

    road: Road
    browser: Browser
    database: str

    @property
    def console(self) -> str:
        return self.road.services["console"].url

    async def appoint(self) -> None:
        """The village of the road with its real name, its township and its county."""
        register = {
            "offices": [
                {"office_id": id_, "kind": kind, "region": region.ljust(12, "0"), "name": {"zh": zh, "en": en}}
                for id_, kind, region, zh, en in OFFICES
            ],
            "grids": [
                {"grid": id_, "region": region, "office_id": id_}
                for id_, kind, region, *_ in OFFICES
                if kind == "village_group"
            ],
            "officers": [
                {
                    "officer_id": id_, "name": name, "display_name": f"{name[0]}**", "role": role,
                    "region": region.ljust(12, "0"),
                    "grid": grid, "office_id": office, "capacity": capacity, "post": post, "since": "2026-01-01",
                }
                for id_, name, role, region, grid, office, post, capacity in OFFICERS
            ],
        }  # fmt: skip
        steward = self.road.headers("steward", region=COUNTY)
        await self.road.post("workflow", "/v1/officers", steward, register)

    async def register(self, number: int, size: int = 3, group: int = 3, poverty: str = "lifted_out") -> str:
        """Household `number`. Returns its number in the register."""
        head = NAMES[number % len(NAMES)]
        kin = (("配偶", "女", "何秀兰"), ("之子", "男", f"{head[0]}文杰"), ("之女", "女", f"{head[0]}小雨"),
               ("之父", "男", f"{head[0]}保国"), ("之母", "女", "郑桂英"))  # fmt: skip
        members = [
            {
                "name": head, "id_no": id_number(number), "relation": "户主", "sex": "男", "health": "健康",
                "labour": "普通劳动力", "phone": f"1390558{number:04d}",
            },
            *(
                {
                    "name": name, "id_no": id_number(number + 100 * at), "relation": relation,
                    "sex": sex, "health": "健康", "labour": "普通劳动力",
                }
                for at, (relation, sex, name) in enumerate(kin[: size - 1], start=1)
            ),
        ]  # fmt: skip
        household_no = f"H-{number:04d}"
        data = {
            "household_no": household_no,
            "group": group,
            "members": members,
            "poverty_history": {"status": poverty, "year": 2018} if poverty == "lifted_out" else {"status": "none"},
        }
        record = self.road.record("household", {"household_no": household_no}, data, occurred_on="2026-01-05")
        assert (await self.road.send("rural_revitalization", record))["accepted"] == 1
        return household_no

    async def settle(self, number: int, yuan: str = "20410.50") -> dict[str, Any]:
        """A settlement of household `number`, sent over HTTP. Returns the record."""
        record = self.road.settlement(id_number(number), yuan)
        assert (await self.road.send("medical_insurance", record))["accepted"] == 1
        return record

    async def cover(self, number: int, status: str) -> None:
        record = self.road.record("cover", {"id_no": id_number(number)}, {"status": status, "year": 2026})
        assert (await self.road.send("medical_insurance", record))["accepted"] == 1

    async def grade(self, number: int, grade: str) -> None:
        data = {"grade": grade, "cause": "墙体开裂", "inspected_on": "2026-11-03"}
        record = self.road.record("house_grade", {"household_no": f"H-{number:04d}"}, data)
        assert (await self.road.send("housing", record))["accepted"] == 1

    async def task(self, household_no: str, hop: str = "village_group") -> dict[str, Any]:
        """The open task of a household at a hop, as the village reads it."""
        warning = await self.road.warned(household_no)
        return await self.road.task(warning["household_id"], hop, self.road.cadre)

    async def advance(self, by: timedelta) -> None:
        """The demo's clock moves on."""
        connection = await asyncpg.connect(self.database)
        try:
            await connection.execute("UPDATE civil.clock SET is_demo = true")
            await connection.execute("SELECT civil.advance($1)", by)
        finally:
            await connection.close()

    @contextlib.asynccontextmanager
    async def visitor(
        self, size: tuple[int, int] = DESK, theme: Theme = "light", language: str = "zh-CN", **how: Any
    ) -> AsyncIterator["Visitor"]:
        """Somebody with a browser of their own, not signed in. Fails afterwards on any error in the console."""
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=theme, locale=language, base_url=self.console,
            timezone_id="Asia/Shanghai", **how,
        )  # fmt: skip
        context.set_default_timeout(15_000)
        if language != "zh-CN":
            await context.add_cookies([{"name": LANGUAGE_COOKIE, "value": language, "url": self.console}])
        one = Visitor(context, await context.new_page())
        one.listen()
        try:
            yield one
            assert one.errors == [], one.errors
        finally:
            await context.close()

    @contextlib.asynccontextmanager
    async def officer(self, officer_id: str, **how: Any) -> AsyncIterator["Visitor"]:
        """An officer, signed in through the page."""
        async with self.visitor(**how) as one:
            await one.sign_in(officer_id)
            yield one


@dataclass
class Visitor:
    context: BrowserContext
    page: Page
    errors: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("pageerror", lambda error: self.errors.append(f"script: {error}"))
        self.page.on(
            "console", lambda said: self.errors.append(f"console: {said.text}") if said.type == "error" else None
        )

    async def sign_in(self, officer_id: str) -> None:
        await self.page.goto("/sign-in")
        await self.page.locator(f"button[value='{officer_id}']").click()
        await self.page.wait_for_url("**/queues")

    async def open(self, address: str, status: int = 200) -> Response:
        """A page, with what must be so on every one: its weight, its headers, no sideways scroll."""
        answer = await self.page.goto(address)
        assert answer is not None and answer.status == status, (address, answer and answer.status)
        if status >= 400:
            self.errors = [one for one in self.errors if f"status of {status}" not in one]
        assert len(await answer.body()) <= PAGE_BYTES_MAX
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        await self.does_not_scroll_sideways()
        await self.says_days_in_words()
        await self.names_nothing_twice()
        return answer

    async def says_days_in_words(self) -> None:
        found = await self.page.evaluate(BY_MACHINE)
        assert found == [], f"{self.page.url} says {found}"

    async def names_nothing_twice(self) -> None:
        found = await self.page.evaluate(NAMED_TWICE)
        assert found == [], f"{self.page.url} has these ids twice: {found}"

    async def totals(self) -> list[int]:
        """The numbers of the page's totals: the parts, then the whole."""
        await self.page.locator(".totals").wait_for()
        return [int(text.replace(",", "")) for text in await self.page.locator(".totals b").all_inner_texts()]

    async def does_not_scroll_sideways(self) -> None:
        wide = await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px too wide"

    async def is_accessible(self) -> None:
        """No serious or critical finding of axe."""
        found = await Axe().run(self.page)
        bad = [
            f"{one['id']}: {node['target']} {node['failureSummary']}"
            for one in found.response["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]
        assert bad == [], f"{self.page.url}: {bad}"

    async def shoot(self, name: str, *, whole: bool = False) -> Path:
        """Keep a picture; a whole page is drawn in a window of its height, so that what sticks stands where it ends."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path, before = SCREENSHOTS / f"{name}.png", self.page.viewport_size
        if whole and before:
            height = await self.page.evaluate("document.documentElement.scrollHeight")
            await self.page.set_viewport_size({"width": before["width"], "height": height})
        await self.page.evaluate("window.scrollTo(0, 0)")
        await self.page.screenshot(path=path)
        if before:
            await self.page.set_viewport_size(before)
        return path

    async def counts(self) -> dict[str, int]:
        """The totals as the page says them."""
        found = await self.page.eval_on_selector_all(
            ".totals [data-count]", "all => all.map(one => [one.dataset.count, one.textContent])"
        )
        return {name: int(number) for name, number in found}
