"""Builds screening: one group over four topics, and the warnings' pages. The only file that builds things."""

from services.screening import alarm
from services.screening.api import rules, warnings
from services.screening.api.shapes import SHAPES
from services.screening.subscribers import subscribers
from shared.policy import PolicyError, load
from shared.service import Service
from shared.settings import Settings, SettingsError


async def build(settings: Settings) -> Service:
    try:
        policy = load(settings.policy)
    except PolicyError as error:
        raise SettingsError(str(error)) from None
    service = await Service.open(settings)
    service.stream("screening", subscribers(policy))
    service.every("alarm", alarm.loop(service, policy))
    service.include(warnings.router(service, policy), rules.router(service, policy))
    service.shapes = SHAPES
    return service
