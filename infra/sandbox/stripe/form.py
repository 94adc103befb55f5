"""Form bodies with brackets, as v1 of Stripe's API reads them: ``line_items[0][price_data][unit_amount]=1234``.

Out come nested dicts of strings; which of them are lists is decided by the tables in ``params``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from .refusals import Refusal

Raw = dict[str, Any]
KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def parse(body: str) -> Raw:
    """Reads a form body or query string. Raises Refusal for a key whose brackets do not match."""
    tree: Raw = {}
    for key, value in parse_qsl(body, keep_blank_values=True):
        _put(tree, _path(key), value, key)
    return tree


@lru_cache(maxsize=4096)
def _path(key: str) -> tuple[str, ...]:
    met = KEY.match(key)
    if not met:
        raise Refusal(f"Invalid parameter name: {key}", code="parameter_unknown", param=key)
    return (met.group(1), *re.findall(r"\[([^\[\]]*)\]", met.group(2)))


def _put(tree: Raw, path: tuple[str, ...], value: str, key: str) -> None:
    node = tree
    for step in path[:-1]:
        held = node.setdefault(step or str(len(node)), {})
        if not isinstance(held, dict):
            raise Refusal(f"Invalid parameter: {key} is given both as a value and as a hash", param=key)
        node = held
    last = path[-1] or str(len(node))
    if isinstance(node.get(last), dict):
        raise Refusal(f"Invalid parameter: {key} is given both as a value and as a hash", param=key)
    node[last] = value
