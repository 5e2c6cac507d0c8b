"""Histories of one household's cases in memory: the product's own decisions, fed as Kafka, people and the alarm feed
them, with what goes wrong there; and after each step everything is compared with the oracle.

Run long:  python -m tests.services.workflow.histories --histories 10000 --seed 1
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from msgspec.structs import replace

from services.workflow import deciding
from services.workflow.alarm import Alarm, Ring
from services.workflow.case import CaseFile, Place
from services.workflow.deadline import Deadline
from services.workflow.deciding import DECIDE, Answer, Ask, Deciding
from services.workflow.household import Residence
from services.workflow.office import Post
from services.workflow.subscribers import BY_HOP, subscribers
from services.workflow.subscribers.clue_reported import ClueReported, closed_by_refusal
from services.workflow.subscribers.household_registered import HouseholdRegistered
from services.workflow.subscribers.warning_raised import WarningRaised
from shared.access.tokens import Caller
from shared.contracts.clue import Clue
from shared.messaging.outbox import serialise
from shared.messaging.room import Decision, Emit, Input, State, Subscriber
from shared.policy import load
from shared.policy.loader import PACKAGES
from tests.services.workflow import oracle
from tests.services.workflow.house import as_input, emit_of, household, read, registered, warning_state
from tests.services.workflow.oracle import DAY, Account, Heard, Key, Spot, day
from tests.tokens import GRID, VILLAGE

POLICY = "regular-2026"
HOUSE = household(1)
COUNTY, TOWNSHIP = VILLAGE[:6], VILLAGE[:9]
PLACES = (
    (VILLAGE, GRID), (VILLAGE, f"{VILLAGE}-07"), (f"{TOWNSHIP}202", f"{TOWNSHIP}202-01"),
    (f"{TOWNSHIP}000", f"{TOWNSHIP}000-00"), (f"{COUNTY}103201", f"{COUNTY}103201-02"),
    ("341222100201", "341222100201-01"),
)  # fmt: skip
"""Where the household may live: two grids, another village, nobody knows which, another township, another county."""
CONCERNS = ("medical_burden", "unsafe_house", "schooling_cost", "income_loss", "disaster", "living")
OF_WORKFLOW = subscribers(POLICY)
WARNINGS = next(one for one in OF_WORKFLOW if isinstance(one, WarningRaised))
CLUES = next(one for one in OF_WORKFLOW if isinstance(one, ClueReported))
REGISTER = next(one for one in OF_WORKFLOW if isinstance(one, HouseholdRegistered))
HOPS = {hop: rooms[0] for hop, rooms in BY_HOP.items()}
PACKAGE = oracle.Package(PACKAGES / f"{POLICY}.yaml")

seen: Counter[str] = Counter()
"""What the histories of this process came through."""

Choose = Callable[[Sequence[Any]], Any]


class Difference(AssertionError):
    """The product and the oracle, or a promise and the product, part here."""


def same(what: str, ours: object, oracles: object) -> None:
    if ours != oracles:
        raise Difference(f"{what}: {ours!r}, and the oracle says {oracles!r}")


def holds(promise: str, is_kept: object) -> None:
    if not is_kept:
        raise Difference(f"not kept: {promise}")


class World:
    """The database, the logs and the people of one household, without a database, a log or a person."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.file: CaseFile | None = None
        self.refused: CaseFile | None = None
        self.lives = PLACES[0]
        self.account: Account | None = None
        self.told: Account | None = None
        self.logs: dict[str, list[Input]] = {f"hop.{hop}": [] for hop in HOPS}
        self.read_to: dict[str, int] = dict.fromkeys(self.logs, 0)
        self.published: Sequence[Emit] = ()
        self.known: set[UUID] = set()
        self.emitted: set[UUID] = set()
        self.places: set[UUID] = set()
        self.deadlines: dict[UUID, Deadline] = {}
        self.numbers: Counter[str] = Counter()
        self.decided: list[Ask] = []
        self.loads = 0

    # ── the database ────────────────────────────────────────────────────────────────────────────────────────────

    def loaded(self) -> CaseFile | None:
        """As the database gives it: what lives, in no order."""
        self.loads += 1
        if self.file is None:
            return None
        live = self.file.live
        turned = live[self.loads % len(live) :] + live[: self.loads % len(live)]
        tasks = tuple(one for one in self.file.tasks if one.state == "open")
        running = tuple(one for one in self.deadlines.values() if one.state in ("running", "paused"))
        return CaseFile(self.file.case, turned, tasks, running)

    def commit(self, before: CaseFile | None, decision: Decision) -> None:
        after = [row for row in decision.rows if isinstance(row, CaseFile)]
        self._publish(decision.emits)
        if not after:
            return
        for one in after[:-1]:
            if self.refused is not None and one.case.case_id == self.refused.case.case_id:
                self.refused = one
        file = after[-1]
        self._ended(before, file, decision)
        old = {one.place_id for one in before.places} if before else set()
        for place in file.places:
            if place.place_id not in old:
                holds(
                    f"place {place.hop}.{place.step} {place.round} {place.branch} is new",
                    place.place_id not in self.places,
                )
                self.places.add(place.place_id)
        self.deadlines.update((one.place_id, one) for one in file.deadlines)
        self.file = None if file.case.state == "closed" else file
        if self.file is None:
            holds("a closed case has no live place", not file.live)
            self.deadlines.clear()
            self.refused = CaseFile(file.case) if file.case.result == "refused" else self.refused
            seen[f"closed: {file.case.closed_because}"] += 1

    def _ended(self, before: CaseFile | None, file: CaseFile, decision: Decision) -> None:
        live = {one.place_id for one in before.live} if before else set()
        ended = [one for one in file.places if one.state == "ended" and one.place_id in live]
        holds("no place vanishes", live <= {one.place_id for one in file.places})
        if ended:
            holds("nothing ends without a fact", any(one.topic == "stage.advanced" for one in decision.emits))
            holds("who ended has its time", all(one.ended_at and one.ended_as for one in ended))
            tasks = {one.place_id for one in file.tasks if one.state == "open"}
            holds("no task stays open where a place ended", not tasks & {one.place_id for one in ended})

    def _publish(self, emits: Sequence[Emit]) -> None:
        self.published = emits
        for emit in emits:
            holds(f"{emit.type} has an id of its own", emit.id not in self.emitted)
            holds(f"the cause of {emit.type} is known", emit.causation_id in self.known)
            self.emitted.add(emit.id)
            self.known.add(emit.id)
            self.numbers[emit.topic] += 1
            if emit.topic in self.logs:
                number = self.numbers[emit.topic]
                value = serialise(emit, "/workflow", number, self.now)
                self.logs[emit.topic].append(
                    read(emit.topic, emit.key, number, str(emit.id), emit.type, emit.region, value, number)
                )

    # ── one record, call or deadline ────────────────────────────────────────────────────────────────────────────

    def pass_through(self, room: Subscriber, states: Callable[[CaseFile | None], State], *inputs: Input) -> Decision:
        """One transaction; what a decision puts is carried on to the next record. Deciding again decides the same."""
        before = self.loaded()
        state = states(before)
        decisions = []
        for input in inputs:
            assert input.cause is None, input.cause
            decision = room.decide(state, input, self.now)
            same("deciding again", room.decide(state, input, self.now), decision)
            state.update(decision.puts)
            decisions.append(decision)
        joint = replace(
            decisions[-1],
            emits=[emit for one in decisions for emit in one.emits],
            rows=[row for one in decisions for row in one.rows],
        )
        if joint.problem is None:
            self.commit(before, joint)
        return joint

    def by_household(self, file: CaseFile | None) -> State:
        lives = {HOUSE: Residence(*self.lives)}
        state: State = {("homes",): {str(HOUSE): str(HOUSE)}, ("residences",): lives, ("before",): ()}
        if file is not None:
            state[("case", HOUSE)] = file
        is_closed = self.refused is not None and (file is None or file.case.case_id != self.refused.case.case_id)
        state.update(closed_by_refusal([self.refused] if self.refused is not None and is_closed else []))
        return state

    def by_task(self, task_id: UUID) -> Callable[[CaseFile | None], State]:
        return lambda file: {("before",): (), ("posts",): posts_at(*self.lives), ("file", task_id): file}

    def outside(self, topic: str, word: str, data: Any) -> Input:
        self.numbers[topic] += 1
        number = self.numbers[topic]
        emit = emit_of(topic, word, str(HOUSE), data, number)
        self.known.add(emit.id)
        return as_input(emit, number, number, self.now)

    # ── warnings and clues ──────────────────────────────────────────────────────────────────────────────────────

    def warn(self, word: str, heard: Heard, is_crash: bool) -> None:
        state = warning_state(
            HOUSE, heard.level, heard.concerns, warning=heard.id, new=heard.new, cause=heard.cause,  # type: ignore[arg-type]
            started_at=heard.started_at, is_green=heard.is_green,
        )  # fmt: skip
        input = self.outside("warning.raised", word, state)
        if is_crash:
            WARNINGS.decide(self.by_household(self.loaded()), input, self.now)
            seen["crash"] += 1
        word = self.pass_through(WARNINGS, self.by_household, input).word
        seen[f"warning: {word}"] += 1
        if self.account is None:
            if word not in ("no_case", "suppressed"):
                self.account = oracle.opened(PACKAGE, *self.lives, heard, self.now)
        elif input.type.split(".")[2] in ("raised", "strengthened"):
            self.account.strengthen(heard, self.now)
        elif input.type.split(".")[2] == "withdrawn":
            self.account.withdraw(heard.id, self.now)
        self.compare()

    def appeal(self) -> None:
        clue = Clue(
            clue_id=uuid5(HOUSE, f"clue {self.numbers['clue.reported']}"), household_id=HOUSE, cause="declaration",
            channel="web", concerns=(), reported_at=self.now, reported_by_role="farmer",
        )  # fmt: skip
        word = self.pass_through(CLUES, self.by_household, self.outside("clue.reported", "appealed", clue)).word
        seen[f"appeal: {word}"] += 1
        if self.account is not None:
            if self.account.result == "refused" and self.account.main.at == oracle.TELL:
                if not self.account.appeals:
                    self.account.appeal(self.now)
            elif self.told is not None and not self.told.appeals:
                self.account.hear_beside(self.told, self.now)
        elif self.told is not None and not self.told.appeals:
            self.account, self.told = self.told, None
            self.account.move(*self.lives)
            self.account.appeal(self.now)
        self.compare()

    def move(self, places: Sequence[tuple[str, str]], is_crash: bool) -> None:
        """The household lives elsewhere, in one batch as often as the register says so."""
        inputs = []
        for region, grid in places:
            self.lives = region, grid
            inputs.append(self.outside("household.registered", "changed", registered(1, region=region, grid=grid)))
            if self.account is not None:
                self.account.move(region, grid)
        if is_crash:
            REGISTER.decide(self.by_household(self.loaded()), inputs[0], self.now)
            seen["crash"] += 1
        self.pass_through(REGISTER, self.by_household, *inputs)
        told = sum(one.type.split(".")[2] == "reassigned" for one in self.published)
        seen["moved: told" if told else "moved"] += 1
        again = self.pass_through(REGISTER, self.by_household, inputs[-1])
        same("what the register says again", again.emits, [])
        self.compare()

    # ── hops ────────────────────────────────────────────────────────────────────────────────────────────────────

    def deliver(self, topic: str, most: int = 1, is_crash: bool = False) -> None:
        """The next records of a topic, in order, in one transaction; after a crash they come again."""
        at = self.read_to[topic]
        inputs = self.logs[topic][at : at + most]
        if is_crash:
            HOPS[topic[4:]].decide(self.by_household(self.loaded()), inputs[0], self.now)
            seen["crash"] += 1
        self.pass_through(HOPS[topic[4:]], self.by_household, *inputs)
        self.read_to[topic] += len(inputs)
        for input in inputs:
            self._arrived(input)
        self.compare()

    def _arrived(self, input: Input) -> None:
        entered = input.body.data
        spot = self.account.spot((entered.hop, entered.step, entered.round, entered.branch)) if self.account else None
        is_ours = self.file is not None and self.file.case.case_id == entered.case_id
        if spot is not None and spot.state == "on_its_way" and is_ours:
            assert self.account is not None
            self.account.arrive(spot)
        else:
            seen["stale"] += 1

    def deliver_again(self, topic: str, at: int) -> None:
        """A record that was read before: nothing comes of it, even where no sequence would keep it out."""
        decision = self.pass_through(HOPS[topic[4:]], self.by_household, self.logs[topic][at])
        same("a record that comes twice", (decision.word, decision.rows, decision.emits), ("stale", [], []))
        seen["redelivered"] += 1
        self.compare()

    # ── people ──────────────────────────────────────────────────────────────────────────────────────────────────

    def place_of(self, key: Key) -> Place:
        assert self.file is not None
        place = self.file.at(*key)
        assert place is not None
        return place

    def decide(
        self, spot: Spot, action: str, officer: str, is_approver: bool, choose: Choose, is_twice: bool, is_crash: bool
    ) -> str:
        """One answer on one task; whatever was offered is taken, whoever may not is refused, a second click too."""
        assert self.file is not None and self.account is not None
        place = self.place_of(spot.key)
        assert place.task_id is not None
        form, reason = self.filled(place, action, choose)
        caller = caller_at(spot, officer, is_approver)
        answer = Answer(action=action, form=form, reason_code=reason, version=spot.asked)
        ask = Ask(place.task_id, caller, officer, answer)
        if is_crash:
            Deciding().decide(self.by_task(ask.task_id)(self.loaded()), Input(DECIDE, "", None, ask), self.now)
            seen["crash"] += 1
        given = self._ask(ask)
        problem = self.account.refused_to(spot, officer, is_approver)
        is_early = action == "close_notice" and (spot.notice_until is None or day(self.now) <= spot.notice_until)
        if problem is None and is_early:
            problem = "invalid"
        same(f"the problem with {action} at {spot.key}", given.problem.code if given.problem else None, problem)
        if problem is not None:
            seen[f"refused: {problem}"] += 1
            return problem
        main = self.account.main
        self.account.act(spot, action, {**form, "because": reason}, officer, self.now, reason or "")
        seen[f"{spot.hop}.{spot.step}.{action}"] += 1
        if spot.is_main is False and self.account.state != "closed" and main is not self.account.main:
            seen["remonitored"] += 1
        self.compare()
        self.decided.append(ask)
        if is_twice:
            self.click_again(ask)
        return given.word

    def click_again(self, ask: Ask) -> None:
        given = self._ask(ask)
        holds(
            "a second click changes nothing",
            given.problem and given.problem.code in ("task_closed", "version_conflict"),
        )
        seen["double click"] += 1
        self.compare()

    def _ask(self, ask: Ask) -> Decision:
        return self.pass_through(Deciding(), self.by_task(ask.task_id), Input(DECIDE, "", None, ask))

    def filled(self, place: Place, action: str, choose: Choose) -> tuple[dict[str, Any], str | None]:
        """The form's own example, with whatever may turn the way."""
        assert self.file is not None
        policy, case = load(POLICY), self.file.case
        asked = deciding.asked_at(policy, case, place, posts_at(*self.lives), self.now)
        form = dict(deciding.form_of(place, action).example(asked))
        today = day(self.now)
        match action:
            case "report":
                form["difficulty"] = choose(["unclear", "confirmed", "confirmed", "not_seen"])
                form["concerns"] = choose([[], [choose(CONCERNS)]])
            case "record_visit":
                form["difficulty_confirmed"] = choose([True, True, True, False])
                form["concerns"] = choose([[], [choose(CONCERNS)]])
            case "record_review":
                form["votes_for"], form["votes_against"] = choose([(25, 1), (25, 1), (14, 12), (13, 13), (2, 20)])
            case "post_notice":
                form["posted_on"] = max(day(place.sent_at), today - choose([0, 0, 1, 2]) * DAY).isoformat()
            case "approve":
                codes = [code for code, _ in asked.departments]
                first, many = choose(range(len(codes))), choose([2, 1, 3])
                form["departments"] = [*codes[first:], *codes[:first]][:many]
            case "dispute":
                named = list(form["departments"])
                form["departments"] = choose([named, named[:1], list(case.departments)[-1:], list(case.departments)])
            case "pause":
                form["until"] = (today + choose([0, 1, 3, 7, 10]) * DAY).isoformat()
            case "tell":
                form["told_on"] = max(day(place.sent_at), today - choose([0, 0, 1, 2]) * DAY).isoformat()
        reasons = next(one for one in deciding.actions_at(policy, case, place, self.now) if one.code == action).reasons
        return form, choose([one.code for one in reasons]) if reasons else None

    # ── the alarm ───────────────────────────────────────────────────────────────────────────────────────────────

    def ring(self) -> None:
        """Every deadline whose time has come, as the alarm finds it."""
        for deadline in sorted(self.deadlines.values(), key=lambda one: one.deadline_id):
            if deadline.wake_at is not None and deadline.wake_at <= self.now and self.file is not None:
                self._rings(deadline.place_id)
        self.compare()

    def _rings(self, place_id: UUID) -> None:
        def state(file: CaseFile | None) -> State:
            assert file is not None
            place = next(one for one in file.places if one.place_id == place_id)
            return {("deadline", deadline.deadline_id): ring_of(file, place, deadline), ("file", HOUSE): file}

        deadline = self.deadlines[place_id]
        decision = self.pass_through(Alarm(), state, Input("deadline", str(HOUSE), None, deadline.deadline_id))
        seen[f"alarm: {decision.word}"] += 1
        if decision.word == "resumed":
            assert self.account is not None and self.file is not None
            place = next(one for one in self.file.places if one.place_id == place_id)
            spot = self.account.spot((place.hop, place.step, place.round, place.branch))
            assert spot is not None and spot.paused_until is not None
            holds("a pause is over when it ends", spot.paused_until <= self.now)
            self.account.run_on(spot, self.now)
            return
        for row in decision.rows:
            if hasattr(row, "lateness"):
                self.deadlines[place_id] = replace(deadline, state=row.state, fired=row.fired, wake_at=row.wake_at)

    # ── the comparison ──────────────────────────────────────────────────────────────────────────────────────────

    def compare(self) -> None:
        account = self.account
        same("is a case open", self.file is not None, account is not None and account.state != "closed")
        if self.file is None or account is None:
            self._closed()
            return
        case = self.file.case
        for name in ("state", "result", "level", "cause", "rounds", "is_confirmed", "is_green", "is_noticed",
                     "pauses", "appeals", "appeal_until"):  # fmt: skip
            same(f"the case's {name}", getattr(case, name), getattr(account, name))
        same("its concerns", set(case.concerns), set(account.concerns))
        same("its departments", set(case.departments), set(account.departments))
        same("who declined", set(case.declined), account.declined)
        same("who refused", set(case.refused_by), account.refused_by)
        same("who stood back", set(case.stood_back), account.stood_back)
        same("what returned", set(case.returned_by), {".".join(one) for one in account.returned_by})
        same("the journey's end", case.journey_due_at, account.journey)
        same("the ends of the totals", dict(case.ends), account.ends)
        same("exactly one main place", sum(one.is_main for one in self.file.live), 1)
        self._main_way()
        same("the live places", {key_of(one) for one in self.file.live}, {one.key for one in account.spots})
        for place in self.file.live:
            spot = account.spot(key_of(place))
            assert spot is not None
            self._compare(place, spot)
        tasks = [one for one in self.file.tasks if one.state == "open"]
        running = [one for one in self.deadlines.values() if one.state in ("running", "paused")]
        here: list[Any] = [case, *self.file.live, *tasks, *running]
        same("where all of it stands", {(one.region, one.grid) for one in here}, {self.lives})

    def _closed(self) -> None:
        account, self.account = self.account, None
        if account is not None:
            assert account.state == "closed"
            self.told = account if account.result == "refused" else self.told
            if self.told is account and self.refused is not None:
                same("the days to appeal", self.refused.case.appeal_until, account.appeal_until)

    def _main_way(self) -> None:
        """Where several branches may carry the main way on, the one that does is among them."""
        assert self.file is not None and self.account is not None
        if self.account.candidates is not None:
            main = key_of(self.file.main)
            holds("the main way goes on with one of the branches", main in self.account.candidates)
            for spot in self.account.spots:
                spot.is_main = spot.key == main
            self.account.candidates = None

    def _compare(self, place: Place, spot: Spot) -> None:
        assert self.file is not None and self.account is not None
        at = f"{spot.key}: "
        for name in ("is_main", "state", "level", "office", "proposal", "notice_until", "paused_at",
                     "paused_until"):  # fmt: skip
            same(at + name, getattr(place, name), getattr(spot, name))
        if PACKAGE.steps[spot.at].get("signs"):
            same(at + "who prepared it", place.prepared_by, spot.prepared_by)
        same(at + "concerns", set(place.concerns), set(spot.concerns))
        if spot.least is not None:
            holds(
                f"{at}due {place.due_at} from {spot.least} to {spot.due_at}", spot.least <= place.due_at <= spot.due_at
            )
            spot.due_at, spot.least = place.due_at, None
        same(at + "due", place.due_at, spot.due_at)
        tasks = [one for one in self.file.tasks if one.place_id == place.place_id and one.state == "open"]
        same(at + "open tasks and versions", [one.version for one in tasks], [spot.asked] if spot.asked else [])
        deadline = self.deadlines.get(place.place_id)
        if place.state == "tracking":
            holds(at + "nothing rings for what is tracked", deadline is None or deadline.wake_at is None)
        else:
            self._runs(at, place, deadline)
        if place.state == "open":
            offered = [one.code for one in deciding.actions_at(load(POLICY), self.file.case, place, self.now)]
            same(at + "offered", sorted(offered), sorted(self.account.offered(spot, self.now)))

    def _runs(self, at: str, place: Place, deadline: Deadline | None) -> None:
        if deadline is None or deadline.state == "ended":
            raise Difference(f"{at}a live place has no deadline")
        same(at + "paused clock", deadline.state == "paused", place.paused_at is not None)
        if deadline.state != "done":
            same(at + "the deadline's due instant", deadline.due_at, place.due_at)
        if place.paused_until is not None:
            same(at + "the alarm wakes at the pause's end", deadline.wake_at, place.paused_until)
        if place.step == "notice":
            days = PACKAGE.amount(PACKAGE.steps[place.hop, place.step]["limit"], place.level, day(place.sent_at))[0]
            holds(
                at + "a notice has all its days", place.due_at >= oracle.midnight(day(place.sent_at) + (days + 1) * DAY)
            )


def key_of(place: Place) -> Key:
    return place.hop, place.step, place.round, place.branch


def ring_of(file: CaseFile, place: Place, deadline: Deadline) -> Ring:
    return Ring(
        deadline_id=deadline.deadline_id, place_id=place.place_id, case_id=place.case_id,
        household_id=place.household_id, hop=place.hop, round=place.round, branch=place.branch, state=deadline.state,
        sent_at=deadline.sent_at, due_at=deadline.due_at, fired=deadline.fired, wake_at=deadline.wake_at,
        region=place.region, grid=place.grid, place_state=place.state, place_step=place.step, office=place.office,
        level=place.level, task_id=place.task_id, cause_id=place.cause_id, correlation_id=file.case.correlation_id,
        policy=file.case.policy,
    )  # fmt: skip


def posts_at(region: str, grid: str) -> list[Post]:
    village = region[:9] if region.endswith("000") else region
    return [
        Post("gw-1", grid, "worker"), Post("gw-2", grid, "deputy"), Post("vc-1", village, "leader"),
        Post("vc-2", village, "member"),
    ]  # fmt: skip


def caller_at(spot: Spot, officer: str, is_approver: bool) -> Caller:
    capacity: Any = "approver" if is_approver else "handler"
    match spot.hop:
        case "village_group":
            return Caller(officer, "grid_worker", VILLAGE, GRID)
        case "village_committee" | "village_return":
            return Caller(officer, "village", VILLAGE)
        case "township" | "township_return":
            return Caller(officer, "township", TOWNSHIP, capacity=capacity)
        case "department":
            return Caller(officer, "department", COUNTY, department=spot.branch)
    return Caller(officer, "county", COUNTY, capacity=capacity)


PEOPLE: Mapping[str, Sequence[str]] = {
    "village_group": ("gw-1", "gw-2", "gw-3"), "village_committee": ("vc-1", "vc-2"),
    "village_return": ("vc-1", "vc-2"), "township": ("tw-1", "tw-2", "tw-3"), "township_return": ("tw-1",),
    "department": ("dp-1",),
    "county": ("co-1", "co-2", "co-3", "co-4", "co-5", "co-6"),
}  # fmt: skip

UNUSUAL = st.integers(0, 9).map(lambda one: one == 9)
"""What goes wrong now and then: one time in ten."""


class Histories(RuleBasedStateMachine):
    """Any history: ordinary steps, many at once, and between them everything that happens in a year."""

    @initialize(start=st.integers(0, 140), hour=st.integers(0, 23), steps=st.integers(0, 15), data=st.data())
    def begin(self, start: int, hour: int, steps: int, data: st.DataObject) -> None:
        """A warning at any hour of half a year, its case somewhere on the ordinary way."""
        seen["histories"] += 1
        self.world = World(datetime(2026, 1, 5, hour, 30, tzinfo=UTC) + start * DAY)
        self._warn(data, "raised", 0, False)
        self.goes_on(steps, False, data)

    # ── what is drawn ───────────────────────────────────────────────────────────────────────────────────────────

    def _warn(self, data: st.DataObject, word: str, id_: int, is_crash: bool) -> None:
        level, cause, green, count, new, days = data.draw(
            st.tuples(
                st.sampled_from(sorted(oracle.RANK)), st.sampled_from(["finding", "clue", "declaration", "opinion"]),
                UNUSUAL, st.integers(1, 2), UNUSUAL, st.integers(0, 3),
            ),
            label="warning",
        )  # fmt: skip
        concerns = data.draw(st.lists(st.sampled_from(CONCERNS), min_size=count, max_size=count, unique=True))
        more = (data.draw(st.sampled_from(CONCERNS)),) if new else ()
        heard = Heard(id_, level, tuple(concerns), more, cause, self.world.now - days * DAY, green)
        self.world.warn(word, heard, is_crash)

    def _spots(self) -> list[Spot]:
        account = self.world.account
        return [one for one in account.spots if one.state == "open"] if account else []

    def _act(self, spot: Spot, data: st.DataObject, is_usual: bool, is_twice: bool, is_crash: bool) -> str:
        account = self.world.account
        assert account is not None
        offered = account.offered(spot, self.world.now)
        action = offered[0] if is_usual else data.draw(st.sampled_from(offered), label="action")
        is_approver = True if is_usual else data.draw(st.booleans(), label="approver")
        able = [one for one in PEOPLE[spot.hop] if account.refused_to(spot, one, is_approver) is None]
        people = able if is_usual and able else PEOPLE[spot.hop]
        officer = people[0] if is_usual else data.draw(st.sampled_from(people), label="officer")

        def choose(among: Sequence[Any]) -> Any:
            return among[0] if is_usual else data.draw(st.sampled_from(among))

        return self.world.decide(spot, action, officer, is_approver, choose, is_twice, is_crash)

    # ── what happens ────────────────────────────────────────────────────────────────────────────────────────────

    @rule(steps=st.integers(1, 8), is_odd=st.booleans(), data=st.data())
    def goes_on(self, steps: int, is_odd: bool, data: st.DataObject) -> None:
        """The ordinary way, some steps far: every hop reads what it was sent, the main way's task is answered.

        With `is_odd` the last of them is answered in any way that is offered.
        """
        for left in reversed(range(steps)):
            self._deliver_all()
            spots = [one for one in self._spots() if one.is_main]
            if not spots:
                return
            spot = spots[0]
            until = spot.notice_until
            if spot.step == "notice" and until is None:
                self._post(spot, data)
                continue
            if until is not None and day(self.world.now) <= until:
                self.world.now = oracle.midnight(until + DAY) + timedelta(hours=9)
                self.world.ring()
                continue
            if self._act(spot, data, not is_odd or left > 0, False, False) in ("same_person", "approver_needed"):
                return

    def _post(self, spot: Spot, data: st.DataObject) -> None:
        account = self.world.account
        assert account is not None
        self.world.decide(spot, "post_notice", "vc-1", False, lambda among: among[0], False, False)

    def _deliver_all(self) -> None:
        for topic, log in self.world.logs.items():
            while self.world.read_to[topic] < len(log):
                self.world.deliver(topic, 3)

    @rule(data=st.data(), is_twice=UNUSUAL, is_crash=UNUSUAL)
    def somebody_decides(self, data: st.DataObject, is_twice: bool, is_crash: bool) -> None:
        spots = self._spots()
        if spots:
            spot = spots[data.draw(st.integers(0, len(spots) - 1), label="which task")]
            self._act(spot, data, False, is_twice, is_crash)

    @rule(data=st.data())
    def everybody_beside_decides(self, data: st.DataObject) -> None:
        """Departments and what else runs in parallel, in any order."""
        self._deliver_all()
        spots = [one for one in self._spots() if not one.is_main or one.hop == "department"]
        for at in data.draw(st.permutations(range(len(spots))), label="order"):
            spot = spots[at]
            if self.world.account and self.world.account.spot(spot.key) is spot:
                self._act(spot, data, False, False, False)

    @rule(data=st.data(), most=st.integers(1, 3), is_crash=UNUSUAL)
    def a_hop_reads(self, data: st.DataObject, most: int, is_crash: bool) -> None:
        ahead = [topic for topic, log in self.world.logs.items() if self.world.read_to[topic] < len(log)]
        if ahead:
            self.world.deliver(data.draw(st.sampled_from(ahead), label="hop"), most, is_crash)

    @rule(data=st.data())
    def a_record_comes_again(self, data: st.DataObject) -> None:
        behind = [topic for topic, at in self.world.read_to.items() if at]
        if behind:
            topic = data.draw(st.sampled_from(behind), label="hop")
            self.world.deliver_again(topic, data.draw(st.integers(0, self.world.read_to[topic] - 1), label="record"))

    @rule(data=st.data())
    def an_old_page_is_sent(self, data: st.DataObject) -> None:
        """A page that was left open, of any round: what it answers has been answered."""
        if self.world.decided:
            at = data.draw(st.integers(0, len(self.world.decided) - 1), label="page")
            self.world.click_again(self.world.decided[at])

    @rule(hours=st.sampled_from([1, 5, 20, 24, 49, 72, 120, 200]), is_alarm_late=UNUSUAL)
    def time_passes(self, hours: int, is_alarm_late: bool) -> None:
        self.world.now += timedelta(hours=hours)
        if not is_alarm_late:
            self.world.ring()
        self.world.compare()

    @rule(
        word=st.sampled_from(["raised", "strengthened", "strengthened", "weakened", "withdrawn"]),
        id_=st.integers(0, 2), is_crash=UNUSUAL, data=st.data(),
    )  # fmt: skip
    def something_new_is_heard(self, word: str, id_: int, is_crash: bool, data: st.DataObject) -> None:
        self._warn(data, word, id_, is_crash)

    @rule(places=st.lists(st.sampled_from(PLACES), min_size=1, max_size=2), is_crash=UNUSUAL)
    def the_household_moves(self, places: list[tuple[str, str]], is_crash: bool) -> None:
        """Whatever is open, and while none is: what is warned of, or appealed against later, is where it lives then."""
        self.world.move(places, is_crash)

    @precondition(lambda self: self._is_on_its_way())
    @rule(is_so=st.sampled_from([True, False, False]), data=st.data())
    def it_is_taken_back_on_its_way(self, is_so: bool, data: st.DataObject) -> None:
        """Every cause is withdrawn before the hop has read of it: what it reads then is of a round that has ended."""
        account = self.world.account
        for id_ in list(account.warnings) if account and is_so else []:
            if self.world.account is account:
                self._warn(data, "withdrawn", int(str(id_)), False)
        self._deliver_all()

    def _is_on_its_way(self) -> bool:
        account = self.world.account
        return account is not None and any(one.state == "on_its_way" for one in account.spots)

    @rule(
        days=st.sampled_from([0, 1, 3, 10]),
        later=st.sampled_from([-3, 1, 30, 200]),
        is_met=st.booleans(),
        ends=st.sampled_from(["by the alarm", "by hand", "later"]),
        data=st.data(),
    )
    def its_clock_stands(self, days: int, later: int, is_met: bool, ends: str, data: st.DataObject) -> None:
        """A pause, perhaps something new within it, and the hours until just before or well after its end."""
        world = self.world
        self._deliver_all()
        for spot in self._spots():
            if world.account is None or "pause" not in world.account.offered(spot, world.now):
                continue
            officer = PEOPLE[spot.hop][0]
            world.decide(spot, "pause", officer, True, lambda among: among[days % len(among)], False, False)
            assert spot.paused_until is not None
            if is_met:
                self._warn(data, "strengthened", 0, False)
                self.what_is_new_is_verified(data)
            world.now = max(world.now, spot.paused_until + timedelta(hours=later))
            if ends == "by the alarm":
                world.ring()
            elif ends == "by hand":
                world.decide(spot, "resume", officer, True, lambda among: among[0], False, False)
            return

    @precondition(lambda self: self.world.account is not None and self.world.account.state == "tracking")
    @rule(id_=st.integers(0, 4), days=st.integers(1, 60), data=st.data())
    def a_helped_household_is_heard_of_again(self, id_: int, days: int, data: st.DataObject) -> None:
        self.world.now += days * DAY
        self.world.ring()
        self._warn(data, "raised", id_, False)
        self.what_is_new_is_verified(data)
        self.what_is_new_is_verified(data)

    @rule(data=st.data())
    def the_same_person_would_sign(self, data: st.DataObject) -> None:
        """Whoever prepared it, or refused what is appealed against, with an approver's capacity."""
        self._deliver_all()
        account = self.world.account
        for spot in self._spots():
            assert account is not None
            same_ones = [one for one in PEOPLE[spot.hop] if account.refused_to(spot, one, True) == "same_person"]
            if same_ones and self.world.account and self.world.account.spot(spot.key) is spot:
                action = self.world.account.offered(spot, self.world.now)[0]
                self.world.decide(spot, action, same_ones[-1], True, lambda among: among[0], False, False)

    @rule(data=st.data())
    def it_is_refused(self, data: st.DataObject) -> None:
        """The handler proposes it, another person signs, and the village may tell it."""
        self._deliver_all()
        spot = next((one for one in self._spots() if one.is_main and one.step in ("review", "sign")), None)
        if spot is None or spot.hop not in ("township", "county") or spot.paused_at:
            return
        if spot.step == "review":
            self.world.decide(spot, "not_eligible", "tw-1" if spot.hop == "township" else "co-1", False,
                              lambda among: among[0], False, False)  # fmt: skip
            self.goes_on(1, False, data)

    @precondition(lambda self: self.world.told is not None or self._is_told())
    @rule()
    def the_farmer_appeals(self) -> None:
        self.world.appeal()

    @rule(action=st.sampled_from(["uphold", "overturn"]), way=st.integers(0, 9))
    def an_appeal_is_answered(self, action: str, way: int) -> None:
        """By whoever may: somebody who took no part in the refusal."""
        self._deliver_all()
        account = self.world.account
        for spot in [one for one in self._spots() if one.at == oracle.APPEAL]:
            assert account is not None
            able = [one for one in PEOPLE["county"] if account.refused_to(spot, one, True) is None]
            if able:
                self.world.decide(spot, action, able[way % len(able)], True, lambda among: among[0], False, False)

    @rule(data=st.data())
    def what_is_new_is_verified(self, data: st.DataObject) -> None:
        """A first look or a visit beside the main way."""
        self._deliver_all()
        for spot in [one for one in self._spots() if not one.is_main and one.at in (oracle.LOOK, oracle.VISIT)]:
            if self.world.account and self.world.account.spot(spot.key) is spot:
                self._act(spot, data, True, False, False)

    def _is_told(self) -> bool:
        account = self.world.account
        return account is not None and account.result == "refused" and account.main.at == oracle.TELL


def searched(histories: int, steps: int, seed: int, *, shrinks: bool = True) -> None:
    """Raises Difference with the shortest history that Hypothesis finds, or with the first one."""
    phases = [Phase.generate, Phase.shrink] if shrinks else [Phase.generate]
    how = settings(
        max_examples=histories, stateful_step_count=steps, database=None, deadline=None, derandomize=False,
        suppress_health_check=list(HealthCheck), phases=phases, print_blob=False,
        report_multiple_bugs=False,
    )  # fmt: skip
    machine = hypothesis.seed(seed)(type("Histories", (Histories,), {}))
    run_state_machine_as_test(machine, settings=how)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--seed", type=int, default=date.today().toordinal())
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    searched(asked.histories, asked.steps, asked.seed)
    for what, count in sorted(seen.items()):
        print(f"{count:9,} {what}")
    print(f"{seen['histories']:,} histories (seed {asked.seed}), {time.monotonic() - began:.0f} s: no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
