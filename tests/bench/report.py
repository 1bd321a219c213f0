"""What is printed: raw figures, ratios, targets, and whether this run met them. Nothing is asserted."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import click

from .databases import Database
from .load import Window, ask_for
from .serving import Server, processor_seconds

CLIENTS = 16
_TICK = 0.01
"""Processor time is told in hundredths of a second."""


@dataclass(frozen=True)
class Plan:
    """How much is measured. `seconds` is the length of one window, `windows` how many of each there are.
    `sizes` are the appointments there are where free times are measured, `appointments` those elsewhere,
    `ahead` how many of them the agenda shows.
    """

    databases: tuple[str, ...] = ("sqlite", "postgresql")
    sizes: tuple[int, ...] = (0, 1_000, 10_000)
    appointments: int = 10_000
    ahead: int = 100
    seconds: float = 0.5
    windows: int = 3
    races: int = 20
    racers: int = 200
    holds: int = 200
    bookings: int = 40
    events: int = 10_000
    parts: tuple[str, ...] = ("times", "races", "bookings", "pages", "feed")


@dataclass(frozen=True)
class Probe:
    """Something to ask a server for, again and again."""

    server: Server
    requests: Sequence[bytes]
    expected: int = 200


@dataclass(frozen=True)
class Rates:
    """Answers per second of each probe, one figure a round; the probes of a round ran one after the other.

    `costs` are the seconds of processor time that server and database spent on one answer. They say the same
    of a machine that has other things to do as well, where rates do not.
    """

    rates: Mapping[str, Sequence[float]]
    costs: Mapping[str, Sequence[float]]

    def median(self, name: str) -> float:
        return statistics.median(self.rates[name])

    def ratio(self, name: str, to: str) -> float:
        """The median over the rounds, so that what slows the machine down for a while slows down both."""
        return _median_ratio(self.rates[name], self.rates[to])

    def rate(self, name: str) -> str:
        return f"{self.median(name):.0f}/s"

    def ratio_by_cost(self, name: str, to: str) -> float:
        return _median_ratio(self.costs[to], self.costs[name])

    def against(self, name: str, other: str) -> str:
        return (
            f"÷ {other.split()[0]} {self.ratio(name, other):.3f} (CPU {self.ratio_by_cost(name, other):.3f})"
        )


@dataclass(frozen=True)
class Target:
    """What a figure should be at least (`least`) or at most; `figure` is None where nothing was measured."""

    name: str
    figure: float
    bound: float
    least: bool = True

    @property
    def met(self) -> bool:
        return self.figure >= self.bound if self.least else self.figure <= self.bound

    def __str__(self) -> str:
        relation = "≥" if self.least else "≤"
        verdict = "met" if self.met else "NOT MET"
        return f"{self.name} {_short(self.figure)}, target {relation} {_short(self.bound)}: {verdict}"


@dataclass
class Report:
    """Lines are shown as they come; `targets` are those of each line, under its heading and label."""

    show: Callable[[str], object] = click.echo
    targets: list[tuple[str, Target]] = field(default_factory=list)
    _heading: str = ""

    def heading(self, text: str) -> None:
        self._heading = text
        self.show(f"\n{text}")

    def line(self, label: str, figures: str, *targets: Target) -> None:
        self.show(f"  {label:<34} {figures}")
        for target in targets:
            self.show(f"  {'':<34}   {target}")
            self.targets.append((f"{self._heading}: {label}", target))

    def note(self, text: str) -> None:
        self.show(f"  {text}")

    def met(self) -> int:
        return sum(target.met for _, target in self.targets)


@dataclass(frozen=True)
class Taken:
    """A window, and the seconds of processor time that the server and the database spent on it."""

    window: Window
    cost: float


def take(server: Server, database: Database, asking: Callable[[int], Window]) -> Taken:
    """`asking` is given the server's port."""
    pids = [server.pid, database.pid] if database.pid is not None else [server.pid]
    before = sum(map(processor_seconds, pids))
    window = asking(server.port)
    return Taken(window, sum(map(processor_seconds, pids)) - before)


class Rounds:
    """Figures as they are taken, round by round."""

    def __init__(self) -> None:
        self._rates: dict[str, list[float]] = {}
        self._costs: dict[str, list[float]] = {}

    def add(self, name: str, *steps: Taken) -> None:
        """One round's figure; of several steps, everybody took each in turn."""
        count = len(steps[0].window.answers)
        self._rates.setdefault(name, []).append(count / sum(step.window.seconds for step in steps))
        cost = max(_TICK, sum(step.cost for step in steps))
        self._costs.setdefault(name, []).append(cost / count)

    def rates(self) -> Rates:
        return Rates(self._rates, self._costs)


def compare(plan: Plan, database: Database, probes: Mapping[str, Probe]) -> Rates:
    """Rounds of one window for each probe. Raises UnexpectedAnswer."""
    rounds = Rounds()
    for _ in range(plan.windows):
        for name, probe in probes.items():
            taken = take(probe.server, database, again_and_again(probe.requests, plan))
            require(taken.window, probe.expected, name)
            rounds.add(name, taken)
    return rounds.rates()


def again_and_again(requests: Sequence[bytes], plan: Plan) -> Callable[[int], Window]:
    """By 16 clients, for one window."""
    return lambda port: ask_for(port, requests, clients=CLIENTS, seconds=plan.seconds)


class UnexpectedAnswer(Exception):
    """A server said something else than what is being measured."""


def require(window: Window, status: int, what: str) -> None:
    """Raises UnexpectedAnswer."""
    others = [answer for answer in window.answers if answer.status != status]
    if others or not window.answers:
        first = others[0].head.decode("latin-1") if others else "nothing"
        raise UnexpectedAnswer(f"{what}: {dict(window.statuses)} where {status} was expected; first {first}")


def _median_ratio(ones: Sequence[float], others: Sequence[float]) -> float:
    return statistics.median(one / other for one, other in zip(ones, others, strict=True))


def _short(figure: float) -> str:
    return f"{figure:.0f}" if figure >= 100 or figure == int(figure) else f"{figure:.2f}"
