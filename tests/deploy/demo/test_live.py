"""The sample through the running house: everyone who must be warned is, and nobody else, for two seeds."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.load import Summary, load
from deploy.demo.register import DEPARTMENT
from deploy.demo.township import SEED
from tests import databases
from tests.journeys.answers import compare, open_warnings, read
from tests.journeys.road import road
from tests.tokens import settings_of
from tests.topics import renew
from tests.until import until


@pytest.mark.parametrize(("seed", "households"), [(SEED, 3000), (SEED + 7, 600)])
async def test_the_answers_come_true_both_ways(
    kafka: str, postgres: str, template: str, keys: Path, tmp_path: Path, seed: int, households: int
) -> None:
    shutil.copytree(keys, tmp_path / "keys")
    await renew(kafka)
    async with databases.fresh(postgres, databases.next_name(), template) as dsn, road(kafka, dsn, keys) as house:
        settings = settings_of(
            "console", kafka, dsn, tmp_path / "keys",
            SHOUWANG_INTAKE_URL=house.services["intake"].url, SHOUWANG_WORKFLOW_URL=house.services["workflow"].url,
        )  # fmt: skip
        summary = await load(settings, seed=seed, households=households)
        answers = read(summary.answers)
        steward = house.headers("steward", region="341221")

        async def has_settled() -> bool:
            """Nothing under way between intake and screening, and intake has read what came over Kafka."""
            intake = await house.get("intake", "/v1/conservation", steward)
            screening = await house.get("screening", "/v1/conservation", steward)
            of_departments = [one for one in intake["read"] if one["topic"].startswith("departments.")]
            read_over_kafka = sum(account["received"] for account in of_departments)
            same = all(screening["applied"][t] == n for t, n in intake["emitted"].items())
            return same and read_over_kafka >= sum(summary.over_kafka.values()) and not intake["outbox"]

        await until(has_settled, 120, "the sample settled")
        differences = compare(answers, await open_warnings(house))
        assert str(differences) == "no difference"

        feeds = {one["department"]: one for one in (await house.get("intake", "/v1/feeds", steward))["items"]}
        for account in (one for one in answers if one["kind"] == "account"):
            told = feeds[account["department"]]
            names = ("received", "accepted", "duplicates", "rejected", "parked")
            both = {name: told["http"][name] + told["kafka"][name] for name in names}
            registered = _registered(summary, account) if account["department"] == DEPARTMENT else 0
            known = {name: account[name] for name in names}
            assert both == known | {name: known[name] + registered for name in ("received", "accepted")}


def _registered(summary: Summary, account: dict[str, Any]) -> int:
    """The register comes from the same office as the failed projects, over HTTP."""
    over_kafka = summary.over_kafka.get(DEPARTMENT, 0)
    return summary.over_http[DEPARTMENT]["received"] + over_kafka - int(account["received"])
