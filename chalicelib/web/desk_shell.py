"""What every page of the desk shares: its door, its frame, and the sentences shown after something was done."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from chalicelib.web.answers import NotFound, Reply, go
from chalicelib.web.door import Ask, Door, whole

desk = Door("desk")
IDS_AT_MOST = 100
# Where a form or an address may ask to be led back to: pages that show what waits for a person, and the one of a thing.
LISTED = r"first(\?show=[a-z]{1,10}(&only=needs)?(&page=[0-9]{1,5})?)?"  # a page of the first sync's lists
OWN = re.compile(rf"/desk/(attention|sync|invoices|{LISTED}|(invoices|contacts)/[A-Za-z0-9._~-]{{1,100}})")

NOTES = {
    "started": "Reminders are started for {}. They are under Active reminders now.",
    "stopped": "Reminders are stopped for {}.",
    "saved": "The reminder set is saved.",
    "archived": "The reminder set is archived. Collections that use it go on.",
    "retried": "It is being tried again. If it fails once more, it comes back here.",
    "all-tried": "They are being tried again. You can leave this page. What fails once more comes back here.",
    "done": "Marked as done.",
    "decided": "Decided. What it writes to QuickBooks is on its way.",
    "accepted": "Decided. It stays as it is in QuickBooks.",
    "looked": "It is being read again in Clio. If it is shown there, it leaves this list within a minute.",
    "matched": "The payment is matched. Nothing is posted a second time.",
    "separate": "It is kept as a payment of its own.",
    "drawn": "Saved. Invoices are drawn like this from now on.",
    "redrawing": "Open invoices are being written again. You can leave this page; it goes on.",
    "links-gone": "Every pay link sent for this invoice opens nothing any more.",
    "undone": "The match is undone. The payment waits for a decision under Needs attention.",
    "mark-on": "From now on bills that are paid in full are marked as paid in Clio.",
    "mark-off": "Bills are no longer marked as paid in Clio. Record payments from the list Record in Clio.",
    "key-gone": "The key is revoked. Programs that use it are shut out.",
    "taken": "That value goes to both sides now.",
    "left": "It stays as each side shows it. A later change goes over again.",
    "linked": "The customer is linked. Nothing was overwritten on either side.",
    "digest-on": "The daily digest is on. The first comes on the next morning on which something needs somebody.",
    "digest-off": "The daily digest is off. What needs somebody still stands under Needs attention.",
    "stands": "Kept. It holds for changes from now on.",
    "tried": "What waited there is being tried again now.",
    "compared": "Kept. What is new is entered in QuickBooks, and nothing there is entered a second time.",
    "read": "Read again just now.",
    "unsaid": "Taken back. Nothing is posted on this invoice until you have said anew what each payment is.",
    "purged": "The links to QuickBooks are purged. Connect a company under Connections to begin anew.",
    "trust-check": "The trust accounts are being compared. The result appears here within minutes.",
    "trust-chosen": "Saved. Trust entries that waited are written to QuickBooks now.",
    "trust-saved": "The statement is saved.",
    "trust-signed": "Signed off. It is kept as it stands here.",
    "trust-opened": "Open again. The earlier sign-off stays on record.",
    "disconnected": "Disconnected. What is owed there waits until you connect again; nothing is lost.",
}


def page(ask: Ask, template: str, section: str, **context: Any) -> str:
    """A page of the desk: ``template`` in the firm's frame. Reads the firm and its sums, one item each."""
    from chalicelib.flow import views
    from chalicelib.flow.firms import firm_of
    from chalicelib.web import pages

    firm = firm_of(ask.world, ask.firm)
    if firm is None:
        raise NotFound
    sums = views.start(ask.world, ask.firm)
    shell: dict[str, Any] = {
        "now": ask.world.now(),
        "zone": firm.zone,
        "currency": firm.currency,
        "firm_name": firm.name,
        "firm": firm,
        "person": ask.by,
        "owner": ask.who.owner,
        "csrf": ask.csrf,
        "section": section,
        "sums": sums,
        "attention": sums.attention,
        "note": note_of(ask),
    }
    return pages.render(template, **{**shell, **context})


def turning(here: str, cursor: str | None, following: str | None, **view: str) -> dict[str, str]:
    """The addresses of the first page and of the next one, empty where there is none; ``view`` stands in both."""
    first = f"{here}?{urlencode(view)}" if view else here
    return {
        "first_url": first if cursor else "",
        "next_url": f"{here}?{urlencode({**view, 'cursor': following})}" if following else "",
    }


def note_of(ask: Ask) -> str:
    """The sentence for what was just done. The address holds its key and a count, never words of its own."""
    from chalicelib.web.pages import count

    number = whole(ask.query.get("n", ""))
    words = count(number, "invoice") if number >= 0 else "the invoices"
    return NOTES.get(ask.query.get("note", ""), "").format(words)


def back(where: str, note: str = "", n: int | None = None, **query: str) -> Reply:
    """See other, with a note to show there."""
    given = {**query, **({"note": note} if note else {}), **({"n": str(n)} if n is not None else {})}
    return go(where + ("?" + urlencode(given) if given else ""))


def own_path(text: str, otherwise: str) -> str:
    """The page of ours that a form or an address names to return to; anything else is not followed."""
    return text if OWN.fullmatch(text) else otherwise


def ids_in(text: str) -> list[str]:
    """Ids from an address: ``a,b,c``; each once, at most a page full."""
    return list(dict.fromkeys(i for i in text.split(",") if i))[:IDS_AT_MOST]
