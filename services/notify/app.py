"""Builds notify: group `notify`, people's calls, and the loops. The only file that builds things."""

import httpx

from services.notify import retry, sending, unread
from services.notify.address import Intake
from services.notify.api import notices, preferences
from services.notify.api.shapes import SHAPES
from services.notify.carriers import email
from services.notify.contact import Preferring
from services.notify.delivery import Delivering
from services.notify.hearing import Hearing
from services.notify.reading import Reading
from services.notify.sending import Claiming, Desk, Settling
from services.notify.subscribers import subscribers
from shared.access.tokens import Issuer
from shared.policy import PolicyError, load
from shared.service import Service
from shared.settings import Settings, SettingsError


async def build(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> Service:
    """Notify of these settings; without a mail server the inbox is its only carrier. `transport` stands for intake."""
    try:
        policy = load(settings.policy)
    except PolicyError as error:
        raise SettingsError(str(error)) from None
    service = await Service.open(settings)
    hearing = Hearing(policy, frozenset({email.NAME} if settings.smtp else ()))
    service.stream("notify", subscribers(hearing))
    service.include(
        notices.router(service, service.calls([Reading()]), service.calls([Delivering()], as_worker=True)),
        preferences.router(service, service.calls([Preferring()], as_worker=True), hearing),
    )
    service.shapes = SHAPES
    service.every("retry", retry.loop(service, hearing))
    service.every("unread", unread.escalating(service, hearing))
    if settings.smtp is not None:
        intake = Intake(settings.intake_url, Issuer(service.keys.token_private), transport)
        service.closers.append(intake.close)
        work = service.calls([Claiming(), Settling()], as_worker=True)
        desk = Desk(work, settings.smtp, settings.smtp_from, settings.console_url, service.cipher, intake)
        service.every("sending", sending.sending(service, desk))
    return service
