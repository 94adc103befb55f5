"""Templates to HTML: one function for every page. It holds no rule and reads nothing but the templates beside it.

jinja2 comes in with the first page, not with the module: a webhook never needs it. Everything is escaped. The shell's
names (``SHELL``) have defaults, so that a page before sign-in renders as well as one of the desk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from chalicelib.domain.dates import day
from chalicelib.domain.money import show

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Context

FOLDER = Path(__file__).parent
SHELL: Mapping[str, Any] = {
    "now": datetime(1970, 1, 1, tzinfo=UTC),
    "zone": "UTC",
    "currency": "USD",
    "firm_name": "",
    "person": "",
    "csrf": "",
    "section": "",
    "attention": 0,
    "note": "",
    "problem": "",
}


def render(template: str, /, **context: Any) -> str:
    """The page ``template`` (a file in templates/) with this context.

    The shell reads ``now`` (UTC), ``zone`` (IANA name), ``currency``, ``firm_name``, ``person``, ``csrf``, ``section``
    (which entry of the menu is current), ``attention`` (a count), ``note`` and ``problem`` (one sentence each).
    Raises jinja2's UndefinedError when a page lacks what it shows.
    """
    return _templates().get_template(template).render({**SHELL, **context})


def asset(name: str) -> str:
    """The address of a file in static/, with a hash of its content in the name, so that it may be kept for ever."""
    stem, _, ending = name.rpartition(".")
    return f"/static/{stem}.{_digest(name)}.{ending}"


def asset_body(hashed: str) -> bytes | None:
    """The bytes behind the last part of such an address; None when there is no such file or its content is newer."""
    stem, _, ending = hashed.rpartition(".")
    stem, _, digest = stem.rpartition(".")
    name = f"{stem}.{ending}"
    if "/" in name or name not in _assets() or _digest(name) != digest:
        return None
    return (FOLDER / "static" / name).read_bytes()


@cache
def _assets() -> frozenset[str]:
    return frozenset(p.name for p in (FOLDER / "static").iterdir())


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((FOLDER / "static" / name).read_bytes()).hexdigest()[:12]


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context

    env = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.globals["asset"] = asset
    env.filters["money"] = pass_context(_money)
    env.filters["day"] = pass_context(_day)
    env.filters["exact"] = pass_context(_exact)
    env.filters["clock"] = pass_context(_clock)
    env.filters["ago"] = pass_context(_ago)
    env.filters["days_to"] = pass_context(_days_to)
    env.filters["count"] = count
    env.filters["method"] = method
    return env


# --- filters: ``context`` gives the zone, the currency and the present ---


def _money(context: Context, cents: int, currency: str = "") -> str:
    return show(cents, currency or context["currency"])


def _day(context: Context, on: date | None) -> str:
    return day(on, context["currency"])


def _exact(context: Context, at: datetime) -> str:
    return exact(at, context["zone"], context["currency"])


def _clock(context: Context, at: datetime) -> str:
    """The time of day, with the day before it unless it is today."""
    local, today = at.astimezone(ZoneInfo(context["zone"])), context["now"].astimezone(ZoneInfo(context["zone"]))
    return _time(local) if local.date() == today.date() else f"{day(local.date(), context['currency'])}, {_time(local)}"


def _ago(context: Context, at: datetime) -> str:
    return relative(at, context["now"], context["zone"], context["currency"])


def _days_to(context: Context, on: date | None) -> str:
    return "" if on is None else due_words(on, context["now"].astimezone(ZoneInfo(context["zone"])).date())


def exact(at: datetime, zone: str, currency: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{day(local.date(), currency)}, {_time(local)} {local:%Z}"


def _time(local: datetime) -> str:
    return f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}"


def relative(at: datetime, now: datetime, zone: str, currency: str) -> str:
    """``2 minutes ago``, ``in 3 hours``, ``tomorrow, 9:00 am``; beyond six days the date itself."""
    seconds = (now - at).total_seconds()
    local, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    days = (local.date() - today).days
    if abs(seconds) < 60:
        return "just now" if seconds >= 0 else "within a minute"
    if abs(seconds) < 3600:
        return _either(seconds, count(int(abs(seconds)) // 60, "minute"))
    if days == 0:
        return f"today, {_time(local)}"
    if days in (-1, 1):
        return f"{'tomorrow' if days > 0 else 'yesterday'}, {_time(local)}"
    if abs(days) <= 6:
        return _either(-days, count(abs(days), "day"))
    return day(local.date(), currency)


def _either(past: float, words: str) -> str:
    return f"{words} ago" if past > 0 else f"in {words}"


def due_words(on: date, today: date) -> str:
    """``12 days overdue``, ``due today``, ``due tomorrow``, ``due in 5 days``."""
    days = (today - on).days
    if days > 0:
        return f"{count(days, 'day')} overdue"
    return {0: "due today", -1: "due tomorrow"}.get(days, f"due in {count(-days, 'day')}")


def count(number: int, noun: str, plural: str = "") -> str:
    """``1 invoice``, ``1,204 invoices``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


METHODS = {
    "card": "Card",
    "us_bank_account": "Bank debit",
    "acss_debit": "Bank debit",
    "link": "Link",
    "cheque": "Cheque",
    "check": "Check",
    "recorded in clio": "Recorded in Clio",
    "trust": "From trust",
}


def method(name: str) -> str:
    return METHODS.get(name.lower(), name.replace("_", " ").capitalize() or "—")
