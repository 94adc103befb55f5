"""Each client's ledger of a trust account as of a month end, with those of its matters: what is below zero in it, and
what is another than it was at the sign-off. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MatterLine:
    label: str
    cents: int
    matter: str = ""


@dataclass(frozen=True, slots=True)
class ClientLine:
    """One client's ledger as of the month end, or the firm's own money."""

    client: str
    name: str
    cents: int
    matters: tuple[MatterLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Overdrawn:
    """A client's ledger that is below zero at the month end, or that of one ``matter`` (``label``: its number, "" for
    money on no matter) whose client holds enough on others."""

    client: str
    name: str
    cents: int
    matter: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class Late:
    """A client's ledger, or that of one ``matter``, whose balance as of the month end is another than at the sign-off.
    ``label``: the matter's number, "" for money on no matter."""

    client: str
    name: str
    signed: int
    now: int
    matter: bool = False
    label: str = ""


def overdrawn(lines: Sequence[ClientLine]) -> tuple[Overdrawn, ...]:
    """What is below zero (practice.md 3.2), though the sums may agree."""
    found = []
    for line in lines:
        if line.cents < 0:
            found.append(Overdrawn(line.client, line.name, line.cents))
            continue
        found += [Overdrawn(line.client, line.name, m.cents, True, m.label) for m in line.matters if m.cents < 0]
    return tuple(found)


def late(signed: Sequence[ClientLine], now: Sequence[ClientLine]) -> tuple[Late, ...]:
    """Which balances are others now, client by client and matter by matter."""
    before, after = {x.client: x for x in signed}, {x.client: x for x in now}
    found = []
    for client, named in {**before, **after}.items():
        was, is_ = (there.get(client, ClientLine(client, named.name, 0)) for there in (before, after))
        if was.cents != is_.cents:
            found.append(Late(client, named.name, was.cents, is_.cents))
        here, there = ({m.matter: m for m in line.matters} for line in (was, is_))
        for matter, m in {**here, **there}.items():
            one, other = (held[matter].cents if matter in held else 0 for held in (here, there))
            if one != other:
                found.append(Late(client, named.name, one, other, matter=True, label=m.label))
    return tuple(found)
