"""The ``fields`` parameter (reference/clio.md 2.1): text to a selection, or ``InvalidFields``."""

from __future__ import annotations

import re
from functools import lru_cache

from .refuse import invalid_fields
from .shapes import SHAPES, Shape

# Each asked name, with the names asked inside its braces; None where it had no braces.
Selection = tuple[tuple[str, tuple[str, ...] | None], ...]

_TOKEN = re.compile(r"[a-z0-9_]+|[{},]", re.I)


def select(shape: Shape, text: str | None, dropped: tuple[str, ...] = ()) -> Selection:
    """Reads ``fields``; ``dropped`` are names this account refuses (9.2), as ``name`` or ``Shape.name``.

    Raises Refusal(400 InvalidFields) for an unknown name, a brace on a plain value, or a second level of braces.
    """
    return _selected(shape.name, text or "", dropped)


@lru_cache(maxsize=256)
def _selected(named: str, text: str, dropped: tuple[str, ...]) -> Selection:
    shape = SHAPES[named]
    if not text.strip():
        return tuple((name, None) for name in shape.default)
    asked = _parse(text.replace(" ", ""))
    for name, inner in asked:
        _known(shape, name, dropped)
        if inner is None:
            continue
        if name not in shape.parts:
            raise invalid_fields(f"{name} takes no nested fields")
        nested = SHAPES[shape.parts[name]]
        for sub in inner:
            _known(nested, sub, dropped)
    return asked


def _known(shape: Shape, name: str, dropped: tuple[str, ...]) -> None:
    refused = name in dropped or f"{shape.name}.{name}" in dropped
    if refused or (name not in shape.own and name not in shape.parts):
        raise invalid_fields(f"{name} is not a valid field")


def _parse(text: str) -> Selection:
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text:
        raise invalid_fields(f"fields cannot be read: {text[:80]}")
    asked: dict[str, tuple[str, ...] | None] = {}
    at, name = 0, ""
    while at < len(tokens):
        token = tokens[at]
        if token == "{":
            end = tokens.index("}", at) if "}" in tokens[at:] else -1
            inner = tokens[at + 1 : end]
            if not name or end < 0:
                raise invalid_fields("fields has an unmatched brace")
            if "{" in inner:
                raise invalid_fields("fields may be nested one level only")
            asked[name], name, at = tuple(t for t in inner if t != ","), "", end
        elif token == "}":
            raise invalid_fields("fields has an unmatched brace")
        elif token == ",":
            name = ""
        else:
            name = token
            asked.setdefault(name, None)
        at += 1
    return tuple(asked.items())
