"""People at our own pages: the firm's desk, clients at their pay links, and whoever connects again."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.domain.effects import Do
from chalicelib.domain.firm import MarkPaidSwitched
from chalicelib.domain.kernel import Kind
from chalicelib.domain.reminders import Step
from chalicelib.errors import FeeSimpleError, Refused
from chalicelib.flow import attention, checkout, collecting, connecting, preflight, reconciling, resync, signing
from chalicelib.flow.connecting import Callback
from chalicelib.flow.firms import connections
from infra.sandbox.stripe import Refusal as StripeRefusal
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts
from tests.world import CALLBACK, PUBLIC, Sent, location

LINK = re.compile(r"/pay/([\w-]+)")
PRESSES = 4


class Desk(Acting):
    """Jobs in workers: every I/O of them is a step, and their Lambda may die."""

    # --- clients ----------------------------------------------------------------------------------------------------
    def mail(self, rng: random.Random) -> tuple[Sent, str] | None:
        acting = {f.firm for f in self.h.acting}
        mails = [
            (m, found[1])
            for m in self.h.world.mail.outbox
            if m.tag.partition("--")[0] in acting and (found := LINK.search(m.text))
        ]
        return rng.choice(mails[-12:]) if mails else None

    def client_pays(self, rng: random.Random) -> None:
        if found := self.mail(rng):
            self.press(found[0], found[1], rng, 1)

    def client_pays_two_tabs(self, rng: random.Random) -> None:
        if found := self.mail(rng):
            for _ in range(2):
                self.press(found[0], found[1], random.Random(rng.random()), 1)

    def cheque_while_paying(self, rng: random.Random) -> None:
        if found := self.mail(rng):
            self.press(found[0], found[1], rng, 1)
            after = self.h.clock.at + timedelta(seconds=rng.uniform(0, 4))
            draw = random.Random(rng.random())
            self.h.later(after, "cheque meanwhile", lambda: self.act("cheque", draw))

    def press(self, mail: Sent, token: str, rng: random.Random, press: int) -> None:
        firm = mail.tag.partition("--")[0]
        self.h.spawn(f"client of {mail.tag} presses Pay", lambda: self._pay(mail, token, rng, press), firm)

    def _pay(self, mail: Sent, token: str, rng: random.Random, press: int) -> None:
        page = checkout.page(self.h.world, token)
        self.h.checkers.page(mail, token, page)
        first = next((r for r in page.payables if r.id == page.highlighted and r.can_pay), None)
        if first is None:
            return
        also = [r for r in page.payables if r.can_pay and r.kind == first.kind and r.id != first.id]
        chosen = [first, *(also[: rng.randint(0, 2)] if rng.random() < 0.4 else [])]
        answer = checkout.pay(self.h.world, token, [(r.id, r.open) for r in chosen])
        self.h.tell(f"  {answer.kind} {answer.sentence}")
        if answer.kind == "go":
            self._at_stripe(answer.url, rng)
        elif answer.kind == "wait" and press < PRESSES:
            self.h.later(
                self.h.clock.at + timedelta(seconds=10),
                "presses again",
                lambda: self.press(mail, token, rng, press + 1),
            )

    def _at_stripe(self, url: str, rng: random.Random) -> None:
        """The client at Stripe's page: pays by card or bank at once or late, or goes away."""
        minutes = rng.uniform(0.1, 6) if rng.random() < 0.8 else rng.uniform(6, 60)
        at = self.h.clock.at + timedelta(minutes=minutes)
        how = rng.choices(("card", "bank", "bank_fails", "bank_returns", "away"), (10, 4, 2, 2, 3))[0]
        if how != "away":
            after = rng.uniform(5, 30)
            self.h.later(at, f"client pays at Stripe: {how}", lambda: self._paid(url, how, after))

    def _paid(self, url: str, how: str, after: float) -> None:
        box = self.h.world.stripe_box
        session = next(
            (
                s["id"]
                for a in box.state.accounts.values()
                for s in a.held["checkout.session"].values()
                if s["url"] == url
            ),
            "",
        )
        try:
            if how == "card":
                box.people.pay_card(session)
            elif how == "bank":
                box.people.pay_bank(session, "succeed")
            elif how == "bank_fails":
                box.people.pay_bank(session, "fail")
            else:
                box.people.pay_bank(session, "return", return_after_days=after)
        except StripeRefusal as no:
            self.h.tell(f"  Stripe refuses: {no}")

    # --- the firm at its desk ---------------------------------------------------------------------------------------
    def _at_desk(self, firm: FirmFacts, what: str, job: Any) -> None:
        self.h.spawn(f"desk: {what}", job, firm.firm)

    def _payables(self, firm: FirmFacts, tab: str) -> list[Any]:
        return [h.body for h in self.h.world.store.listed(f"{firm.firm}/payables/{tab}", limit=50).items]

    def start_collection(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        ids = [p["id"] for p in self._payables(firm, "open")]
        chosen, which = rng.sample(ids, min(len(ids), 3)), rng.choice(("friendly", "brief", "own"))
        self._at_desk(
            firm, "start collection", lambda: collecting.start(self.h.world, firm.firm, chosen, which, "staff")
        )

    def stop_collection(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        ids = [p["id"] for p in self._payables(firm, "reminding")]
        if ids:
            id = rng.choice(ids)
            self._at_desk(firm, "stop collection", lambda: collecting.stop(self.h.world, firm.firm, id, "staff"))

    def save_set(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        days = sorted(rng.sample(range(-5, 50), rng.randint(1, 5)))
        steps = [Step(d, f"Invoice {{{{invoice_number}}}}, {d}", "Please pay {{amount_due}}.") for d in days]
        self._at_desk(
            firm,
            "save a set",
            lambda: collecting.save_set(self.h.world, firm.firm, id="own", name="Own", steps=steps, by="staff"),
        )

    def answer_matches(self, rng: random.Random) -> None:
        """Staff say the truth: which money a receipt in Clio is."""
        for firm in self.h.acting:
            self._at_desk(firm, "answers", lambda f=firm: self._answer(f))

    def _answer(self, firm: FirmFacts) -> None:
        for task in self.h.world.store.parked(firm.firm, limit=50).items:
            if "receipt" not in task.body:
                continue
            payable, receipt = str(task.body["payable"]), str(task.body["receipt"])
            ours = self._truly(receipt)
            offered = [p for p in task.body["payments"] if p in ours]
            try:
                if offered:
                    attention.same_money(self.h.world, firm.firm, payable, receipt, offered, "staff")
                else:
                    attention.separate(self.h.world, firm.firm, payable, receipt, "staff")
            except FeeSimpleError as no:
                self.h.tell(f"  {no}")

    def _truly(self, receipt: str) -> list[str]:
        """Which of our payments a Clio receipt truly records."""
        allocation = self.h.world.clio_box.state.rows["allocations"].get(int(receipt)) if receipt.isdigit() else None
        if allocation is not None:
            return [attempt for attempt, _ in self.h.truth.records.get(allocation.parent_id, ())]
        line, truth = int(receipt.removeprefix("bt-")), self.h.truth
        deposit = truth.deposits.get(line) or truth.beside.deposits.get(line)
        return [deposit[0]] if deposit else []

    def undo_match(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        found = [
            (p["id"], k["id"])
            for tab in ("open", "reminding", "paid")
            for p in self._payables(firm, tab)
            for k in p["receipts"]
            if k["standing"] == "matched"
        ]
        if found:
            id, receipt = rng.choice(found)
            self._at_desk(firm, "undo a match", lambda: attention.undo(self.h.world, firm.firm, id, receipt, "staff"))

    def retry_parked(self, rng: random.Random) -> None:
        self.retry_all(self.firm(rng), rng)

    def retry_all(self, firm: FirmFacts, rng: random.Random | None = None) -> None:
        """Retries what is parked and not a task; ``rng``: only some, with a choice where one is offered."""
        self._at_desk(firm, "retry", lambda: self._retry(firm, rng))

    def _retry(self, firm: FirmFacts, rng: random.Random | None) -> None:
        for effect in self.h.world.store.parked(firm.firm, limit=50).items:
            if effect.kind == "task" or (rng is not None and rng.random() < 0.5):
                continue
            choices = [str(c[0]) for c in effect.body.get("choices", [])]
            choice = rng.choice(choices) if rng is not None and choices else ""
            self.h.truth.pressed += 1
            self.h.truth.stayed |= {(firm.firm, effect.about)} if choice == "stay" else set()
            if choice or effect.about.startswith("payable/"):  # it may be made again
                self.h.truth.answered(firm, effect.about.removeprefix("payable/"), choice, self.h.clock.at)
            if choice and effect.kind == Do.CUSTOMER:
                self.h.truth.said_of_customer(firm, str(effect.body["contact"]), choice, self.h.clock.at)
            try:
                attention.retry(self.h.world, firm.firm, effect.key, "staff", choice)
            except Refused as no:
                self.h.tell(f"  {no}")

    def resync_pressed(self, rng: random.Random) -> None:
        self.resync(self.firm(rng))

    def resync(self, firm: FirmFacts) -> None:
        self._at_desk(firm, "resync", lambda: resync.start(self.h.world, firm.firm, "staff"))

    def compare_pressed(self, rng: random.Random) -> None:
        """A comparison is asked for while payments come in."""
        for firm in self.h.acting:
            self._at_desk(firm, "compare", lambda f=firm: reconciling.start(self.h.world, f.firm, "staff"))
        self.act("flurry", rng)

    def look_at_settings(self, firm: FirmFacts) -> None:
        """Somebody presses Check again on the page Preflight."""
        self._at_desk(firm, "preflight", lambda: preflight.start(self.h.world, firm.firm))

    def mark_paid_switch(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        on = rng.random() < 0.7
        self._at_desk(
            firm,
            f"mark paid {on}",
            lambda: signing.settle_firm(self.h.world, firm.firm, MarkPaidSwitched(on), by="staff"),
        )

    # --- connecting -------------------------------------------------------------------------------------------------
    def disconnect(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        which = rng.choice(("clio", "quickbooks", "stripe-operating"))
        self.h.truth.revoked.add((firm.firm, which))
        self.h.truth.ended[firm.firm, which] = self.h.clock.at
        self._at_desk(
            firm, f"disconnect {which}", lambda: connecting.disconnect(self.h.world, firm.firm, which, "staff")
        )
        self.reconnect_soon(firm, rng)

    def reconnect_soon(self, firm: FirmFacts, rng: random.Random) -> None:
        at = self.h.clock.at + timedelta(days=rng.uniform(0.01, 4))
        self.h.later(at, "reconnects", lambda: self.reconnect_all(firm))

    def reconnect(self, rng: random.Random) -> None:
        self.reconnect_all(self.firm(rng))

    def reconnect_all(self, firm: FirmFacts) -> None:
        bodies = self.h.checkers.bodies
        if any(r.kind is Kind.CONNECTION and r.firm == firm.firm and not b["connected"] for r, b in bodies.items()):
            self._at_desk(firm, "reconnect", lambda: self._reconnect(firm))

    def _reconnect(self, firm: FirmFacts) -> None:
        for id, held in connections(self.h.world, firm.firm).items():
            if not held.connected and ((firm.firm, id) not in self.h.truth.absent or self.h.people.resting):
                self.h.tell(f"  reconnects {id}")
                self._consent(firm, id)
                self.h.truth.revoked.discard((firm.firm, id))

    def _consent(self, firm: FirmFacts, id: str, realm: str = "") -> None:
        """``realm``: another company than the one that the firm is in, or goes to."""
        world, truth = self.h.world, self.h.truth
        if id == "clio":
            url = world.clio.authorize_url("us", "x", f"{CALLBACK}/clio")
            back = location(world.browser, url, {"decision": "approve", "email": firm.owner})
            connecting.connect_clio(
                world, firm.firm, "us", str(firm.clio), Callback(back["code"]), f"{CALLBACK}/clio", "staff"
            )
        elif id == "quickbooks":
            url = world.quickbooks.authorize_url("x", f"{CALLBACK}/quickbooks")
            back = location(
                world.browser, url, {"realm": realm or truth.going.get(firm.firm, firm.realm), "action": "connect"}
            )
            connecting.connect_quickbooks(
                world, firm.firm, Callback(back["code"], back["realmId"]), f"{CALLBACK}/quickbooks", "staff"
            )
        elif id == "stripe-operating":
            told = world.stripe_box.people.authorize(
                world.stripe.authorize_url("x", f"{CALLBACK}/stripe"), firm.operating
            )
            code = parse_qs(urlsplit(told["location"]).query)["code"][0]
            from chalicelib.domain.readings import Pot

            connecting.connect_stripe(world, firm.firm, Pot.OPERATING, Callback(code), "staff")
        else:
            connecting.open_trust_account(
                world, firm.firm, name=firm.name, email="t@f.example", by="staff", back=PUBLIC, again=PUBLIC
            )
            connecting.trust_account_returned(world, firm.firm, "staff")
