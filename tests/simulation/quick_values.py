"""The same values, made quicker: what ``dataclasses`` writes for a frozen class looks each field up by its name to set
it, and ``replace`` does so twice, which was one part in sixteen of a history. Here a field is set through its slot.

What is made is the same, from the same arguments and defaults, and as frozen as before (``test_swarm.py``). It stays so
for the whole process: to put a class back costs more than it is worth.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from dataclasses import MISSING
from typing import Any

PROGRAM = "chalicelib."
Put = tuple[str, Callable[[Any], Any], Callable[[Any, Any], None]]  # a field's name, and how its slot is read and set

WRITTEN: dict[type[Any], Callable[..., None]] = {}  # what ``dataclasses`` wrote for those that are quicker now
_puts: dict[type[Any], tuple[Put, ...]] = {}
_new = object.__new__


def quicken() -> None:
    """All frozen classes of the program that are loaded by now, and its modules' ``replace``."""
    modules = [vars(m) for name, m in list(sys.modules.items()) if name.startswith(PROGRAM)]
    for held in modules:
        for kind in list(held.values()):
            if _plain(kind) and kind not in _puts:
                _puts[kind] = tuple((f.name, *_slot(kind, f.name)) for f in dataclasses.fields(kind))
                WRITTEN[kind], kind.__init__ = kind.__init__, _init_of(kind)
        if held.get("replace") is dataclasses.replace:
            held["replace"] = replace


def replace(it: Any, /, **changes: Any) -> Any:
    """``dataclasses.replace``."""
    kind = type(it)
    puts = _puts.get(kind)
    if puts is None:
        return dataclasses.replace(it, **changes)
    row, left = _new(kind), len(changes)
    for name, get, put in puts:
        if name in changes:
            put(row, changes[name])
            left -= 1
        else:
            put(row, get(it))
    return dataclasses.replace(it, **changes) if left else row  # which says what is wrong with them


def _plain(kind: Any) -> bool:
    """A frozen class with slots, all of whose fields are arguments in order, and nothing else is done in the making."""
    told = vars(kind).get("__dataclass_params__") if isinstance(kind, type) else None
    if told is None or not told.frozen or "__slots__" not in vars(kind) or hasattr(kind, "__post_init__"):
        return False
    return bool(held := dataclasses.fields(kind)) and all(f.init and not f.kw_only for f in held)


def _slot(kind: type[Any], name: str) -> tuple[Callable[[Any], Any], Callable[[Any, Any], None]]:
    slot = getattr(kind, name)
    return slot.__get__, slot.__set__


def _init_of(kind: type[Any]) -> Callable[..., None]:
    """As ``dataclasses`` writes it, but for how a field is set."""
    given: dict[str, Any] = {"_made": MISSING}
    arguments, lines = ["self"], []
    for n, field in enumerate(dataclasses.fields(kind)):
        given[f"_put{n}"] = _slot(kind, field.name)[1]
        given[f"_default{n}"], given[f"_make{n}"] = field.default, field.default_factory
        value = field.name
        if field.default_factory is not MISSING:
            value = f"_make{n}() if {field.name} is _made else {field.name}"
        default = f"=_default{n}" if field.default is not MISSING else "=_made" if value != field.name else ""
        arguments.append(f"{field.name}{default}")
        lines.append(f"  _put{n}(self, {value})")
    exec(f"def __init__({', '.join(arguments)}):\n" + "\n".join(lines), given)
    made: Callable[..., None] = given["__init__"]
    made.__qualname__ = kind.__init__.__qualname__
    made.__annotations__, made.__module__ = kind.__init__.__annotations__, kind.__module__
    return made
