"""What a case's route ought to do, in plain Python, written from the rules and from the package's YAML as data.

Nothing of the product is imported: steps, limits, actions and pauses are read out of the YAML, working days come from
chinesecalendar, and days are counted one by one. Where a rule leaves room (which branch carries the main way on, how a
shortage of days is shared) the oracle says what is allowed, and takes over what was chosen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import chinese_calendar
import yaml

BEIJING = timezone(timedelta(hours=8))
DAY = timedelta(days=1)
RANK = {"yellow": 0, "orange": 1, "red": 2}
LOOK, VISIT = ("village_group", "first_look"), ("village_committee", "visit")
REVIEW, TOWNSHIP, COUNTY = ("village_committee", "review"), ("township", "review"), ("county", "review")
DEPARTMENT, REASSIGN = ("department", "measure_plan"), ("county", "reassign")
TELL, APPEAL = ("village_return", "tell"), ("county", "appeal")

Step = tuple[str, str]
Key = tuple[str, str, int, str]
"""Hop, step, round, branch."""


def day(instant: datetime) -> date:
    return instant.astimezone(BEIJING).date()


def midnight(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=BEIJING).astimezone(UTC)


@cache
def works(on: date) -> bool:
    return bool(chinese_calendar.is_workday(on))


@cache
def after(first: date, amount: int, unit: str) -> date:
    """The last day of a limit in days."""
    last = first
    while amount:
        last += DAY
        amount -= 1 if unit == "calendar_days" or works(last) else 0
    return last


class Package:
    """A policy package as the county reads it: the file, and nothing made of it."""

    def __init__(self, path: Path) -> None:
        self.route = yaml.safe_load(path.read_text("utf-8"))["route"]
        self.steps = {(hop["hop"], one["step"]): one for hop in self.route["hops"] for one in hop["steps"]}
        self.hops = {hop["hop"]: hop for hop in self.route["hops"]}
        self.main = [key for key, one in self.steps.items() if not one.get("aside")]

    def amount(self, limits: Mapping[str, Any], level: str, on: date) -> tuple[int, str]:
        lines = limits.get("every_level") or limits[level]
        in_force = [one for one in lines if one.get("from", date.min) <= on <= (one.get("to") or date.max)]
        return in_force[-1]["value"], in_force[-1]["unit"]

    def due(self, limits: Mapping[str, Any], level: str, start: datetime) -> datetime:
        amount, unit = self.amount(limits, level, day(start))
        return start + timedelta(hours=amount) if unit == "hours" else midnight(after(day(start), amount, unit) + DAY)

    def own(self, step: Step, level: str, start: datetime) -> datetime:
        """The step's own limit; a public notice has a day more in which it is taken down."""
        due = self.due(self.steps[step]["limit"], level, start)
        if self.steps[step].get("fixed"):
            amount, unit = self.amount(self.route["limits"]["notice_close"], level, day(start))
            due = midnight(after(day(due) - DAY, amount, unit) + DAY)
        return due

    def next_of(self, step: Step) -> Step:
        """The next main step of the hop, or the next hop's first."""
        hop = step[0]
        mine = [one for one in self.main if one[0] == hop]
        later = mine[mine.index(step) + 1 :] if step in mine else []
        return later[0] if later else next(one for one in self.main if one[0] == self.hops[hop]["next"][0])

    def back_of(self, step: Step) -> Step:
        mine = [one for one in self.main if one[0] == step[0]]
        if step in mine[1:]:
            return mine[mine.index(step) - 1]
        return next(one for one in self.main if one[0] == self.hops[step[0]]["returns_to"][0])

    def covering(self, hop: str) -> dict[str, Any]:
        return {code: one for code, one in self.route["totals"].items() if hop in one["covers"]}


@dataclass
class Spot:
    """A live place of a case. `asked` is its task's version, 0 while it is on its way."""

    hop: str
    step: str
    round: int
    branch: str
    is_main: bool
    level: str
    concerns: list[str]
    sent_at: datetime
    due_at: datetime
    office: str
    state: str = "on_its_way"
    asked: int = 0
    prepared_by: str | None = None
    proposal: str | None = None
    notice_until: date | None = None
    paused_at: datetime | None = None
    paused_until: datetime | None = None
    least: datetime | None = None
    """While set, the due instant may be anything from here to `due_at`: days are short and shared."""

    @property
    def key(self) -> Key:
        return self.hop, self.step, self.round, self.branch

    @property
    def at(self) -> Step:
        return self.hop, self.step

    @property
    def is_ahead(self) -> bool:
        """Nobody has acted on it yet, or somebody is about to."""
        return self.state in ("on_its_way", "open")


@dataclass
class Account:
    """A case as the oracle knows it."""

    package: Package
    region: str
    grid: str
    level: str
    cause: str
    concerns: list[str]
    clock: datetime
    state: str = "open"
    result: str | None = None
    journey: datetime = field(init=False)
    ends: dict[str, datetime] = field(default_factory=dict)
    spots: list[Spot] = field(default_factory=list)
    warnings: list[object] = field(default_factory=list)
    withdrawn: set[object] = field(default_factory=set)
    rounds: int = 1
    is_confirmed: bool = False
    is_green: bool = False
    is_noticed: bool = False
    departments: list[str] = field(default_factory=list)
    declined: set[str] = field(default_factory=set)
    returned_by: set[Step] = field(default_factory=set)
    refused_by: set[str] = field(default_factory=set)
    stood_back: set[str] = field(default_factory=set)
    pauses: int = 0
    appeals: int = 0
    appeal_until: date | None = None
    candidates: list[Key] | None = None
    """While set, the main way is with one of these, whichever was chosen."""

    @property
    def main(self) -> Spot:
        return next(one for one in self.spots if one.is_main)

    def spot(self, key: Key) -> Spot | None:
        return next((one for one in self.spots if one.key == key), None)

    # ── where it goes ───────────────────────────────────────────────────────────────────────────────────────────

    def send(
        self, step: Step, now: datetime, round_: int, branch: str, is_main: bool, like: Spot | None = None, **more: Any
    ) -> Spot:
        level = like.level if like else self.level
        concerns = list(like.concerns if like else self.concerns)
        due, least = self._due(step, level, now, is_first=like is None or (like.is_main and round_ == 1))
        spot = Spot(
            *step,
            round_,
            branch,
            is_main,
            level,
            concerns,
            now,
            due,
            self._office(step[0], branch),
            least=least,
            **more,
        )
        self.spots.append(spot)
        return spot

    def move(self, region: str, grid: str) -> None:
        """The household lives elsewhere: whoever answers there has what was open, and no clock changes."""
        first = self._office(LOOK[0], "")
        taken_over = [one.key for one in self.spots if one.at == LOOK and one.office != first]
        self.region, self.grid = region, grid
        for spot in self.spots:
            office = self._office(VISIT[0] if spot.key in taken_over else spot.hop, spot.branch)
            if office != spot.office:
                spot.office = office
                spot.asked += 1 if spot.asked else 0

    def _office(self, hop: str, branch: str) -> str:
        if self.region.endswith("000") and hop in ("village_group", "village_committee", "village_return"):
            return self.region[:9]
        match hop:
            case "village_group":
                return self.grid
            case "township" | "township_return":
                return self.region[:9]
            case "county":
                return self.region[:6]
            case "department":
                return f"{self.region[:6]}-{branch}"
        return self.region

    def run_clocks(self, hop: str, now: datetime) -> None:
        """The totals that cover a hop begin; for a farmer's own word those of the identification from its receipt."""
        for code, one in self.package.covering(hop).items():
            is_from_receipt = self.cause == "declaration" and VISIT[0] in one["covers"]
            start = self.clock if is_from_receipt else now
            self.ends.setdefault(code, self.package.due(one["limit"], self.level, start))

    def _due(self, step: Step, level: str, now: datetime, is_first: bool) -> tuple[datetime, datetime | None]:
        """The due instant, or the latest and the earliest that are right."""
        package = self.package
        if self.cause == "declaration" and is_first and step in (LOOK, VISIT):
            return package.own(VISIT, level, self.clock), None
        own, rules = package.own(step, level, now), package.steps[step]
        if rules.get("aside") or rules.get("fixed") or all(self._fits(step, level, now, code) for code in self.ends):
            return own, None
        return own, min(own, midnight(day(now) + 2 * DAY))

    def _fits(self, step: Step, level: str, now: datetime, code: str) -> bool:
        """Whether every step that is still ahead and inside this total keeps its own limit until the total's end."""
        covers, last = self.package.route["totals"][code]["covers"], now
        for one in self.package.main[self.package.main.index(step) :]:
            if one[0] not in covers:
                break
            # Who decides in the last moment of a day leaves the next one its whole time.
            last = self.package.own(one, level, last if last == now else last - timedelta(microseconds=1))
        return last <= self.ends[code]

    # ── warnings ────────────────────────────────────────────────────────────────────────────────────────────────

    def strengthen(self, warning: "Heard", now: datetime) -> None:
        new = [one for one in dict.fromkeys((*warning.concerns, *warning.new)) if one not in self.concerns]
        is_declared = warning.cause == "declaration" and self.cause != "declaration"
        is_fresh = self.state == "tracking" and warning.id not in self.warnings
        has_more = bool(new) or RANK[warning.level] > RANK[self.level] or is_declared or is_fresh
        is_newly_green = warning.is_green and not self.is_green
        self._know(warning, new, is_declared)
        if has_more:
            self._look_again(warning, new, now)
        if warning.is_green and (has_more or is_newly_green):
            self.relieve(now)

    def _know(self, warning: "Heard", new: list[str], is_declared: bool) -> None:
        limits = self.package.route["totals"]["journey"]["limit"]
        if RANK[warning.level] > RANK[self.level]:
            # A graver level's journey is shorter; what pauses added stays added.
            earlier = self.package.due(limits, self.level, self.clock) - self.package.due(
                limits, warning.level, self.clock
            )
            self.journey -= earlier
            self.level = warning.level
        self.ends["journey"] = self.journey
        if is_declared:
            self.cause, self.clock = "declaration", warning.started_at
        self.is_green |= warning.is_green
        self.concerns += new
        self.withdrawn.discard(warning.id)
        if warning.id not in self.warnings:
            self.warnings.append(warning.id)

    def _look_again(self, warning: "Heard", new: list[str], now: datetime) -> None:
        """What is new joins a first look that nobody has taken; else it is verified in a round of its own."""
        if warning.cause == "declaration":
            due = self.package.own(VISIT, warning.level, warning.started_at)
        else:
            due = self.package.own(LOOK, warning.level, now)
        concerns = new or list(warning.concerns)
        waiting = sorted(
            (one for one in self.spots if one.at == LOOK and one.is_ahead), key=lambda one: (not one.is_main, one.round)
        )
        if waiting:
            self._join(waiting[0], warning.level, concerns)
            waiting[0].due_at = min(waiting[0].due_at, due)
            return
        self.rounds += 1
        spot = self.send(LOOK, now, self.rounds, "verification", False)
        spot.level, spot.concerns, spot.due_at, spot.least = warning.level, concerns, due, None

    def _join(self, spot: Spot, level: str, concerns: Iterable[str]) -> None:
        spot.level = max(spot.level, level, key=lambda one: RANK[one])
        spot.concerns = list(dict.fromkeys((*spot.concerns, *concerns)))
        spot.asked += 1 if spot.asked else 0

    def relieve(self, now: datetime) -> None:
        """Help first, beside the procedure; every blow in a round of its own, one at a time."""
        if any(one.branch == "relief" for one in self.spots):
            return
        self.rounds += 1
        self.send(("township", "relief"), now, self.rounds, "relief", False, self.main)

    def withdraw(self, id_: object, now: datetime) -> None:
        if id_ not in self.warnings or id_ in self.withdrawn:
            return
        self.withdrawn.add(id_)
        is_heard = any(one.at == APPEAL for one in self.spots)
        if not self.is_confirmed and not is_heard and not set(self.warnings) - self.withdrawn:
            self.state, self.spots = "closed", []

    def appeal(self, now: datetime) -> None:
        """Another person at the county hears it: of a closed refusal, or of one that is just being told."""
        self.spots = [one for one in self.spots if not one.is_main]
        self.rounds += 1
        self.appeals += 1
        self.appeal_until = None
        self._begin_again(now)
        self.result = "refused"
        self.send(APPEAL, now, self.rounds, "main", True)

    def hear_beside(self, earlier: "Account", now: datetime) -> None:
        """An earlier case's refusal, while this one is open: beside its way."""
        earlier.appeals += 1
        self.rounds += 1
        self.refused_by |= earlier.refused_by
        self.send(APPEAL, now, self.rounds, "appeal", False)

    def _begin_again(self, now: datetime) -> None:
        self.state, self.result, self.clock = "open", None, now
        self.journey = self.package.due(self.package.route["totals"]["journey"]["limit"], self.level, now)
        self.ends = {"journey": self.journey}

    def _begin_anew(self, now: datetime) -> None:
        """With new papers: no notice was held, nothing was returned."""
        self._begin_again(now)
        self.is_noticed, self.returned_by = False, set()

    # ── what may be done ────────────────────────────────────────────────────────────────────────────────────────

    def offered(self, spot: Spot, now: datetime) -> list[str]:
        if spot.paused_at:
            return ["resume"]
        actions = []
        for one in self.package.steps[spot.at]["actions"]:
            code, is_up = one["action"], spot.notice_until is not None
            is_return = one["effect"] == "returns" and spot.at in self.returned_by
            is_early = code == "pass" and not self.is_noticed
            is_of_notice = (
                is_up if code == "post_notice" else not is_up and code in ("close_notice", "answer_objection")
            )
            if not (is_return or is_early or is_of_notice):
                actions.append(code)
        pauses = self.package.route["pauses"]
        if f"{spot.hop}.{spot.step}" in pauses["steps"] and self.pauses < pauses["times_most"]:
            actions += ["pause"] if spot.is_main and spot.due_at > now else []
        return actions

    def refused_to(self, spot: Spot, officer: str, is_approver: bool) -> str | None:
        """Why this person does not act, or sign, here."""
        if officer in self.stood_back:
            return "stood_back"
        if not self.package.steps[spot.at].get("signs"):
            return None
        if not is_approver:
            return "approver_needed"
        is_the_same = officer == spot.prepared_by or (spot.at == APPEAL and officer in self.refused_by)
        return "same_person" if is_the_same else None

    # ── what is done ────────────────────────────────────────────────────────────────────────────────────────────

    def arrive(self, spot: Spot) -> None:
        spot.state, spot.asked = "open", 1

    def act(self, spot: Spot, action: str, form: Mapping[str, Any], by: str, now: datetime, reason: str) -> None:
        how = getattr(self, f"_{action}", None)
        if how is not None:
            how(spot, form, by, now)
            return
        match next(one["effect"] for one in self.package.steps[spot.at]["actions"] if one["action"] == action):
            case "stays":
                spot.asked += 1
            case "returns":
                self._back(spot, now)
            case "onward":
                self._on(spot, self.package.next_of(spot.at), by, now, None)
            case "ends":
                self._end(spot, form, now)

    def _on(self, spot: Spot, step: Step, by: str, now: datetime, proposal: str | None) -> None:
        self.spots.remove(spot)
        self.run_clocks(step[0], now)
        prepared = by if step[0] == spot.hop else None
        branch = "main" if spot.is_main else spot.branch
        self.send(step, now, spot.round, branch, spot.is_main, spot, prepared_by=prepared, proposal=proposal)

    def _back(self, spot: Spot, now: datetime) -> None:
        self.returned_by.add(spot.at)
        self.rounds += 1
        step = self.package.back_of(spot.at)
        self.spots.remove(spot)
        self.run_clocks(step[0], now)
        self.send(step, now, self.rounds, "main" if spot.is_main else spot.branch, spot.is_main, spot)

    def _dispute(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        """Those named plan again, nobody else."""
        self.returned_by.add(spot.at)
        self.rounds += 1
        self._ask_departments(spot, form["departments"], self.rounds, now)

    def _learn(self, spot: Spot, form: Mapping[str, Any], is_confirmed: bool) -> None:
        self.is_confirmed |= is_confirmed
        for known in (self.concerns, spot.concerns):
            known += [one for one in form.get("concerns", ()) if one not in known]

    def _report(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        self._learn(spot, form, form["difficulty"] == "confirmed")
        main = self.main
        if not spot.is_main and main.at == VISIT and main.is_ahead:
            self.spots.remove(spot)
            self._join(main, spot.level, spot.concerns)
            return
        self._on(spot, VISIT, by, now, None)

    def _record_visit(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        is_confirmed = form["difficulty_confirmed"]
        self._learn(spot, form, is_confirmed)
        if not spot.is_main:
            self._verified(spot, by, now, is_confirmed)
        elif not is_confirmed:
            self._on(spot, TOWNSHIP, by, now, "does_not_qualify")
        else:
            self._on(spot, TOWNSHIP if self.is_noticed else REVIEW, by, now, "qualifies" if self.is_noticed else None)

    def _verified(self, spot: Spot, by: str, now: datetime, is_confirmed: bool) -> None:
        """In difficulty again: the household goes its way again. A refusal that is being told is overtaken by it."""
        main = self.main
        if is_confirmed and (main.state == "tracking" or main.at == TELL):
            self.spots.remove(main)
            self.spots.remove(spot)
            self.level = max(self.level, spot.level, key=lambda one: RANK[one])
            self._begin_anew(now)
            self.run_clocks(REVIEW[0], now)
            self.send(REVIEW, now, spot.round, "main", True, spot)
            return
        self.spots.remove(spot)
        if main.state != "tracking":
            self._join(main, spot.level, spot.concerns)

    def _record_review(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        has_passed = form["votes_for"] * 2 > form["present"]
        if has_passed:
            self._on(spot, self.package.next_of(spot.at), by, now, None)
        else:
            self._on(spot, TOWNSHIP, by, now, "does_not_qualify")

    def _post_notice(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        days = self.package.amount(self.package.steps[spot.at]["limit"], spot.level, day(now))[0]
        spot.notice_until = date.fromisoformat(form["posted_on"]) + days * DAY
        spot.asked += 1

    def _close_notice(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        self.is_noticed = True
        self._on(spot, TOWNSHIP, by, now, "qualifies")

    def _pass(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        self._on(spot, self.package.next_of(spot.at), by, now, "qualifies")

    def _approve(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        self.departments, self.declined = list(form["departments"]), set()
        self._pass(spot, form, by, now)

    def _not_eligible(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        self._on(spot, self.package.next_of(spot.at), by, now, "does_not_qualify")

    def _sign(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        if spot.proposal == "does_not_qualify":
            self._refuse(spot, by, now)
            return
        if spot.hop == "county":
            self.result = "identified"
        self._on(spot, self.package.next_of(spot.at), by, now, None)
        if spot.hop == "county":
            self.send(("county", "announcement"), now, spot.round, "announcement", False, spot)
            self.send(TELL, now, spot.round, "result", False, spot)

    def _refuse(self, spot: Spot, by: str, now: datetime) -> None:
        self.result = "refused"
        self.refused_by |= {one for one in (spot.prepared_by, by) if one}
        self.spots.remove(spot)
        self.run_clocks(TELL[0], now)
        self.send(TELL, now, spot.round, "main", True, spot, prepared_by=by, proposal="does_not_qualify")

    def _uphold(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        if spot.is_main:
            self._refuse(spot, by, now)
            return
        self.refused_by.add(by)
        self.spots.remove(spot)
        self.send(TELL, now, spot.round, "appeal", False, spot, prepared_by=by, proposal="does_not_qualify")

    def _overturn(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        if not spot.is_main:
            self.is_confirmed = True
            self.spots.remove(spot)
            return
        self.result = None
        self._on(spot, COUNTY if self.is_noticed else REVIEW, by, now, None)

    def _enter(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        self._ask_departments(spot, self.departments, spot.round, now)

    def _ask_departments(self, spot: Spot, codes: Sequence[str], round_: int, now: datetime) -> None:
        self.spots.remove(spot)
        self.run_clocks("department", now)
        for at, code in enumerate(codes):
            self.send(DEPARTMENT, now, round_, code, at == 0, spot)

    def _plan(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        """One branch is done. The last one carries the case on; else the main way stays with one of the others."""
        if spot.at == DEPARTMENT:
            self.declined.discard(spot.branch)
        self.spots.remove(spot)
        others = [one for one in self.spots if one.at == DEPARTMENT or one.at == REASSIGN]
        if not others:
            self.run_clocks("township_return", now)
            self.send(self.package.next_of(DEPARTMENT), now, spot.round, "main", True, spot)
        elif spot.is_main:
            self.candidates = [one.key for one in others]

    _accept_decline = _plan

    def _decline(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        self.declined.add(spot.branch)
        self.spots.remove(spot)
        self.run_clocks("county", now)
        self.send(REASSIGN, now, spot.round, spot.branch, spot.is_main, spot)

    def _reassign(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        self.departments.append(form["department"])
        self.spots.remove(spot)
        self.run_clocks("department", now)
        self.send(DEPARTMENT, now, spot.round, form["department"], spot.is_main, spot)

    def _not_mine(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        spot.asked += 1
        if form["because"] == "relative":
            self.stood_back.add(by)
        deputy_may = form["because"] in ("relative", "away") and not {"gw-2"} & {by, *self.stood_back}
        deputy_may &= spot.office == self.grid
        spot.office = self.grid if deputy_may else self._office(VISIT[0], spot.branch)

    def _pause(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        self.pauses += 1
        spot.asked += 1
        spot.paused_at, spot.paused_until = now, midnight(date.fromisoformat(form["until"]) + DAY)

    def _resume(self, spot: Spot, form: Mapping[str, Any], by: str, now: datetime) -> None:
        self.run_on(spot, now)
        spot.asked += 1

    def run_on(self, spot: Spot, now: datetime) -> None:
        """Everything is later by the pause, which has its ceiling."""
        assert spot.paused_at is not None and spot.paused_until is not None
        stood = min(now, spot.paused_until) - spot.paused_at
        spot.due_at += stood
        self.journey += stood
        self.ends = {code: end + stood for code, end in self.ends.items()}
        spot.paused_at = spot.paused_until = None

    def _end(self, spot: Spot, form: Mapping[str, Any], now: datetime) -> None:
        if not spot.is_main:
            self.spots.remove(spot)
        elif self.result == "refused":
            self._told(spot, form, now)
        else:
            self.state, self.result = "tracking", "helped"
            spot.state, spot.asked, spot.due_at, spot.least = "tracking", 0, self.journey, None

    def _told(self, spot: Spot, form: Mapping[str, Any], now: datetime) -> None:
        """Closed, with its days to appeal; but what somebody is still to verify is not closed with it."""
        self.spots.remove(spot)
        unseen = [one for one in self.spots if one.at in (LOOK, VISIT)]
        if unseen:
            self._begin_anew(now)
            self.candidates = [one.key for one in unseen]
            return
        heard = [one for one in self.spots if one.at == APPEAL]
        if heard:
            self._begin_again(now)
            self.result = "refused"
            self.candidates = [one.key for one in heard]
            return
        days = self.package.amount(self.package.route["limits"]["appeal"], self.level, day(now))[0]
        self.appeal_until = None if self.appeals else date.fromisoformat(form["told_on"]) + days * DAY
        self.state, self.spots = "closed", []


@dataclass(frozen=True)
class Heard:
    """A warning as it is told."""

    id: object
    level: str
    concerns: tuple[str, ...]
    new: tuple[str, ...]
    cause: str
    started_at: datetime
    is_green: bool


def opened(package: Package, region: str, grid: str, warning: Heard, now: datetime) -> Account:
    account = Account(
        package, region, grid, warning.level, warning.cause, list(warning.concerns), warning.started_at,
        warnings=[warning.id], is_green=warning.is_green,
    )  # fmt: skip
    account.journey = package.due(package.route["totals"]["journey"]["limit"], warning.level, warning.started_at)
    account.ends = {"journey": account.journey}
    account.send(LOOK, now, 1, "main", True)
    if warning.is_green:
        account.send(("township", "relief"), now, 1, "relief", False, account.main)
    return account
