"""One of each kind of break is refused, and what only adds is let through."""

import copy
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from deploy.contracts import documents
from deploy.contracts.compatibility import NotKnown, breaks
from tests.contracts.written import written

Json = dict[str, Any]
Change = Callable[[Json], object]

WORKFLOW, INTAKE = "docs/contracts/openapi/workflow.json", "docs/contracts/openapi/intake.json"
FACTS, CLUE = "docs/contracts/asyncapi.json", "shared/contracts/schemas/clue.reported.v1.json"
TASKS, DECISIONS = "/v1/tasks", "/v1/tasks/{task_id}/decisions"
DECLARATIONS = "/v1/declarations"


def renamed(part: Json, name: str, other: str) -> None:
    part[other] = part.pop(name)


def model(document: Json, name: str) -> Json:
    found: Json = document["components"]["schemas"][name]
    return found


def clue(document: Json, name: str) -> Json:
    found: Json = document["$defs"]["Clue"]["properties"][name]
    return found


def operation(document: Json) -> Json:
    found: Json = document["operations"]["workflow.applies.clue.reported"]
    return found


def channel(document: Json, name: str = "clue.reported") -> Json:
    found: Json = document["channels"][name]
    return found


def kept(document: Json, name: str = "clue.reported") -> Json:
    found: Json = channel(document, name)["bindings"]["kafka"]["topicConfiguration"]
    return found


def data(document: Json, kind: str) -> Json:
    found: Json = model(document, kind)["properties"]["data"]
    return found


BREAKS: list[tuple[str, str, Change, str]] = [
    ("a route is removed", WORKFLOW, lambda d: d["paths"].pop(TASKS), "GET /v1/tasks is gone"),
    (
        "a route is renamed", WORKFLOW, lambda d: renamed(d["paths"], DECISIONS, "/v1/tasks/{task_id}/decide"),
        "POST /v1/tasks/{task_id}/decisions is gone",
    ),
    (
        "an operation is renamed", WORKFLOW, lambda d: d["paths"][TASKS]["get"].update(operationId="tasks"),
        "GET /v1/tasks has another operationId",
    ),
    (
        "an answer is removed", WORKFLOW, lambda d: d["paths"][TASKS]["get"]["responses"].pop("200"),
        "GET /v1/tasks answer 200 is gone",
    ),
    (
        "a problem is removed", WORKFLOW, lambda d: d["paths"][DECISIONS]["post"]["responses"].pop("409"),
        "POST /v1/tasks/{task_id}/decisions answer 409 is gone",
    ),
    (
        "an answer is of another media type", WORKFLOW,
        lambda d: renamed(d["paths"][TASKS]["get"]["responses"]["200"]["content"], "application/json", "text/csv"),
        "is no application/json any more",
    ),
    (
        "a field of an answer is removed", WORKFLOW, lambda d: model(d, "TaskShown")["properties"].pop("due_at"),
        "items[].due_at is gone",
    ),
    (
        "a field of an answer is renamed", WORKFLOW,
        lambda d: renamed(model(d, "TaskShown")["properties"], "due_at", "due"), "items[].due_at is gone",
    ),
    (
        "a field of an answer may be missing", WORKFLOW, lambda d: model(d, "TaskShown")["required"].remove("due_at"),
        "due_at may be missing now",
    ),
    (
        "a field of an answer may be null", WORKFLOW,
        lambda d: model(d, "TaskShown")["properties"].update(round={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        "round may be null now",
    ),
    (
        "a field of an answer is of another type", WORKFLOW,
        lambda d: model(d, "TaskShown")["properties"]["round"].update(type="string"), "round was type integer",
    ),
    (
        "a word of an answer is removed", WORKFLOW,
        lambda d: model(d, "TaskShown")["properties"]["level"]["enum"].remove("orange"), "has lost the word orange",
    ),
    (
        "a public call needs a token", INTAKE,
        lambda d: d["paths"][DECLARATIONS]["post"].update(security=[{"bearer": []}]),
        "POST /v1/declarations needs a token now",
    ),
    (
        "a public call needs a token as every call does", INTAKE,
        lambda d: (d["paths"][DECLARATIONS]["post"].pop("security"), d.update(security=[{"bearer": []}])),
        "POST /v1/declarations needs a token now",
    ),
    (
        "a token is not enough any more", WORKFLOW,
        lambda d: d["paths"][TASKS]["get"].update(security=[{"bearer": [], "certificate": []}]),
        "GET /v1/tasks is not answered by bearer alone any more",
    ),
    (
        "a token needs a scope", WORKFLOW, lambda d: d["paths"][TASKS]["get"].update(security=[{"bearer": ["tasks"]}]),
        "GET /v1/tasks is not answered by bearer alone any more",
    ),
    (
        "a parameter is removed", WORKFLOW, lambda d: d["paths"][TASKS]["get"]["parameters"].pop(0),
        "parameter hop is gone",
    ),
    (
        "a parameter is needed", WORKFLOW, lambda d: d["paths"][TASKS]["get"]["parameters"][0].update(required=True),
        "parameter hop is needed now",
    ),
    (
        "a field of a body is needed", INTAKE, lambda d: model(d, "ClueForm")["required"].append("level"),
        "level is needed now",
    ),
    (
        "a field of a body is narrowed", INTAKE,
        lambda d: model(d, "ClueForm")["properties"]["text"].update(maxLength=10), "text has the maxLength 10, not",
    ),
    (
        "a field of a body is no longer read", INTAKE, lambda d: model(d, "ClueForm")["properties"].pop("risk"),
        "risk is gone",
    ),
    ("a channel is removed", FACTS, lambda d: d["channels"].pop("clue.reported"), "channel clue.reported is gone"),
    (
        "an operation is removed", FACTS, lambda d: d["operations"].pop("workflow.applies.clue.reported"),
        "operation workflow.applies.clue.reported is gone",
    ),
    (
        "an operation is moved to another channel", FACTS,
        lambda d: operation(d).update(channel={"$ref": "#/channels/stage.advanced"}), "has another channel",
    ),
    ("an operation is turned", FACTS, lambda d: operation(d).update(action="send"), "has another action"),
    (
        "an operation has lost its message", FACTS, lambda d: operation(d)["messages"].pop(),
        "operation workflow.applies.clue.reported has lost a message",
    ),
    (
        "a consumer group is renamed", FACTS,
        lambda d: operation(d)["bindings"]["kafka"]["groupId"].update(enum=["workflow2"]),
        "operation workflow.applies.clue.reported is of another consumer group",
    ),
    (
        "a channel is moved to another address", FACTS, lambda d: channel(d).update(address="clues"),
        "channel clue.reported has another address",
    ),
    (
        "a channel's message is another one", FACTS,
        lambda d: channel(d)["messages"].update({"clue.reported": {"$ref": "#/components/messages/data.changed"}}),
        "channel clue.reported means another message by clue.reported",
    ),
    (
        "a channel is not kept without end any more", FACTS, lambda d: kept(d).update({"retention.ms": 10**15}),
        "has the retention.ms 1000000000000000, not -1",
    ),
    (
        "a department's channel is kept less long", FACTS,
        lambda d: kept(d, "departments.water.records").update({"retention.ms": 86_400_000}),
        "channel departments.water.records has the retention.ms 86400000, not 2592000000",
    ),
    (
        "a channel takes less", FACTS, lambda d: kept(d).update({"max.message.bytes": 1000}),
        "has the max.message.bytes 1000, not",
    ),
    (
        "a channel is compacted", FACTS, lambda d: kept(d).update({"cleanup.policy": ["compact"]}),
        "has another cleanup.policy",
    ),
    (
        "a message is of another media type", FACTS,
        lambda d: d["components"]["messages"]["clue.reported"].update(contentType="application/avro"),
        "message clue.reported was application/cloudevents+json and is application/avro",
    ),
    (
        "a key is of another type", FACTS,
        lambda d: d["components"]["messages"]["clue.reported"]["bindings"]["kafka"]["key"].update(type="integer"),
        "message clue.reported key was type string and is integer",
    ),
    (
        "a header is renamed", FACTS,
        lambda d: renamed(d["components"]["messages"]["clue.reported"]["headers"]["properties"], "ce_id", "id"),
        "headers.ce_id is gone",
    ),
    (
        "another name of a record's field is removed", FACTS,
        lambda d: data(d, "medical_insurance.settlement")["properties"].pop("hifp_pay"), "data.hifp_pay is gone",
    ),
    (
        "another name of a record's needed field is renamed", FACTS,
        lambda d: renamed(data(d, "medical_insurance.settlement")["properties"], "medfee_sumamt", "medfee"),
        "data.medfee_sumamt is gone",
    ),
    (
        "a record's field is needed by one of its names", FACTS,
        lambda d: data(d, "medical_insurance.settlement")["allOf"].pop(2) and
        data(d, "medical_insurance.settlement")["required"].append("total_yuan"), "data.total_yuan is needed now",
    ),
    (
        "a record's field is kept and not read any more", FACTS,
        lambda d: data(d, "civil_affairs.allowance")["properties"].update(monthly_yuan={"x-looked-at": False}),
        "data.monthly_yuan is not looked at any more",
    ),
    (
        "a record's field is needed", FACTS, lambda d: data(d, "education.enrolment")["required"].append("stage"),
        "data.stage is needed now",
    ),
    (
        "one of two fields of a record is needed", FACTS,
        lambda d: data(d, "medical_insurance.cover").update(
            allOf=[{"anyOf": [{"required": ["since"]}, {"required": ["year"]}]}]
        ), "data.since or year is needed now",
    ),
    (
        "a word of a record is removed", FACTS,
        lambda d: data(d, "housing.house_grade")["properties"]["grade"]["anyOf"][0]["enum"].remove("D"),
        "data.grade has lost the word D",
    ),
    (
        "a kind of record is removed", FACTS, lambda d: d["components"]["schemas"]["water.record"]["anyOf"].pop(0),
        "message department.record.water payload is never",
    ),
    (
        "a field of a record is no longer read by the call", INTAKE,
        lambda d: data(d, "rural_revitalization.income")["properties"].pop("transfer_yuan"),
        "transfer_yuan is gone",
    ),
    ("a field of a fact is removed", CLUE, lambda d: d["$defs"]["Clue"]["properties"].pop("times"), "times is gone"),
    (
        "a field of a fact is narrowed", CLUE, lambda d: d["$defs"]["Clue"]["properties"]["times"].update(maximum=9),
        "times has the maximum 9",
    ),
    (
        "a field of a fact is needed", CLUE, lambda d: d["$defs"]["Clue"]["required"].append("times"),
        "times is needed now",
    ),
    (
        "a number has to be over a bound", CLUE, lambda d: clue(d, "times").update(exclusiveMinimum=0),
        "times has the exclusiveMinimum 0, not None",
    ),
    (
        "a number has to be under a bound", CLUE, lambda d: clue(d, "times").update(exclusiveMaximum=100),
        "times has the exclusiveMaximum 100, not None",
    ),
    (
        "a number has to be a multiple", CLUE, lambda d: clue(d, "times").update(multipleOf=2),
        "times has the multipleOf 2, not None",
    ),
    (
        "a list may not hold one thing twice", CLUE, lambda d: clue(d, "concerns").update(uniqueItems=True),
        "concerns may not hold one thing twice now",
    ),
    (
        "a pattern is tightened", CLUE, lambda d: d["properties"]["region"].update(pattern=r"^34\d{10}$"),
        "region has another pattern",
    ),
    (
        "alternatives are narrowed by what stands beside them", CLUE,
        lambda d: clue(d, "reason_code").update(pattern="^a"), "reason_code has another pattern",
    ),
    (
        "a type of a fact is removed", CLUE,
        lambda d: d["properties"]["type"]["enum"].remove("shouwang.clue.repeated.v1"),
        "has lost the word shouwang.clue.repeated.v1",
    ),
    (
        "a word of a fact's field is removed", CLUE, lambda d: d["$defs"]["Clue"]["properties"]["cause"]["enum"].pop(),
        "has lost the word clue",
    ),
]  # fmt: skip


def committed() -> dict[str, Json]:
    return {name: json.loads(text) for name, text in written().items()}


def changed(name: str, change: Change) -> tuple[dict[str, Json], dict[str, Json]]:
    """One document before and after."""
    old = json.loads(written()[name])
    new = copy.deepcopy(old)
    change(new)
    return {name: old}, {name: new}


@pytest.mark.parametrize(("document", "change", "said"), [one[1:] for one in BREAKS], ids=[one[0] for one in BREAKS])
def test_a_break_is_refused_and_named(document: str, change: Change, said: str) -> None:
    found = breaks(*changed(document, change))
    assert any(said in one for one in found), found


ADDITIONS: list[tuple[str, str, Change]] = [
    ("a route", WORKFLOW, lambda d: d["paths"].update({"/v1/new": d["paths"][TASKS]})),
    ("a field of an answer", WORKFLOW, lambda d: model(d, "TaskShown")["properties"].update(new={"type": "string"})),
    ("a word of an answer", WORKFLOW, lambda d: model(d, "TaskShown")["properties"]["state"]["enum"].append("new")),
    (
        "a parameter that may be left out", WORKFLOW,
        lambda d: d["paths"][TASKS]["get"]["parameters"].append({"in": "query", "name": "new", "schema": {}}),
    ),
    ("a field of a body", INTAKE, lambda d: model(d, "ClueForm")["properties"].update(new={"type": "string"})),
    (
        "a wider field of a body", INTAKE,
        lambda d: model(d, "ClueForm")["properties"]["text"].update(maxLength=9000),
    ),
    ("a problem", WORKFLOW, lambda d: d["paths"][TASKS]["get"]["responses"].update({"429": {"description": "new"}})),
    (
        "a way without a token", WORKFLOW,
        lambda d: d["paths"][TASKS]["get"]["security"].append({}),
    ),
    (
        "a channel that is kept longer", FACTS,
        lambda d: kept(d, "departments.water.records").update({"retention.ms": -1}),
    ),
    ("a channel that takes more", FACTS, lambda d: kept(d).update({"max.message.bytes": 2**24})),
    ("a channel", FACTS, lambda d: d["channels"].update(new=d["channels"]["clue.reported"])),
    (
        "a field of a record", FACTS,
        lambda d: data(d, "education.enrolment")["properties"].update(new={"type": "string"}),
    ),
    (
        "another name of a record's needed field", FACTS,
        lambda d: data(d, "medical_insurance.settlement")["allOf"][0]["anyOf"].append({"required": ["new"]}),
    ),
    (
        "a field of a record that may be left out", FACTS,
        lambda d: data(d, "education.enrolment")["required"].remove("status"),
    ),
    (
        "a word of a record", FACTS,
        lambda d: data(d, "water.supply")["properties"]["scope"]["anyOf"][0]["enum"].append("new"),
    ),
    ("a kind of record", FACTS, lambda d: d["components"]["schemas"]["water.record"]["anyOf"].append({"type": "null"})),
    ("a field of a fact", CLUE, lambda d: d["$defs"]["Clue"]["properties"].update(new={"type": "string"})),
    ("a type of a fact", CLUE, lambda d: d["properties"]["type"]["enum"].append("shouwang.clue.new.v1")),
]  # fmt: skip


@pytest.mark.parametrize(("document", "change"), [one[1:] for one in ADDITIONS], ids=[one[0] for one in ADDITIONS])
def test_an_addition_is_let_through(document: str, change: Change) -> None:
    old, new = changed(document, change)
    assert new != old
    assert breaks(old, new) == []


def test_a_document_that_is_gone_is_a_break() -> None:
    old = committed()
    assert breaks(old, {name: one for name, one in old.items() if name != CLUE}) == [f"{CLUE}: the document is gone"]


UNKNOWN: list[tuple[str, Change]] = [
    ("in what was there", lambda d: clue(d, "times").update({"if": {"const": 1}})),
    ("in what is new", lambda d: d["$defs"]["Clue"]["properties"].update(new={"not": {"type": "string"}})),
    ("beside alternatives", lambda d: clue(d, "reason_code").update(dependentRequired={})),
    ("told twice of one value", lambda d: clue(d, "reason_code").update(maxLength=9)),
]


@pytest.mark.parametrize("change", [one[1] for one in UNKNOWN], ids=[one[0] for one in UNKNOWN])
def test_a_keyword_that_the_check_does_not_know_is_an_error_of_the_check(change: Change) -> None:
    old, new = changed(CLUE, change)
    with pytest.raises(NotKnown):
        breaks(old, new)
    assert breaks(old, old) == []


def test_the_work_tree_breaks_nothing_that_is_committed() -> None:
    """Its changes are held against HEAD; where it has none, HEAD's last change against what was before it."""
    try:
        head = documents.committed("HEAD")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: there is nothing committed to compare with")
    if committed() != head:
        assert breaks(head, committed()) == []
        return
    changed = last_change()
    if changed is None:
        pytest.skip("the history does not reach before the last change of the documents (a shallow clone)")
    found, why = breaks(documents.committed(f"{changed}^"), head), told_break(changed)
    assert bool(found) == bool(why), f"{changed:.9} breaks {found}, and says of it: {why or 'nothing'}"


def last_change() -> str | None:
    """The newest commit up to HEAD that changed a document; None where git has no history of it: no repository (an
    archive), or a shallow clone that does not reach before it."""
    try:
        found = git("log", "-1", "--format=%H", "--", documents.FOLDER, documents.SCHEMAS).strip()
        return git("rev-parse", "--verify", "--quiet", f"{found}^") and found
    except subprocess.CalledProcessError:
        return None


def told_break(revision: str) -> str:
    """Why a commit's break harms nobody, by its trailer `Breaks:`; empty where it told of none."""
    return git("log", "-1", "--format=%(trailers:key=Breaks,valueonly)", revision).strip()


def git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=documents.ROOT, check=True, capture_output=True, text=True).stdout
