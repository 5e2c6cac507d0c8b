"""Hostile calls to every service: tokens that are none for every route, and two hundred bodies for every POST.

Each is answered by a problem document with its code, or by what the call says where it could be meant; never by a 5xx.
"""

import asyncio
import base64
import json
from collections.abc import Awaitable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute

from shared.access.tokens import AUDIENCE, ISSUER, Issuer
from shared.clock import machine_now
from shared.crypto import create_keys
from shared.postgres import SERVICES
from tests import hostile
from tests.journeys.people import couple, id_number
from tests.journeys.road import CADRE, WORKER, Road
from tests.tokens import GRID, VILLAGE

AT_ONCE = 8
HOUR = timedelta(hours=1)
CADRE_OF_GROUP = {"role": "grid_worker", "region": VILLAGE, "grid": GRID, "officer_id": WORKER}


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def no_tokens(keys: Path, other: Path) -> dict[str, str]:
    """Authorization headers that make nobody a caller."""
    ours, theirs = (Issuer((one / "token.key").read_bytes()) for one in (keys, other))
    sound = ours.issue(CADRE_OF_GROUP, HOUR)
    head, claims, signature = sound.split(".")
    return {
        "expired": f"Bearer {ours.issue(CADRE_OF_GROUP, -HOUR)}",
        "of tomorrow": f"Bearer {ours.issue(CADRE_OF_GROUP, HOUR, machine_now() + 24 * HOUR)}",
        "unsigned": f"Bearer {_packed({'alg': 'none', 'typ': 'JWT'})}.{claims}.",
        "unsigned, with a signature": f"Bearer {_packed({'alg': 'none'})}.{claims}.{signature}",
        "of another algorithm": f"Bearer {_packed({'alg': 'HS256'})}.{claims}.{signature}",
        "of another key": f"Bearer {theirs.issue(CADRE_OF_GROUP, HOUR)}",
        "with other claims": f"Bearer {head}.{_packed(_claims(role='county', region='34'))}.{signature}",
        "cut off": f"Bearer {sound[:-20]}",
        "with a NUL": f"Bearer {sound}\x00",
        "none": "",
        "a word": "Bearer x",
        "a password": "Basic dXNlcjpwYXNz",
        "of no UTF-8": "Bearer \xff\xfe\x80",
        "of 5,000 letters": f"Bearer {'x' * 5000}",
    }


def _packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _claims(**more: str) -> dict[str, Any]:
    now = int(machine_now().timestamp())
    return {**CADRE_OF_GROUP, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 3600, **more}


def calls_of(walk: Road, service: str) -> list[tuple[str, str]]:
    """Every route under /v1 that asks who calls, with an address of the right form."""
    asked = walk.services[service]
    routes = [one for one in _routes(asked.http.routes) if one.path.startswith("/v1")]
    routes = [one for one in routes if not one.path.startswith(asked.public)]
    return [(method, _address(one.path)) for one in routes for method in sorted(one.methods or ())]


def _routes(routes: list[Any]) -> Iterator[APIRoute]:
    for one in routes:
        if isinstance(one, APIRoute):
            yield one
        else:
            yield from _routes(getattr(getattr(one, "original_router", None), "routes", []))


def _address(path: str) -> str:
    given = {"{code}": "medical_insurance", "{record_id:path}": "R-1"}
    for name, value in given.items():
        path = path.replace(name, value)
    return "/".join(str(uuid4()) if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize("service", SERVICES)
async def test_no_route_takes_a_token_that_is_none(walk: Road, keys: Path, tmp_path: Path, service: str) -> None:
    create_keys(tmp_path)
    calls = calls_of(walk, service)
    assert len(calls) >= 5, "the routes were found"

    async def one(method: str, path: str, what: str, header: str) -> None:
        answer = await _call(walk, service, method, path, header)
        assert (answer.status_code, _code(answer)) == (401, "unauthenticated"), (what, method, path)

    await _all(one(*call, *token) for call in calls for token in no_tokens(keys, tmp_path).items())


@pytest.mark.parametrize("service", SERVICES)
async def test_a_token_of_another_county_or_role_sees_and_does_nothing(walk: Road, service: str) -> None:
    household_id, task = await _case(walk, 71)
    others = {
        "a county": walk.headers("county", region="341222", officer_id="co-9", capacity="handler"),
        "a village": walk.headers("village", region="341222101201", officer_id="vc-9", capacity="handler"),
        "a grid": walk.headers("grid_worker", region="341222101201", grid="341222101201-01", officer_id="gw-9"),
        "a department": walk.headers("department", region="341222", department="housing"),
        "a farmer": walk.headers("farmer", region=VILLAGE),
    }

    async def one(method: str, path: str, who: str, headers: dict[str, str]) -> None:
        path = _of_case(path, household_id, task["task_id"])
        sent: dict[str, Any] = {"files": {"file": ("a.csv", b"{}")}} if path.endswith("/files") else {"content": b"{}"}
        answer = await walk.clients[service].request(method, path, headers=headers, **sent)
        if answer.status_code >= 300:
            assert answer.status_code in (403, 404, 422), (who, method, path, answer.text)
            _code(answer)
        assert household_id not in answer.text and "H-0071" not in answer.text, (who, method, path)

    await _all(one(*call, *other) for call in calls_of(walk, service) for other in others.items())
    again = await walk.get("workflow", f"/v1/tasks/{task['task_id']}", walk.worker)
    assert (again["state"], again["version"]) == ("open", task["version"])


# ── bodies ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_two_hundred_bodies_for_every_call_that_takes_one(walk: Road) -> None:
    household_id, task = await _case(walk, 72)
    steward = walk.headers("steward", region="341221", officer_id="st-1")
    action = task["actions"][0]
    form = dict(action["form_schema"]["examples"][0])
    del form[action["form_schema"]["required"][0]]  # else one of them could be meant, and the task would be decided
    decision = {"form": form, "action": action["action"], "version": task["version"], "comment": "见走访记录"}
    officer = {
        "officer_id": "gw-72", "name": "王守望", "display_name": "王**", "role": "grid_worker", "region": VILLAGE,
        "grid": GRID, "office_id": GRID, "post": "worker", "since": "2026-01-01", "until": "2026-02-01",
    }  # fmt: skip
    match = {"household_id": household_id, "reason": "按走访核对"}
    posts: list[tuple[str, str, dict[str, str], Any]] = [
        ("workflow", f"/v1/tasks/{task['task_id']}/decisions", walk.worker, decision),
        ("workflow", f"/v1/tasks/{task['task_id']}/claim", walk.cadre, {}),
        ("workflow", "/v1/officers", steward, {"officers": [officer], "grids": [], "offices": []}),
        ("notify", f"/v1/notices/{uuid4()}/read", walk.worker, {}),
        ("intake", f"/v1/households/{household_id}/unmask", walk.county, {"reason": "上门走访"}),
        ("intake", "/v1/identity/bm9uZQ/match", walk.county, match),
        ("intake", "/v1/departments/housing/records", walk.department("housing"), {"record_id": "A", "version": 1}),
        *((name, "/v1/dead-letters/bm9uZQ/skip", steward, {"reason": "不再需要"}) for name in SERVICES),
        *_of_farmers_and_cadres(walk, household_id),
        *_of_people(walk),
    ]  # fmt: skip

    async def one(service: str, path: str, headers: dict[str, str], kind: hostile.Kind) -> None:
        given = headers | {"content-type": "application/json", "idempotency-key": f"{uuid4()}"}
        method, path = ("PUT", path[4:]) if path.startswith("PUT ") else ("POST", path)
        answer = await walk.clients[service].request(method, path, content=kind.raw, headers=given)
        if answer.status_code >= 300:
            assert _code(answer) not in ("internal", "unavailable"), (service, path, kind.name, answer.text)
        elif kind.must and "records" not in path:
            says_nothing = ("/claim", "/read", "/preferences")  # or what it does not say has a default
            assert path.endswith(says_nothing), (service, path, kind.name, "these bodies say nothing")

    for service, path, headers, sound in posts:
        kinds = hostile.calls(sound)
        assert len(kinds) >= hostile.KINDS
        await _all(one(service, path, headers, kind) for kind in kinds)
    await _nothing_was_harmed(walk, task)


Posts = list[tuple[str, str, dict[str, str], Any]]


def _of_farmers_and_cadres(walk: Road, household_id: str) -> Posts:
    """What farmers, windows and cadres send; each lacks what it needs, so that no body of them could be meant."""
    window, system = walk.headers("clerk", region=VILLAGE[:6]), walk.headers("system", region="34")
    receipt = "/v1/declarations/2222222222AA"
    return [
        ("intake", "/v1/declarations", window, {"difficulty": "屋顶漏雨", "channel": "window", "phone": "13955550017"}),
        ("intake", "/v1/declarations/status", window, {"phone_last4": "0017"}),
        ("intake", f"{receipt}/appeals", window, {"phone_last4": "0017"}),
        ("intake", f"{receipt}/withdrawals", window, {"text": "不用了", "phone_last4": "0017"}),
        ("intake", "/v1/objections", window, {"region": VILLAGE, "name": "某某"}),
        ("intake", "/v1/clues", walk.cadre, {"channel": "cadre_visit", "region": VILLAGE, "text": "东屋墙裂了"}),
        ("intake", "/v1/contacts/resolve", system, {"references": [f"household:{household_id}"]}),
        (
            "intake",
            f"/v1/identity/clue:{uuid4()}/match",
            walk.county,
            {"household_id": household_id, "reason": "按走访"},
        ),
    ]


def _of_people(walk: Road) -> Posts:
    """What a township says of its people, a late office of its delay, and an officer of how to be told."""
    township = walk.headers("township", region=VILLAGE[:9], officer_id="tw-1", capacity="handler")
    leave = {"officer_id": WORKER, "since": "2026-12-01", "reason": "annual"}
    return [
        ("workflow", "/v1/leaves", township, leave),
        ("workflow", f"/v1/leaves/{uuid4()}/ends", township, {}),
        ("workflow", f"PUT /v1/grids/{GRID}", township, {"deputy": "gw-none"}),
        ("workflow", f"/v1/supervisions/{uuid4()}/answers", walk.cadre, {"text": "下雨路断"}),
        ("workflow", f"/v1/supervisions/{uuid4()}/closures", township, {"text": "已办"}),
        ("notify", "PUT /v1/preferences", walk.worker, {"language": "zh", "carriers": ["inbox"]}),
    ]


FORMS: tuple[tuple[str, bytes], ...] = (
    ("application/x-www-form-urlencoded", b"csrf=%00&officer_id=%ff%fe&form.visited=%00"),
    ("application/x-www-form-urlencoded", b"=&&&==&csrf"),
    ("application/x-www-form-urlencoded", "officer_id=农户".encode("gbk")),
    ("application/x-www-form-urlencoded", b"&".join(b"form.x[%d]=1" % n for n in range(3000))),
    ("application/x-www-form-urlencoded", b"csrf=" + b"x" * 3_000_000),
    ("application/x-www-form-urlencoded; charset=\xff", b"csrf=1"),
    ("multipart/form-data", b"--x\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n1"),
    ("multipart/form-data; boundary=x", b"--x\r\n\xff\xfe: \x00\r\n\r\n--x--"),
    ("application/json", b"[" * 20_000),
)  # fmt: skip


@pytest.mark.parametrize("is_signed_in", [False, True])
async def test_hostile_forms_on_the_pages(walk: Road, is_signed_in: bool) -> None:
    household_id, task = await _case(walk, 73)
    pages = _pages_with_forms(walk, task_id=task["task_id"], household_id=household_id)
    assert {"/apply", "/files", f"/tasks/{task['task_id']}/decisions"} < pages
    cookies, csrf = await _sign_in(walk) if is_signed_in else ({}, "none")
    kinds = [kind.raw for kind in hostile.calls({"csrf": csrf}) if len(kind.raw) < 3000]
    bodies = [
        *FORMS,
        *((FORMS[0][0], b"csrf=%s&action=advance&version=%s" % (csrf.encode(), raw)) for raw in kinds[::4]),
    ]
    if is_signed_in:
        pages -= {"/sign-out"}
    async with httpx.AsyncClient(base_url=walk.services["console"].url, timeout=20, cookies=cookies) as client:

        async def one(page: str, kind: str, body: bytes) -> None:
            headers = [(b"content-type", kind.encode("latin-1")), (b"accept", b"text/html")]
            answer = await client.post(page, content=body, headers=headers)
            assert answer.status_code < 500, (page, kind, body[:80], answer.text[:300])

        await _all(one(page, *body) for page in pages for body in bodies)
        odd = [(b"cookie", b"shouwang_session=\xff\xfe; shouwang_form=\x80"), (b"accept-language", b"\xff")]
        for page in ("/queues", "/sign-in", "/households?q=%00%ff", "/account", "/events"):
            answer = await client.get(page, headers=odd)
            assert answer.status_code < 500, page
    await _nothing_was_harmed(walk, task)


def _pages_with_forms(walk: Road, **known: str) -> set[str]:
    """Every page of the console that takes a form, of what there is where it is known."""
    words = {"grid": GRID, "officer": WORKER, "service": "screening", "act": "match", "what": "answer"}
    found = set()
    for route in _routes(walk.services["console"].http.routes):
        if "POST" in (route.methods or ()) and not route.path.startswith("/v1"):
            found.add(route.path.format(**{name: str(uuid4()) for name in route.param_convertors} | words | known))
    return found


# ── shared ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _case(walk: Road, serial: int) -> tuple[str, dict[str, Any]]:
    """A household with an open task of the group; made once."""
    number = f"H-{serial:04d}"
    if not await walk.warnings(number):
        await walk.register(number, couple(serial))
        await walk.send("medical_insurance", walk.settlement(id_number(serial), "9000.00"))
    warning = await walk.warned(number)
    return warning["household_id"], await walk.task(warning["household_id"], "village_group", walk.worker)


def _of_case(path: str, household_id: str, task_id: str) -> str:
    parts = path.split("/")
    for place, part in enumerate(parts[1:], start=1):
        before = parts[place - 1]
        parts[place] = {"households": household_id, "tasks": task_id}.get(before, part)
    return "/".join(parts)


async def _call(walk: Road, service: str, method: str, path: str, authorization: str) -> httpx.Response:
    header = [(b"authorization", authorization.encode("latin-1"))] if authorization else []
    if "\x00" in authorization:
        header = [(b"authorization", authorization.replace("\x00", "%00").encode())]
    return await walk.clients[service].request(method, path, headers=header, content=b"{}")


def _code(answer: httpx.Response) -> str:
    """A problem document's code: with a title and what to do, and the status that the answer has."""
    assert answer.headers["content-type"] == "application/problem+json", (answer.request.url, answer.text[:200])
    told = answer.json()
    assert told["status"] == answer.status_code < 500, (str(answer.request.url), told)
    assert told["title"] and len(told["detail"]) > 10
    for one in told.get("errors", ()):
        assert one["field"] and one["code"] and one["message"]
    return str(told["code"])


async def _all(calls: Iterable[Awaitable[None]]) -> None:
    """A few at a time: the first that fails is told."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def within(call: Awaitable[None]) -> None:
        async with gate:
            await call

    await asyncio.gather(*(within(call) for call in calls))


async def _sign_in(walk: Road) -> tuple[dict[str, str], str]:
    async with httpx.AsyncClient(base_url=walk.services["console"].url, timeout=20) as client:
        await client.get("/sign-in")
        form = {"csrf": client.cookies["shouwang_form"], "officer_id": CADRE, "to": "/queues"}
        assert (await client.post("/sign-in", data=form)).status_code == 303
        page = await client.get("/queues")
        csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        assert csrf
        return dict(client.cookies), csrf


async def _nothing_was_harmed(walk: Road, task: dict[str, Any]) -> None:
    """Everybody is ready, raised no alarm, and every account is equal; the task can still be decided."""
    steward = walk.headers("steward", region="341221")
    for name, service in walk.services.items():
        assert service.unready() == [], name
        failed = service.metrics.alarms.labels(name, "call_failed")._value.get()
        assert failed == 0, f"{name}: a call failed on our side"
        account = await walk.get(name, "/v1/conservation", steward)
        assert all(one["is_equal"] for one in account["read"]), name
    now = await walk.get("workflow", f"/v1/tasks/{task['task_id']}", walk.worker)
    assert now["state"] == "open"
