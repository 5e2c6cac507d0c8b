"""The ledger's second half: hops, decisions, deadlines and notices against a plain reference of the field's rules.

It knows the way by heart and shares no code with the house: which step may follow which, when each rung of the ladder
is due, how late a place is then. Pure.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.chaos.ledger import Said, Verdict

DAY = timedelta(days=1)
LADDER = {"near": -DAY, "passed": 0 * DAY, "urged": DAY, "supervised": 3 * DAY, "reported": 5 * DAY}
LATENESS = {
    None: "normal", "near": "due", "passed": "overdue", "urged": "overdue", "supervised": "supervised",
    "reported": "supervised",
}  # fmt: skip
TOLD = "village_return.tell"
NEXT: Mapping[str, frozenset[str]] = {
    "village_group.first_look": frozenset({"village_committee.visit"}),
    "village_committee.visit": frozenset({"village_committee.review", "township.review", "village_group.first_look"}),
    "village_committee.review": frozenset({"village_committee.notice", "township.review"}),
    "village_committee.notice": frozenset({"township.review"}),
    "township.review": frozenset({"township.sign", "village_committee.visit"}),
    "township.sign": frozenset({"county.review", "township.review", TOLD}),
    "township.relief": frozenset(),
    "county.review": frozenset({"county.sign", "township.review"}),
    "county.sign": frozenset({"county.entry", "county.announcement", "county.review", TOLD}),
    "county.entry": frozenset({"department.measure_plan"}),
    "county.announcement": frozenset(),
    "county.reassign": frozenset({"department.measure_plan", "township_return.hand_back"}),
    "county.appeal": frozenset({"county.review", TOLD}),
    "department.measure_plan": frozenset({"county.reassign", "township_return.hand_back"}),
    "township_return.hand_back": frozenset({"village_return.deliver", "department.measure_plan"}),
    "village_return.deliver": frozenset({"township_return.hand_back"}),
    TOLD: frozenset(),
}
"""Where a decided step may send a case; a step that ends leads nowhere."""
HOPS = ("village_group", "village_committee", "township", "county", "department", "township_return", "village_return")
SENDING = ("opened", "advanced", "returned", "reassigned", "rejected", "appealed", "remonitored", "noted")

Where = tuple[str, str, str, int, str]
"""(case, hop, step, round, branch)."""


@dataclass(frozen=True)
class Road:
    """What workflow's tables and the tester's own calls hold when all is at rest.

    Rows are as the tables have them, ids as text. `attempts`: (task, version, action, status) of every decision sent.
    `filed`: (cause, household number or None, level, clue or None) of every report. `complaints`: what the tester's
    people were told that they should not have been. `never_heard`: tasks decided while their office's posts were not
    known yet, as the tester had held them back: their notice was kept until it had nothing to tell any more.
    """

    now: datetime = datetime.min
    cases: Sequence[Mapping[str, Any]] = ()
    places: Sequence[Mapping[str, Any]] = ()
    tasks: Sequence[Mapping[str, Any]] = ()
    deadlines: Sequence[Mapping[str, Any]] = ()
    decisions: Sequence[Mapping[str, Any]] = ()
    supervised: Sequence[str] = ()
    attempts: Sequence[tuple[str, int, str, int]] = ()
    filed: Sequence[tuple[str, str | None, str, str | None]] = ()
    complaints: Sequence[str] = ()
    never_heard: frozenset[str] = frozenset()


def judge_journey(
    road: Road, firsts: Mapping[tuple[str, str], Sequence["Said"]], verdict: "Verdict"
) -> None:  # fmt: skip
    verdict.wrong += road.complaints
    stages = [said for (topic, _), line in firsts.items() if topic == "stage.advanced" for said in line]
    _decisions(road, stages, verdict)
    _hops(road, firsts, stages, verdict)
    _route(road, stages, verdict)
    _places(road, verdict)
    _ladder(road, firsts, verdict)
    _reports(road, firsts, verdict)


def word_of(said: "Said") -> str:
    return said.type.split(".")[2]


def where_of(data: Mapping[str, Any]) -> Where:
    return str(data["case_id"]), str(data["hop"]), str(data["step"]), int(data["round"]), str(data["branch"])


# ── decisions ───────────────────────────────────────────────────────────────────────────────────────────────────


def _decisions(road: Road, stages: Iterable["Said"], verdict: "Verdict") -> None:
    """What was acknowledged was done, once; what was refused was not (L1, L3, L4)."""
    acked = Counter((task, version) for task, version, _, status in road.attempts if status == 200)
    verdict.doubled += [f"task {task} version {v} was decided {n} times" for (task, v), n in acked.items() if n > 1]
    tried = {(task, version, action) for task, version, action, _ in road.attempts}
    done = {(str(row["task_id"]), row["version"]): str(row["action"]) for row in road.decisions}
    verdict.lost += [f"the decision on {task} version {v} is not kept" for task, v in acked.keys() - done.keys()]
    for (task, version), action in done.items():
        if (task, version, action) not in tried:
            verdict.ghosts.append(f"task {task} was decided ({action}) and nobody did")
        elif (task, version) not in acked:
            verdict.ghosts.append(f"the decision on {task} version {version} was refused, and is kept")
    told: dict[tuple[str, int], list[Where]] = defaultdict(list)
    for said in stages:
        if said.data.get("actor", {}).get("role") and said.data.get("task_id"):
            # The fact names the task's version after the decision.
            told[str(said.data["task_id"]), int(said.data["task_version"] or 0) - 1].append(where_of(said.data))
    for decision, facts in told.items():
        if decision not in done:
            verdict.ghosts.append(f"task {decision[0]} version {decision[1]}: a fact of a decision that is not kept")
        verdict.doubled += [f"{where} was told {n} times" for where, n in Counter(facts).items() if n > 1]
    verdict.lost += [f"nobody heard of the decision on {task}" for task, v in done.keys() - told.keys()]


# ── hops ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _hops(
    road: Road,
    firsts: Mapping[tuple[str, str], Sequence["Said"]],
    stages: Sequence["Said"],
    verdict: "Verdict",
) -> None:
    """Whatever is sent to a step enters it once, and arrives there once, unless it ended on its way (L5)."""
    entered = Counter(
        where_of(said.data) for (topic, _), line in firsts.items() if topic.startswith("hop.") for said in line
    )
    arrived = Counter(where_of(said.data) for said in stages if word_of(said) == "arrived")
    sent = {where_of(said.data) for said in stages if word_of(said) in SENDING and said.data.get("step")}
    ended_before = {where_of(row) for row in road.places if row["state"] == "ended" and row["task_id"] is None}
    verdict.doubled += [f"{where} was entered {n} times" for where, n in entered.items() if n > 1]
    verdict.doubled += [f"{where} arrived {n} times" for where, n in arrived.items() if n > 1]
    verdict.ghosts += [f"{where} was entered, and nobody sent it" for where in entered.keys() - sent]
    verdict.ghosts += [f"{where} arrived and was never sent" for where in arrived.keys() - entered.keys()]
    verdict.lost += [f"{where} was sent and entered nothing" for where in sent - entered.keys()]
    verdict.lost += [
        f"{where} never arrived" for where in entered.keys() - arrived.keys() - ended_before
    ]  # fmt: skip
    known = {where_of(row) for row in road.places}
    verdict.lost += [f"{where} has no place" for where in entered.keys() - known]
    verdict.ghosts += [f"{where} is a place that nobody sent" for where in known - entered.keys()]


def _route(road: Road, stages: Sequence["Said"], verdict: "Verdict") -> None:
    """No way but the field's own (L8)."""
    steps = {str(row["task_id"]): f"{row['hop']}.{row['step']}" for row in road.tasks}
    for said in stages:
        data, word = said.data, word_of(said)
        if word not in ("advanced", "returned", "rejected", "reassigned") or not data.get("from_hop"):
            continue
        come_from, goes_to = steps.get(str(data["task_id"])), f"{data['hop']}.{data['step']}"
        if come_from is None:
            verdict.ghosts.append(f"{where_of(data)} follows a task that there is not")
        elif goes_to not in NEXT[come_from] and goes_to != come_from:
            verdict.wrong.append(f"case {data['case_id']} went from {come_from} to {goes_to}")


def _places(road: Road, verdict: "Verdict") -> None:
    """Every open place has its open task and its deadline, and every open case one main way."""
    tasks = {str(row["place_id"]): row for row in road.tasks}
    deadlines = {str(row["place_id"]): row for row in road.deadlines}
    mains: Counter[str] = Counter()
    for row in road.places:
        place, task = str(row["place_id"]), tasks.get(str(row["place_id"]))
        if row["state"] == "on_its_way":
            verdict.stuck.append(f"{where_of(row)} is still on its way")
        if row["state"] == "open" and (task is None or task["state"] != "open"):
            verdict.wrong.append(f"{where_of(row)} is open without an open task")
        if row["state"] == "ended" and task is not None and task["state"] == "open":
            verdict.wrong.append(f"{where_of(row)} has ended, its task has not")
        if place not in deadlines:
            verdict.lost.append(f"{where_of(row)} has no deadline")
        elif (row["state"] == "open") != (deadlines[place]["state"] in ("running", "done", "paused")) and row[
            "state"
        ] != "ended":  # fmt: skip
            verdict.wrong.append(f"{where_of(row)} is {row['state']}, its deadline {deadlines[place]['state']}")
        mains[str(row["case_id"])] += row["is_main"] and row["state"] != "ended"
    for case in road.cases:
        if case["state"] != "closed" and mains[str(case["case_id"])] != 1:
            verdict.wrong.append(f"case {case['case_id']} has {mains[str(case['case_id'])]} main ways")


# ── deadlines ───────────────────────────────────────────────────────────────────────────────────────────────────


def _ladder(road: Road, firsts: Mapping[tuple[str, str], Sequence["Said"]], verdict: "Verdict") -> None:
    """Each rung once, in order, at its own instant, none of a round that had ended, none left out."""
    places = {str(row["place_id"]): row for row in road.places}
    rows = {str(row["deadline_id"]): row for row in road.deadlines}
    rung: dict[str, list[Said]] = defaultdict(list)
    for (topic, _), line in firsts.items():
        if topic == "deadline.passed":
            for said in line:
                rung[str(said.data["deadline_id"])].append(said)
    for id_ in rung.keys() - rows.keys():
        verdict.ghosts.append(f"deadline {id_} rang and is not kept")
    for id_, row in rows.items():
        place = places.get(str(row["place_id"]))
        if place is None:
            verdict.ghosts.append(f"deadline {id_} is of no place")
            continue
        _one_ladder(road, row, place, rung[id_], verdict)


def _one_ladder(
    road: Road, row: Mapping[str, Any], place: Mapping[str, Any], rung: Sequence["Said"], verdict: "Verdict"
) -> None:
    name, steps = where_of(place), [str(said.data["step"]) for said in rung]
    for step, number in Counter(steps).items():
        if number > 1:
            verdict.doubled.append(f"{name}: {step} was told {number} times")
    if list(dict.fromkeys(steps)) != list(LADDER)[: len(set(steps))]:
        verdict.reordered.append(f"{name}: {', '.join(steps)}")
    if list(row["fired"]) != steps:
        verdict.wrong.append(f"{name}: kept {list(row['fired'])}, told {steps}")
    for said in rung:
        fired_at, due_at = _instant(said.data["fired_at"]), _instant(said.data["due_at"])
        if fired_at != due_instant(str(said.data["step"]), place["sent_at"], due_at):
            verdict.wrong.append(f"{name}: {said.data['step']} was told as of {fired_at}, due {due_at}")
        if place["state"] == "ended" and fired_at > place["ended_at"]:
            verdict.wrong.append(f"{name}: {said.data['step']} rang at {fired_at}, after the round had ended")
    if place["state"] not in ("open", "on_its_way"):
        return
    due = [step for step in LADDER if due_instant(step, place["sent_at"], row["due_at"]) <= road.now]
    verdict.lost += [f"{name}: {step} was due and has not been told" for step in due if step not in steps]
    expected = LATENESS[steps[-1] if steps else None]
    if place["lateness"] != expected:
        verdict.wrong.append(f"{name}: lateness {place['lateness']}, not {expected}")
    if ("supervised" in steps) != (str(place["place_id"]) in set(road.supervised)):
        verdict.wrong.append(f"{name}: told {steps}, and supervised or not the other way round")


def due_instant(step: str, sent_at: datetime, due_at: datetime) -> datetime:
    """A reminder never comes before half of the limit has run."""
    at = due_at + LADDER[step]
    return max(at, sent_at + (due_at - sent_at) / 2) if step == "near" else at


def _instant(told: str) -> datetime:
    return datetime.fromisoformat(told)


# ── reports ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _reports(road: Road, firsts: Mapping[tuple[str, str], Sequence["Said"]], verdict: "Verdict") -> None:
    """Every report that was answered is one fact; each household that was reported has its warning and its case."""
    numbers = household_numbers(firsts)
    facts: Counter[tuple[str, str | None]] = Counter()
    clues: Counter[str] = Counter()
    for (topic, key), line in firsts.items():
        if topic != "clue.reported" or key.startswith("office:"):
            continue
        for said in line:
            if word_of(said) in ("reported", "repeated"):
                is_matched = said.data["is_matched"]
                facts[said.data["cause"], numbers.get(key) if is_matched else None] += 1
                clues[str(said.data["clue_id"])] += 1
        if not firsts.get(("warning.raised", key)):
            verdict.lost.append(f"household {key} was reported and has no warning")
        if not any(word_of(said) == "opened" for said in firsts.get(("stage.advanced", key), ())):
            verdict.lost.append(f"household {key} was reported and has no case")
    verdict.doubled += [f"clue {clue} was told {n} times" for clue, n in clues.items() if n > 1]
    verdict.lost += [f"clue {clue} was never told" for *_, clue in road.filed if clue and clue not in clues]
    filed = Counter((cause, number) for cause, number, *_ in road.filed)
    for what in facts.keys() | filed.keys():
        if facts[what] < filed[what]:
            verdict.lost.append(f"{what}: {filed[what]} filed, {facts[what]} told")
        if facts[what] > filed[what]:
            verdict.ghosts.append(f"{what}: {filed[what]} filed, {facts[what]} told")


def household_numbers(firsts: Mapping[tuple[str, str], Sequence["Said"]]) -> dict[str, str]:
    """Household id → its number, as the register tells it."""
    return {
        key: str(line[-1].data["household_no"]) for (topic, key), line in firsts.items()
        if topic == "household.registered" and line
    }  # fmt: skip


def strangers(firsts: Mapping[tuple[str, str], Sequence["Said"]]) -> frozenset[str]:
    """The households of reports that nobody matched."""
    return frozenset(
        key for (topic, key), line in firsts.items()
        if topic == "clue.reported" and not key.startswith("office:") and not line[0].data["is_matched"]
    )  # fmt: skip
