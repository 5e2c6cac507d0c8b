"""Builds workflow: group `workflow`, one group a hop, people's calls, the alarm. The only file that builds things."""

from collections.abc import Collection

from services.workflow import alarm, recount
from services.workflow.api import cases, officers, queues, supervisions, tasks
from services.workflow.api.shapes import SHAPES
from services.workflow.deciding import Claiming, Deciding
from services.workflow.grid import Grids
from services.workflow.hops import HOPS
from services.workflow.leave import Ending, Entering
from services.workflow.office import Officers
from services.workflow.subscribers import BY_HOP, subscribers
from services.workflow.supervision import Answering, Closing
from shared.policy import PolicyError, load
from shared.postgres import queries
from shared.service import Service
from shared.settings import Settings, SettingsError

SQL = queries(__file__)

EVERY_HOP: tuple[str, ...] = tuple(HOPS)


def group_of(hop: str) -> str:
    return f"workflow.{hop}"


async def build(settings: Settings, hops: Collection[str] = EVERY_HOP, *, is_whole: bool = True) -> Service:
    """One process. `hops` are those it carries; one that is not whole carries them alone, without API and alarm."""
    service = await Service.open(settings)
    await _refuse_what_is_missing(service)
    for hop in hops:
        service.stream(group_of(hop), BY_HOP[hop])
    if not is_whole:
        return service
    service.stream("workflow", subscribers(settings.policy))
    for hop in HOPS.keys() - set(hops):
        service.knows(group_of(hop), BY_HOP[hop])
    service.shapes = SHAPES
    calls = service.calls([Claiming(), Deciding(), Officers(), Grids(), Entering(), Ending(), Answering(), Closing()])
    service.include(tasks.router(service, calls), cases.router(service), queues.router(service))
    service.include(officers.router(service, calls), supervisions.router(service, calls))
    service.every("alarm", alarm.loop(service))
    service.every("calendar", recount.recounts(service))
    return service


async def _refuse_what_is_missing(service: Service) -> None:
    """A case keeps its policy package and route: without them it could not go on, and nobody would see it.

    Raises SettingsError with the remedy.
    """
    try:
        load(service.settings.policy)
    except PolicyError as error:
        raise SettingsError(str(error)) from None
    for row in await service.worker.fetch(SQL.open_cases):
        found = f"{row['cases']} open case(s) with policy package {row['policy']} at hop {row['hop']}"
        try:
            policy = load(row["policy"])
        except PolicyError as error:
            raise SettingsError(f"There are {found}, but {error}: restore that package.") from None
        if row["hop"] not in policy.hop_names:
            raise SettingsError(f"There are {found}, which is not on its route: restore that hop in the package.")
