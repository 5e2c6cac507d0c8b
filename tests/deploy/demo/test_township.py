"""The township as a whole: the same from the same seed, the size that was asked for, real places, other every day."""

import ast
from collections import Counter
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest

import deploy.demo
from deploy.demo.township import CODE, Township, generate
from shared.domain.division import villages_of


def grid_sizes(township: Township) -> Counter[str]:
    return Counter(
        f"{record['subject']['region']}-{record['data']['group']:02d}"
        for record in township.register
        if record["kind"] == "household"
    )


def test_the_same_seed_and_day_give_the_same_township(township: Township, today: date) -> None:
    assert asdict(generate(20261001, today)) == asdict(township)


def test_another_seed_gives_other_people_of_the_same_shape(township: Township, other_township: Township) -> None:
    own = {record["data"]["household_no"] for record in township.register if record["kind"] == "household"}
    other = {record["data"]["household_no"] for record in other_township.register if record["kind"] == "household"}
    assert len(own) == len(other) == 3000
    assert not own & other
    assert len(township.records) == len(other_township.records) == 1000


def test_a_household_keeps_its_number_when_more_households_are_asked_for(township: Township, today: date) -> None:
    fewer = [
        r["data"]["household_no"] for r in generate(20261001, today, 600, 200).register if r["kind"] == "household"
    ]
    more = [r["data"]["household_no"] for r in township.register if r["kind"] == "household"]
    assert fewer == more[:600]


def test_households_live_in_the_real_villages_in_grids_of_20_to_100(
    township: Township, other_township: Township
) -> None:
    villages = {village.code for village in villages_of(CODE)}
    assert len(villages) == 22
    for each in (township, other_township):
        sizes = grid_sizes(each)
        assert {grid[:12] for grid in sizes} == villages
        assert min(sizes.values()) >= 20
        assert max(sizes.values()) <= 100


def test_groups_of_a_village_are_numbered_from_one(township: Township) -> None:
    groups: dict[str, set[int]] = {}
    for grid in grid_sizes(township):
        groups.setdefault(grid[:12], set()).add(int(grid[13:]))
    assert all(numbers == set(range(1, len(numbers) + 1)) for numbers in groups.values())


@pytest.mark.parametrize("households", [120, 200, 777, 5000])
def test_any_size_has_sound_grids_and_as_many_records_as_asked_for(households: int, today: date) -> None:
    sample = generate(3, today, households, records=400)
    assert sum(grid_sizes(sample).values()) == households
    assert all(20 <= size <= 100 for size in grid_sizes(sample).values())
    assert len(sample.records) == 400


def test_sizes_that_make_no_township_are_refused_in_words(today: date) -> None:
    for households in (0, 119):
        with pytest.raises(ValueError, match="120 to 640000 households"):
            generate(1, today, households)
    with pytest.raises(ValueError, match="one township has 120 to 5000 households"):
        generate(1, today, 5001)
    with pytest.raises(ValueError, match="fewer records"):
        generate(1, today, 120, records=5000)


@pytest.mark.parametrize(
    "day",
    [date(2027, 1, 1), date(2027, 1, 8), date(2028, 2, 29), date(2026, 6, 30), date(2026, 12, 20), date(2026, 12, 31)],
)
def test_on_every_day_of_the_year_the_answers_are_what_was_meant(day: date) -> None:
    sample = generate(11, day, 1200, 500)
    meant = {intention.household_no: intention.level for intention in sample.intentions}
    given = {a["household_no"]: a["level"] for a in sample.answers if a["kind"] == "household"}
    assert given == meant
    assert all(record["occurred_on"] <= day.isoformat() for _, record in sample.records)


def _imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plain = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    return plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def _files() -> list[Path]:
    return sorted(Path(str(deploy.demo.__file__)).parent.glob("*.py"))


def test_the_sample_imports_nothing_of_the_services_or_the_policy() -> None:
    assert len(_files()) > 10
    for path in _files():
        assert not [name for name in _imported(path) if name.startswith(("services", "shared.policy"))], path.name


def test_the_answers_know_nothing_of_the_stories() -> None:
    """They import each other and nothing else of ours."""
    own = [path for path in _files() if path.name in ("answers.py", "findings.py")]
    assert len(own) == 2
    for path in own:
        found = {name for name in _imported(path) if name.startswith(("deploy", "services", "shared"))}
        assert found <= {"deploy.demo.findings"}


def test_a_planted_import_is_seen(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text("import services.screening\ndef f() -> None:\n    from shared.policy import loader\n")
    assert _imported(planted) >= {"services.screening", "shared.policy"}


def test_only_loading_knows_the_clock_and_the_servers() -> None:
    outside = ("asyncio", "httpx", "aiokafka", "shared.settings", "shared.clock", "time", "uuid", "os", "logging")
    for path in _files():
        if path.name not in ("load.py", "__main__.py"):
            assert not [name for name in _imported(path) if name.startswith(outside)], path.name
