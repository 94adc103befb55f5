"""The in-memory world: the shipped clients over the shipped sandboxes, in process, on one clock that tests move.

Only ``World`` is replaced. ``a_stage()`` gives a firm that is connected and set up, ready to press Resync.
"""

from __future__ import annotations

import email
import email.policy
import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import cached_property
from typing import Any, TypeVar
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import requests

from chalicelib.clio import webhook as clio_webhook
from chalicelib.clio.client import ClioClient, Region
from chalicelib.domain.firm import (
    Accounts,
    AccountsChosen,
    Founded,
    MatchesConfirmed,
    Member,
    PlaceConfirmed,
    WritesConfirmed,
)
from chalicelib.domain.kernel import Neighbour
from chalicelib.domain.readings import EventPointer, Pot
from chalicelib.domain.wanted import Letter
from chalicelib.errors import Unavailable
from chalicelib.flow import capturing, clio_hooks, connecting, first_sync, inbox, mailing, polling, resync, signing
from chalicelib.flow.connecting import Callback
from chalicelib.flow.drain import drain
from chalicelib.flow.settle import policy_of
from chalicelib.flow.sweep import sweep
from chalicelib.mail.client import SesMail
from chalicelib.quickbooks import webhook as quickbooks_webhook
from chalicelib.quickbooks.client import QuickBooksClient
from chalicelib.store.memory import MemoryStore
from chalicelib.stripe.client import StripeClient
from chalicelib.stripe.webhook import Webhook as StripeHook
from infra.sandbox.clio import FIRM_A, FIRM_B, OWNER_A, OWNER_B, ClioSandbox
from infra.sandbox.clio import seed as seed_clio
from infra.sandbox.kit import ManualClock, Wire
from infra.sandbox.quickbooks import REALM_A, REALM_B, QuickBooksSandbox
from infra.sandbox.quickbooks import seed as seed_quickbooks
from infra.sandbox.stripe import StripeSandbox
from infra.sandbox.stripe.seed import seed as seed_stripe
from tests.line import Line

CLIO = "http://clio.test/clio"
QUICKBOOKS = "http://quickbooks.test/quickbooks"
STRIPE = "http://stripe.test/stripe"
PUBLIC = "https://fee.test"
CALLBACK = f"{PUBLIC}/oauth"
HOOK = f"{PUBLIC}/webhooks/stripe"
HOOK_SECRET = "whsec_connect"
VERIFIER = "verify-me"


class Seals:
    """Keeps what it seals readable only with the same firm and neighbour."""

    def seal(self, clear: str, *, firm: str, neighbour: str) -> str:
        return f"{firm}|{neighbour}|{clear}"

    def open(self, sealed: str, *, firm: str, neighbour: str) -> str:
        where = f"{firm}|{neighbour}|"
        assert sealed.startswith(where), "opened under another context"
        return sealed.removeprefix(where)


@dataclass
class Lanes:
    """The queue: a set of lanes that workers were told of."""

    told: dict[str, None] = field(default_factory=dict)

    def hint(self, lanes: Iterable[str], after: float = 0) -> None:
        """One for later is lost, as it may be: the sweep gets there."""
        if after <= 0:
            self.told.update(dict.fromkeys(lanes))

    def take(self) -> list[str]:
        lanes, self.told = list(self.told), {}
        return lanes


@dataclass
class Sent:
    """A mail as SES delivered it."""

    at: datetime
    to: str
    tag: str
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        message = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    def part(self, kind: str) -> str:
        body = self.message.get_body((kind,))
        return str(body.get_content()) if body else ""

    @cached_property
    def text(self) -> str:
        """Its plain part; the headers, which take longest, are not looked at for it."""
        parts = email.message_from_bytes(self.raw, policy=email.policy.compat32).walk()
        plain = next((p for p in parts if p.get_content_type() == "text/plain"), None)
        body = plain.get_payload(decode=True) if plain is not None else b""
        assert isinstance(body, bytes)
        return body.decode().replace("\r\n", "\n")


class Ses:
    """SES as a client sees it: delivers into ``outbox``; ``fail`` decides the fate of the next sends."""

    def __init__(self, now: Any) -> None:
        self.now = now
        self.outbox: list[Sent] = []
        self.fail: list[str] = []  # "refuse" (for now), "lose" (sent, answer lost), "lose_before" (lost, not sent)
        self._mail = SesMail(sender="billing@fee.test")

    def compose(self, letter: Letter) -> bytes:
        return self._mail.compose(letter)

    def render(self, kind: str, context: dict[str, Any]) -> tuple[str, str]:
        return self._mail.render(kind, context)

    def send(self, raw: bytes, *, to: str, tag: str) -> str:
        fate = self.fail.pop(0) if self.fail else ""
        if fate == "refuse":
            raise Unavailable("SES refuses for now", after=60)
        if fate != "lose_before":
            self.outbox.append(Sent(self.now(), to, tag, raw))
        if fate.startswith("lose"):
            raise Unavailable("SES' answer was lost", after=60, maybe_done=True)
        return f"ses-{len(self.outbox)}"


class MemoryWorld:
    """Satisfies ``flow.ports.World`` over memory and the three sandboxes."""

    def __init__(self, clock: ManualClock | None = None, session: requests.Session | None = None) -> None:
        self.clock = clock or ManualClock()
        self.store = MemoryStore(self.now)
        self.queue = Lanes()
        self.seal = Seals()
        self.numbers = itertools.count(1)
        self.logs: list[tuple[str, dict[str, object]]] = []
        self.metrics: dict[str, float] = {}
        self.session = session or Line()
        self.session.trust_env = False  # nothing leaves this process: no proxy is looked for
        back = [f"{CALLBACK}/clio", f"{CALLBACK}/quickbooks", f"{CALLBACK}/stripe"]
        self.clio_box = ClioSandbox(self.clock, clients={"clio-app": ("clio-secret", back)})
        self.quickbooks_box = QuickBooksSandbox(
            self.clock, clients={"qb-app": ("qb-secret", back)}, verifier_token=VERIFIER
        )
        self.stripe_box = StripeSandbox(
            self.clock,
            platform_key="sk_test_platform",
            client_id="ca_sandbox",
            redirect_uris=back,
            webhook_secret=HOOK_SECRET,
        )
        for base, box in ((CLIO, self.clio_box), (QUICKBOOKS, self.quickbooks_box), (STRIPE, self.stripe_box)):
            self.session.mount(base, Wire(box, base))
        self.clio = ClioClient({"us": Region("clio-app", "clio-secret", CLIO)}, session=self.session, clock=self.now)
        self.quickbooks = QuickBooksClient(
            client_id="qb-app",
            secret="qb-secret",
            api_base=QUICKBOOKS,
            authorize_url=f"{QUICKBOOKS}/connect/oauth2",
            token_url=f"{QUICKBOOKS}/oauth2/v1/tokens/bearer",
            revoke_url=f"{QUICKBOOKS}/v2/oauth2/tokens/revoke",
            session=self.session,
            clock=self.now,
        )
        self.stripe = StripeClient(
            secret_key="sk_test_platform",
            client_id="ca_sandbox",
            api_base=STRIPE,
            connect_base=STRIPE,
            session=self.session,
        )
        self.mail = Ses(self.now)

    public_url = PUBLIC
    hooks_url = ""  # a test that wants webhooks says ``hooks_url = PUBLIC``: a_stage(hooks=True)
    stage = "test"

    def now(self) -> datetime:
        return self.clock.now()

    def secret(self, bytes: int = 32) -> str:
        return f"secret{next(self.numbers):06d}".ljust(max(16, bytes), "x")

    def log(self, event: str, **fields: object) -> None:
        self.logs.append((event, fields))

    def count(self, metric: str, value: float = 1, **dimensions: str) -> None:
        del dimensions
        self.metrics[metric] = self.metrics.get(metric, 0) + value


@contextmanager
def _polled_rarely() -> Iterator[None]:
    """A day between polls, so that stories of weeks are cheap."""
    day = timedelta(days=1)
    with mock.patch.multiple(polling, EVERY=day, RARELY=day, RAREST=day):
        yield


@dataclass
class Stage:
    """One firm on a world, with what tests do to it."""

    world: MemoryWorld
    firm: str
    realm: str
    operating: str = ""
    trust: str = ""

    # --- time and work ----------------------------------------------------------------------------------------------
    def work(self, rounds: int = 60) -> int:
        """Sweeps and drains until nothing is due at this moment. Webhooks that are due are delivered first."""
        for n in range(rounds):
            self.deliver()
            sweep(self.world)
            lanes = self.world.queue.take()
            if not lanes and not self.deliver():
                return n
            for lane in lanes:
                drain(self.world, lane)
        return rounds

    def deliver(self) -> int:
        """What is due of the neighbours' news reaches the inbox as pointers, past the shipped signature checks: always
        Stripe's; Clio's where the firm subscribed; QuickBooks' where an address is registered there."""
        told = self.world.stripe_box.deliver_due(self._stripe_hook)
        told += self.world.clio_box.deliver_due(self._clio_hook)
        return told + self.world.quickbooks_box.deliver_due(self._quickbooks_hook)

    def _clio_hook(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, Mapping[str, str]]:
        token = url.rpartition("/")[2]
        if secret := headers.get("X-Hook-Secret"):
            known = clio_hooks.shake_hands(self.world, token, secret)
            return (200, {"X-Hook-Secret": secret}) if known else (400, {})
        kept = clio_hooks.find(self.world, token)
        if kept is None or not clio_webhook.signed(body, headers.get("X-Hook-Signature", ""), kept.secret):
            return 400, {}
        inbox.point(self.world, Neighbour.CLIO, clio_webhook.pointers(body, kept.account, kept.kind))
        return 200, {}

    def _quickbooks_hook(self, _url: str, headers: dict[str, str], body: bytes) -> int:
        if not quickbooks_webhook.signed(body, headers["intuit-signature"], VERIFIER):
            return 403
        pointers = [EventPointer(p.event, p.realm, p.entity, p.entity, p.id) for p in quickbooks_webhook.pointers(body)]
        inbox.point(self.world, Neighbour.QUICKBOOKS, pointers)
        return 200

    def _stripe_hook(self, _url: str, headers: Mapping[str, str], body: bytes) -> int:
        hook = StripeHook(HOOK_SECRET, livemode=False, clock=self.world.now)
        signature = next(v for k, v in headers.items() if k.lower() == "stripe-signature")
        if not hook.signed(body, signature):
            return 400
        pointer = hook.pointer(body)
        if pointer is not None:
            inbox.point(self.world, Neighbour.STRIPE, [pointer])
        return 200

    def pass_time(self, step_minutes: float = 5, **span: float) -> None:
        """Moves the clock in steps and works in each. In steps of an hour or more what is polled comes rarely, and
        steps in which nothing falls due are one step."""
        until, step = self.world.now() + timedelta(**span), timedelta(minutes=step_minutes)
        with _polled_rarely() if step_minutes >= 60 else nullcontext():
            while (now := self.world.now()) < until:
                idle = max(1, -(-(self._next_due() - now) // step)) if step_minutes >= 60 else 1
                self.world.clock.move(seconds=min(idle * step, until - now).total_seconds())
                self.work()

    def _next_due(self) -> datetime:
        """When something falls due at the earliest: with us, or of the news that Stripe sends. Now, where others send
        news too."""
        due = [effect.effect.due_at for effect in self.world.store._effects.values() if effect.effect.status == "owed"]
        stripe = self.world.stripe_box.next_due_at()
        told = [datetime.fromtimestamp(stripe, UTC)] if stripe is not None else []
        return (
            self.world.now() if self.world.hooks_url else min([*due, *told], default=datetime.max.replace(tzinfo=UTC))
        )

    def resync(self) -> resync.Run:
        """Presses Resync and lets the minutes pass that the budgets ask for."""
        run = resync.start(self.world, self.firm, "test")
        for _ in range(60):
            self.work()
            state = resync.progress(self.world, self.firm, run)
            if state.finished_at and not state.invoices_owed:
                return state
            self.world.clock.move(seconds=30)
        return resync.progress(self.world, self.firm, run)

    def mail_event(self, tag: str, kind: str) -> None:
        mailing.event_seen(self.world, tag, kind)


def location(session: requests.Session, url: str, form: dict[str, str]) -> dict[str, str]:
    """What came back in the address after a person answered a consent page."""
    asked = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
    address = url.split("?", maxsplit=1)[0]
    answer = session.post(address, data={**asked, **form}, allow_redirects=False)
    assert answer.status_code in (302, 303), answer.text
    return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


W = TypeVar("W", bound=MemoryWorld)


def seeded(world: W) -> W:
    """With the two seeded firms at the neighbours, nobody signed in yet."""
    day = world.now().date()
    seed_clio(world.clio_box, day)
    seed_quickbooks(world.quickbooks_box, day)
    seed_stripe(world.stripe_box, day)
    world.quickbooks_box.switches["ignore_limits"] = True
    world.stripe_box.people.register_endpoint(HOOK, connect=True)
    return world


def connect(
    world: MemoryWorld, *, second: bool = False, trust: bool = True, matched: bool = True, cards: bool = True
) -> Stage:
    """A firm founded, connected to all three and set up, as a person would do it on the pages. ``matched``: as if its
    first sync were over; otherwise it is just begun. ``cards``: its operating account at Stripe is connected."""
    name, owner, realm = (FIRM_B, OWNER_B, REALM_B) if second else (FIRM_A, OWNER_A, REALM_A)
    account = next(f.id for f in world.clio_box.state.rows["firms"].values() if f.name == name)
    firm = f"us-{account}"
    state = "x"
    back = location(
        world.session,
        world.clio.authorize_url("us", state, f"{CALLBACK}/clio"),
        {"decision": "approve", "email": owner},
    )
    member = Member("1", "Olivia Hartwell", "olivia@hartwell.example", owner=True)
    signing.settle_firm(
        world, firm, Founded(firm, name, "us", str(account), "America/New_York", "USD", member), by="test"
    )
    connecting.connect_clio(world, firm, "us", str(account), Callback(back["code"]), f"{CALLBACK}/clio", "test")
    back = location(
        world.session,
        world.quickbooks.authorize_url(state, f"{CALLBACK}/quickbooks"),
        {"realm": realm, "action": "connect"},
    )
    connecting.connect_quickbooks(
        world, firm, Callback(back["code"], back["realmId"]), f"{CALLBACK}/quickbooks", "test"
    )
    stage = Stage(world, firm, realm)
    if cards:
        take_cards(stage, "acct_bexley" if second else "acct_hartwell_operating")
    if trust:
        url = connecting.open_trust_account(
            world, firm, name=name, email="trust@hartwell.example", by="test", back=PUBLIC, again=PUBLIC
        )
        world.stripe_box.people.onboard(url)
        stage.trust = connecting.trust_account_returned(world, firm, "test").account
    for fact in (
        PlaceConfirmed("America/New_York", "USD", name, "office@hartwell.example"),
        AccountsChosen(chosen_accounts(world, realm)),
        WritesConfirmed(
            native_sync_off=True, native_reminders_off=True, start_on=world.now().date() - timedelta(days=60)
        ),
    ):
        signing.settle_firm(world, firm, fact, by="test")
    if matched:
        signing.settle_firm(world, firm, MatchesConfirmed(1), by="test")
        capturing.begin(world, policy_of(world, firm))  # as the first sync does, which is passed over
    else:
        first_sync.start(world, firm, "test")
    resync.begin_polls(world, firm)
    world.queue.take()  # nothing has begun yet: whoever presses Resync now reads it all
    return stage


def take_cards(stage: Stage, account: str) -> None:
    """The firm connects its operating account at Stripe."""
    told = stage.world.stripe_box.people.authorize(stage.world.stripe.authorize_url("x", f"{CALLBACK}/stripe"), account)
    code = parse_qs(urlsplit(told["location"]).query)["code"][0]
    connecting.connect_stripe(stage.world, stage.firm, Pot.OPERATING, Callback(code), "test")
    stage.operating = account


def chosen_accounts(world: MemoryWorld, realm: str) -> Accounts:
    def find(entity: str, **named: str) -> str:
        return str(world.quickbooks_box.people.find(realm, entity, **named)[0]["Id"])

    return Accounts(
        clearing=find("Account", AccountSubType="UndepositedFunds"),
        clearing_name="Undeposited Funds",
        services=find("Item", Name="Legal services"),
        expenses=find("Item", Name="Expenses"),
        interest=find("Item", Name="Interest"),
        tax=find("Item", Name="Tax"),
        discount=find("Account", AccountSubType="DiscountsRefundsGiven"),
    )


def a_stage(*, second: bool = False, trust: bool = True, hooks: bool = False) -> Stage:
    """``hooks``: Clio and QuickBooks may send news."""
    world = seeded(MemoryWorld())
    if hooks:
        world.hooks_url = PUBLIC
        world.quickbooks_box.people.register_webhook(f"{PUBLIC}/webhooks/quickbooks")
    return connect(world, second=second, trust=trust)
