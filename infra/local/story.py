"""The story that the demo plays: a firm connects, bills come in, clients pay, every book shows it.

A person's part goes through the pages; staff, clients and banks act in the sandboxes. What is counted comes from the
sandboxes' own books, their logs and the delivered mails.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests

from infra.local.browser import Browser, PageError, Shown
from infra.local.mailbox import Mail
from infra.local.stack import Stack

OWNER = "olivia@hartwellpine.example"
FIRM = "Hartwell & Pine LLP"
REALM = "9130350000000001"
OPERATING = "acct_hartwell_operating"
MORNING_UTC = 14  # ten o'clock in New York, in winter nine: the firm's mails go out from nine
CARD, DEBIT, DEBIT_FAILS, THREE = "1054", "1062", "1056", ("1046", "1047", "1048")
TABS, PATCHED, REFUSED, CHEQUE, TRUST, REFUNDED = "1049", "1060", "1052", "1042", "1081", "1058"


class Neighbour:
    """A sandbox's control routes."""

    def __init__(self, base: str) -> None:
        self.base = base

    def act(self, verb: str, **how: Any) -> Any:
        """A person does something there. Raises PageError when the sandbox refuses."""
        answer = requests.post(f"{self.base}/_sandbox/people/{verb}", json=how, timeout=30)
        if answer.status_code >= 300:
            raise PageError(f"{verb}: {answer.status_code} {answer.text[:300]}")
        told = answer.json()
        return told.get("result", told) if isinstance(told, dict) else told

    def get(self, path: str) -> Any:
        return requests.get(f"{self.base}/_sandbox/{path}", timeout=30).json()

    def switch(self, **values: Any) -> None:
        requests.post(f"{self.base}/_sandbox/switches", json=values, timeout=30)

    def fault(self, **plan: Any) -> None:
        requests.post(f"{self.base}/_sandbox/faults", json={"faults": [plan]}, timeout=30)


class Story:
    """One run of the story on one stage."""

    def __init__(self, stack: Stack, say: Callable[[str], None]) -> None:
        self.stack, self.say = stack, say
        self.browser = Browser(stack.url)
        self.clio = Neighbour(f"{stack.sandboxes}/clio")
        self.books = Neighbour(f"{stack.sandboxes}/quickbooks")
        self.stripe = Neighbour(f"{stack.sandboxes}/stripe")
        self.sessions: dict[str, str] = {}
        self.links: set[str] = set()
        self.paid_at: dict[str, datetime] = {}
        self.drift = -1
        self.found: list[str] = []
        self.trust_account = ""

    # --- connecting -------------------------------------------------------------------------------------------------
    def sign_in(self) -> None:
        """A wrong and a missing state are refused; then the owner signs in through Clio's own consent page."""
        self._to_the_morning()
        Browser(self.stack.url).get("/oauth/clio?code=x&state=made-up", status=422)
        Browser(self.stack.url).get("/oauth/clio?code=x", status=422)
        page = self.browser.submit(self.browser.get("/"), "/signin", {"region": "us"})
        page = self._consent(page)
        if "/setup" not in page.url:
            raise PageError(f"after signing in the owner is at {page.url}")
        self.say("Olivia signed in with Clio; the firm is founded")

    def _desk(self, path: str) -> Shown:
        """A page of the desk; when days have passed she signs in again."""
        page = self.browser.get(path)
        if urlsplit(page.url).path != "/":
            return page
        self._consent(self.browser.submit(page, "/signin", {"region": "us"}))
        return self.browser.get(path)

    def _consent(self, page: Shown) -> Shown:
        """Clio's consent page: she picks herself and approves."""
        return self.browser.submit(page, "/oauth/authorize", {"decision": "approve", "email": OWNER})

    def set_up(self) -> None:
        """Place, Clio, QuickBooks, accounts, both Stripe accounts, and the two ticks before the first write."""
        b = self.browser
        b.submit(b.get("/setup"), "/setup/place")
        self._consent(b.submit(b.get("/setup"), "/connect/clio"))
        page = b.submit(b.get("/setup"), "/connect/quickbooks")
        b.submit(page, "/connect/oauth2", {"realm": REALM, "action": "connect"})
        b.submit(b.get("/setup"), "/setup/accounts")
        self._connect_stripe()
        start = (self.stack.now() - timedelta(days=60)).date().isoformat()
        b.submit(
            b.get("/setup"),
            "/setup/confirm",
            {"sync_off": "yes", "reminders_off": "yes", "start_on": start},
        )
        self.say("Connected to Clio, QuickBooks and two Stripe accounts; the firm confirmed the first write")

    def _connect_stripe(self) -> None:
        """Operating by OAuth. For trust an account that pays its own fees stays off, and the page says why; the one
        that is opened through us takes payments."""
        b = self.browser
        page = b.submit(b.get("/setup"), "/connect/stripe", pot="operating")
        told = self.stripe.act("authorize", url=page.url, account=OPERATING)
        b.get(told["location"])
        page = b.submit(b.get("/setup"), "/connect/stripe/trust")
        form = next(f for f in page.forms if "/setup/finish/" in f.action)
        done = b.submit(page, form.action, {"name": f"{FIRM} trust"})
        if "/setup" not in done.url:
            raise PageError(f"after opening the trust account the owner is at {done.url}")

    # --- bringing in ------------------------------------------------------------------------------------------------
    def bring_in(self) -> None:
        """Resync meets a rate limit, a lost answer and refused batch members; what parks is answered by a person."""
        self.clio.fault(do="status", path="/api/v4/line_items", status=429, headers={"Retry-After": "20"}, times=1)
        self.books.fault(do="drop_answer", method="POST", path="/batch", times=1, skip=2)
        self.books.act("refuse_members", codes=["10000"])
        self._resync()
        self.say(f"Resync brought in {self._bills_shown()} invoices; now what parked is answered")
        self._choose("Brook Jensen", "suffix")
        self.clio.act("edit_bill", bill="1043", number="1143")
        self._press("Bill 1043", "retry")
        self._calm(minutes=12)
        self.say(f"QuickBooks holds {len(self._invoices())} invoices")

    def _resync(self) -> None:
        b = self.browser
        page = b.submit(self._desk("/desk/invoices"), "/desk/resync")
        for _ in range(40):
            self.stack.settle(60)
            page = b.get(page.url)
            if "Resync finished" in page.text:
                break
            self.stack.move_clock(60)
        self._calm(minutes=4)

    def _calm(self, minutes: int) -> None:
        """Lets minutes pass, as they would by themselves."""
        for _ in range(minutes):
            self.stack.move_clock(60)
            self.stack.settle(90)

    def nothing_new(self) -> None:
        """A second Resync changes nothing anywhere."""
        self._calm(minutes=12)
        before = (self._book_marks(), len(self._mails()))
        self._resync()
        after = (self._book_marks(), len(self._mails()))
        if before != after:
            raise PageError("the second Resync changed something in QuickBooks")
        self.say("A second Resync changed nothing")

    def _book_marks(self) -> list[tuple[str, str, str]]:
        held = self.books.get(f"books/{REALM}")
        return sorted((k, o["Id"], o["SyncToken"]) for k, rows in held.items() for o in rows if isinstance(o, dict))

    def _press(self, title: str, do: str, choice: str = "") -> None:
        """A button on one item under Needs attention."""
        page = self._desk("/desk/attention")
        for form in page.forms:
            if not form.action.endswith("/desk/attention"):
                continue
            key = form.fields.get("key", [""])[0]
            if not self._is_about(page, key, title):
                continue
            if form.fields.get("do", [""])[0] != do and ("do", do) not in form.buttons:
                continue
            if choice and choice not in (form.fields.get("choice", [""])[0], *(v for _, v in form.buttons)):
                continue
            self.browser.submit(page, "/desk/attention", {"do": do, "choice": choice}, key=key)
            self.stack.settle(60)
            return
        raise PageError(f"Needs attention shows no button {do} {choice} for {title}")

    def _is_about(self, page: Shown, key: str, title: str) -> bool:
        """Whether the item with this key bears the title: the text before its form."""
        at = page.text.find(html.escape(key, quote=True)) if key else -1
        return at >= 0 and title in html.unescape(page.text[max(0, at - 2500) : at])

    def _choose(self, title: str, choice: str) -> None:
        self._press(title, "retry", choice)

    # --- reminding --------------------------------------------------------------------------------------------------
    def start_collection(self) -> None:
        """A set from a supplied template, several invoices ticked, Start Collection."""
        b = self.browser
        page = self._desk("/desk/sets/new?from=friendly")
        b.submit(page, "/desk/sets", {"name": "Our four notes", "do": "save"})
        page = self._desk("/desk/invoices?tab=open&size=100")
        ids = re.findall(r'name="id"[^>]*value="(\d+)"|value="(\d+)"[^>]*name="id"', page.text)
        chosen = sorted({a or c for a, c in ids})
        page = b.submit(page, "/desk/invoices/chosen", {"id": chosen, "do": "collect"})
        own = re.search(r'value="(set-[^"]+)"', page.text)
        if own is None:
            raise PageError("the new reminder set is not offered")
        b.submit(page, "/desk/collect", {"set": own.group(1)})
        self.stack.settle(60)
        self.say(f"Collection started on {len(chosen)} invoices")

    def first_mails(self) -> None:
        """A day passes; mails go out."""
        self.stack.move_clock(3600)
        self.stack.settle(120)
        self._next_morning()
        self.say(f"{len(self._mails())} mails went out, each after the balance was read again at Clio")

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
        self.stripe.act("plan_deliveries", next=3, double=True)
        self.clio.switch(patch_paid="accept")
        self._switch_mark_paid(on=True)
        self._card(PATCHED)
        self.stack.settle(90)
        self.clio.switch(patch_paid="refuse", offer_paid=True)
        self._card(REFUSED)
        self.stack.settle(90)
        self._switch_mark_paid(on=False)
        self.stripe.act("plan_deliveries", next=2, late_seconds=40, reorder=True)
        self._card(CARD)
        self._card(REFUNDED)
        self._card(*THREE)
        self._two_tabs(TABS)
        self._card(TRUST)
        self._debit(DEBIT, "succeed")
        self._debit(DEBIT_FAILS, "fail")
        self.say("Clients paid by card and by bank debit, one three at once, one a trust request, one from two tabs")

    def _switch_mark_paid(self, *, on: bool) -> None:
        page = self._desk("/desk/settings")
        self.browser.submit(page, "/desk/settings/mark-paid", {"on": "yes" if on else "no"})

    def _link(self, number: str) -> str:
        """The newest pay link that was mailed for this bill."""
        for mail in reversed(self._mails()):
            if number in mail.text and (link := next((x for x in mail.links if "/view/" not in x), "")):
                return link
        raise PageError(f"no mail holds a pay link for {number}")

    def _pay_page(self, number: str) -> Shown:
        """Opening a link changes nothing, however often: a scanner opens it first."""
        link = self._link(number)
        client = Browser(self.stack.url)
        client.get(link)
        self.client = client
        return client.get(link)

    def _press_pay(self, page: Shown, numbers: tuple[str, ...]) -> str:
        """Ticks these payables and presses Pay; gives Stripe's session."""
        ids = [str(self.clio.act("find_bill", bill=n)["id"]) for n in numbers]
        form = self._form_for(page, ids)
        answer = self.client.submit(page, form.action, {"id": ids}, **self._marked(form, ids))
        for _ in range(5):
            if found := re.search(r"/c/pay/(cs_[A-Za-z0-9_]+)", answer.url):
                return found.group(1)
            self.stack.settle(30)
            answer = self.client.submit(page, form.action, {"id": ids}, **self._marked(form, ids))
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
        self.stripe.act("pay_card", session_id=session)
        self._paid(session, numbers)

    def _two_tabs(self, number: str) -> None:
        """Both tabs lead to one and the same session, so only one can pay."""
        page = self._pay_page(number)
        first = self._press_pay(page, (number,))
        other = self._pay_page(number)
        second = self._press_pay(other, (number,))
        if first != second:
            raise PageError("two tabs got two sessions for one invoice")
        self.stripe.act("pay_card", session_id=first)
        self._paid(first, (number,))

    def _debit(self, number: str, outcome: str) -> None:
        session = self._press_pay(self._pay_page(number), (number,))
        self.stripe.act("pay_bank", session_id=session, outcome=outcome, after_days=4)
        if outcome == "succeed":
            self._paid(session, (number,))

    def _paid(self, session: str, numbers: tuple[str, ...]) -> None:
        for number in numbers:
            self.sessions[number] = session
            self.paid_at[number] = self.stack.now()
        self.stack.move_clock(45)  # clients do not all come in one minute

    def money_arrives(self) -> None:
        """Late events come in; bank debits first show as on their way, then clear or fail."""
        self._calm(minutes=3)
        page = self._desk("/desk/invoices?tab=reminding&size=100")
        if "On its way" not in page.text:
            raise PageError("no bank debit shows as on its way")
        for _ in range(5):
            self._next_morning()
        self.paid_at[DEBIT] = self.stack.now()
        self.say(f"Bank debits cleared and failed; {len(self._receipts())} receipts went out")

    def a_refund(self) -> None:
        """The firm refunds a payment in Stripe's dashboard: the invoice opens again, and a person gets a task."""
        charge = self._charge(REFUNDED)
        self.stripe.act("refund", payment=charge["id"])
        self._calm(minutes=2)
        bill = self.clio.act("find_bill", bill=REFUNDED)
        page = self._desk(f"/desk/invoices/{bill['id']}")
        if "efund" not in page.text:
            raise PageError("the refund is not on the invoice's page")
        payment = next(p for p in self._payments() if charge["payment_intent"] and self._pays(p, REFUNDED))
        self.books.act("void_payment", realm=REALM, id=payment["Id"])
        self._press("went back", "done")
        self.paid_at.pop(REFUNDED, None)
        self.sessions.pop(REFUNDED, None)
        self.say("A refund at Stripe opened its invoice again and became a task; the bookkeeper corrected QuickBooks")

    def _charge(self, number: str) -> Any:
        for account in self.stripe.get("books").values():
            for charge in account.get("charges", []):
                if number in str(charge.get("description")) and charge.get("paid"):
                    return charge
        raise PageError(f"Stripe shows no charge for {number}")

    def _pays(self, payment: Any, number: str) -> bool:
        invoice = next(i for i in self._invoices() if i["DocNumber"] == number)
        return any(t["TxnId"] == invoice["Id"] for x in payment.get("Line", []) for t in x.get("LinkedTxn", []))

    # --- staff ------------------------------------------------------------------------------------------------------
    def books_before_staff(self) -> None:
        """Before staff have recorded the payments, each is named as not yet in Clio, and nothing else differs."""
        named = self._compare()
        odd = [n for n in named if n[1] != "not yet in Clio"]
        if odd or not named:
            raise PageError(f"before staff recorded the payments the comparison names {named}")
        self.say(f"The comparison names {len(named)} payments as not yet in Clio, and nothing else")

    def staff_record(self) -> None:
        """Staff record what the list shows, with its code; it is matched and not posted a second time."""
        page = self._desk("/desk/record")
        codes = list(dict.fromkeys(re.findall(r"FS-[A-Z2-9]{6}", page.text)))
        by_session: dict[str, list[str]] = {}
        for number, session in self.sessions.items():
            by_session.setdefault(session, []).append(number)
        code_of = {numbers[0]: self._code_for(page, numbers[0]) for numbers in by_session.values()}
        for numbers in by_session.values():
            code = code_of[numbers[0]]
            if code is None:
                continue  # our own state change at Clio recorded it
            bills = [self.clio.act("find_bill", bill=n) for n in numbers]
            if numbers[0] == TRUST:
                self.clio.act(
                    "record_trust_deposit", bill=TRUST, amount=bills[0]["balance"], description=f"Stripe {code}"
                )
            else:
                amounts = {str(x["id"]): x["balance"] for x in bills}
                self.clio.act("record_payment", amounts=amounts, method="credit_card", description=f"Stripe {code}")
        self._resync()
        left = re.findall(r"FS-[A-Z2-9]{6}", self._desk("/desk/record").text)
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
        before = len(self._payments())
        bill = self.clio.act("find_bill", bill=CHEQUE)
        self.clio.act("record_payment", amounts={str(bill["id"]): bill["balance"]}, method="check", reference="4711")
        self._resync()
        if len(self._payments()) != before + 1:
            raise PageError("the cheque was not posted exactly once")
        self.paid_at[CHEQUE] = self.stack.now()
        self.say("A cheque recorded in Clio was posted to QuickBooks once")

    def later_steps(self) -> None:
        """Five weeks pass: every later step of the set falls due, and nobody who paid is written to."""
        for _ in range(6):
            self._next_morning(days=7)
        self.say(f"{len(self._mails())} mails in all")

    # --- comparing --------------------------------------------------------------------------------------------------
    def _compare(self) -> list[tuple[str, str]]:
        """Presses Compare now; (number, kind) of every difference, from the JSON API."""
        page = self._desk("/desk/books")
        self.browser.submit(page, "/desk/books")
        self.stack.settle(120)
        answer = requests.get(
            f"{self.stack.url}/api/v1/drift", headers={"Authorization": f"Bearer {self._key()}"}, timeout=30
        )
        report = answer.json()
        return [(d["number"], d["kind"]) for d in report["differences"]]

    def _key(self) -> str:
        """A bearer token made on the settings page, shown once."""
        if not hasattr(self, "_token"):
            page = self._desk("/desk/settings")
            page = self.browser.submit(page, "/desk/settings/keys", {"name": "demo"})
            found = re.search(r"fsk_[A-Za-z0-9_-]{20,}|[A-Za-z0-9_-]{43,}", re.sub(r'"[^"]*"', "", page.text))
            if found is None:
                raise PageError("the settings page shows no new key")
            self._token = found.group(0)
            self.links.add(self._token)
        return self._token

    def books_agree(self) -> None:
        """Everything recorded: no difference."""
        self._calm(minutes=2)
        named = self._compare()
        self.drift = len(named)
        if named:
            self.say(f"The comparison still names {named}")
        else:
            self.say("The books agree")

    def behind_our_back(self) -> None:
        """One amount is changed in QuickBooks: the comparison names exactly that invoice. Then it is put back."""
        invoice = next(i for i in self._invoices() if i["DocNumber"] == "1044")
        right = invoice["TotalAmt"]
        self.books.act("change_invoice_amount", realm=REALM, id=invoice["Id"], amount=float(right) + 10)
        self.found = [n for n, _ in self._compare()]
        self.books.act("change_invoice_amount", realm=REALM, id=invoice["Id"], amount=right)
        self.drift = max(self.drift, len(self._compare()))
        self.say(f"An amount changed behind our back: the comparison names {self.found}")

    # --- counting ---------------------------------------------------------------------------------------------------
    def _mails(self) -> list[Mail]:
        return self.stack.mailbox.all()

    def _receipts(self) -> list[Mail]:
        return [m for m in self._mails() if m.subject.startswith("Receipt")]

    def _invoices(self) -> list[Any]:
        held = self.books.get(f"books/{REALM}")["Invoice"]
        return [i for i in held if not str(i.get("PrivateNote", "")).startswith("Voided")]

    def _payments(self) -> list[Any]:
        held = self.books.get(f"books/{REALM}")["Payment"]
        return [p for p in held if not str(p.get("PrivateNote", "")).startswith("Voided")]

    def _bills_shown(self) -> int:
        return sum(len(re.findall(r'name="id"', self._tab(t))) for t in ("open", "reminding"))

    def _tab(self, tab: str) -> str:
        return self._desk(f"/desk/invoices?tab={tab}&size=100").text

    def figures(self) -> dict[str, Any]:
        """Everything that is claimed, counted where it happened."""
        bills = [b for b in self.clio.act("bills") if b["kind"] == "revenue_kind"]
        approved = [b for b in bills if b["state"] in ("awaiting_payment", "paid")]
        early = {"1020", "1021", "1022"}
        due = [b for b in approved if b["number"] not in early]
        ours = [i for i in self._invoices() if i["DocNumber"] in {b["number"] for b in due}]
        numbers = [i["DocNumber"] for i in self._invoices()]
        charges = [
            (account, c)
            for account, held in self.stripe.get("books").items()
            for c in held.get("charges", [])
            if c.get("paid") and not c.get("refunded")
        ]
        operating = [c for a, c in charges if a == OPERATING]
        recorded = self._recorded_by_staff({b["id"] for b in due})
        counts = {
            name: box.get("counts") for name, box in (("clio", self.clio), ("qb", self.books), ("stripe", self.stripe))
        }
        reminders = [m for m in self._mails() if not m.subject.startswith("Receipt")]
        return {
            "bills_approved": len(approved),
            "bills_due_there": len(due),
            "quickbooks_invoices": len(ours),
            "mails": len(self._mails()),
            "payments": len(charges),
            "payments_due_there": len(operating) + recorded,
            "payments_posted": len(self._payments()),
            "drift": self.drift,
            "drift_found": len(set(self.found)),
            "reminders_after_payment": self._after_payment(reminders),
            "paid_reminded": len(self.paid_at),
            "later_steps_due": self._later_steps_due(),
            "doubled_numbers": len(numbers) - len(set(numbers)),
            "trust_fees": self._trust_fees(),
            "rate_limited": sum(c.get("rate_limited", 0) for c in counts.values()),
            "tokens_rotated": counts["qb"].get("tokens_rotated", 0),
            "batch_members_refused": counts["qb"].get("batch_members_refused", 0),
            "events_late": counts["stripe"].get("events_late", 0),
            "events_doubled": counts["stripe"].get("events_doubled", 0),
            "answers_lost": sum(c.get("answers_lost", 0) for c in counts.values()),
            "dead_letters": self.stack.dead_letters(),
            "secrets_in_logs": self._secrets_in_logs(),
        }

    def _recorded_by_staff(self, due: set[int]) -> int:
        """Clio payments that began in Clio: those without a code of ours and not made by our own state change."""
        parents: set[int] = set()
        for id in due:
            money = self.clio.act("money", bill=id)
            ours = {m["amount"] for m in money["bank"] if "FS-" in str(m["description"])}
            for a in money["allocations"]:
                if a["valid"] and a["parent"] == "Payment" and a["amount"] not in ours:
                    parents.add(a["parent_id"])
        patched = {self.clio.act("find_bill", bill=PATCHED)["id"]}
        made = {a["parent_id"] for id in patched for a in self.clio.act("money", bill=id)["allocations"] if a["valid"]}
        return len(parents - made)

    def _after_payment(self, reminders: list[Mail]) -> int:
        """Reminders for an invoice that were sent after its payment was made."""
        count = 0
        for number, at in self.paid_at.items():
            for m in reminders:
                if re.search(rf"Invoice {number}\b|invoice {number}\b|deposit {number}\b", m.text):
                    count += datetime.fromisoformat(m.at) > at + timedelta(seconds=1)
        return count

    def _later_steps_due(self) -> int:
        """Paid things whose set had a later step, on day 25 after the due date, that has come since."""
        dues = {str(b["number"]): b for b in self.clio.act("bills")}
        late = 0
        for number, at in self.paid_at.items():
            due_at = dues[number].get("due_at")
            last = datetime.fromisoformat(f"{due_at}T14:00:00+00:00") + timedelta(days=25) if due_at else None
            late += last is None or at < last < self.stack.now()
        return late

    def _trust_fees(self) -> int:
        """Cents that Stripe took from trust accounts."""
        total = 0
        for account, held in self.stripe.get("books").items():
            if account.startswith("acct_") and account != OPERATING:
                total += sum(int(t.get("fee", 0)) for t in held.get("balance_transactions", []))
        return total

    def _secrets_in_logs(self) -> int:
        """Tokens and pay links that stand in any log of a function or of the gateway."""
        secrets = {x.split("/pay/")[1].split("/")[0] for m in self._mails() for x in m.links if "/pay/" in x}
        secrets |= self.links
        secrets |= set(self.browser.session.cookies.values())
        for box in (self.clio, self.books):
            issued = requests.get(f"{box.base}/_sandbox/tokens", timeout=30)
            secrets |= set(issued.json()) if issued.status_code == 200 else set()
        logs = "\n".join(text for name, text in self.stack.logs().items() if "sandbox" not in name)
        return sum(1 for s in secrets if len(s) > 12 and s in logs)
