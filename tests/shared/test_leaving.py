"""A service that is told to stop while its code is still loaded ends with 0, like one that was told later."""

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
