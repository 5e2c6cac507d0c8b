"""Every page: accessible in both languages and themes, narrow screens, weight, headers, numbers, printed, pictured."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.forms import record_visit, report
from tests.browser.house import COUNTY_OFFICER, LOOKS, NARROW, PHONE, SMALL, TOWNSHIP_OFFICER, Theme, Village
from tests.journeys.road import CADRE, SECOND_CADRE, WORKER
from tests.until import until

AT_REST = """async () => {
  for (let all; (all = document.getAnimations()).length; ) await Promise.allSettled(all.map(one => one.finished));
}"""
"""Waits for the last tint of what changed: one that is replaced while it fades does not end, it is cancelled."""


@pytest_asyncio.fixture(scope="module", autouse=True)
async def demo(village: Village) -> dict[str, dict[str, Any]]:
    """A village at work: twelve households warned of, some late, some due, some carried on, one decided."""
    for number in range(1, 13):
        group = {4: 5, 7: 1, 10: 1, 11: 8}.get(number, 3)
        await village.register(number, 1 + number % 5, group, "lifted_out" if number % 3 else "none")
    tasks: dict[str, dict[str, Any]] = {}

    async def opened(number: int, hop: str = "village_group") -> dict[str, Any]:
        found = await village.task(f"H-{number:04d}", hop)
        tasks[f"{hop}:{number}"] = found
        return found

    for number in (1, 2, 3):
        await village.settle(number, f"{20_410 + 1_700 * number}.50")
        await opened(number)
    await village.advance(timedelta(days=7, hours=3))  # overdue
    await village.cover(4, "uninsured")
    await village.cover(5, "paused")
    await opened(4)
    await opened(5)
    await village.advance(timedelta(days=2, hours=12))  # due
    await village.grade(6, "D")
    await village.grade(7, "C")
    for number in (8, 9, 10, 11):
        await village.settle(number, f"{17_000 + 900 * number}.00")
    for number in range(6, 12):
        await opened(number)
    for number in (1, 8, 9):
        task = tasks[f"village_group:{number}"]
        await village.road.decide(task, village.road.worker)
        await opened(number, "village_committee")
    await village.road.post(
        "workflow", f"/v1/tasks/{tasks['village_group:6']['task_id']}/claim", village.road.worker, {}
    )

    committee = tasks["village_committee:9"]["task_id"]
    await village.road.post("workflow", f"/v1/tasks/{committee}/claim", village.road.cadre, {})

    async def are_late() -> bool:
        told = await village.road.get("workflow", "/v1/queues", village.road.county)
        return int(told["overdue"]) >= 2

    await until(are_late, 30, "two overdue")
    return tasks


def pages(demo: dict[str, dict[str, Any]]) -> list[tuple[str, str, str, int]]:
    """(name, who, address, status) of every page of the console, each in its states."""
    group, committee = demo["village_group:6"], demo["village_committee:8"]
    home = demo["village_group:8"]["household_id"]
    return [
        ("queue-worker", WORKER, "/queues", 200),
        ("queue-village", CADRE, "/queues", 200),
        ("queue-filtered", CADRE, "/queues?level=red&lateness=overdue", 200),
        ("queue-county", COUNTY_OFFICER, "/queues", 200),
        ("task-group", WORKER, f"/tasks/{group['task_id']}", 200),
        ("task-not-reached", WORKER, f"/tasks/{group['task_id']}?action=not_reached", 200),
        ("task-committee", CADRE, f"/tasks/{committee['task_id']}", 200),
        ("task-return", CADRE, f"/tasks/{committee['task_id']}?action=return", 200),
        ("task-watched", TOWNSHIP_OFFICER, f"/tasks/{committee['task_id']}", 200),
        ("task-decided", WORKER, f"/tasks/{demo['village_group:8']['task_id']}?done=1", 200),
        ("households", CADRE, "/households?q=H-00", 200),
        ("households-none", CADRE, "/households?q=龘", 200),
        ("timeline-village", CADRE, f"/households/{home}", 200),
        ("timeline-township", TOWNSHIP_OFFICER, f"/households/{home}", 200),
        ("timeline-oldest", TOWNSHIP_OFFICER, f"/households/{home}?order=oldest", 200),
        ("notices", WORKER, "/notices", 200),
        ("notices-empty", COUNTY_OFFICER, "/notices", 200),
        ("waiting-empty", COUNTY_OFFICER, "/waiting", 200),
        ("account", COUNTY_OFFICER, "/account", 200),
        ("forbidden", WORKER, "/account", 403),
        ("not-found", WORKER, "/tasks/00000000-0000-4000-8000-000000000000", 404),
    ]


@pytest.mark.parametrize(("language", "theme"), LOOKS)
async def test_every_page_is_accessible_light_and_whole(
    village: Village, demo: dict[str, dict[str, Any]], language: str, theme: Theme
) -> None:
    async with village.visitor(language=language, theme=theme) as nobody:
        await nobody.open("/sign-in")
        await nobody.is_accessible()
        await nobody.shoot(f"sign-in.{language}.{theme}")
    for who in (WORKER, CADRE, TOWNSHIP_OFFICER, COUNTY_OFFICER):
        async with village.officer(who, language=language, theme=theme) as visitor:
            for name, _, address, status in (one for one in pages(demo) if one[1] == who):
                await visitor.open(address, status)
                await expect(visitor.page.locator("html")).to_have_attribute("lang", language)
                if name == "timeline-township":
                    await visitor.page.locator(".timeline li.data .links a[hx-get]").first.click()
                    await expect(visitor.page.locator(".record").first).to_be_visible()
                await visitor.is_accessible()
                await visitor.shoot(f"{name}.{language}.{theme}")
                if name in ("task-group", "timeline-township"):
                    await visitor.shoot(f"{name}.whole.{language}.{theme}", whole=True)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_no_page_scrolls_sideways_on_a_narrow_phone(
    village: Village, demo: dict[str, dict[str, Any]], language: str
) -> None:
    async with village.visitor(size=NARROW, language=language) as nobody:
        await nobody.open("/sign-in")
    for who in (WORKER, CADRE, TOWNSHIP_OFFICER, COUNTY_OFFICER):
        async with village.officer(who, size=NARROW, language=language) as visitor:
            for _, _, address, status in (one for one in pages(demo) if one[1] == who):
                await visitor.open(address, status)
                await visitor.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
                await visitor.does_not_scroll_sideways()


async def test_a_cadres_phone_is_pictured_and_its_targets_are_large(
    village: Village, demo: dict[str, dict[str, Any]]
) -> None:
    async with village.visitor(size=PHONE) as nobody:
        await nobody.open("/sign-in")
        await nobody.shoot("sign-in.phone")
    for who in (WORKER, CADRE, TOWNSHIP_OFFICER, COUNTY_OFFICER):
        async with village.officer(who, size=PHONE, has_touch=True, is_mobile=True) as visitor:
            for name, _, address, status in (one for one in pages(demo) if one[1] == who):
                await visitor.open(address, status)
                await visitor.shoot(f"{name}.phone")
                small = await visitor.page.evaluate(SMALL)
                assert small == [], f"{name}: {small}"


async def test_what_is_known_of_a_household_goes_along_with_its_form_alone(
    village: Village, demo: dict[str, dict[str, Any]]
) -> None:
    """Beside a short form the panel ends where the path begins, however far the page is moved."""
    async with village.officer(WORKER, size=(1280, 720)) as worker:
        await worker.open(f"/tasks/{demo['village_group:6']['task_id']}?action=not_mine")
        for to in ("#decide", "#way", "#past"):
            await worker.page.locator(to).evaluate("one => one.scrollIntoView()")
            panel, way = await worker.page.evaluate(
                "() => [document.querySelector('.why > div').getBoundingClientRect().bottom,"
                " document.querySelector('.way').getBoundingClientRect().top]"
            )
            assert panel <= way, to


async def test_the_pages_numbers_are_the_calls_numbers(village: Village, demo: dict[str, dict[str, Any]]) -> None:
    road = village.road
    for who, headers in ((WORKER, road.worker), (CADRE, road.cadre), (COUNTY_OFFICER, road.county)):
        async with village.officer(who) as visitor:
            page, told = visitor.page, await road.get("workflow", "/v1/queues", headers)
            counts = await visitor.counts()
            assert counts == {name: told[name] for name in counts}
            assert sum(number for name, number in counts.items() if name != "total") == counts["total"]
            listed = await road.get("workflow", "/v1/tasks", headers, state="open")
            rows = await page.eval_on_selector_all("tr[data-row]", "all => all.map(one => one.dataset.row)")
            assert rows == [f"/tasks/{one['task_id']}" for one in listed["items"]], "same rows, same order"
            for chip in await page.locator(".chip:has([data-count])").all():
                address, number = await chip.get_attribute("href"), await chip.locator("[data-count]").inner_text()
                query = dict(pair.split("=") for pair in (address or "").partition("?")[2].split("&") if pair)
                found = await road.get("workflow", "/v1/tasks", headers, state="open", **query)
                assert int(number) == len(found["items"]), f"{address} leads to what it counts"


async def test_a_task_is_offered_to_whoever_acts_at_its_hop_alone(
    village: Village, demo: dict[str, dict[str, Any]]
) -> None:
    async with village.officer(COUNTY_OFFICER) as county:
        assert await county.page.locator("tr[data-row]").count() > 0
        assert await county.page.locator("form.claim").count() == 0, "the county watches a village's tasks"
    async with village.officer(WORKER) as worker:
        committee = worker.page.locator(f"#t-{demo['village_committee:8']['task_id']}")
        assert await committee.locator("form.claim").count() == 0
        assert await worker.page.locator("form.claim").count() > 0


async def test_the_countys_account_of_the_running_house_is_even(village: Village) -> None:
    steward = village.road.headers("steward", region="341221")

    async def told() -> Any:
        account = await village.road.get("console", "/v1/conservation", steward)
        return account if account["is_settled"] else None

    account = await until(told, 30, "nothing under way")
    assert account["away"] == [] and account["is_equal"], [one for one in account["boundaries"] if not one["is_equal"]]
    assert {one["service"] for one in account["reads"]} >= {"intake", "screening", "workflow", "notify", "console"}
    assert all(one["is_equal"] for one in account["reads"])
    assert {"data.changed", "warning.raised", "stage.advanced", "notice.sent"} <= {
        one["topic"] for one in account["boundaries"] if one["emitted"]
    }
    async with village.officer(COUNTY_OFFICER) as county:
        await county.open("/account")
        shown = await county.page.locator("table.sums").first.locator("tbody tr").all()
        assert len(shown) == len(account["boundaries"])
        sent = {(one["boundary"], one["department"]): one for one in account["sent"]}
        assert sent["http", "medical_insurance"]["received"] > 0, "what a department sent stands in the account"
        rows = await county.page.locator("table.sums").nth(1).locator("tbody tr").all_inner_texts()
        assert len(rows) == len(sent)
        for row, one in zip(shown, account["boundaries"], strict=True):
            cells = [text.replace(",", "") for text in await row.locator("td").all_inner_texts()]
            assert cells[1] == str(one["emitted"]) and cells[6] == "0", cells


async def test_a_list_and_a_case_print_on_a4_without_the_frame(
    village: Village, demo: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    async with village.officer(CADRE, size=(794, 1123)) as cadre:
        page = cadre.page
        task = demo["village_committee:8"]
        for name, address in (
            ("queue", "/queues"),
            ("task", f"/tasks/{task['task_id']}"),
            ("timeline", f"/households/{task['household_id']}"),
        ):
            await cadre.open(address)
            await page.emulate_media(media="print")
            for gone in (".top", ".rail", ".filters", ".bar"):
                assert not await page.locator(gone).first.is_visible(), gone
            await expect(page.locator(".printed").last).to_contain_text("赵**")
            await cadre.shoot(f"{name}.print", whole=True)
            pdf = await page.pdf(prefer_css_page_size=True)
            assert pdf.startswith(b"%PDF") and pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") >= 1
            (tmp_path / f"{name}.pdf").write_bytes(pdf)
            await page.emulate_media(media="screen")


async def test_a_switch_of_language_stays_on_the_page_and_lasts(village: Village) -> None:
    async with village.officer(CADRE) as cadre:
        await cadre.open("/queues?level=red")
        await cadre.page.locator("a.language").click()
        await cadre.page.wait_for_url("**/queues?level=red")
        await expect(cadre.page.locator("html")).to_have_attribute("lang", "en")
        await cadre.open("/households")
        await expect(cadre.page.locator("html")).to_have_attribute("lang", "en")


async def test_the_village_at_work_is_pictured_as_a_task_comes_in(village: Village) -> None:
    """The pictures of the papers: a queue that announces, and a task half filled in."""
    async with village.officer(CADRE, size=(1280, 860), device_scale_factor=1.5) as cadre:
        page = cadre.page
        rows = await page.locator("tr[data-row]").count()
        await village.settle(12, "26810.50")
        await expect(page.locator(".arrivals .news")).to_contain_text("1 条新任务")
        await expect(page.locator("tr[data-row]")).to_have_count(rows)
        await page.evaluate(AT_REST)
        await cadre.shoot("paper-queue")
        await page.goto(f"/tasks/{(await village.task('H-0008', 'village_committee'))['task_id']}")
        await page.locator("input[name='form.visited_on']").fill("2026-12-05")
        for officer_id in (CADRE, WORKER):
            await page.locator(f"label.option:has(input[value='{officer_id}'])").click()
        await page.locator("label.option:has(input[name='form.present'][value='head'])").click()
        await cadre.shoot("paper-task")


async def test_a_page_without_scripts_still_decides(village: Village, demo: dict[str, dict[str, Any]]) -> None:
    async with village.officer(WORKER, java_script_enabled=False) as worker:
        await worker.page.goto(f"/tasks/{demo['village_group:2']['task_id']}")
        seen = (await village.road.get("workflow", "/v1/queues", village.road.worker))["as_of"][:10]
        await report(worker, seen)
        await expect(worker.page.locator(".banner.good")).to_be_visible()
    second = await village.task("H-0002", "village_committee")
    async with village.officer(CADRE, java_script_enabled=False) as cadre:
        await cadre.page.goto(f"/tasks/{second['task_id']}")
        await record_visit(cadre, CADRE, SECOND_CADRE, visited_on=seen)
        await expect(cadre.page.locator(".banner.good")).to_be_visible()
