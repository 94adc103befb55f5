"""What people do inside Clio: staff approve, edit, void, record payments; a user withdraws an app's access.

Called in process as ``clio.people.approve(...)`` and over HTTP as ``POST /_sandbox/people/approve`` with the same
names in a JSON object. ``bill``, ``contact`` and ``firm`` are ids, or a bill's number, a contact's or a firm's name.
Money is whole cents, ``on`` a date or its ISO text (today in the firm's zone by default). What Clio would refuse on
screen raises Refusal(422). Answers are plain JSON: mostly the id of what was made or changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import access, books, ledger
from .refuse import invalid, not_found
from .state import BankAccount, Bill, Contact, Firm, InterestCharge, LineItem, Matter, TrustLine, User

if TYPE_CHECKING:
    from .sandbox import ClioSandbox

Ref = int | str
# One line as people type it: note, hours, price in cents; optional kind, taxable, discount, date.
Line = Mapping[str, Any]
# What belongs to a contact, and the field that says so.
MOVED_BY_MERGE = (
    ("matters", "client_id"),
    ("bills", "client_id"),
    ("allocations", "contact"),
    ("credit_memos", "contact"),
    ("bank_transactions", "client"),
    ("trust_line_items", "client"),
)


class People:
    """One method for each act; every public method is reachable over HTTP."""

    def __init__(self, clio: ClioSandbox) -> None:
        self._clio = clio

    # --- finding ---------------------------------------------------------------------------------------------------
    def _bill(self, ref: Ref) -> Bill:
        bills: dict[int, Bill] = self._clio.state.rows["bills"]
        if isinstance(ref, int) and ref in bills:
            return bills[ref]
        for bill in bills.values():
            if bill.number == str(ref):
                return bill
        raise not_found()

    def _contact(self, ref: Ref) -> Contact:
        contacts: dict[int, Contact] = self._clio.state.rows["contacts"]
        if isinstance(ref, int) and ref in contacts:
            return contacts[ref]
        for contact in contacts.values():
            if contact.name == ref:
                return contact
        raise not_found()

    def _firm(self, ref: Ref | None) -> Firm:
        firms: dict[int, Firm] = self._clio.state.rows["firms"]
        for firm in firms.values():
            if ref is None or ref in (firm.id, firm.name):
                return firm
        raise not_found()

    def _user(self, email: str) -> User:
        users: dict[int, User] = self._clio.state.rows["users"]
        for user in users.values():
            if user.email == email:
                return user
        raise not_found()

    def _day(self, on: date | str | None, firm: int) -> date:
        if on is None:
            return self._clio.firm_today(firm)
        return on if isinstance(on, date) else date.fromisoformat(on)

    # --- looking ---------------------------------------------------------------------------------------------------
    def find_bill(self, bill: Ref) -> dict[str, Any]:
        """A bill's id, number, state, due date (ISO or null) and figures in cents, whoever may see it."""
        held = self._bill(bill)
        return {
            "id": held.id,
            "number": held.number,
            "state": held.state,
            "kind": held.kind,
            "due_at": held.due_at.isoformat() if held.due_at else None,
            "total": books.total(held),
            "due": books.due(held),
            "paid": held.paid,
            "balance": books.balance(held),
        }

    def bills(self, firm: Ref | None = None) -> list[dict[str, Any]]:
        """Every bill of a firm (the first one by default), in the shape of ``find_bill``."""
        return [self.find_bill(b.id) for b in self._clio.state.of_firm("bills", self._firm(firm).id)]

    def money(self, bill: Ref) -> dict[str, Any]:
        """A bill's allocations and bank lines in cents, removed ones too: what a demo counts."""
        held = self._bill(bill)
        return {
            "allocations": [
                {
                    "id": a.id,
                    "amount": a.amount,
                    "parent": a.parent_type,
                    "parent_id": a.parent_id,
                    "valid": not a.voided_at,
                }
                for a in self._clio.state.children("allocations", held.id)
            ],
            "bank": [
                {"id": m.id, "amount": m.amount, "type": m.type, "description": m.description}
                for m in self._clio.state.children("bank_transactions", held.id)
            ],
        }

    def seed(self, today: date | str | None = None) -> dict[str, int]:
        """Both firms' data, where there is none yet; their ids."""
        from .seed import seed

        clio = self._clio
        day = clio.now().date() if today is None else today if isinstance(today, date) else date.fromisoformat(today)
        made = seed(clio, day)
        return {"firm_a": made.firm_a, "firm_b": made.firm_b}

    # --- bills -----------------------------------------------------------------------------------------------------
    def add_bill(
        self,
        firm: Ref,
        client: Ref,
        number: str,
        lines: Sequence[Line],
        issued_at: date | str | None = None,
        due_at: date | str | None = None,
        state: str = "awaiting_payment",
        tax_rate: str = "0",
        discount: dict[str, Any] | None = None,
        kind: str = "revenue_kind",
        matters: Sequence[int] = (),
    ) -> int:
        """A new bill with its lines, already in ``state``; a trust request with kind ``trust_kind``."""
        clio, held, contact = self._clio, self._firm(firm), self._contact(client)
        owned = [m.id for m in clio.state.of_firm("matters", held.id) if m.client_id == contact.id]
        issued = self._day(issued_at, held.id)
        bill = Bill(
            id=clio.state.next_id(),
            firm=held.id,
            created_at=clio.stamp(),
            updated_at=clio.stamp(),
            number=number,
            kind=kind,
            state=state,
            client_id=contact.id,
            matters=list(matters) or owned[:1],
            user=next((u.id for u in clio.state.of_firm("users", held.id)), None),
            issued_at=issued,
            due_at=self._day(due_at, held.id) if due_at else issued,
            tax_rate=tax_rate,
            discount=discount,
            bill_theme=next((h.id for h in clio.state.of_firm("bill_themes", held.id)), None),
            destination_account=ledger.account(clio, held.id, "Trust" if kind == books.TRUST else "Operating").id,
        )
        clio.state.add(bill)
        self._add_lines(bill, lines)
        clio.announce("created", bill)
        return bill.id

    def _add_lines(self, bill: Bill, lines: Sequence[Line]) -> None:
        clio, matter = self._clio, bill.matters[0] if bill.matters else None
        day = bill.issued_at or clio.firm_today(bill.firm)
        for at, line in enumerate(lines):
            stamps = {"id": clio.state.next_id(), "created_at": clio.stamp(), "updated_at": clio.stamp()}
            common = {**stamps, "firm": bill.firm, "bill": bill.id, "note": line["note"], "date": line.get("date", day)}
            if bill.kind == books.TRUST:
                clio.state.add(TrustLine(**common, total=line["price"], matter=matter, client=bill.client_id))
                continue
            clio.state.add(
                LineItem(
                    **common,
                    type=line.get("type", "ActivityLineItem"),
                    kind=line.get("kind", "Service"),
                    quantity=Decimal(str(line.get("hours", 1))),
                    price=line["price"],
                    discount=line.get("discount"),
                    taxable=bool(line.get("taxable", False)),
                    matter=line.get("matter", matter),
                    user=bill.user,
                    group_ordering=at,
                )
            )
        ledger.reckon(clio, bill)

    def approve(self, bill: Ref) -> int:
        """Draft or awaiting approval becomes unpaid."""
        held = self._bill(bill)
        if held.state not in ("draft", "awaiting_approval"):
            raise invalid(f"Bill {held.number} is {held.state}")
        held.state = "awaiting_payment"
        if held.paid or held.credits:  # it was taken back with money on it
            ledger.reckon(self._clio, held)
        self._clio.changed(held)
        return held.id

    def take_back(self, bill: Ref, state: str = "draft") -> int:
        """An unpaid bill becomes a draft again, or waits for approval. Whether Clio lets one go on which something was
        received is not in the reference: it does not, but under the switch ``draft_with_money``."""
        held = self._bill(bill)
        money = (held.paid or held.credits) and not self._clio.switch("draft_with_money", False)
        if held.state != "awaiting_payment" or state not in ("draft", "awaiting_approval") or money:
            raise invalid(f"Bill {held.number} cannot go back to {state}")
        held.state = state
        self._clio.changed(held)
        return held.id

    def edit_bill(
        self,
        bill: Ref,
        number: str | None = None,
        issued_at: date | str | None = None,
        due_at: date | str | None = None,
        subject: str | None = None,
        memo: str | None = None,
        matters: Sequence[int] | None = None,
        lines: Sequence[Line] | None = None,
        total: int | None = None,
    ) -> int:
        """Changes what is given. ``lines`` replaces all lines; ``total``, in cents, replaces them by one line; an empty
        ``due_at`` takes the due date away."""
        held, clio = self._bill(bill), self._clio
        held.number = number if number is not None else held.number
        held.subject = subject if subject is not None else held.subject
        held.memo = memo if memo is not None else held.memo
        held.matters = list(matters) if matters is not None else held.matters
        held.issued_at = self._day(issued_at, held.firm) if issued_at else held.issued_at
        held.due_at = self._day(due_at, held.firm) if due_at else None if due_at == "" else held.due_at
        if total is not None:
            lines = [{"note": "Fees as agreed", "price": total}]
        if lines is not None:
            for old in (*clio.state.children("line_items", held.id), *clio.state.children("trust_line_items", held.id)):
                clio.state.drop(old)
            self._add_lines(held, lines)
        clio.changed(held)
        return held.id

    def void(self, bill: Ref) -> int:
        """Only unpaid bills without a payment, as on screen (3.6)."""
        held = self._bill(bill)
        if held.state != "awaiting_payment" or held.paid or held.credits:
            raise invalid(f"Bill {held.number} cannot be voided")
        held.state = "void"
        self._clio.changed(held)
        return held.id

    def delete(self, bill: Ref) -> int:
        """Only drafts and bills awaiting approval, without a payment (3.6)."""
        held = self._bill(bill)
        if held.state not in ("draft", "awaiting_approval") or held.paid or held.credits:
            raise invalid(f"Bill {held.number} cannot be deleted")
        held.state = "deleted"
        self._clio.changed(held, "deleted")
        return held.id

    def add_interest(self, bill: Ref, amount: int, description: str = "Interest on overdue balance") -> int:
        """Clio adds interest: total, due and balance grow without an edit (9.15)."""
        held, clio = self._bill(bill), self._clio
        charge = clio.new(
            InterestCharge,
            held.firm,
            bill=held.id,
            date=clio.firm_today(held.firm),
            description=description,
            total=amount,
        )
        held.interest_total += amount
        clio.changed(held)
        return charge.id

    def set_pending(self, bill: Ref, amount: int) -> int:
        """An online card payment in flight (9.16); 0 ends it."""
        held = self._bill(bill)
        held.pending = amount
        ledger.touch_bill(self._clio, held)
        return held.id

    def cure(self, bill: Ref) -> int:
        """Takes away what is wrong with one of the second firm's bills (see bad_input.py)."""
        from .bad_input import cure

        held = self._bill(bill)
        cure(self._clio, held)
        return held.id

    # --- money -----------------------------------------------------------------------------------------------------
    def record_payment(
        self,
        amounts: Mapping[str | int, int],
        on: date | str | None = None,
        method: str = "check",
        description: str = "",
        reference: str = "",
        from_trust: bool = False,
    ) -> int:
        """One payment over one or several bills (cents by bill id or number). The payment's id: allocations' parent."""
        by_id = {self._bill(int(ref) if self._is_id(ref) else ref).id: cents for ref, cents in amounts.items()}
        firm = self._clio.state.rows["bills"][next(iter(by_id))].firm
        payment = ledger.record_payment(
            self._clio,
            by_id,
            on=self._day(on, firm),
            method=method,
            description=description,
            reference=reference,
            from_trust=from_trust,
        )
        return payment.id

    def _is_id(self, ref: Ref) -> bool:
        """JSON object keys are text: text that is a bill's id, and no bill's number, is taken as the id."""
        bills = self._clio.state.rows["bills"]
        return str(ref).isdigit() and int(ref) in bills and not any(b.number == str(ref) for b in bills.values())

    def remove_payment(self, payment: int) -> int:
        ledger.remove_payment(self._clio, self._clio.state.rows["payments"][payment])
        return payment

    def issue_credit(
        self, bill: Ref, amount: int, on: date | str | None = None, description: str = "", discount: bool = False
    ) -> int:
        held = self._bill(bill)
        day = self._day(on, held.firm)
        return ledger.issue_credit(self._clio, held, amount, on=day, description=description, discount=discount).id

    def correct_credit(self, memo: int, amount: int) -> int:
        ledger.correct_credit(self._clio, self._clio.state.rows["credit_memos"][memo], amount)
        return memo

    def remove_credit(self, memo: int) -> int:
        ledger.remove_credit(self._clio, self._clio.state.rows["credit_memos"][memo])
        return memo

    def record_trust_deposit(
        self,
        bill: Ref,
        amount: int,
        on: date | str | None = None,
        method: str = "credit_card",
        description: str = "",
        reference: str = "",
    ) -> int:
        """A deposit for a trust request. The id of the bank transaction on the trust account."""
        held = self._bill(bill)
        moved = ledger.record_trust_deposit(
            self._clio,
            held,
            amount,
            on=self._day(on, held.firm),
            method=method,
            description=description,
            reference=reference,
        )
        return moved.id

    # --- matters ---------------------------------------------------------------------------------------------------
    def rename_matter(self, matter: int, display_number: str) -> int:
        """Another display number (7). Whether that touches the matter's bills is not in the reference: it does not,
        but under the switch ``matter_moves_bills``."""
        clio = self._clio
        held: Matter = clio.state.rows["matters"][matter]
        held.display_number = display_number
        clio.changed(held)
        if clio.switch("matter_moves_bills", False):
            for bill in clio.state.of_firm("bills", held.firm):
                if held.id in bill.matters:
                    clio.changed(bill)
        return held.id

    # --- trust -----------------------------------------------------------------------------------------------------
    def add_trust_account(self, firm: Ref, name: str) -> int:
        return self._clio.new(BankAccount, self._firm(firm).id, name=name, type="Trust").id

    def trust_accounts(self, firm: Ref | None = None) -> list[dict[str, Any]]:
        """Id, name and balance (cents) of a firm's trust accounts."""
        held = self._clio.state.of_firm("bank_accounts", self._firm(firm).id)
        return [{"id": a.id, "name": a.name, "balance": a.balance} for a in held if a.type == "Trust"]

    def move_trust(
        self,
        client: Ref | None,
        amount: int,
        on: date | str | None = None,
        account: int | None = None,
        matter: int | None = None,
        word: str = "",
        description: str = "",
        reference: str = "",
        firm: Ref | None = None,
    ) -> int:
        """Money into trust (or out of it: negative) that no bill asks for; without a client it is the firm's own. The
        id of the bank transaction."""
        contact = self._contact(client) if client is not None else None
        firm_id = contact.firm if contact else self._firm(firm).id
        held = (
            self._clio.state.rows["bank_accounts"][account] if account else ledger.account(self._clio, firm_id, "Trust")
        )
        of = [m.id for m in self._clio.state.of_firm("matters", firm_id) if contact and m.client_id == contact.id]
        made = ledger.move_trust(
            self._clio,
            held,
            amount,
            on=self._day(on, firm_id),
            client=contact.id if contact else None,
            matter=matter if matter is not None else next(iter(of), None),
            word=word,
            description=description,
            reference=reference,
        )
        return made.id

    def edit_transaction(self, transaction: int, amount: int | None = None, on: date | str | None = None) -> int:
        move = self._clio.state.rows["bank_transactions"][transaction]
        ledger.edit_move(self._clio, move, amount, self._day(on, move.firm) if on else None)
        return transaction

    def delete_transaction(self, transaction: int) -> int:
        """It vanishes: no list tells of it (9.11)."""
        ledger.delete_move(self._clio, self._clio.state.rows["bank_transactions"][transaction])
        return transaction

    # --- clients ---------------------------------------------------------------------------------------------------
    def change_client(self, contact: Ref, name: str | None = None, email: str | None = None) -> int:
        """A new name, a new primary e-mail; an empty e-mail takes it away."""
        held, clio = self._contact(contact), self._clio
        if name is not None:
            held.name = name
            if held.type == "Person":
                held.first_name, _, held.last_name = name.rpartition(" ")
        if email is not None:
            kept = held.emails[1:]
            new = {"id": clio.state.next_id(), "etag": '"email"', "address": email, "name": "Work", "primary": True}
            held.emails = [new, *kept] if email else kept
        clio.changed(held)
        return held.id

    def add_client(self, firm: Ref, name: str, email: str = "", company: bool = False) -> int:
        """A new contact, a client of the firm."""
        first, _, last = ("", "", "") if company else name.rpartition(" ")
        made = self._clio.new(
            Contact,
            self._firm(firm).id,
            type="Company" if company else "Person",
            name=name,
            first_name=first or None,
            last_name=last or None,
        )
        return self.change_client(made.id, email=email) if email else made.id

    def merge_clients(self, contact: Ref, into: Ref) -> int:
        """Two contacts are one client: ``contact`` vanishes without a word (9.11), and its matters, bills and money are
        ``into``'s. Bills and money are changed by it, which is our choice: the reference does not say."""
        clio, loser, winner = self._clio, self._contact(contact), self._contact(into)
        if loser is winner or loser.firm != winner.firm:
            raise invalid("A contact is merged into another one of the same firm")
        for kind, field in MOVED_BY_MERGE:
            for row in clio.state.of_firm(kind, loser.firm):
                if getattr(row, field) == loser.id:
                    setattr(row, field, winner.id)
                    clio.changed(row)
        return self.delete_client(loser.id)

    def edit_client(self, contact: Ref, **data: Any) -> int:
        """What staff change on a contact's page, in the words of the API's PATCH: ``email_addresses=[{...}]`` ..."""
        from .contacts import patch_contact

        held = self._contact(contact)
        patch_contact(self._clio, held, data)
        return held.id

    def delete_client(self, contact: Ref) -> int:
        """A contact deleted, or merged into another, vanishes without a word (9.11)."""
        held = self._contact(contact)
        self._clio.announce("deleted", held)
        self._clio.state.drop(held)
        return held.id

    def set_reminders(self, contact: Ref, enabled: bool) -> int:
        """Clio's own reminder mails to this client, on or off (6)."""
        held = self._contact(contact)
        held.reminders_enabled = enabled
        self._clio.changed(held)
        return held.id

    # --- access ----------------------------------------------------------------------------------------------------
    def give_token(self, email: str, client_id: str | None = None) -> dict[str, Any]:
        """A token for a user without the browser: for tests that are not about consent."""
        granted = access.grant(self._clio, client_id or next(iter(self._clio.clients)), self._user(email).id)
        token, seconds = access.new_token(self._clio, granted)
        return {"access_token": token, "refresh_token": granted.refresh_token, "expires_in": seconds}

    def revoke(self, email: str | None = None) -> int:
        """The user (or everyone) disconnects the app inside Clio. How many grants that ended."""
        user = self._user(email).id if email else None
        ended = [g for g in self._clio.state.grants.values() if not g.revoked and user in (None, g.user)]
        for granted in ended:
            granted.revoked = True
        return len(ended)

    def expire_tokens(self) -> int:
        """Every access token ends now; refresh tokens stay good."""
        tokens = self._clio.state.tokens.values()
        for token in tokens:
            token.expires_at = self._clio.now()
        return len(tokens)

    def use_up_rate(self, left: int = 0) -> int:
        """Leaves ``left`` requests in the current window of every token, as a busy other integration would."""
        clio, now = self._clio, self._clio.now()
        for token in clio.state.tokens.values():
            token.window_at, token.used = now, max(0, access.limit_of(clio) - left)
        return len(clio.state.tokens)

    def make_many(self, n: int, firm: Ref | None = None) -> int:
        """Fills a firm with n plain bills; see seed.make_many."""
        from .seed import make_many

        held = self._firm(firm)
        return len(make_many(self._clio, n, firm=held.id, today=self._clio.firm_today(held.id)))
