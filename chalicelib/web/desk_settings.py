"""Settings: the firm's place and accounts, its connections, how payments reach Clio, and keys for programs."""

from __future__ import annotations

from chalicelib.web.answers import Reply
from chalicelib.web.desk_shell import back, desk, page
from chalicelib.web.door import Ask

HERE = "/desk/settings"


@desk.get("/desk/settings")
def settings(ask: Ask) -> str:
    return _page(ask)


@desk.post("/desk/settings/mark-paid", who="owner")
def mark_paid(ask: Ask) -> Reply:
    """Whether our state change at Clio is used (issue, step 9): off until the owner turns it on."""
    from chalicelib.domain.firm import MarkPaidSwitched, decide
    from chalicelib.domain.kernel import Kind, Ref
    from chalicelib.flow.settle import settle

    on = ask.one("on") == "yes"
    ref, fact = Ref(ask.firm, Kind.FIRM, ask.firm), MarkPaidSwitched(on)
    settle(
        ask.world,
        [ref],
        lambda held, _now: {ref: decide(held[ref], fact)},
        fact="MarkPaidSwitched",
        body=fact,
        by=ask.by,
    )
    return back(HERE, "mark-on" if on else "mark-off")


@desk.post("/desk/settings/contacts", who="owner")
def contacts_stand(ask: Ask) -> Reply:
    """Whose value stands where a client was changed in Clio and in QuickBooks."""
    from chalicelib.domain.firm import ContactsStand
    from chalicelib.flow.signing import settle_firm

    settle_firm(ask.world, ask.firm, ContactsStand(ask.one("side")), by=ask.by)
    return back(HERE, "stands")


@desk.post("/desk/settings/digest")
def daily_digest(ask: Ask) -> Reply:
    """To whom the daily digest goes and what it tells; or that it stops, which whoever gets it may say."""
    from chalicelib.errors import Refused
    from chalicelib.flow import digesting

    on = ask.one("on") == "yes"
    if on and not ask.who.owner:
        raise Refused("Only an owner of the Clio account can say to whom the daily digest goes.")
    digesting.choose(ask.world, ask.firm, on=on, to=ask.one("to"), which=ask.one("which"), by=ask.by)
    return back(HERE, "digest-on" if on else "digest-off")


@desk.post("/desk/settings/keys", who="owner")
def new_key(ask: Ask) -> str:
    """The key is shown once, on this page, and never again."""
    from chalicelib.flow import keys

    return _page(ask, fresh=keys.create(ask.world, ask.firm, ask.one("name"), ask.by))


@desk.post("/desk/settings/keys/revoke", who="owner")
def revoke_key(ask: Ask) -> Reply:
    from chalicelib.flow import keys

    keys.revoke(ask.world, ask.firm, ask.one("key"))
    return back(HERE, "key-gone")


@desk.post("/desk/settings/disconnect", who="owner")
def disconnect(ask: Ask) -> Reply:
    from chalicelib.flow import connecting

    connecting.disconnect(ask.world, ask.firm, ask.one("connection"), ask.by)
    return back(HERE, "disconnected")


@desk.get("/desk/settings/quickbooks", who="owner")
def leave_quickbooks(ask: Ask) -> str:
    """The two ways to disconnect QuickBooks, side by side, with what each keeps."""
    return _leaving(ask)


@desk.post("/desk/settings/quickbooks/purge", who="owner")
def purge_links(ask: Ask) -> Reply | str:
    from chalicelib.errors import Refused
    from chalicelib.flow import connecting

    try:
        connecting.purge(ask.world, ask.firm, ask.one("firm_name"), ask.by)
    except Refused as no:
        return _leaving(ask, no.reason)
    return back(HERE, "purged")


def _leaving(ask: Ask, problem: str = "") -> str:
    from chalicelib.flow import views

    link = next(c for c in views.connections(ask.world, ask.firm) if c.id == "quickbooks")
    return page(ask, "disconnect.html", "settings", link=link, problem=problem)


def _page(ask: Ask, fresh: str = "") -> str:
    from chalicelib.flow import digesting, keys, views

    return page(
        ask,
        "settings.html",
        "settings",
        digest=digesting.shown(ask.world, ask.firm),
        links=views.connections(ask.world, ask.firm),
        keys=keys.listed(ask.world, ask.firm),
        fresh=fresh,
    )
