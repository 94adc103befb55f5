"""Signing in and connecting: the first page, the setup, and the way to each neighbour's consent page and back.

A refusal is shown on the page that the person came from; nothing a neighbour's address says is believed unchecked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from chalicelib.errors import Declined, Refused, Unavailable
from chalicelib.flow import sessions
from chalicelib.flow.sessions import Trip
from chalicelib.web.answers import Reply, go
from chalicelib.web.door import SESSION_COOKIE, Ask, Door, cookie

doors = Door(__name__)

REGION_NAMES = {"us": "United States", "ca": "Canada", "eu": "Europe and United Kingdom", "au": "Australia"}
SAID_NO = "You did not give access, so nothing was connected. You can start again whenever you like."
SESSION_SECONDS = int(sessions.AT_MOST.total_seconds())
SETUP = "/setup"


# --- in and out -------------------------------------------------------------------------------------------------------


@doors.get("/", who="anyone", forms_to="connect")
def first_page(ask: Ask) -> Reply:
    return go("/desk") if ask.session else _signin(ask)


def _signin(ask: Ask, problem: str = "", status: int = 200) -> Reply:
    from chalicelib.web import pages

    regions = [(r, REGION_NAMES[r]) for r in REGION_NAMES if r in ask.world.regions]
    html = pages.render("signin.html", now=ask.world.now(), csrf=ask.csrf, regions=regions, problem=problem)
    return Reply(html, status)


@doors.post("/signin", who="anyone", forms_to="connect")
def sign_in(ask: Ask) -> Reply:
    from chalicelib.flow import signing

    try:
        return go(signing.begin(ask.world, ask.one("region"), ask.world.regions, ask.browser, _back(ask, "clio")))
    except Refused as no:
        return _signin(ask, no.reason, 422)


@doors.post("/signout")
def sign_out(ask: Ask) -> Reply:
    sessions.end(ask.world, ask.who)
    return go("/", cookies=[cookie(ask.world, SESSION_COOKIE, "", 0)])


# --- back from a neighbour --------------------------------------------------------------------------------------------


@doors.get("/oauth/clio", who="anyone", forms_to="connect")
def from_clio(ask: Ask) -> Reply:
    """Both for signing in and for the owner's connection: the state says which."""
    return _arrived(ask, ("sign-in", "clio"))


@doors.get("/oauth/quickbooks", who="anyone", forms_to="connect")
def from_quickbooks(ask: Ask) -> Reply:
    return _arrived(ask, ("quickbooks",))


@doors.get("/oauth/stripe", who="anyone", forms_to="connect")
def from_stripe(ask: Ask) -> Reply:
    return _arrived(ask, ("stripe",))


def _arrived(ask: Ask, purposes: tuple[str, ...]) -> Reply:
    """The state is used up whatever comes; then what it was for is done."""
    try:
        trip = sessions.arrive(ask.world, ask.query.get("state", ""), ask.browser, session=ask.session)
        if trip.purpose not in purposes:
            raise Refused(sessions.LOST_STATE)
        if ask.query.get("error") or not ask.query.get("code"):
            raise Refused(SAID_NO)
        return _signed_in(ask, trip) if trip.purpose == "sign-in" else _connected(ask, trip)
    except (Refused, Declined, Unavailable) as no:
        return _sorry(ask, no)


def _sorry(ask: Ask, no: Refused | Declined | Unavailable) -> Reply:
    """The sentence on the page where the person can begin again."""
    from chalicelib.web.answers import said

    status, _, sentence = said(no)
    return _setup(ask, sentence, status) if ask.session else _signin(ask, sentence, status)


def _signed_in(ask: Ask, trip: Trip) -> Reply:
    from chalicelib.flow import signing

    if ask.session:
        sessions.end(ask.world, ask.session)
    done = signing.finish(ask.world, trip, ask.query["code"], _back(ask, "clio"))
    ask.world.log("signed_in", firm=done.firm, founded=done.founded)
    where = "/desk" if done.ready else SETUP
    return go(where, cookies=[cookie(ask.world, SESSION_COOKIE, done.cookie, SESSION_SECONDS)])


def _connected(ask: Ask, trip: Trip) -> Reply:
    from chalicelib.domain.readings import Pot
    from chalicelib.flow import connecting
    from chalicelib.flow.connecting import Callback

    back = Callback(ask.query["code"], ask.query.get("realmId", ""))
    match trip.purpose:
        case "clio":
            region, account = trip.region, trip.firm.partition("-")[2]
            connecting.connect_clio(ask.world, trip.firm, region, account, back, _back(ask, "clio"), ask.by)
        case "quickbooks":
            connecting.connect_quickbooks(ask.world, trip.firm, back, _back(ask, "quickbooks"), ask.by)
        case _:
            connecting.connect_stripe(ask.world, trip.firm, Pot(trip.pot), back, ask.by)
    return go(SETUP)


def _back(ask: Ask, neighbour: str) -> str:
    """Where the neighbour sends the browser: registered there, so it must match exactly."""
    return f"{ask.world.public_url}/oauth/{neighbour}"


# --- on the way to a neighbour ----------------------------------------------------------------------------------------


@doors.post("/connect/clio", who="owner", forms_to="connect")
def to_clio(ask: Ask) -> Reply:
    region = ask.firm.partition("-")[0]
    state = sessions.depart(ask.world, Trip("clio", region, "", ask.firm, ask.who.user), ask.browser)
    return go(ask.world.clio.authorize_url(region, state, _back(ask, "clio")))


@doors.post("/connect/quickbooks", who="owner", forms_to="connect")
def to_quickbooks(ask: Ask) -> Reply:
    state = sessions.depart(ask.world, Trip("quickbooks", firm=ask.firm, user=ask.who.user), ask.browser)
    return go(ask.world.quickbooks.authorize_url(state, _back(ask, "quickbooks")))


@doors.post("/connect/stripe", who="owner", forms_to="connect")
def to_stripe(ask: Ask) -> Reply:
    """An existing account, for the pot that the form names."""
    from chalicelib.domain.readings import Pot

    pot = Pot.TRUST if ask.one("pot") == Pot.TRUST else Pot.OPERATING
    state = sessions.depart(ask.world, Trip("stripe", "", pot, ask.firm, ask.who.user), ask.browser)
    return go(ask.world.stripe.authorize_url(state, _back(ask, "stripe")))


@doors.post("/connect/stripe/trust", who="owner", forms_to="connect")
def open_trust(ask: Ask) -> Reply:
    """A new account for trust money, whose fees are charged to us."""
    return _try(ask, lambda: _onboarding(ask))


@doors.get("/oauth/stripe/again", who="owner", forms_to="connect")
def onboarding_again(ask: Ask) -> Reply:
    """Stripe's onboarding links are good once and for minutes; it sends here for another."""
    return _try(ask, lambda: _onboarding(ask))


def _onboarding(ask: Ask) -> Reply:
    from chalicelib.flow import connecting
    from chalicelib.flow.firms import firm_of

    firm = firm_of(ask.world, ask.firm)
    if firm is None:
        raise Refused("This firm is not set up yet.")
    base = f"{ask.world.public_url}/oauth/stripe"
    return go(
        connecting.open_trust_account(
            ask.world,
            ask.firm,
            name=firm.name,
            email=firm.reply_to,
            by=ask.by,
            back=f"{base}/return",
            again=f"{base}/again",
        )
    )


@doors.get("/oauth/stripe/return", forms_to="connect")
def onboarding_done(ask: Ask) -> Reply:
    """The address says nothing: the account is read again."""
    from chalicelib.flow import connecting

    def read_again() -> Reply:
        connecting.trust_account_returned(ask.world, ask.firm, ask.by)
        return go(SETUP)

    return _try(ask, read_again)


# --- the setup page ---------------------------------------------------------------------------------------------------


@doors.get("/setup", forms_to="connect")
def setup_page(ask: Ask) -> Reply:
    return _setup(ask)


def _setup(ask: Ask, problem: str = "", status: int = 200) -> Reply:
    """``open``: a step that the person wants to change, by its key."""
    from zoneinfo import available_timezones

    from chalicelib.domain.firm import CURRENCIES
    from chalicelib.flow import setup
    from chalicelib.web import pages

    stands = setup.setup(ask.world, ask.firm)
    opened = ask.query.get("open", "")
    by_key = {s.key: s for s in stands.steps}
    offered = None
    if by_key["quickbooks"].state == "done" and (by_key["accounts"].state == "now" or opened == "accounts"):
        try:
            offered = setup.choices(ask.world, ask.firm)
        except Unavailable:
            problem = problem or "QuickBooks does not answer right now. Reload this page in a minute."
    html = pages.render(
        "setup.html",
        now=ask.world.now(),
        zone=stands.firm.zone,
        currency=stands.firm.currency,
        firm_name=stands.firm.name,
        person=ask.by,
        csrf=ask.csrf,
        problem=problem,
        setup=stands,
        steps=stands.steps,
        opened=opened,
        firm=stands.firm,
        owner=ask.who.owner,
        links=stands.connections,
        choices=offered,
        zones=sorted(z for z in available_timezones() if "/" in z and not z.startswith(("Etc/", "posix", "right"))),
        currencies=CURRENCIES,
        start_on=setup.proposed_start(stands.firm, ask.world),
    )
    return Reply(html, status)


@doors.post("/setup/place", who="owner", forms_to="connect")
def place(ask: Ask) -> Reply:
    from chalicelib.flow import setup

    def confirm() -> Reply:
        setup.confirm_place(
            ask.world,
            ask.firm,
            name=ask.one("name"),
            zone=ask.one("zone"),
            currency=ask.one("currency"),
            reply_to=ask.one("reply_to"),
            by=ask.by,
        )
        return go(SETUP)

    return _try(ask, confirm)


@doors.post("/setup/accounts", who="owner", forms_to="connect")
def accounts(ask: Ask) -> Reply:
    from chalicelib.flow import setup

    def choose() -> Reply:
        names = ("clearing", "services", "expenses", "interest", "tax", "discount")
        setup.choose_accounts(ask.world, ask.firm, {name: ask.one(name) for name in names}, ask.by)
        return go(SETUP)

    return _try(ask, choose)


@doors.post("/setup/confirm", who="owner", forms_to="connect")
def confirm(ask: Ask) -> Reply:
    from chalicelib.flow import setup

    def begin() -> Reply:
        setup.confirm_writes(
            ask.world,
            ask.firm,
            sync_off=ask.one("sync_off") == "yes",
            reminders_off=ask.one("reminders_off") == "yes",
            start_on=_day(ask.one("start_on")),
            by=ask.by,
            tell=ask.one("digest") == "yes",
        )
        return go("/desk/first")

    return _try(ask, begin)


def _try(ask: Ask, do: Callable[[], Reply]) -> Reply:
    try:
        return do()
    except (Refused, Declined, Unavailable) as no:
        return _sorry(ask, no)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as bad:
        raise Refused("Give the start date as a date, for example 2026-11-01.") from bad
