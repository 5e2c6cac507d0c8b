"""Two hundred scripts in every field that people and departments fill in: shown as they were written, and none runs."""

import html
import json
from collections.abc import AsyncIterator, Iterator
from html.parser import HTMLParser
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote

import httpx
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.house import COUNTY, COUNTY_OFFICER, STEWARD, TOWNSHIP_OFFICER, Village
from tests.journeys.road import CADRE, WORKER
from tests.tokens import VILLAGE
from tests.until import until

LEAVING = (
    "", '"', "'", '">', "'>", "`>", "</p>", "</title>", "</script>", "</style>", "</option></select>", "-->", "]]>", " "
)  # fmt: skip
"""How a text may try to leave the place where it stands."""
RUNNING = (
    "<script>a()</script>", "<ScRiPt >a()</sCrIpT>", "<script/x>a()</script>", "<img src=x onerror=a()>",
    "<img/src='x'/onerror=a()>", "<svg onload=a()>", "<svg><script>a()</script></svg>", "<body onload=a()>",
    "<details open ontoggle=a()>", "<input autofocus onfocus=a()>", "<video src=x onerror=a()>",
    "<iframe srcdoc='<script>parent.a()</script>'>", "<iframe src=javascript:parent.a()>",
    "<a id=z href=javascript:a()>z</a>", "<object data=javascript:a()>", "<p hx-on:load=a() hx-trigger=load>",
    "<p hx-get=/x hx-trigger=load>", "<style>@import'//x'</style>", "<base href=//x/>",
    "<meta http-equiv=refresh content=0;url=/x>", " onmouseover=a() autofocus onfocus=a() x=",
)  # fmt: skip
ODD = (
    "{{ 7*7 }}", "{% raw %}<script>a()</script>{% endraw %}", "${a()}", "javascript:a()",
    "&lt;script&gt;a()&lt;/script&gt;", "&#60;script&#62;a()&#60;/script&#62;", "%3Cscript%3Ea()%3C/script%3E",
    "\\u003cscript\\u003ea()\\u003c/script\\u003e",
    "＜script＞a()＜/script＞", "<scr<script>ipt>a()</scr</script>ipt>", "<<script>a()//<</script>", "<script>a()",
)  # fmt: skip
TAGS = frozenset({"object", "iframe", "video", "base", "style"})
"""None of our pages has any of these; nor a handler in an attribute."""
LOCAL = ("/", "#", "?", "tel:", "mailto:")
ALSO = ("/sign-in?to", "/queues?office", "/track?no", "/warnings?region", "/clue?household", "/identity?state")
"""Addresses that take a word of anybody's; a search for households gives back what it uses of every one
of the corpus."""
MANY = 24
WORDS_MAX = 480


def corpus() -> list[str]:
    """Each one begins by leaving where it stands, and calls `a` if it is ever run."""
    return [*ODD, *(leave + run for run in RUNNING for leave in LEAVING)]


def packed(count: int) -> Iterator[str]:
    """Texts that hold the whole corpus, again and again, each as many as go into a field."""
    scripts = cycle(corpus())
    one = next(scripts)
    for _ in range(count):
        text = ""
        while len(text) + len(one) < WORDS_MAX:
            text += one
            one = next(scripts)
        yield text


@pytest_asyncio.fixture(scope="module")
async def sown(village: Village) -> AsyncIterator[dict[str, list[str]]]:
    """The corpus in every field; what of it was taken, by address of the pages that show it."""
    await _officers(village)
    homes, tasks = [], []
    texts = packed(10_000)
    names = cycle(one for one in corpus() if len(one) <= 50)
    for number in range(MANY):
        body = {
            "region": VILLAGE,
            "text": next(texts),
            "channel": "cadre_visit",
            "concern": ["unsafe_house"],
            "level": "red",
        }
        await village.road.post(
            "intake", "/v1/clues", village.road.cadre, body | {"subject": {"name": next(names)}}, 201
        )
        declared = {
            "region": VILLAGE, "difficulty": next(texts), "channel": "window", "name": next(names),
            "phone": f"1390558{number:04d}", "concerns": ["unsafe_house"], "address": next(names),
        }  # fmt: skip
        clerk = village.road.headers("clerk", region=VILLAGE[:9], officer_id="cl-1")
        await village.road.post("intake", "/v1/declarations", clerk, declared, 201)
    await village.register(1)
    for number in range(3):
        data = {"grade": "D", "cause": next(texts)[:200], "inspected_on": "2026-11-03"}
        nobody = village.road.record("house_grade", {"household_no": f"H-09{number:02}", "name": next(names)}, data)
        await village.road.clients["intake"].post(
            "/v1/departments/housing/records", content=json.dumps(nobody).encode(),
            headers=village.road.department("housing") | {"content-type": "application/x-ndjson"},
        )  # fmt: skip
    for name in islice(names, 6):
        file = (name, f"record_id,{name}\r\n{name},{name}\r\n".encode(), "text/csv")
        answer = await village.road.clients["intake"].post(
            "/v1/departments/housing/files", files={"file": file}, headers=village.road.department("housing")
        )
        assert answer.status_code in (201, 202, 422, 429), answer.text

    async def all_have_come() -> list[dict[str, Any]]:
        found = (await village.road.get("workflow", "/v1/tasks", village.road.cadre, limit="200"))["items"]
        return list(found) if len(found) >= MANY else []

    for one in await until(all_have_come, 60, "a task for each"):
        homes.append(one["household_id"])
        tasks.append(one["task_id"])
    decided = [await _decide(village, task_id, texts) for task_id in tasks[: MANY // 2]]
    assert 200 in decided, decided
    yield {"homes": homes, "tasks": tasks}


async def _officers(village: Village) -> None:
    """An officer and an office for each script: their names stand on many pages, and on the sign-in page."""
    short = [one for one in corpus() if len(one) <= 64]
    register = {
        "offices": [
            {
                "office_id": f"{VILLAGE}-{at + 100}", "kind": "village_group", "region": VILLAGE,
                "name": {"zh": one, "en": one},
            }
            for at, one in enumerate(short)
        ],
        "officers": [
            {
                "officer_id": f"x-{at}", "name": one, "display_name": one, "role": "village", "region": VILLAGE,
                "office_id": VILLAGE, "capacity": "handler", "post": "member", "since": "2026-01-01",
            }
            for at, one in enumerate(short)
        ],
        "grids": [],
    }  # fmt: skip
    await village.road.post("workflow", "/v1/officers", village.road.headers("steward", region=COUNTY), register)


async def _decide(village: Village, task_id: str, texts: Iterator[str]) -> int:
    """Takes the task's ordinary way on, with scripts wherever words are asked for. Returns the answer's status."""
    headers = village.road.cadre
    task = await village.road.get("workflow", f"/v1/tasks/{task_id}", headers)
    action = task["actions"][0]
    form = dict(action["form_schema"]["examples"][0])
    for name, told in action["form_schema"]["properties"].items():
        if told.get("type") == "string" and not {"enum", "format", "pattern", "const"} & told.keys():
            form[name] = next(texts)[: told.get("maxLength", WORDS_MAX)]
    body = {"action": action["action"], "form": form, "version": task["version"], "comment": next(texts)}
    answer = await village.road.clients["workflow"].post(f"/v1/tasks/{task_id}/decisions", json=body, headers=headers)
    return answer.status_code


async def test_the_corpus_is_two_hundred_scripts_that_do_run_where_nothing_stops_them(browser: Browser) -> None:
    assert len(corpus()) >= 200 and len(set(corpus())) == len(corpus())
    page = await browser.new_page()
    await _watched(page)
    for one in RUNNING[:13]:
        await page.goto(f"data:text/html,{quote(f'<p>{one}</p>')}")
        await page.wait_for_function("window.ran > 0")
    await page.close()


async def _watched(page: Page) -> None:
    await page.add_init_script("window.ran = 0; window.a = () => { window.ran += 1 }")


async def test_no_script_runs_on_any_page_that_shows_what_people_wrote(
    village: Village, sown: dict[str, list[str]]
) -> None:
    shown = 0
    for who, addresses in _pages(sown).items():
        async with village.officer(who) as visitor:
            await _watched(visitor.page)
            for address in addresses:
                answer = await visitor.page.goto(address)
                assert answer is not None and answer.status < 500, address
                assert "default-src 'none'" in answer.headers["content-security-policy"], address
                text = await visitor.page.content()
                assert planted(text) == [], address
                assert await visitor.page.evaluate("window.ran") == 0, address
                shown += html.unescape(text).count("a()")
            visitor.errors = [one for one in visitor.errors if "status of 40" not in one]
    assert shown > 1000, "the scripts were there to be read"


def _pages(sown: dict[str, list[str]]) -> dict[str, list[str]]:
    homes = [f"/households/{one}" for one in sown["homes"][:MANY]]
    tasks = [f"/tasks/{one}" for one in sown["tasks"][:MANY]]
    lists = ["/queues", "/households", "/warnings", "/notices", "/clue", "/late"]
    return {
        CADRE: [*lists, *tasks, *homes[:4], "/identity"],
        WORKER: ["/queues", *tasks[:2]],
        TOWNSHIP_OFFICER: [*lists, "/people", f"/people/offices/{VILLAGE}", "/people/officers/x-3", *homes],
        COUNTY_OFFICER: [*lists, "/feeds", "/files", "/identity", "/account", "/waiting", *homes[:4]],
        STEWARD: ["/sign-in", "/people", "/feeds", "/files", "/waiting", "/account"],
    }


async def test_what_an_address_says_is_shown_as_it_was_said(village: Village, sown: dict[str, list[str]]) -> None:
    async with village.officer(COUNTY_OFFICER) as county:
        cookies = {one["name"]: one["value"] for one in await county.context.cookies()}
    async with httpx.AsyncClient(
        base_url=village.console, cookies=cookies, timeout=30, follow_redirects=True
    ) as client:
        for at, script in enumerate(corpus()):
            told = quote(script, safe="")
            for page in (f"/households?q={told}", f"{ALSO[at % len(ALSO)]}={told}"):
                answer = await client.get(page)
                assert answer.status_code < 500, page
                assert planted(answer.text) == [], page


def planted(page: str) -> list[str]:
    """Tags and attributes that none of our pages has: what of a script became part of the page."""
    reader = _Reader()
    reader.feed(page)
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = dict(attributes)
        is_ours = tag != "script" or str(told.get("src", "")).startswith("/static/")
        if tag in TAGS or not is_ours or "http-equiv" in told:
            self.found.append(f"<{tag}>")
        for name, value in attributes:
            if name.startswith(("on", "hx-on")) or name == "srcdoc" or (tag == "p" and name.startswith("hx-")):
                self.found.append(f"{tag} {name}")
            if name in ("href", "src", "action", "hx-get") and not str(value).startswith(LOCAL):
                self.found.append(f"{tag} {name}={value}")


def test_the_reader_finds_what_a_page_without_escapes_would_hold() -> None:
    for run in RUNNING[:-1]:
        assert planted(f"<p>{run}</p>"), run
    for run in RUNNING:
        assert planted(f"<p>{html.escape(run)}</p>") == []
