"""The kinds of property that a body may hold, and how each is checked: strictly.

An unknown property is refused (2010), as are wrong lengths (2050), numbers (2090), choices (2170) and e-mail addresses
(2210); properties that QuickBooks computes are accepted and ignored (reference/quickbooks.md 6).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from infra.sandbox.quickbooks.faults import Refusal, missing

Obj = dict[str, Any]


@dataclass(frozen=True)
class Text:
    """A string of at most ``most`` characters; ``never`` are characters that it must not hold."""

    most: int = 4000
    never: str = ""


@dataclass(frozen=True)
class Number:
    """A number of at most 15 digits before the point and ``places`` after it; 10 before it where places is 5 (3.4)."""

    places: int = 12


@dataclass(frozen=True)
class Choice:
    of: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """``together``: characters that the texts of its lines may have in all; 0 is no such limit."""

    of: dict[str, Any]
    together: int = 0


@dataclass(frozen=True)
class Many:
    of: Any


class Flag: ...


class Day: ...


class Email: ...


class Ref: ...


class Computed:
    """Accepted and ignored: QuickBooks sets it itself."""


FLAG, DAY, EMAIL, REF, COMPUTED = Flag(), Day(), Email(), Ref(), Computed()
NAME_NEVER = ":\t\n\r"
EMPTY_IS_NOTHING = (Flag, Day, Choice, Number)
"""Where "" says no more than null: python-quickbooks sends its empty defaults, and QuickBooks takes them (8)."""


def check(spec: Obj, body: Obj) -> Obj:
    done: Obj = {}
    for name, value in body.items():
        kind = spec.get(name)
        if kind is None:
            said = f"Property Name:{name} specified is unsupported or invalid"
            raise Refusal("2010", said, element=name)
        if kind is COMPUTED:
            continue
        nothing = value is None or (value == "" and isinstance(kind, EMPTY_IS_NOTHING))
        done[name] = None if nothing else CHECKS[type(kind)](kind, value, name)
    return done


def _text(kind: Text, value: Any, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Refusal("2010", f"Property Name:{name} must be a string", element=name)
    text = str(value)
    if len(text) > kind.most:
        said = f"Min:0 Max:{kind.most} supported. Supplied length:{len(text)} for {name}"
        raise Refusal("2050", said, element=name)
    bad = [c for c in kind.never if c in text]
    if bad:
        # Intuit's list of forbidden characters has no code of its own in the reference (4.1).
        raise Refusal("2040", f"{name} holds a character that is not supported: {bad[0]!r}", element=name)
    return text


def _number(kind: Number, value: Any, name: str) -> Decimal:
    if isinstance(value, bool):
        raise Refusal("2090", f"{name} is not a number", element=name)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Refusal("2090", f"{name} is not a number", element=name) from None
    most = 10 if kind.places == 5 else 15
    fits = number.is_finite() and -15 < number.adjusted() < most
    exponent = number.normalize().as_tuple().exponent if fits else None
    if not isinstance(exponent, int) or -exponent > kind.places:
        raise Refusal("2090", f"{name} is out of range or has too many decimal places", element=name)
    return number


def _flag(_: Flag, value: Any, name: str) -> bool:
    if value in (True, False):
        return bool(value)
    if value in ("true", "false"):
        return bool(value == "true")
    raise Refusal("2010", f"{name} must be true or false", element=name)


def _day(_: Day, value: Any, name: str) -> str:
    text = str(value)
    try:
        date.fromisoformat(text if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else "")
    except ValueError:
        raise Refusal("2090", f"{name} is not a date (YYYY-MM-DD)", element=name) from None
    return text


def _email(_: Email, value: Any, name: str) -> str:
    text = str(value)
    if len(text) > 100:
        raise Refusal("2050", f"Min:0 Max:100 supported. Supplied length:{len(text)} for {name}", element=name)
    if not re.fullmatch(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+", text):
        raise Refusal("2210", f"Email Address {text!r} does not conform to RFC 822", element=name)
    return text


def _ref(_: Ref, value: Any, name: str) -> Obj:
    if not isinstance(value, dict):
        raise Refusal("2010", f"{name} must be an object with a value", element=name)
    for key in value:
        if key not in ("value", "name", "type"):
            raise Refusal("2010", f"Property Name:{key} specified is unsupported or invalid", element=key)
    if not value.get("value"):
        raise missing(name)
    return {"value": str(value["value"]), **({"name": str(value["name"])} if value.get("name") else {})}


def _choice(kind: Choice, value: Any, name: str) -> str:
    if value not in kind.of:
        raise Refusal("2170", f"{name} : {value} is not one of {', '.join(kind.of)}", element=name)
    return str(value)


def _many(kind: Many, value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise Refusal("2010", f"{name} must be a list", element=name)
    return [CHECKS[type(kind.of)](kind.of, one, name) for one in value]


def _subgroup(kind: Group, value: Any, name: str) -> Obj:
    if not isinstance(value, dict):
        raise Refusal("2010", f"{name} must be an object", element=name)
    done = {k: v for k, v in check(kind.of, value).items() if v is not None}
    long = sum(len(v) for k, v in done.items() if k.startswith("Line")) if kind.together else 0
    if long > kind.together:
        said = f"Min:0 Max:{kind.together} supported. Supplied length:{long} for the lines of {name}"
        raise Refusal("2050", said, element=name)
    return done


CHECKS: dict[type, Callable[[Any, Any, str], Any]] = {
    Text: _text,
    Number: _number,
    Flag: _flag,
    Day: _day,
    Email: _email,
    Ref: _ref,
    Choice: _choice,
    Many: _many,
    Group: _subgroup,
}
