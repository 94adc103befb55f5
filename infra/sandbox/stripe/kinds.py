"""What a parameter may be, and the reading of raw strings by it. ``params`` holds the tables made of these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .refusals import Refusal

EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")


@dataclass(frozen=True)
class Kind:
    """One parameter: its type, and what else Stripe asks of it."""

    type: str
    required: bool = False
    choices: tuple[str, ...] = ()
    most: int = 5000
    fields: Mapping[str, Kind] = field(default_factory=dict)
    of: Kind | None = None


Table = Mapping[str, Kind]

# Stripe takes it, this sandbox does not act it out: refused loudly, with a code of its own, so that nobody takes a
# silence for support.
NOT_HERE = Kind("not_here")
FLAG = Kind("flag")
WHOLE = Kind("whole")
LABELS = Kind("labels")
WINDOW = Kind("window")
EXPAND = Kind("list", of=Kind("text"), most=20)


def text(most: int = 5000, *, required: bool = False) -> Kind:
    return Kind("text", required=required, most=most)


def choice(*choices: str, required: bool = False) -> Kind:
    return Kind("text", required=required, choices=choices)


def shape(fields: Table) -> Kind:
    return Kind("shape", fields=fields)


def listed(of: Kind, most: int = 100) -> Kind:
    return Kind("list", of=of, most=most)


def words(names: str) -> tuple[str, ...]:
    return tuple(names.split())


def unmodelled(names: str) -> dict[str, Kind]:
    """Names that Stripe's typed parameters hold and this sandbox does not act out."""
    return dict.fromkeys(words(names), NOT_HERE)


def read(table: Table, raw: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    """Raw form values to typed ones. Raises Refusal 400: ``parameter_unknown``, ``parameter_missing``,
    ``parameter_invalid_empty``, ``parameter_invalid_integer``, ...  (reference/stripe.md 11: unknown ones refused).
    """
    for name in raw:
        if name not in table:
            whole = _path(at, name)
            raise Refusal(f"Received unknown parameter: {whole}", code="parameter_unknown", param=whole)
    for name, kind in table.items():
        if kind.required and name not in raw:
            whole = _path(at, name)
            raise Refusal(f"Missing required param: {whole}.", code="parameter_missing", param=whole)
    return {name: _value(table[name], raw[name], _path(at, name)) for name in raw}


def _path(at: str, name: str) -> str:
    return f"{at}[{name}]" if at else name


def _value(kind: Kind, raw: Any, at: str) -> Any:
    match kind.type:
        case "not_here":
            raise Refusal(f"The sandbox does not act out {at}.", code="sandbox_not_modelled", param=at)
        case "shape":
            return read(kind.fields, _hash(raw, at), at)
        case "list":
            return _list(kind, raw, at)
        case "labels":
            return _labels(raw, at)
        case "window":
            return _window(raw, at)
    if not isinstance(raw, str):
        raise Refusal(f"Invalid {kind.type}: {at}", param=at)
    if raw == "":
        raise Refusal(
            f"You passed an empty string for '{at}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{at}' cannot be unset.",
            code="parameter_invalid_empty",
            param=at,
        )
    return _scalar(kind, raw, at)


def _scalar(kind: Kind, raw: str, at: str) -> Any:
    if kind.type == "whole":
        if not re.fullmatch(r"-?\d{1,18}", raw):
            raise Refusal(f"Invalid integer: {raw}", code="parameter_invalid_integer", param=at)
        return int(raw)
    if kind.type == "flag":
        if raw not in ("true", "false"):
            raise Refusal(f"Invalid boolean: {raw}", param=at)
        return raw == "true"
    if kind.type == "email" and not EMAIL.match(raw):
        raise Refusal(f"Invalid email address: {raw}", code="email_invalid", param=at)
    if kind.type == "url" and not re.match(r"^https?://[^\s/]+", raw):
        raise Refusal("Not a valid URL", code="url_invalid", param=at)
    if kind.choices and raw not in kind.choices:
        raise Refusal(f"Invalid {at}: must be one of {', '.join(kind.choices)}", param=at)
    if len(raw) > kind.most:
        raise Refusal(
            f"Invalid string: {raw[:20]}...; must be at most {kind.most} characters",
            code="parameter_invalid_string_length",
            param=at,
        )
    return raw


def _hash(raw: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise Refusal("Invalid object", param=at)
    return raw


def _list(kind: Kind, raw: Any, at: str) -> list[Any]:
    if not isinstance(raw, dict) or not all(key.isdecimal() for key in raw):
        raise Refusal("Invalid array", param=at)
    if len(raw) > kind.most:
        raise Refusal(f"Array {at} exceeded maximum {kind.most} allowed elements.", param=at)
    assert kind.of
    return [_value(kind.of, raw[key], f"{at}[{key}]") for key in sorted(raw, key=int)]


def _labels(raw: Any, at: str) -> dict[str, str]:
    """Metadata: 50 keys, 40 characters a key, 500 a value (reference/stripe.md 6)."""
    if raw == "":
        return {}
    labels = _hash(raw, at)
    if len(labels) > 50:
        raise Refusal("You cannot specify more than 50 metadata keys.", param=at)
    for key, value in labels.items():
        if not isinstance(value, str):
            raise Refusal("Metadata values must be strings; brackets are not allowed in keys.", param=_path(at, key))
        if len(key) > 40:
            raise Refusal(f"Metadata keys must be under 40 characters: {key}", param=_path(at, key))
        if len(value) > 500:
            raise Refusal("Metadata values must be under 500 characters.", param=_path(at, key))
    return {key: value for key, value in labels.items() if value != ""}


def _window(raw: Any, at: str) -> dict[str, int]:
    """A time filter in epoch seconds: an integer, or any of ``gt gte lt lte``."""
    if isinstance(raw, str):
        return {"eq": _scalar(WHOLE, raw, at)}
    return read({"gt": WHOLE, "gte": WHOLE, "lt": WHOLE, "lte": WHOLE}, _hash(raw, at), at)
