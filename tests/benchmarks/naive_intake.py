"""Intake the naive way, for comparison: a record a transaction, published from the handler, as a tutorial has it.

The same bodies, the same checks, the same matching, sealing, tables and durability; its facts are published before the
commit and are not numbered. `python -m tests.benchmarks.naive_intake`, with a service's environment.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from faststream.kafka import KafkaBroker

from services.intake.arrival import arrive
from services.intake.record import Origin, Refused, RejectionRow, insert_rejections, parse
from services.intake.scene import load_scene, save_scene
from services.intake.vault import Vault
from shared import postgres
from shared.access.tokens import Verifier
from shared.clock import machine_now
from shared.crypto import read_keys
from shared.messaging.outbox import serialise
from shared.messaging.room import Decided, Input, Unit
from shared.settings import Settings
from shared.web.callers import Bearer


def app(settings: Settings) -> FastAPI:
    keys = read_keys(settings.keys)
    vault = Vault.of(keys)
    broker = KafkaBroker(settings.kafka, enable_idempotence=True)

    @asynccontextmanager
    async def life(http: FastAPI) -> AsyncIterator[None]:
        http.state.pool = await postgres.worker_pool(settings.postgres, "intake", keys.database, size=8)
        async with broker:
            yield

    http = FastAPI(lifespan=life)
    http.add_middleware(Bearer, verifier=Verifier(keys.token_public), now=machine_now)

    @http.get("/readyz")
    async def ready() -> dict[str, str]:
        return {}

    @http.post("/v1/departments/{code}/records")
    async def send(code: str, request: Request) -> JSONResponse:
        outcomes: Counter[str] = Counter()
        for line, raw in enumerate((await request.body()).splitlines(), 1):
            outcomes[await take(http, code, line, raw)] += 1
        return JSONResponse(outcomes, 202)

    async def take(http: FastAPI, code: str, line: int, raw: bytes) -> str:
        sent = parse(raw, code, Origin("http", "341221", line=line), vault)
        async with postgres.session(http.state.pool) as connection, connection.transaction():
            now = await connection.fetchval("SELECT civil.now()")
            if isinstance(sent, Refused):
                await insert_rejections(connection, [RejectionRow(sent, line)], now)
                return "rejected"
            await connection.execute("INSERT INTO keys (key) VALUES ($1) ON CONFLICT DO NOTHING", sent.key)
            digest = await connection.fetchval("SELECT digest FROM keys WHERE key = $1 FOR UPDATE", sent.key)
            unit = Unit(connection, now, {sent.key: digest}, {})
            state = await load_scene(unit, [sent], vault)
            decision = arrive(state, sent, line, now, None)
            await save_scene(unit, state, [Decided(Input(code, "", None, sent), decision)], vault)
            for key, head in decision.digests.items():
                await connection.execute("UPDATE keys SET digest = $2 WHERE key = $1", key, head)
            for emit in decision.emits:
                await broker.publish(serialise(emit, "/intake", 1, now), emit.topic, key=emit.key.encode())
            return decision.outcome

    return http


if __name__ == "__main__":
    told = Settings.from_environment("intake")
    uvicorn.run(app(told), host="127.0.0.1", port=told.port, log_level="error", access_log=False)
