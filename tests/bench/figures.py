"""A figure: what was measured, against which target. The targets are the issue's ("Speed and size")."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """``at_most``, ``at_least``: the target, None where there is none. ``same_as``: the name of a figure that it must
    equal."""

    name: str
    value: float | int | str
    at_most: float | None = None
    same_as: str = ""
    what: str = ""
    at_least: float | None = None


def met(figure: Figure, all_: Iterable[Figure]) -> bool | None:
    """Whether its targets are met; None when it has none."""
    if figure.at_most is None and figure.at_least is None and not figure.same_as:
        return None
    fits = figure.at_most is None or float(figure.value) <= figure.at_most
    fits &= figure.at_least is None or float(figure.value) >= figure.at_least
    other = next((f for f in all_ if f.name == figure.same_as), None)
    return fits and (not figure.same_as or (other is not None and other.value == figure.value))


WORDS = {True: "met", False: "MISSED", None: ""}


def table(figures: list[Figure]) -> str:
    """For a person: name, value, target, whether it is met, and what it counts."""
    rows = [(f.name, str(f.value), _target(f), WORDS[met(f, figures)], f.what) for f in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join("  ".join((*(row[i].ljust(widths[i]) for i in range(4)), row[4])).rstrip() for row in rows)


def _target(figure: Figure) -> str:
    parts = [f"<= {figure.at_most:g}"] if figure.at_most is not None else []
    parts += [f">= {figure.at_least:g}"] if figure.at_least is not None else []
    return ", ".join([*parts, *([f"= {figure.same_as}"] if figure.same_as else [])])


def line(figures: list[Figure]) -> str:
    """For a program: one JSON object, with ``missed``: the names of the figures that miss their target."""
    told: dict[str, Any] = {f.name: f.value for f in figures}
    told["missed"] = [f.name for f in figures if met(f, figures) is False]
    return json.dumps(told)
