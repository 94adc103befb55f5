"""The story that the demo plays: a firm connects, bills come in, clients pay, every book shows it.

A person's part goes through the pages; staff, clients and banks act in the sandboxes. What is counted comes from the
sandboxes' own books, their logs and the delivered mails.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from infra.local.browser import Browser, PageError, Shown
from infra.local.counting import Count
from infra.local.desk import HARTWELL, Desk
from infra.local.mailbox import Mail
from infra.local.stack import Stack
from infra.local.staff import Town

REALM = HARTWELL.realm
MORNING_UTC = 14  # ten o'clock in New York, in winter nine: the firm's mails go out from nine
# Each is due so late that a step of its set falls due after it is paid.
CARD, DEBIT, DEBIT_FAILS, THREE = "1055", "1057", "1056", ("1046", "1047", "1048")
TABS, PATCHED, REFUSED, CHEQUE, TRUST, REFUNDED = "1049", "1060", "1052", "1042", "1081", "1058"


class Story:
    """One run of the story on one stage."""

    def __init__(self, stack: Stack, say: Callable[[str], None]) -> None:
        self.stack, self.say = stack, say
        self.desk = Desk(stack, HARTWELL)
        self.town = Town(stack)
        self.browsers = [self.desk.browser]
        self.sessions: dict[str, str] = {}  # Stripe's session by the number it paid
        self.paid_at: dict[str, datetime] = {}
        self.drift = -1
        self.found: list[str] = []
        self.seeded_on = stack.now().date()  # the sandboxes' bills count their days from here

    # --- connecting -------------------------------------------------------------------------------------------------
    def sign_in(self) -> None:
        """A wrong and a missing state are refused; then the owner signs in through Clio's own consent page."""
        self._to_the_morning()
        self._stranger().get("/oauth/clio?code=x&state=made-up", status=422)
        self._stranger().get("/oauth/clio?code=x", status=422)
        self.desk.sign_in()
        self.say("Olivia signed in with Clio; the firm is founded")

    def _stranger(self) -> Browser:
        """A browser of its own: a client's, or anybody's."""
        self.browsers.append(Browser(self.stack.url))
        return self.browsers[-1]

    def set_up(self) -> None:
        """Every step of the setup, earlier bills only if unpaid."""
        self.desk.set_up(self.seeded_on - timedelta(days=60))
        self.say("Connected to Clio, QuickBooks and two Stripe accounts; the first sync was gone through")

    # --- bringing in ------------------------------------------------------------------------------------------------
    def bring_in(self) -> None:
        """Resync meets a rate limit, a lost answer and refused batch members; what parks is answered by a person."""
        self.town.clio.fault(do="status", path="/api/v4/line_items", status=429, headers={"Retry-After": "20"}, times=1)
        self.town.books.fault(do="drop_answer", method="POST", path="/batch", times=1, skip=2)
        self.town.books.act("refuse_members", codes=["10000"])
        self._resync()
        self.say(f"Resync brought in {self._bills_shown()} invoices; now what parked is answered")
        self.town.clio.act("edit_bill", bill="1043", number="1143")
        self.desk.press_retry_where_asked("Bill 1043")
        self.stack.pass_minutes(12)
        if "1143" not in {i["DocNumber"] for i in self.town.invoices(REALM)}:
            raise PageError("the renumbered bill did not reach QuickBooks")
        self.say(f"QuickBooks holds {len(self.town.invoices(REALM))} invoices")

    def _resync(self) -> None:
        self.desk.resync()
        self.stack.pass_minutes(4)

    def nothing_new(self) -> None:
        """A second Resync changes nothing anywhere."""
        self.stack.pass_minutes(12)
        before = (self._book_marks(), len(self.stack.mailbox.all()))
        self._resync()
        after = (self._book_marks(), len(self.stack.mailbox.all()))
        if before != after:
            raise PageError("the second Resync changed something in QuickBooks")
        self.say("A second Resync changed nothing")

    def _book_marks(self) -> list[tuple[str, str, str]]:
        held = self.town.books.get(f"books/{REALM}")
        return sorted((k, o["Id"], o["SyncToken"]) for k, rows in held.items() for o in rows if isinstance(o, dict))

    # --- reminding --------------------------------------------------------------------------------------------------
    def start_collection(self) -> None:
        """A set from a supplied template, several invoices ticked, Start Collection."""
        count = self.desk.collect_all("Our four notes", template="friendly")
        self.say(f"Collection started on {count} invoices")

    def first_mails(self) -> None:
        """A day passes; mails go out."""
        self.stack.move_clock(3600)
        self.stack.settle(120)
        self._next_morning()
        count = len(self.stack.mailbox.to_clients())
        self.say(f"{count} mails went out, each after the balance was read again at Clio")

    def _to_the_morning(self) -> None:
        """The stage's clock to ten in the firm's morning, on a Monday, so that days are alike in every run."""
        now = self.stack.now()
        days = (7 - now.weekday()) % 7 or 7
        morning = now.replace(hour=MORNING_UTC, minute=30, second=0) + timedelta(days=days)
        self.stack.move_clock(int((morning - now).total_seconds()))

    def _next_morning(self, days: int = 1) -> None:
        now = self.stack.now()
        morning = now.replace(hour=MORNING_UTC, minute=30, second=0) + timedelta(days=days)
        self.stack.move_clock(int((morning - now).total_seconds()))
        self.stack.settle(180)

    # --- paying -----------------------------------------------------------------------------------------------------
    def clients_pay(self) -> None:
        """Card, bank debits, three at once, a trust request, two tabs; the events come late, twice, out of order."""
        self.town.stripe.act("plan_deliveries", next=3, double=True)
        self.town.clio.switch(patch_paid="accept")
        self._switch_mark_paid(on=True)
        self._card(PATCHED)
        self.stack.settle(90)
        self.town.clio.switch(patch_paid="refuse", offer_paid=True)
        self._card(REFUSED)
        self.stack.settle(90)
        self._switch_mark_paid(on=False)
        self.town.stripe.act("plan_deliveries", next=2, late_seconds=40, reorder=True)
        self._card(CARD)
        self._card(REFUNDED)
        self._card(*THREE)
        self._two_tabs(TABS)
        self._card(TRUST)
        self._debit(DEBIT, "succeed")
        self._debit(DEBIT_FAILS, "fail")
        self.say("Clients paid by card and by bank debit, one three at once, one a trust request, one from two tabs")

    def _switch_mark_paid(self, *, on: bool) -> None:
        page = self.desk.page("/desk/settings")
        self.desk.browser.submit(page, "/desk/settings/mark-paid", {"on": "yes" if on else "no"})

    def _link(self, number: str) -> str:
        """The newest pay link that was mailed for this bill."""
        for mail in reversed(self.stack.mailbox.to_clients()):
            if number in mail.text and (link := next((x for x in mail.links if "/view/" not in x), "")):
                return link
        raise PageError(f"no mail holds a pay link for {number}")

    def _pay_page(self, number: str) -> Shown:
        """Opening a link changes nothing, however often: a scanner opens it first."""
        link = self._link(number)
        client = self._stranger()
        client.get(link)
        self.client = client
        return client.get(link)

    def _press_pay(self, page: Shown, numbers: tuple[str, ...]) -> str:
        """Ticks these payables and presses Pay; gives Stripe's session."""
        ids = [str(self.town.clio.act("find_bill", bill=n)["id"]) for n in numbers]
        form = self._form_for(page, ids)
        answer = self.client.submit(page, form.action, {"id": ids}, holding=self._marked(form, ids))
        for _ in range(5):
            if found := re.search(r"/c/pay/(cs_[A-Za-z0-9_]+)", answer.url):
                return found.group(1)
            self.stack.settle(30)
            answer = self.client.submit(page, form.action, {"id": ids}, holding=self._marked(form, ids))
        raise PageError(f"Pay did not lead to Stripe but to {urlsplit(answer.url).path}: {answer.text[:400]}")

    def _form_for(self, page: Shown, ids: list[str]) -> Any:
        """The form of the page that offers these payables (one for each pot)."""
        for form in page.forms:
            if form.method == "post" and any(
                f"shown-{i}" in form.fields or i in form.fields.get("id", []) for i in ids
            ):
                return form
        raise PageError(f"{page.url.partition('/pay/')[0]}: no Pay form offers {ids}")

    def _marked(self, form: Any, ids: list[str]) -> dict[str, str]:
        name = next((f"shown-{i}" for i in ids if f"shown-{i}" in form.fields), "")
        return {name: form.fields[name][0]} if name else {}

    def _card(self, *numbers: str) -> None:
        session = self._press_pay(self._pay_page(numbers[0]), numbers)
        self.town.stripe.act("pay_card", session_id=session)
        self._paid(session, numbers)

    def _two_tabs(self, number: str) -> None:
        """Both tabs lead to one and the same session, so only one can pay."""
        page = self._pay_page(number)
        first = self._press_pay(page, (number,))
        other = self._pay_page(number)
        second = self._press_pay(other, (number,))
        if first != second:
            raise PageError("two tabs got two sessions for one invoice")
        self.town.stripe.act("pay_card", session_id=first)
        self._paid(first, (number,))

    def _debit(self, number: str, outcome: str) -> None:
        session = self._press_pay(self._pay_page(number), (number,))
        self.town.stripe.act("pay_bank", session_id=session, outcome=outcome, after_days=4)
        if outcome == "succeed":
            self._paid(session, (number,))

    def _paid(self, session: str, numbers: tuple[str, ...]) -> None:
        for number in numbers:
            self.sessions[number] = session
            self.paid_at[number] = self.stack.now()
        self.stack.move_clock(45)  # clients do not all come in one minute

    def money_arrives(self) -> None:
        """Late events come in; bank debits first show as on their way, then clear or fail."""
        self.stack.pass_minutes(3)
        page = self.desk.page("/desk/invoices?tab=reminding&size=100")
        if "On its way" not in page.text:
            raise PageError("no bank debit shows as on its way")
        for _ in range(5):
            self._next_morning()
        self.paid_at[DEBIT] = self.stack.now()
        self.say(f"Bank debits cleared and failed; {len(self._receipts())} receipts went out")

    def a_refund(self) -> None:
        """The firm refunds a payment in Stripe's dashboard: the invoice opens again, and a person gets a task."""
        charge = self._charge(REFUNDED)
        self.town.stripe.act("refund", payment=charge["id"])
        self.stack.pass_minutes(2)
        bill = self.town.clio.act("find_bill", bill=REFUNDED)
        page = self.desk.page(f"/desk/invoices/{bill['id']}")
        if "efund" not in page.text:
            raise PageError("the refund is not on the invoice's page")
        payment = next(p for p in self.town.payments(REALM) if charge["payment_intent"] and self._pays(p, REFUNDED))
        self.town.books.act("void_payment", realm=REALM, id=payment["Id"])
        self.desk.press("went back", "done")
        self.paid_at.pop(REFUNDED, None)
        self.sessions.pop(REFUNDED, None)
        self.say("A refund at Stripe opened its invoice again and became a task; the bookkeeper corrected QuickBooks")

    def _charge(self, number: str) -> Any:
        for account in self.town.stripe.get("books").values():
            for charge in account.get("charges", []):
                if number in str(charge.get("description")) and charge.get("paid"):
                    return charge
        raise PageError(f"Stripe shows no charge for {number}")

    def _pays(self, payment: Any, number: str) -> bool:
        invoice = next(i for i in self.town.invoices(REALM) if i["DocNumber"] == number)
        return any(t["TxnId"] == invoice["Id"] for x in payment.get("Line", []) for t in x.get("LinkedTxn", []))

    # --- staff ------------------------------------------------------------------------------------------------------
    def books_before_staff(self) -> None:
        """Before staff have recorded the payments, each is named as not yet in Clio, and nothing else differs: the
        credit given in Clio is in QuickBooks too."""
        named = self.desk.compare()
        missing = [number for number, kind in named if kind == "not yet in Clio"]
        if len(missing) != len(named) or not missing:
            raise PageError(f"before staff recorded the payments the comparison names {named}")
        self.say(f"The comparison names {len(missing)} payments as not yet in Clio, and nothing else")

    def staff_record(self) -> None:
        """Staff record what the list shows, with its code; it is matched and not posted a second time."""
        page = self.desk.page("/desk/record")
        codes = list(dict.fromkeys(re.findall(r"FS-[A-Z2-9]{6}", page.text)))
        by_session: dict[str, list[str]] = {}
        for number, session in self.sessions.items():
            by_session.setdefault(session, []).append(number)
        code_of = {numbers[0]: self._code_for(page, numbers[0]) for numbers in by_session.values()}
        for numbers in by_session.values():
            code = code_of[numbers[0]]
            if code is None:
                continue  # our own state change at Clio recorded it
            bills = [self.town.clio.act("find_bill", bill=n) for n in numbers]
            if numbers[0] == TRUST:
                self.town.clio.act(
                    "record_trust_deposit", bill=TRUST, amount=bills[0]["balance"], description=f"Stripe {code}"
                )
            else:
                amounts = {str(x["id"]): x["balance"] for x in bills}
                self.town.clio.act(
                    "record_payment", amounts=amounts, method="credit_card", description=f"Stripe {code}"
                )
        self._resync()
        left = re.findall(r"FS-[A-Z2-9]{6}", self.desk.page("/desk/record").text)
        if left:
            raise PageError(f"still listed under Record in Clio: {left}")
        self.say(f"Staff recorded {len(codes)} payments in Clio; each was matched by its code")

    def _code_for(self, page: Shown, number: str) -> str | None:
        """The code that the list shows beside a bill."""
        rows = re.findall(r"<tr.*?</tr>", page.text, re.DOTALL)
        for row in rows:
            if number in row and (found := re.search(r"FS-[A-Z2-9]{6}", row)):
                return found.group(0)
        return None

    def a_cheque(self) -> None:
        """A payment recorded by hand in Clio comes here, is posted once, and its collection stops."""
        before = len(self.town.payments(REALM))
        bill = self.town.clio.act("find_bill", bill=CHEQUE)
        self.town.clio.act(
            "record_payment", amounts={str(bill["id"]): bill["balance"]}, method="check", reference="4711"
        )
        self._resync()
        if len(self.town.payments(REALM)) != before + 1:
            raise PageError("the cheque was not posted exactly once")
        self.paid_at[CHEQUE] = self.stack.now()
        self.say("A cheque recorded in Clio was posted to QuickBooks once")

    def later_steps(self) -> None:
        """Five weeks pass: every later step of the set falls due, and nobody who paid is written to."""
        for _ in range(6):
            self._next_morning(days=7)
        self.say(f"{len(self.stack.mailbox.all())} mails in all")

    # --- comparing --------------------------------------------------------------------------------------------------
    def books_agree(self) -> None:
        """Everything recorded: no difference."""
        self.stack.pass_minutes(2)
        named = self.desk.compare()
        self.drift = len(named)
        if named:
            self.say(f"The comparison still names {named}")
        else:
            self.say("The books agree")

    def behind_our_back(self) -> None:
        """One amount is changed in QuickBooks: the comparison names exactly that invoice. Then it is put back."""
        invoice = next(i for i in self.town.invoices(REALM) if i["DocNumber"] == "1044")
        right = invoice["TotalAmt"]
        self.town.books.act("change_invoice_amount", realm=REALM, id=invoice["Id"], amount=float(right) + 10)
        self.found = [n for n, _ in self.desk.compare()]
        self.town.books.act("change_invoice_amount", realm=REALM, id=invoice["Id"], amount=right)
        self.drift = max(self.drift, len(self.desk.compare()))
        self.say(f"An amount changed behind our back: the comparison names {self.found}")

    # --- counting ---------------------------------------------------------------------------------------------------
    def _receipts(self) -> list[Mail]:
        return [m for m in self.stack.mailbox.all() if m.subject.startswith("Receipt")]

    def _bills_shown(self) -> int:
        return sum(len(re.findall(r'name="id"', self._tab(t))) for t in ("open", "reminding"))

    def _tab(self, tab: str) -> str:
        return self.desk.page(f"/desk/invoices?tab={tab}&size=100").text

    def figures(self) -> dict[str, Any]:
        """Everything that is claimed, counted where it happened."""
        secrets = self.desk.secrets.union(*(b.secrets for b in self.browsers))
        count = Count(self.stack, self.town, HARTWELL, self.paid_at, by_our_own_change=(PATCHED,))
        return count.figures(secrets) | {"drift": self.drift, "drift_found": len(set(self.found))}
