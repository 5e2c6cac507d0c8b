"""Workflow from outside: facts over Kafka, people's calls with tokens."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer

from shared.messaging.room import Input
from tests.outside import FromOutside, Headers
from tests.services.workflow.house import as_input, emit_of, warning_state
from tests.until import until


@dataclass
class Outside(FromOutside):
    @property
    def cadre(self) -> Headers:
        return self.headers("village", "vc-1")

    @property
    def county(self) -> Headers:
        return self.headers("county", "co-1")

    async def publish(self, topic: str, word: str, key: UUID, data: Any, **place: str) -> None:
        number = self.next_number(topic, str(key))
        await publish(self.kafka, as_input(emit_of(topic, word, str(key), data, number, **place), number))

    async def warn(self, house: UUID, level: Any = "yellow", word: str = "raised", **how: Any) -> None:
        place = {name: how.pop(name) for name in ("region", "grid") if name in how}
        await self.publish("warning.raised", word, house, warning_state(house, level, **how), **place)

    async def task(self, house: UUID, hop: str, headers: Headers) -> Any:
        async def found() -> Any:
            return (await self.get("/v1/tasks", headers, hop=hop, state="open", household=str(house)))["items"]

        [item] = await until(found, 20, f"a task at {hop}")
        return await self.get(f"/v1/tasks/{item['task_id']}", headers)

    async def decide(
        self, task: Any, headers: Headers, status: int = 200, action: str | None = None, **more: Any
    ) -> Any:
        """By the example that the task itself gives; its first action unless another is named."""
        offered = {one["action"]: one for one in task["actions"]}
        one = offered.get(action or "", task["actions"][0])
        form = one["form_schema"]["examples"][0]
        body = {"action": action or one["action"], "form": form, "version": task["version"]}
        return await self.post(f"/v1/tasks/{task['task_id']}/decisions", headers, body | more, status)


async def publish(bootstrap: str, *inputs: Input) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    for input in inputs:
        assert input.record is not None
        await producer.send_and_wait(
            input.topic, input.record.value, key=input.key.encode(), headers=input.record.headers
        )
    await producer.stop()
