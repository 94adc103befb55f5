"""Reminder sets and the time of the next one. Never scheduled ahead: computed from the state in the same commit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from chalicelib.domain.kernel import Decision
from chalicelib.errors import Refused

STEPS_AT_MOST = 12
FIELDS = ("client_name", "firm_name", "invoice_number", "amount_due", "due_date", "days_overdue")
FIELD = re.compile(r"\{\{\s*([a-z_]*)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Step:
    """One e-mail of a set. ``days`` after the due date (negative: before). Texts may hold ``{{field}}`` names."""

    days: int
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class ReminderSet:
    """A series of e-mails, in order of days."""

    id: str
    name: str
    steps: tuple[Step, ...]
    archived: bool = False


@dataclass(frozen=True, slots=True)
class SetSaved:
    """A person made or changed a set."""

    id: str
    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class SetArchived:
    pass


SetFact = SetSaved | SetArchived


def decide(state: ReminderSet | None, fact: SetFact) -> Decision[ReminderSet]:
    """Raises Refused when the set would not work: no name, no steps, two on one day, unknown fields."""
    match fact:
        case SetSaved():
            steps = tuple(sorted((_checked(s) for s in fact.steps), key=lambda s: s.days))
            if not fact.name.strip():
                raise Refused("Give the reminder set a name.")
            if not steps:
                raise Refused("Add at least one e-mail to the set.")
            if len(steps) > STEPS_AT_MOST:
                raise Refused(f"A set holds at most {STEPS_AT_MOST} e-mails.")
            if len({s.days for s in steps}) < len(steps):
                raise Refused("Two e-mails of the set fall on the same day: give each its own day.")
            return Decision(ReminderSet(fact.id, fact.name.strip()[:80].rstrip(), steps))
        case SetArchived():
            if state is None:
                raise Refused("There is no such reminder set.")
            return Decision(replace(state, archived=True))
        case _:
            assert_never(fact)


def _checked(step: Step) -> Step:
    subject, body = " ".join(step.subject.split()), step.body.strip()
    if not subject or not body:
        raise Refused("Every e-mail of the set needs a subject and a text.")
    if not -60 <= step.days <= 365:
        raise Refused("An e-mail may go out from 60 days before the due date to 365 days after it.")
    if len(subject) > 150 or len(body) > 5000:
        raise Refused("Keep the subject under 150 and the text under 5,000 characters.")
    for name in FIELD.findall(subject + body):
        if name not in FIELDS:
            raise Refused(f"There is no field named {{{{{name}}}}}. Use one of: {', '.join(FIELDS)}.")
    return Step(step.days, subject, body)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Puts values in the place of ``{{field}}``. Nothing is evaluated: a text a firm writes cannot run code."""
    return FIELD.sub(lambda m: values.get(m.group(1), ""), text)


@dataclass(frozen=True, slots=True)
class Next:
    """The next mail: which step of the set, and when (UTC)."""

    step: int
    at: datetime


def next_step(
    steps: tuple[Step, ...], *, due_on: date, last: int, started_at: datetime, zone: str, hour: int, now: datetime
) -> Next | None:
    """The next mail of a collection, or None when the set is through.

    ``last``: index of the last step sent or passed over, -1 for none. Days count from ``due_on`` in the firm's zone.
    Of several steps whose time has passed, only the latest is sent, never a burst (reference/practice.md, missed
    day). A step may go out from the firm's hour on; one whose day is past goes at the next such hour, or now if the
    hour has come and it is before 20:00 local (reference/practice.md section 3, rule 9).
    """
    due = [
        i
        for i in range(last + 1, len(steps))
        if local_instant(due_on + timedelta(days=steps[i].days), hour, zone) <= now
    ]
    if due:
        return Next(due[-1], sending_time(max(now, started_at), zone, hour))
    if last + 1 < len(steps):
        return Next(last + 1, local_instant(due_on + timedelta(days=steps[last + 1].days), hour, zone))
    return None


EVENING = 20  # local hour after which no mail begins


def local_instant(day: date, hour: int, zone: str) -> datetime:
    """That local hour of that day as UTC; an hour that daylight saving skips becomes the next one that exists."""
    local = datetime.combine(day, time(hour), tzinfo=ZoneInfo(zone))
    return local.astimezone(UTC)


def sending_time(now: datetime, zone: str, hour: int) -> datetime:
    """``now`` if it lies in the firm's sending hours, else the next opening (UTC)."""
    local = now.astimezone(ZoneInfo(zone))
    opening = local_instant(local.date(), hour, zone)
    if now < opening:
        return opening
    if local.hour >= EVENING:
        return local_instant(local.date() + timedelta(days=1), hour, zone)
    return now


SUPPLIED: tuple[ReminderSet, ...] = (
    ReminderSet(
        "friendly",
        "Friendly, four e-mails",
        (
            Step(
                -3,
                "Invoice {{invoice_number}} is due on {{due_date}}",
                "Dear {{client_name}},\n\nThis is a short note that invoice {{invoice_number}} over {{amount_due}} is "
                "due on {{due_date}}. If you have already arranged payment, thank you: nothing more is needed.\n\n"
                "Kind regards\n{{firm_name}}",
            ),
            Step(
                1,
                "Invoice {{invoice_number}} was due on {{due_date}}",
                "Dear {{client_name}},\n\nOur records show {{amount_due}} open on invoice {{invoice_number}}, which "
                "was due on {{due_date}}. You can view and pay it with the links below. If something is unclear, just "
                "reply to this e-mail.\n\nKind regards\n{{firm_name}}",
            ),
            Step(
                10,
                "Reminder: invoice {{invoice_number}} is open",
                "Dear {{client_name}},\n\nInvoice {{invoice_number}} is now {{days_overdue}} days past its due date, "
                "with {{amount_due}} open. Please pay it with the link below, or reply and tell us when we may expect "
                "payment.\n\nKind regards\n{{firm_name}}",
            ),
            Step(
                25,
                "Please settle invoice {{invoice_number}}",
                "Dear {{client_name}},\n\nDespite our earlier notes {{amount_due}} remains open on invoice "
                "{{invoice_number}}, due on {{due_date}}. Please settle it this week, or call us so that we can find "
                "a way together.\n\nKind regards\n{{firm_name}}",
            ),
        ),
    ),
    ReminderSet(
        "brief",
        "Brief, two e-mails",
        (
            Step(
                3,
                "Invoice {{invoice_number}} is open",
                "Dear {{client_name}},\n\n{{amount_due}} is open on invoice {{invoice_number}}, due on {{due_date}}. "
                "The links below show the invoice and let you pay it.\n\nKind regards\n{{firm_name}}",
            ),
            Step(
                14,
                "Second reminder: invoice {{invoice_number}}",
                "Dear {{client_name}},\n\nInvoice {{invoice_number}} is {{days_overdue}} days overdue; "
                "{{amount_due}} is open. Please pay it now or reply with any question.\n\nKind regards\n{{firm_name}}",
            ),
        ),
    ),
)
