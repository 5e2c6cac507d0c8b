"""Choosing whom to sign in as is a demo's alone: not over real people's data, whatever the process was told."""

import asyncpg
import httpx

from tests.services.console.scene import COUNTY, Scene, signed_in


async def test_nobody_is_chosen_over_data_that_are_no_demo_s(village: Scene, database: str) -> None:
    officer = f"COUNTY-{COUNTY}-1"
    admin = await asyncpg.connect(database)
    try:
        async with httpx.AsyncClient(base_url=village.console.url) as client:
            await signed_in(client, officer)  # who is known, and a form token that holds
            client.cookies.delete("shouwang_session")
            form = {"csrf": client.cookies["shouwang_form"], "officer_id": officer}
            assert (await client.post("/sign-in", data=form)).headers["location"] == "/queues"
            client.cookies.delete("shouwang_session")
            await admin.execute("UPDATE civil.clock SET is_demo = false")
            assert officer not in (await client.get("/sign-in")).text
            answer = await client.post("/sign-in", data=form)
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
            assert "shouwang_session" not in client.cookies
    finally:
        await admin.execute("UPDATE civil.clock SET is_demo = true")
        await admin.close()
