"""Settings: every variable, and one clear sentence for a wrong one."""

import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any, cast

import pytest

from shared.settings import PORTS, Settings, SettingsError

EVERY = {
    "SHOUWANG_KAFKA": "kafka-1:9092, kafka-2:9092",
    "SHOUWANG_POSTGRES": "postgresql://admin:s%20ecret@db:5432/watch",
    "SHOUWANG_KEYS": "/数据/keys 1",
    "SHOUWANG_DEMO": "1",
    "SHOUWANG_PORT": "8203",
    "SHOUWANG_HOST": "0.0.0.0",
    "SHOUWANG_INSTANCE": "workflow-2",
    "SHOUWANG_INTAKE_URL": "https://intake.example/",
    "SHOUWANG_SCREENING_URL": "http://screening:8102",
    "SHOUWANG_WORKFLOW_URL": "http://workflow:8103",
    "SHOUWANG_NOTIFY_URL": "http://notify:8104",
    "SHOUWANG_CONSOLE_URL": "http://console:8100",
    "SHOUWANG_POLICY": "transition-2021-2025",
    "SHOUWANG_PARTITIONS": "12",
    "SHOUWANG_REPLICATION": "3",
    "SHOUWANG_LOG": "DEBUG",
    "SHOUWANG_SMTP": "[::1]:2525",
    "SHOUWANG_SMTP_FROM": "shouwang@fuyang.example",
}


@pytest.mark.parametrize("service", list(PORTS))
def test_the_defaults_are_those_of_the_contract(service: str) -> None:
    settings = Settings.from_environment(service, {})
    assert (
        settings.port
        == {
            "console": 8100,
            "intake": 8101,
            "screening": 8102,
            "workflow": 8103,
            "notify": 8104,
        }[service]
    )
    assert settings.kafka == "127.0.0.1:9192"
    assert ":5532/shouwang" in settings.postgres
    assert settings.policy == "regular-2026"
    assert settings.partitions == 6
    assert not settings.has_slot
    assert not settings.is_demo
    assert settings.intake_url == "http://127.0.0.1:8101"
    assert settings.console_url == "http://127.0.0.1:8100"


def test_every_variable_is_read() -> None:
    settings = Settings.from_environment("workflow", EVERY)
    assert settings == Settings(
        service="workflow",
        kafka="kafka-1:9092,kafka-2:9092",
        postgres="postgresql://admin:s%20ecret@db:5432/watch",
        keys=Path("/数据/keys 1"),
        is_demo=True,
        host="0.0.0.0",
        port=8203,
        instance="workflow-2",
        has_slot=True,
        intake_url="https://intake.example",
        screening_url="http://screening:8102",
        workflow_url="http://workflow:8103",
        notify_url="http://notify:8104",
        console_url="http://console:8100",
        policy="transition-2021-2025",
        partitions=12,
        replication=3,
        log_level="debug",
        smtp=("::1", 2525),
        smtp_from="shouwang@fuyang.example",
    )


def test_a_process_of_no_slot_has_a_name_of_its_own_that_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "县 server_1." + "x" * 200)
    own = Settings.from_environment("screening", {}).instance
    assert own.startswith("screening---server-1.xxx")
    other = "from shared.settings import Settings; print(Settings.from_environment('screening', {}).instance)"
    others = [subprocess.run([sys.executable, "-c", other], capture_output=True, text=True).stdout for _ in range(2)]
    assert len({own, *others}) == 3 and all(others), "no two processes have one name, whatever their numbers"
    told = Settings.from_environment("screening", {"SHOUWANG_INSTANCE": own})
    assert (told.instance, told.has_slot) == (own, True)


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_environment("intake", dict.fromkeys(EVERY, " ")) == Settings.from_environment("intake", {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOUWANG_KAFKA", "kafka"),
        ("SHOUWANG_KAFKA", "kafka:99999"),
        ("SHOUWANG_KAFKA", "a:1,,b:2"),
        ("SHOUWANG_POSTGRES", "mysql://u:hush@h/d"),
        ("SHOUWANG_POSTGRES", "postgresql://u:hush@h"),
        ("SHOUWANG_POSTGRES", "postgresql://u:hush@h:x/d"),
        ("SHOUWANG_DEMO", "maybe"),
        ("SHOUWANG_PORT", "70000"),
        ("SHOUWANG_PORT", "-1"),
        ("SHOUWANG_PORT", "８１０１"),
        ("SHOUWANG_INSTANCE", "a b"),
        ("SHOUWANG_INTAKE_URL", "intake:8101"),
        ("SHOUWANG_CONSOLE_URL", "http://"),
        ("SHOUWANG_NOTIFY_URL", "http://h:x"),
        ("SHOUWANG_POLICY", "../secret"),
        ("SHOUWANG_PARTITIONS", "0"),
        ("SHOUWANG_PARTITIONS", "many"),
        ("SHOUWANG_REPLICATION", "three"),
        ("SHOUWANG_LOG", "loud"),
        ("SHOUWANG_SMTP", "mail.example"),
        ("SHOUWANG_SMTP", "mail.example:0"),
        ("SHOUWANG_SMTP", "a:25,b:25"),
        ("SHOUWANG_SMTP_FROM", "nobody"),
        ("SHOUWANG_SMTP_FROM", "a@b\nBcc: c@d"),
    ],
)
def test_a_wrong_value_is_one_sentence_with_name_and_remedy(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment("intake", {name: value})
    text = str(caught.value)
    assert text.startswith(f"{name} ")
    assert "set it to" in text
    assert "\n" not in text
    assert "hush" not in text


def test_settings_do_not_change_and_do_not_show_a_password() -> None:
    settings = Settings.from_environment("intake", EVERY)
    with pytest.raises(FrozenInstanceError):
        cast(Any, settings).port = 1
    assert "ecret" not in repr(settings)
