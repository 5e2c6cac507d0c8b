"""What the console says: both languages whole, every code of the contracts with a name."""

import re
import string
from pathlib import Path
from typing import get_args

import pytest

from services.console import wording
from services.console.session import LANGUAGES
from services.console.wording import Words, catalogue
from services.screening.rules import RULES
from shared.access.roles import ROLES
from shared.contracts.stage import StageAdvanced
from shared.contracts.topics import DEPARTMENTS, TOPICS
from shared.contracts.types import Hop, Level
from shared.policy import available, load

POLICY = load("regular-2026")
CONSOLE = Path(wording.__file__).parents[1]


def words(language: str = "zh-CN") -> Words:
    return Words(language, POLICY)


def test_both_catalogues_have_the_same_keys() -> None:
    assert set(catalogue("zh-CN")) == set(catalogue("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_family_stands_twice_in_a_language(language: str) -> None:
    """YAML, and a later file, would keep the later one and say nothing."""
    here = Path(wording.__file__).parent
    texts = [(here / f"{part}{language}.yaml").read_text("utf-8") for part in wording.PARTS]
    families = re.findall(r"^([a-z_]+):", "\n".join(texts), re.MULTILINE)
    assert len(families) == len(set(families))


def test_both_languages_name_the_same_facts() -> None:
    def facts(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name} - {"n", "month", "month_name"}

    differing = [key for key, text in catalogue("zh-CN").items() if facts(text) != facts(catalogue("en")[key])]
    assert differing == []


def test_every_one_has_its_many() -> None:
    keys = set(catalogue("en"))
    assert [key for key in keys if key.endswith(".one") and key.removesuffix("one") + "many" not in keys] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_of_every_topic_about_households_has_a_sentence(language: str) -> None:
    told = [topic for topic in TOPICS if "console" in topic.consumers and topic.name != "officer.assigned"]
    types = [type_ for topic in told for type_ in get_args(topic.event.model_fields["type"].annotation)]
    assert len(types) > 20 and get_args(StageAdvanced.model_fields["type"].annotation)[0] in types
    missing = [type_ for type_ in types if "step." + ".".join(type_.split(".")[1:3]) not in catalogue(language)]
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_that_a_page_shows_has_a_name(language: str) -> None:
    named = catalogue(language)
    codes = [f"hop.{one}" for one in get_args(Hop)] + [f"level.{one}" for one in get_args(Level)]
    codes += [f"topic.{topic.name}" for topic in TOPICS]
    codes += [f"role.{one}" for one in ROLES] + [f"department.{one}" for one in DEPARTMENTS]
    assert [code for code in codes if code not in named] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_the_account_has_a_name(language: str) -> None:
    """What intake counts by itself stands among the departments."""
    words = Words(language, load("regular-2026"))
    assert [one for one in ("declaration", "clue", "objection") if words.code("department", one) == one] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_of_screening_has_a_name(language: str) -> None:
    codes = [
        value for rule in RULES for value in vars(rule).values()
        if isinstance(value, str) and value.startswith(f"{rule.DEPARTMENT}.")
    ]  # fmt: skip
    assert len(codes) >= len(RULES) and "water.quality" in codes
    assert [code for code in codes if f"rule.{code}" not in catalogue(language)] == []


@pytest.mark.parametrize("package", available())
def test_actions_and_reasons_are_named_by_the_policy_package(package: str) -> None:
    policy = load(package)
    for hop in policy.route:
        for action in hop.actions:
            assert Words("zh-CN", policy).action(hop.hop, action.code) == action.names.zh
            for reason in action.reasons:
                assert Words("en", policy).reason(hop.hop, action.code, reason.code) == reason.names.en


def test_a_reason_that_a_signature_hands_on_is_named_as_it_was_given() -> None:
    assert words().reason("township", "sign", "no_risk") == "无返贫致贫风险"
    assert words().reason("village_return", None, "no_risk") == "无返贫致贫风险"
    assert words().reason("township", "sign", "made_up") == "made_up"


def test_the_english_catalogue_holds_no_chinese_but_the_switch() -> None:
    chinese = [key for key, text in catalogue("en").items() if re.search(r"[\u3400-\u9fff]", text)]
    assert chinese == ["nav.language"]


def test_a_number_chooses_its_form_and_a_code_without_a_name_is_shown() -> None:
    english = words("en")
    assert (english("queue.new", 1), english("queue.new", 3)) == ("1 new task", "3 new tasks")
    assert words()("queue.new", 3) == "3 条新任务"
    assert english.code("department", "made_up") == "made_up"
    assert english.of({"zh": "甲"}) == "甲" and words().of(None) == ""


def asked_for(key: str, code: str) -> bool:
    """Whether a page asks for a text by its whole key, or for a name of its family."""
    whole = re.sub(r"\.(one|many)$", "", key)
    words = key.split(".")
    families = "|".join(re.escape(".".join(words[:at])) for at in range(1, len(words)))
    return bool(
        re.search(rf"['\"]{re.escape(whole)}['\"]", code)
        or re.search(rf"['\"](?:{families})\.(?:['\"]|\w*_?['\"] ~|m?\{{)", code)
        or re.search(rf"(?:code|has)\(\s*['\"](?:{families})['\"]", code)
        or re.search(rf"['\"]{re.escape(whole.rpartition('_')[0] or whole)}_['\"] ~", code)
    )


def test_every_text_is_asked_for_somewhere() -> None:
    code = "".join(path.read_text("utf-8") for path in CONSOLE.rglob("*") if path.suffix in (".py", ".html", ".js"))
    assert [key for key in catalogue("zh-CN") if not asked_for(key, code) and not key.startswith("lateness.")] == []
    assert not asked_for("task.instead", code) and asked_for("task.timeline", code)
