"""What may go wrong, and how often: each history draws its kinds of fault and their rates from its seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

# name -> (lowest, highest) rate when it is on: per request, per store verb, per message, per job or per mail
KINDS: dict[str, tuple[float, float]] = {
    "drop_request": (0.01, 0.12),
    "drop_answer": (0.01, 0.12),
    "late_request": (0.01, 0.10),
    "answer_500": (0.01, 0.10),
    "answer_429": (0.01, 0.10),
    "slow": (0.01, 0.10),
    "store_conflict": (0.005, 0.04),
    "store_busy": (0.002, 0.02),
    "store_lost": (0.002, 0.02),
    "index_lag": (0.05, 0.40),
    "queue_lose": (0.05, 0.50),
    "queue_double": (0.05, 0.50),
    "queue_delay": (0.05, 0.50),
    "kill": (0.02, 0.20),
    "skew": (1.0, 1.0),
    "hooks_lose": (0.1, 1.0),
    "hooks_double": (0.1, 0.7),
    "hooks_late": (0.1, 0.7),
    "mail_lose": (0.05, 0.4),
    "mail_lose_before": (0.05, 0.3),
    "mail_refuse": (0.05, 0.4),
    "bounce": (0.02, 0.2),
    "complain": (0.02, 0.1),
    "expire_tokens": (0.01, 0.1),
}
HTTP = ("drop_request", "drop_answer", "late_request", "answer_500", "answer_429", "slow")


@dataclass
class Faults:
    """The rates that are on. ``strikes`` draws; ``healed`` ends them all. ``struck`` counts."""

    rng: random.Random
    rates: dict[str, float]
    struck: dict[str, int] = field(default_factory=dict)
    healed: bool = False

    def strikes(self, kind: str) -> bool:
        rate = self.rates.get(kind)
        if not rate or self.healed or self.rng.random() >= rate:
            return False
        self.struck[kind] = self.struck.get(kind, 0) + 1
        return True

    def http(self) -> str:
        """The fault that strikes this request, if any."""
        return next((kind for kind in HTTP if self.strikes(kind)), "")


def drawn(rng: random.Random, only: frozenset[str] | None = None) -> dict[str, float]:
    """Three to five kinds, each with its rate. ``only``: the kinds that a shrunk history is left with."""
    names = rng.sample(sorted(KINDS), rng.randint(3, 5))
    rates = {name: rng.uniform(*KINDS[name]) for name in names}
    return {name: rate for name, rate in rates.items() if only is None or name in only}
