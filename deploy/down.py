"""`./shouwang down` and `status`: from another shell, by what the data folder says of its processes."""

import signal
from pathlib import Path

from deploy.local.folder import DataFolder
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.supervise import answers, listens, stop_left_over
from deploy.say import say
from shared.postgres import SERVICES

LEFT_OVER = {"kafka": Kafka.stop_left_over, "postgres": Postgres.stop_left_over}
"""How to stop what is no service, in this order."""
DOWN_SECONDS = 60.0
"""Services 15 s, Kafka 20 s, PostgreSQL 20 s at most; in order it takes 2 to 4."""


def down(data: Path | None) -> None:
    """Stop what runs on the data, supervised or left over by a supervisor that was killed."""
    folder = DataFolder(data)
    if not folder.is_ours():
        say(f"Nothing runs on {folder.path}.")
        return
    supervisor = folder.supervisor()
    if supervisor and folder.is_owned():
        supervisor.send(signal.SIGTERM)
        if not supervisor.has_ended(DOWN_SECONDS):
            supervisor.send(signal.SIGKILL)
            supervisor.has_ended(DOWN_SECONDS)
        say(f"Stopped what ran on {folder.path}.")
    with folder.held() as is_free:
        left = stop_left_over(folder, LEFT_OVER) if is_free else []
    if left:
        say(f"Stopped what a killed supervisor had left running: {', '.join(left)}.")
    elif not supervisor:
        say(f"Nothing runs on {folder.path}.")


def status(data: Path | None) -> bool:
    """A line a process. Whether all is ready, servers of one's own included."""
    folder = DataFolder(data)
    left = folder.left_over() if folder.is_ours() else {}
    if not left:
        say(f"Nothing runs on {folder.path}: start it with ./shouwang up.")
        return False
    supervisor = folder.supervisor()
    say(f"Shouwang on {folder.path}, " + (f"process {supervisor.pid}" if supervisor else "its supervisor was killed"))
    told, all_ready = folder.environment(), True
    for name in SERVICES:
        url = told.get(f"SHOUWANG_{name.upper()}_URL", "")
        is_ready = name in left and answers(int(url.rpartition(":")[2]))
        all_ready = all_ready and is_ready
        state = "ready" if is_ready else ("not ready" if name in left else "not running")
        say(f"  {name:<10} {state:<12} {url}")
    for name in ("postgres", "kafka"):
        where = told.get(f"SHOUWANG_{name.upper()}", "").rpartition("//")[2].partition("/")[0]
        is_open = listens(where)
        all_ready = all_ready and is_open
        say(f"  {name:<10} {'ready' if is_open else 'not ready':<12} {where}")
    return all_ready
