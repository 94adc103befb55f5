"""How a bill is drawn as a QuickBooks invoice: its lines, discount, tax and message, as the firm chose. Pure.

Line amounts are net and, less the discount (once) and with the tax, add up to the cent to what the bill asks for. What
Clio's own rounding leaves over goes to the last line, which says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chalicelib.domain import billing, effects, paylinks, profile
from chalicelib.domain.firm import Accounts, Detail, Firm, Policy, TaxAs
from chalicelib.domain.kernel import Decision, Neighbour
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable
from chalicelib.domain.profile import Side
from chalicelib.domain.readings import BillLine, BillState, Pot
from chalicelib.domain.wanted import WantedLine

LONGEST_NUMBER = 21  # reference/quickbooks.md 3.2
ROUNDING_AT_MOST = 5  # cents: half a cent for each rounded line, and never more than this
KINDS = (("service", "Services"), ("expense", "Expenses"), ("other", "Other charges"))


@dataclass(frozen=True, slots=True)
class Drawn:
    """``tax``: cents that travel as QuickBooks tax, not as a line. ``rest``: cents of rounding in the last line."""

    lines: tuple[WantedLine, ...]
    discount: int
    tax: int = 0
    rest: int = 0

    @property
    def total(self) -> int:
        return sum(line.cents for line in self.lines) + self.tax - self.discount


def draw(p: Payable, lines: Sequence[BillLine], firm: Firm) -> Drawn:
    """What the invoice shall hold. Its ``total`` may differ from what the bill asks for only where the bill's own lines
    do not come to it: the caller refuses that."""
    how, accounts = firm.invoicing, firm.accounts
    drawn = _by_kind(p, lines, accounts) if how.detail is Detail.KINDS else _one_by_one(p, lines, accounts)
    as_tax = how.tax is TaxAs.QUICKBOOKS
    if p.tax and not as_tax:
        drawn.append(WantedLine("Tax", p.tax, accounts.tax or accounts.services))
    if p.interest:
        drawn.append(WantedLine("Interest", p.interest, accounts.interest or accounts.services))
    tax = p.tax if as_tax else 0
    if not drawn:
        drawn.append(WantedLine(f"Bill {p.number}", p.asks + p.discount - tax, accounts.services))
    rest = p.asks - sum(line.cents for line in drawn) - tax + p.discount
    if rest and abs(rest) <= _rounding(lines):
        last = drawn[-1]
        words = f"{last.text} (with {show(rest, p.currency)} of rounding)".strip()
        drawn[-1] = replace(last, cents=last.cents + rest, text=words)
    else:
        rest = 0
    return Drawn(tuple(drawn), p.discount, tax, rest)


def _rounding(lines: Sequence[BillLine]) -> int:
    return min(max(1, len(lines) // 2), ROUNDING_AT_MOST)


def _item(kind: str, accounts: Accounts) -> str:
    return (accounts.expenses or accounts.services) if kind == "expense" else accounts.services


def _one_by_one(p: Payable, lines: Sequence[BillLine], accounts: Accounts) -> list[WantedLine]:
    return [WantedLine(_text(p, x), x.net, _item(x.kind, accounts), x.on, taxable=bool(x.tax)) for x in lines]


def _text(p: Payable, line: BillLine) -> str:
    """On a bill over several matters each line names its own."""
    return f"{line.matter}: {line.text}" if len(p.matters) > 1 and line.matter else line.text


def _by_kind(p: Payable, lines: Sequence[BillLine], accounts: Accounts) -> list[WantedLine]:
    """One line for each kind of entry, apart for taxed and untaxed ones, so that tax rests on what it was taken for."""
    drawn = []
    for kind, name in KINDS:
        for taxed in (False, True):
            mine = [x for x in lines if x.kind == kind and bool(x.tax) == taxed]
            if mine:
                several = ", ".join(m for m in p.matters if any(x.matter == m for x in mine)) if p.matters[1:] else ""
                words = f"{name}, bill {p.number}" + f", {several}" * bool(several) + " (taxable)" * taxed
                cents = sum(x.net for x in mine)
                drawn.append(WantedLine(words, cents, _item(kind, accounts), taxable=taxed))
    return drawn


def note(p: Payable, marker: str) -> str:
    """The invoice's private note: what the bill says of itself, and our marker last, which survives a void's prefix. A
    bill over nothing whose words begin as that prefix does is not to be taken for a voided one."""
    words = f"Bill: {p.words}" if p.words.startswith("Voided") else p.words
    return f"{words}\n{marker}" if words else marker


def email(p: Payable) -> str:
    """The address on the invoice; none where QuickBooks would refuse the whole invoice for it (reference/quickbooks.md
    6: 2210, omit). Its client's task says that it cannot go over."""
    return "" if profile.unfit("email", p.client_email, Side.QUICKBOOKS) else p.client_email.strip()


def message(address: str) -> str:
    """The customer message of an invoice, and the line in a bill's memo."""
    return f"{billing.PAY_ONLINE}{address}"


def is_open(p: Payable) -> bool:
    """Whether its invoice is drawn anew when the firm asks for that: approved, and not paid in full."""
    approved = p.pot is Pot.OPERATING and p.bill_state is BillState.AWAITING_PAYMENT
    return approved and p.booked is not None and p.balance > 0


def redrawn(state: Payable, policy: Policy, now: datetime, *, checking: bool = False) -> Decision[Payable]:
    """The firm asks for its open invoices to be written again, as it has chosen now. ``checking``: its lines are being
    read at this moment, so they are read for this revision too."""
    if not is_open(state):
        return Decision(state)
    new = replace(state, revision=state.revision + 1)
    closes = billing.invoice_steps(state)
    memo = paylinks.memo_owed(new, policy, now)
    if state.lines and state.lines_revision == state.revision and not checking:
        new = replace(new, lines_revision=new.revision)
        return Decision(new, effects=(billing.owe_invoice(new, policy, now), *memo), closes=closes)
    lane, title = policy.lanes.of(Neighbour.CLIO), f"Bill {state.number}"
    lines = effects.read_lines(state.firm, lane, state.id, new.revision, now, title)
    return Decision(new, effects=(lines, *memo), closes=closes)


def elsewhere(p: Payable, customer: str) -> bool:
    """Whether its invoice was written for another customer than this one of its client."""
    link = p.booked
    return link is not None and not link.matter and "" not in (link.customer, customer) and link.customer != customer


def taken_over(state: Payable, policy: Policy, now: datetime) -> Decision[Payable]:
    """Its client is linked to another customer, and nothing can be booked on the one that its invoice belongs to: it is
    written again, which takes it over. Where it is owed anyway, that does it."""
    if state.booked is None or state.booked.revision < state.revision:
        return Decision(state)
    new = billing.next_revision(state)
    return Decision(new, effects=tuple(billing.written_again(new, policy, now)), closes=billing.invoice_steps(state))


EXAMPLE_TAX = 2751  # 8.875 % of the taxed line


def example(firm: Firm) -> Drawn:
    """An invented bill that has everything, drawn as the firm chose: for the settings page."""
    lines = (
        BillLine("1", "service", None, "Consultation", 31000, tax=EXAMPLE_TAX),
        BillLine("2", "service", None, "Drafting of contract", 45000),
        BillLine("3", "expense", None, "Court fee", 4150),
    )
    asks = sum(x.net for x in lines) + EXAMPLE_TAX + 1350 - 5000
    return draw(_invented(firm, asks), lines, firm)


def _invented(firm: Firm, asks: int) -> Payable:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Payable(
        firm=firm.id,
        id="example",
        pot=Pot.OPERATING,
        number="1042",
        client_id="",
        client_name="",
        client_email="",
        matters=(),
        currency=firm.currency,
        issued_on=None,
        due_on=None,
        bill_state=BillState.AWAITING_PAYMENT,
        total=asks + 5000,
        asks=asks,
        tax=EXAMPLE_TAX,
        interest=1350,
        discount=5000,
        balance=asks,
        pending=0,
        credits=0,
        paid=0,
        etag="",
        updated_at=at,
        read_at=at,
    )
