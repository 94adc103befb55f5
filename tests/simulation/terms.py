"""The terms of a history: how much happens in it, what a saboteur or a story asks for, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.simulation.checkers import Violation

if TYPE_CHECKING:
    from tests.simulation.history import History


@dataclass(frozen=True)
class Keep:
    """What a shrunk history is left with; None: everything."""

    acts: frozenset[int] | None = None
    faults: frozenset[str] | None = None


@dataclass(frozen=True)
class Pace:
    """How much happens. ``acts``: how many, one of these; ``both``: the share of histories in which people act in both
    firms; ``asleep``: in which the other firm reminds nobody; ``brief``: in which access tokens end soon; ``untold``:
    the share of deliveries of which SES tells nothing (of bounces and complaints it does); ``polls``: hours between."""

    acts: tuple[int, ...]
    both: float
    asleep: float
    brief: float
    untold: float
    polls: tuple[int, ...]


CALM = Pace((1, 1, 1, 1, 1, 1, 2, 3), 0.06, 0.9, 0.25, 0.7, (2880, 4320, 4320, 4320))
BUSY = Pace((1, 1, 2, 2, 3, 3, 4, 6), 0.25, 0.0, 0.5, 0.0, (1440, 2880, 4320, 4320))


@dataclass(frozen=True)
class Mix:
    """What a saboteur may ask for: more of some acts and faults than the seed would draw. Seeds stay the same, and more
    happens."""

    acts: dict[str, int] = field(default_factory=dict)  # name -> weight
    faults: dict[str, float] = field(default_factory=dict)
    begins: str = ""  # new | connected | running
    switches: dict[str, Any] = field(default_factory=dict)


def never(_number: int) -> bool:
    return False


@dataclass(frozen=True)
class Script:
    """A story without chance or faults, but one: the worker dies at this step of the crew, or this answer is lost, as
    ``dies`` and ``loses`` say when they are told its number. ``tell`` puts the acts on the agenda."""

    name: str
    tell: Callable[[History], None]
    begins: str = "running"
    days: float = 2.0
    dies: Callable[[int], bool] = never
    loses: Callable[[int], bool] = never


@dataclass
class Outcome:
    """What came of one history. ``healing``: the I/O steps that it took to converge once all had healed."""

    seed: int
    steps: int
    healing: int
    calls: int
    violations: list[Violation]
    trace: list[str]
    acts: int
    rates: dict[str, float]
    struck: dict[str, int]


@dataclass(frozen=True)
class Act:
    number: int
    at: datetime
    name: str
    seed: str
