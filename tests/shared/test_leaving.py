"""A service that is told to stop ends with 0: while its code is still loaded, and with a task that does not end."""

import subprocess
import sys

import pytest

from shared.postgres import SERVICES

TOLD_WHILE_LOADING = """
import os, runpy, signal, sys

class Told:
    def find_spec(self, name, path=None, target=None):
        if name == "services.{service}.app":
            os.kill(os.getpid(), signal.SIGTERM)

sys.meta_path.insert(0, Told())
sys.argv = ["services.{service}"]
runpy.run_module("services.{service}", run_name="__main__", alter_sys=True)
sys.exit("it was not heard")
"""


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_told_to_stop_while_it_is_loaded_ends_in_order(service: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", TOLD_WHILE_LOADING.format(service=service)], capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")


HELD_UP = """
import asyncio, os, signal
from shared import service

service.ALL_LEAVE_SECONDS = 0.3

async def deaf():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            print("held up", flush=True)

async def main():
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, service._told, stop, loop)
    held = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGTERM)
    await stop.wait()

asyncio.run(main())
"""


def test_a_task_that_does_not_end_holds_nobody_up() -> None:
    ended = subprocess.run([sys.executable, "-c", HELD_UP], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0
    assert "held up" in ended.stdout
