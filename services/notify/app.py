"""Builds notify: group `notify`, people's calls, the loop that tries again. The only file that builds things."""

from services.notify import retry
from services.notify.api import notices
from services.notify.reading import Reading
from services.notify.subscribers import SUBSCRIBERS
from shared.service import Service
from shared.settings import Settings


async def build(settings: Settings) -> Service:
    service = await Service.open(settings)
    service.stream("notify", SUBSCRIBERS)
    service.include(notices.router(service, service.calls([Reading()])))
    service.every("retry", retry.loop(service))
    return service
