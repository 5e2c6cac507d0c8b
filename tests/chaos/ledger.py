"""The ledger: everything that went in and everything that came of it, read from the outside and compared.

It shares no code with the unit of work: it reads the topics' raw records and the services' tables, and holds them
against each other and against the sample's own answers. Pure; `evidence.py` collects what it reads.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.journey import Road, judge_journey, strangers

LEVELS = ("yellow", "orange", "red")
REGISTERED = "household.registered"


@dataclass(frozen=True, slots=True)
class Said:
    """One record of one of our topics, as it lies in the log."""

    topic: str
    partition: int
    offset: int
    key: str
    sequence: int
    event_id: str
    type: str
    sha256: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What was found when everything had healed and come to rest.

    `applied` and `emitted`: (service, topic, key) → number. `waiting`: (service, topic, key, sequence). `outbox`:
    service → rows. `consumers`: topic → services that read it. `answers`: the sample's expected answers.
    `planted`: keys behind which a poisoned record was put, whose lines may wait. `held`: (topic, key, number) of what
    the tester himself held back and sent late. `judged_until`: household → number of its last word on
    a warning when everything had come to rest on the day of the answers, None where the clock stood still.
    """

    said: Sequence[Said]
    applied: Mapping[tuple[str, str, str], int]
    emitted: Mapping[tuple[str, str, str], int]
    waiting: Sequence[tuple[str, str, str, int]]
    outbox: Mapping[str, int]
    consumers: Mapping[str, tuple[str, ...]]
    producers: Mapping[str, str]
    answers: Sequence[Mapping[str, Any]]
    accounts_are_equal: bool
    planted: frozenset[str] = frozenset()
    held: frozenset[tuple[str, str, int]] = frozenset()
    judged_until: Mapping[str, int] | None = None
    road: Road | None = None
    """None where the sample has no journey to hold against the reference."""


@dataclass
class Verdict:
    """Complaints by kind; an empty one is a clean run."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    ghosts: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def is_clean(self) -> bool:
        return not any(vars(self).values())

    def figures(self) -> dict[str, int]:
        return {kind: len(complaints) for kind, complaints in vars(self).items()}


def judge(evidence: Evidence) -> Verdict:
    """Hold everything against everything. Redelivered copies in a log are allowed; effects of them are not."""
    verdict = Verdict()
    firsts = _lines(evidence, verdict)
    _numbers(evidence, verdict, firsts)
    _rest(evidence, verdict)
    _effects(evidence, verdict, firsts)
    if evidence.road is not None:
        judge_journey(evidence.road, firsts, verdict)
    return verdict


def _lines(evidence: Evidence, verdict: Verdict) -> dict[tuple[str, str], list[Said]]:
    """Each (topic, key) once, in the order of its log; L7 (gap-free, in order), L9 (copies are the same bytes)."""
    lines: dict[tuple[str, str], dict[int, Said]] = defaultdict(dict)
    partitions: dict[tuple[str, str], set[int]] = defaultdict(set)
    latest: dict[tuple[str, str], int] = {}
    for said in sorted(evidence.said, key=lambda one: (one.topic, one.partition, one.offset)):
        line = lines[said.topic, said.key]
        partitions[said.topic, said.key].add(said.partition)
        if said.sequence in line:
            if line[said.sequence].sha256 != said.sha256:
                verdict.altered.append(f"{said.topic} {said.key} {said.sequence}: a copy with other bytes")
            continue
        # What the tester held back comes late, or, where the relay was slow, before its turn.
        is_held = (said.topic, said.key, said.sequence) in evidence.held
        before = latest.get((said.topic, said.key), 0)
        if said.sequence < before and not is_held:
            verdict.reordered.append(f"{said.topic} {said.key}: {said.sequence} first seen after {before}")
        if not is_held:
            latest[said.topic, said.key] = max(before, said.sequence)
        line[said.sequence] = said
    for (topic, key), line in lines.items():
        if len(partitions[topic, key]) > 1:
            verdict.reordered.append(f"{topic} {key} lies in {len(partitions[topic, key])} partitions")
        missing = set(range(1, max(line) + 1)) - set(line)
        verdict.lost += [f"{topic} {key}: number {number} is in no log" for number in sorted(missing)]
    return {where: [line[number] for number in sorted(line)] for where, line in lines.items()}


def _numbers(evidence: Evidence, verdict: Verdict, firsts: Mapping[tuple[str, str], list[Said]]) -> None:
    """What was numbered was sent, and what was sent was applied by every reader (L1, L4, L10)."""
    for (service, topic, key), number in evidence.emitted.items():
        if evidence.producers.get(topic) != service or not number:
            continue
        sent = len(firsts.get((topic, key), ()))
        if sent < number:
            verdict.lost.append(f"{topic} {key}: {service} numbered {number}, the log has {sent}")
        if sent > number:
            verdict.ghosts.append(f"{topic} {key}: the log has {sent}, {service} numbered {number}")
    waits = Counter((service, topic, key) for service, topic, key, _ in evidence.waiting)
    for (topic, key), line in firsts.items():
        if (evidence.producers[topic], topic, key) not in evidence.emitted:
            verdict.ghosts.append(f"{topic} {key}: nobody numbered it")
        for reader in evidence.consumers[topic]:
            applied = evidence.applied.get((reader, topic, key), 0)
            if applied + waits[reader, topic, key] < len(line):
                verdict.lost.append(f"{topic} {key}: {reader} applied {applied} of {len(line)}")
            if applied > len(line):
                verdict.ghosts.append(f"{topic} {key}: {reader} applied {applied}, the log has {len(line)}")


def _rest(evidence: Evidence, verdict: Verdict) -> None:
    """Everything has come to rest (L11), and every account adds up (L13)."""
    for service, rows in evidence.outbox.items():
        if rows:
            verdict.stuck.append(f"{service}: {rows} facts in the outbox")
    for service, topic, key, sequence in evidence.waiting:
        if key not in evidence.planted and not key.startswith("partition:"):
            verdict.stuck.append(f"{service} {topic} {key} {sequence} waits")
    if not evidence.accounts_are_equal:
        verdict.lost.append("an account of what was read does not add up")


def _effects(evidence: Evidence, verdict: Verdict, firsts: Mapping[tuple[str, str], list[Said]]) -> None:
    ids = Counter(said.event_id for line in firsts.values() for said in line)
    verdict.doubled += [
        f"event {event_id} stands under {number} numbers" for event_id, number in ids.items() if number > 1
    ]
    _against_answers(evidence, verdict, _warnings(firsts, strangers(firsts), evidence.judged_until))
    _cases(verdict, firsts, evidence.planted)
    _notices(verdict, firsts, evidence.road.never_heard if evidence.road else frozenset())


def _warnings(
    firsts: Mapping[tuple[str, str], list[Said]], unknown: frozenset[str], judged_until: Mapping[str, int] | None
) -> dict[str, str]:
    """Household number → level of its open warning, by the last word of its line up to when the answers were due;
    without those whom nobody knows. The number is the register's, whose word may have come after the warning's."""
    numbers = {key: line[-1].data["household_no"] for (topic, key), line in firsts.items() if topic == REGISTERED}
    found: dict[str, str] = {}
    for (topic, key), line in firsts.items():
        if topic == "warning.raised" and key not in unknown:
            due = [one for one in line if judged_until is None or one.sequence <= judged_until.get(key, 0)]
            if due and due[-1].data["state"] == "open":
                number = numbers.get(key) or due[-1].data.get("household_no")
                found |= {number: due[-1].data["level"]} if number else {}
    return found


def _against_answers(evidence: Evidence, verdict: Verdict, levels: Mapping[str, str]) -> None:
    expected = _expected(evidence)
    for number, answer in expected.items():
        level = levels.get(number)
        if answer["expected"] == "warned" and level is None:
            verdict.lost.append(f"no warning for {number}: {answer['why']['en']}")
        elif answer["expected"] == "not_warned" and level is not None:
            verdict.wrong.append(f"a warning ({level}) for {number}: {answer['why']['en']}")
        elif level is not None and level != answer["level"]:
            verdict.wrong.append(f"{number} is {level}, not {answer['level']}")
    verdict.ghosts += [
        f"a warning for {number}, of whom no record tells" for number in levels if number not in expected
    ]


def _expected(evidence: Evidence) -> dict[str, Mapping[str, Any]]:
    """What the sample says of each household, and what was reported of it besides: the graver of both."""
    expected = {one["household_no"]: one for one in evidence.answers if one["kind"] == "household"}
    for cause, number, level, _ in evidence.road.filed if evidence.road else ():
        if number is not None:
            known = expected.get(number, {})
            levels = [level, *([known["level"]] if known.get("expected") == "warned" else [])]
            why = {"en": f"a {cause} was filed, besides: {known.get('why', {}).get('en', 'nothing')}"}
            expected[number] = {
                **known, "expected": "warned", "level": max(levels, key=LEVELS.index), "why": why
            }  # fmt: skip
    return expected


def _cases(verdict: Verdict, firsts: Mapping[tuple[str, str], list[Said]], planted: frozenset[str]) -> None:
    """Every warned household has one open case, and every case that was opened had a warning (L5, L8)."""
    warned = {key for topic, key in firsts if topic == "warning.raised"}
    for (topic, key), line in firsts.items():
        if topic != "stage.advanced":
            continue
        opened: set[str] = set()
        is_open: set[str] = set()
        arrived: Counter[tuple[str, str, str, int, str]] = Counter()
        for said in line:
            case, kind = said.data["case_id"], said.type.split(".")[2]
            if kind == "opened":
                if case in opened:
                    verdict.doubled.append(f"case {case} was opened twice")
                opened.add(case)
                is_open.add(case)
            elif kind == "closed":
                is_open.discard(case)
            elif kind == "appealed":
                is_open.add(case)
            elif kind == "arrived":
                arrived[
                    case, said.data["hop"], str(said.data.get("step")), said.data["round"], said.data["branch"]
                ] += 1
            if case not in opened:
                verdict.ghosts.append(f"case {case}: {kind} before it was opened")
        if len(is_open) > 1:
            verdict.doubled.append(f"household {key} has {len(is_open)} open cases")
        verdict.doubled += [f"{where} arrived {times} times" for where, times in arrived.items() if times > 1]
        if key not in warned:
            verdict.ghosts.append(f"household {key} has a case and no warning")
    for (topic, key), line in firsts.items():
        if topic == "warning.raised" and line[-1].data["state"] == "open" and key not in planted:
            stages = firsts.get(("stage.advanced", key), [])
            if not any(said.type.endswith("opened.v1") for said in stages):
                verdict.lost.append(f"household {key} is warned and has no case")


def _notices(verdict: Verdict, firsts: Mapping[tuple[str, str], list[Said]], never_heard: frozenset[str]) -> None:
    """Every task that arrived was told to somebody, and nobody was told twice (L6)."""
    told: Counter[tuple[object, ...]] = Counter()
    tasks: set[str] = set()
    for (topic, _), line in firsts.items():
        if topic == "notice.sent":
            for said in line:
                if said.type.endswith("sent.v1"):
                    data = said.data
                    # At one hop several steps arrive one after another, each with a task of its own.
                    where = (data["case_id"] or data["household_id"], data["step"], data["hop"], data["round"])
                    told[*where, data["branch"], data["task_id"], data["officer_id"]] += 1
                    tasks.add(str(data["task_id"]))
    verdict.doubled += [f"{where} was told {times} times" for where, times in told.items() if times > 1]
    for (topic, _), line in firsts.items():
        if topic == "stage.advanced":
            for said in line:
                task, data = str(said.data.get("task_id")), said.data
                if said.type.endswith("arrived.v1") and task not in tasks | never_heard:
                    place = f"{data['hop']}.{data.get('step')} {data['round']} {data['branch']}"
                    verdict.lost.append(f"task {task} arrived ({place}) and nobody was told")
