"""What the demo claims, counted where it happened: the sandboxes' own books and logs, and the delivered mails."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from infra.local import values
from infra.local.desk import Firm
from infra.local.mailbox import Mail
from infra.local.stack import Stack
from infra.local.staff import Town

# Paid before the firm's start date: these are not brought in.
_EARLY = {"1020", "1021", "1022"}
LAST_STEP_DAYS = 25  # after the due date: the last step of the supplied set that the story collects with
MET = {
    "rate_limited": "any",
    "tokens_rotated": "quickbooks",
    "batch_members_refused": "quickbooks",
    "events_late": "stripe",
    "events_doubled": "stripe",
    "answers_lost": "any",
}


class Count:
    """``paid_at``: when each number was paid. ``by_our_own_change``: numbers that our own PATCH marked paid in Clio."""

    def __init__(
        self,
        stack: Stack,
        town: Town,
        firm: Firm,
        paid_at: dict[str, datetime],
        *,
        by_our_own_change: Collection[str] = (),
    ) -> None:
        self.stack, self.town, self.firm, self.paid_at = stack, town, firm, paid_at
        self.own = by_our_own_change
        self.mails = stack.mailbox.to_clients()

    def figures(self, secrets: set[str]) -> dict[str, Any]:
        """All of them, by the names of the demo's last line."""
        bills = [b for b in self.town.clio.act("bills") if b["kind"] == "revenue_kind"]
        approved = [b for b in bills if b["state"] in ("awaiting_payment", "paid")]
        due = {b["number"]: b["id"] for b in approved if b["number"] not in _EARLY}
        numbers = [i["DocNumber"] for i in self.town.invoices(self.firm.realm)]
        charges = self._charges()
        operating = sum(account == self.firm.operating for account in charges)
        reminders = [m for m in self.mails if not m.subject.startswith("Receipt")]
        return {
            "bills_approved": len(approved),
            "bills_due_there": len(due),
            "quickbooks_invoices": sum(number in due for number in numbers),
            "mails": len(self.mails),
            "payments": len(charges),
            "payments_due_there": operating + self._recorded_by_staff(set(due.values())),
            "payments_posted": len(self.town.payments(self.firm.realm)),
            "reminders_after_payment": self._after_payment(reminders),
            "paid_reminded": len(self.paid_at),
            "later_steps_due": self._later_steps_due(),
            "last_steps_sent": sum(m.subject.startswith("Please settle") for m in reminders),
            "doubled_numbers": len(numbers) - len(set(numbers)),
            "trust_fees": self._trust_fees(),
            **self._met(),
            "dead_letters": self.stack.dead_letters(),
            "secrets_in_logs": len(leaked(self.stack, self.town, secrets)),
        }

    def _charges(self) -> list[str]:
        """The account of each charge that was paid and not given back."""
        return [
            account
            for account, held in self.town.stripe.get("books").items()
            for c in held.get("charges", [])
            if c.get("paid") and not c.get("refunded")
        ]

    def _met(self) -> dict[str, int]:
        """The troubles that the run is known to have met."""
        counts = {
            "clio": self.town.clio.get("counts"),
            "quickbooks": self.town.books.get("counts"),
            "stripe": self.town.stripe.get("counts"),
        }
        return {
            what: sum(told.get(what, 0) for name, told in counts.items() if where in ("any", name))
            for what, where in MET.items()
        }

    def _recorded_by_staff(self, due: set[int]) -> int:
        """Clio payments that began in Clio: those without a code of ours and not made by our own state change."""
        parents: set[int] = set()
        for id in due:
            money = self.town.clio.act("money", bill=id)
            ours = {m["amount"] for m in money["bank"] if "FS-" in str(m["description"])}
            for a in money["allocations"]:
                if a["valid"] and a["parent"] == "Payment" and a["amount"] not in ours:
                    parents.add(a["parent_id"])
        changed = (self.town.clio.act("money", bill=number) for number in self.own)
        return len(parents - {a["parent_id"] for money in changed for a in money["allocations"] if a["valid"]})

    def _after_payment(self, reminders: list[Mail]) -> int:
        """Reminders for an invoice that were sent after its payment was made."""
        count = 0
        for number, at in self.paid_at.items():
            for m in reminders:
                if re.search(rf"Invoice {number}\b|invoice {number}\b|deposit {number}\b", m.text):
                    count += datetime.fromisoformat(m.at) > at + timedelta(seconds=1)
        return count

    def _later_steps_due(self) -> int:
        """Paid things whose set had a later step that has come since."""
        dues = {str(b["number"]): b for b in self.town.clio.act("bills")}
        late = 0
        for number, at in self.paid_at.items():
            due_at = dues[number].get("due_at")
            last = datetime.fromisoformat(f"{due_at}T14:00:00+00:00") if due_at else None
            late += last is None or at < last + timedelta(days=LAST_STEP_DAYS) < self.stack.now()
        return late

    def _trust_fees(self) -> int:
        """Cents that Stripe took from trust accounts."""
        total = 0
        for account, held in self.town.stripe.get("books").items():
            if account.startswith("acct_") and account != self.firm.operating:
                total += sum(int(t.get("fee", 0)) for t in held.get("balance_transactions", []))
        return total


def leaked(stack: Stack, town: Town, seen: Collection[str]) -> list[str]:
    """The secrets that stand in a log of a function, the gateway's front or the emulator, with the log's name.

    Searched for are every pay link that was mailed, all that the sandboxes issued (``Town.issued``), the stage's own
    settings, and ``seen``: cookies, form tokens, states, codes and keys that browsers were given. Shown shortened.
    """
    links = {x.split("/pay/")[1].split("/")[0] for m in stack.mailbox.all() for x in m.links if "/pay/" in x}
    secrets = links | town.issued() | set(seen) | values.secrets()
    logs = {name: text for name, text in stack.logs().items() if name != "sandboxes"}
    return sorted(f"{secret[:6]}… in {name}" for secret in secrets for name, text in logs.items() if secret in text)
