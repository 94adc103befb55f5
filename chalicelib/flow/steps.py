"""A step that waits for a person: what it is called, with or without the thing's own title, and its buttons."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect
from chalicelib.domain.left import STAY
from chalicelib.domain.profile import WHOSE, Side

UNTITLED = {
    Do.POLL_CLIO: "What changed in Clio could not be read",
    Do.POLL_BOOKS: "What changed in QuickBooks could not be read",
    Do.POLL_STRIPE: "What changed at Stripe could not be read",
    Do.KEEP_HOOKS: "The news that Clio sends could not be kept up",
    Do.PREFLIGHT: "The settings in QuickBooks could not be read",
    Do.RECONCILE: "The books could not be compared",
    Do.RESYNC: "Resync did not go through",
    Do.TRY_ALL: "What was to be tried again was not all tried",
    Do.LOOK_BOOKED: "An invoice or payment could not be read in QuickBooks",
    Do.CREDIT: "A credit note could not be entered in QuickBooks",
    Do.LOOK_BILL: "A bill could not be brought in",
    Do.LOOK_GROUP: "A payment in Clio could not be brought in",
    Do.LOOK_CREDIT: "A credit note could not be brought in",
    Do.LOOK_CLIENT: "A client could not be read",
    Do.LOOK_MATTER: "A matter could not be read in Clio",
    Do.CUSTOMER: "A client could not be added to QuickBooks",
    Do.SUB_CUSTOMER: "A matter could not be brought in step in QuickBooks",
    Do.LOOK_CUSTOMER: "A customer could not be read in QuickBooks",
    Do.LOOK_SUB_CUSTOMER: "A matter's sub-customer could not be read in QuickBooks",
    Do.CHANGE_CLIENT: "A client could not be changed in Clio",
    Do.INVOICE: "An invoice could not be sent to QuickBooks",
    Do.POSTING: "A payment could not be posted to QuickBooks",
    Do.MARK_PAID: "A bill could not be marked as paid in Clio",
    Do.LOOK_MOVE: "A bank transaction in Clio could not be brought in",
    Do.JOURNAL: "A trust entry could not be written to QuickBooks",
    Do.HOLDER: "A client's trust account could not be made in QuickBooks",
    Do.TRUST_CHECK: "The trust accounts could not be compared",
    Do.TRUST_SWEEP: "A trust account could not be read in full",
    Do.REMIND: "A reminder could not be sent",
    Do.RECEIPT: "A receipt could not be sent",
    Do.DIGEST: "The daily digest could not be sent",
}


STEP = {
    Do.CUSTOMER: "Client {}: not added to QuickBooks",
    Do.SUB_CUSTOMER: "Matter {}: not in step in QuickBooks",
    Do.CHANGE_CLIENT: "Client {}: not changed in Clio",
    Do.INVOICE: "{}: not sent to QuickBooks",
    Do.BILL_MEMO: "{}: the pay link is not in its memo in Clio",
    Do.READ_LINES: "{}: its lines could not be read",
    Do.LOOK_BILL: "{}: not brought in",
    Do.REMIND: "{}: not sent",
    Do.RECEIPT: "{}: not sent",
    Do.POSTING: "{}: not posted to QuickBooks",
    Do.JOURNAL: "Trust entry {}: not written to QuickBooks",
    Do.HOLDER: "Account “{}”: not made in QuickBooks",
    Do.CREDIT: "{}: not in step in QuickBooks",
}


GROUPED = {  # as one of several that wait for one cause
    Do.CUSTOMER: "client",
    Do.SUB_CUSTOMER: "matter",
    Do.INVOICE: "invoice",
    Do.POSTING: "payment",
    Do.CREDIT: "credit note",
    Do.JOURNAL: "trust entry",
    Do.LOOK_BILL: "bill",
    Do.READ_LINES: "bill",
    Do.BILL_MEMO: "bill",
    Do.REMIND: "reminder",
    Do.RECEIPT: "receipt",
}


@dataclass(frozen=True, slots=True)
class Action:
    """A button: ``do`` is retry, done, same, separate, connect, pair or decide; ``choice`` goes with it."""

    do: str
    words: str
    choice: str = ""


def actions(effect: Effect) -> tuple[Action, ...]:
    """The buttons: a task is answered or done, a step is retried or chosen about."""
    if effect.body.get("release"):
        return (Action("pair", "Compare the payments"),)
    if effect.kind != Do.TASK and effect.body.get("broken"):
        return (Action("decide", "See the choices"), Action("retry", "Retry"))
    if effect.kind != Do.TASK:
        choices = tuple(Action("retry", words, choice) for choice, words in effect.body.get("choices") or ())
        accept = (Action("done", "Done"),) if effect.body.get("may_close") else ()
        if [a.choice for a in choices] == [STAY]:  # to open the period comes before leaving the books apart
            return (Action("retry", "Retry"), *choices)
        return (*choices, Action("retry", "Retry"), *accept)
    name = effect.key.split(f"/{Do.TASK}/", 1)[-1].split("/", 1)[0]
    match name:
        case "match":
            return (Action("same", "It is the same money"), Action("separate", "It is another payment"))
        case "broken":
            return (Action("decide", "See the choices"),)
        case "reconnect":
            return (Action("connect", "Connect again"),)
        case "remove":
            return ()
        case "contact":
            whose = WHOSE[Side(str(effect.body["side"]))]
            take = (Action("take", f"Take {whose} value"),) if effect.body.get("can_take") else ()
            return (*take, Action("done", "Leave it"))
        case _:
            return (Action("done", "Done"),)
