"""The closed table of roles."""

from typing import Any, cast, get_args

import pytest

from shared.access.roles import ACTS_AT, MAY, ROLES, Action, Role, grade, may, may_act_at
from shared.access.tokens import Caller
from shared.contracts.types import Hop

BELOW_TOWNSHIP = {"farmer", "clerk", "hotline", "group_leader", "grid_worker", "resident_team", "village"}


def _caller(role: str) -> Caller:
    return Caller("o-1", cast(Role, role), "341221")


def test_every_action_is_in_the_table_once_and_names_known_roles_only() -> None:
    assert set(MAY) == set(get_args(Action))
    for action, roles in MAY.items():
        assert roles, action
        assert roles <= set(ROLES), action


def test_every_hop_has_somebody_who_acts_there() -> None:
    assert set(ACTS_AT) == set(get_args(Hop))
    assert all(roles and roles <= MAY["task.decide"] for roles in ACTS_AT.values())


def test_a_misspelt_action_neither_passes_nor_quietly_refuses() -> None:
    with pytest.raises(KeyError):
        may(_caller("county"), cast(Any, "task.decid"))


@pytest.mark.parametrize("role", ["city", "province", "auditor"])
def test_who_supervises_or_audits_changes_nothing(role: str) -> None:
    changing = {action for action in MAY if not action.endswith(".read")}
    assert {action for action in changing if may(_caller(role), cast(Any, action))} <= {
        "preference.write",
        "supervision.close",
    }
    assert not any(may_act_at(_caller(role), hop) for hop in get_args(Hop))


def test_a_farmer_files_and_reads_nothing_of_others() -> None:
    assert {action for action in MAY if may(_caller("farmer"), cast(Any, action))} == {"declaration.file"}


def test_contacts_are_resolved_by_the_system_alone() -> None:
    assert MAY["contact.resolve"] == {"system"}


def test_dead_letters_are_skipped_by_few() -> None:
    assert MAY["dead_letter.skip"] == {"steward", "county", "system"}


@pytest.mark.parametrize(
    ("hop", "roles"),
    [
        ("village_group", {"group_leader", "grid_worker", "resident_team", "village"}),
        ("village_committee", {"village", "resident_team"}),
        ("township", {"township"}),
        ("county", {"county"}),
        ("department", {"department"}),
        ("unknown", set()),
    ],
)
def test_who_acts_at_a_hop(hop: str, roles: set[str]) -> None:
    assert {role for role in ROLES if may_act_at(_caller(role), hop)} == roles


def test_of_a_household_whose_village_nobody_knows_the_township_acts_in_the_villages_stead() -> None:
    for hop in ("village_group", "village_committee", "village_return"):
        assert may_act_at(_caller("township"), hop, "341221102000")
        assert not may_act_at(_caller("township"), hop, "341221102201")
        assert not may_act_at(_caller("county"), hop, "341221102000")
    assert not may_act_at(_caller("township"), "county", "341221102000")


def test_sums_are_exact_from_the_township_up_and_a_band_below() -> None:
    assert {role for role in ROLES if grade(_caller(role)) == "band"} == BELOW_TOWNSHIP
