"""The browser's fixtures: one headless Chromium a session, the whole house for each module."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from deploy.local import fetch
from tests.browser.house import OFFICERS, Village
from tests.journeys.road import road
from tests.until import until

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """SHOUWANG_CHROMIUM, else the first browser of the machine."""
    given = os.environ.get("SHOUWANG_CHROMIUM")
    return given or next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine: install it (apt-get install chromium) or set SHOUWANG_CHROMIUM")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield started
        await started.close()


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages' scripts, checked and unpacked as `up` does it."""
    return fetch.unpack_assets(tmp_path_factory.mktemp("assets"))


@pytest_asyncio.fixture(scope="module")
async def village(browser: Browser, topics: str, database: str, keys: Path, assets: Path) -> AsyncIterator[Village]:
    """Five services, an appointed village, its people known to the sign-in page; no household yet."""
    async with road(topics, database, keys, assets) as built:
        found = Village(built, browser, database)
        await found.appoint()

        async def all_are_known() -> bool:
            text = (await built.clients["console"].get("/sign-in")).text
            return all(f'value="{officer_id}"' in text for officer_id, *_ in OFFICERS)

        await until(all_are_known, 20, "the officers on the sign-in page")
        yield found
