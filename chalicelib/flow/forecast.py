"""What would happen if a collection began now: asked of the same decision that will begin it. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import planning
from chalicelib.domain.kernel import Kind, Ref
from chalicelib.domain.payable import Payable
from chalicelib.errors import Refused
from chalicelib.flow import states
from chalicelib.flow.ports import World
from chalicelib.flow.rows import Row, row, subject_for
from chalicelib.flow.settle import policy_of


@dataclass(frozen=True, slots=True)
class FirstMail:
    """``at``: when the first mail of the set would go (UTC), None when none would; ``why``: what it would wait for, or
    why the collection cannot begin (``can`` False). ``subject``: of that mail, with the invoice's number in place."""

    row: Row
    can: bool
    at: datetime | None
    subject: str
    why: str


def first_mails(world: World, firm: str, ids: Sequence[str], set_id: str) -> tuple[FirstMail, ...]:
    """One for each of these invoices that exists, in that order. Reads them and the firm's rules."""
    policy, now = policy_of(world, firm), world.now()
    held = world.store.load_many([Ref(firm, Kind.PAYABLE, id) for id in ids])
    found: list[Payable] = [states.decode(Kind.PAYABLE, h.body) for h in held if h.body is not None]
    today = policy.firm.today(now)
    chosen = policy.sets.get(set_id)
    shown = []
    for p in found:
        line = row(p, policy.sets, today)
        try:
            begun = planning.collect(p, planning.CollectionStarted(set_id), policy, now).state.collection
        except Refused as no:
            shown.append(FirstMail(line, False, None, "", no.reason))
            continue
        coming = begun.next if begun else None
        subject = subject_for(p, chosen.steps[coming.step].subject) if chosen and coming else ""
        why = begun.waits if begun and begun.waits else ("" if coming else "Every e-mail of this set is past.")
        shown.append(FirstMail(line, True, coming.at if coming else None, subject, why))
    return tuple(shown)
