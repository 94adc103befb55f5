"""One firm's owner at her desk: signs in, sets up, resyncs, answers what needs her. All through the pages, as a person.

The demo plays the first firm with it, the tests on the deployed template the second.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import requests

from infra.local.browser import Browser, Form, PageError, Shown
from infra.local.stack import Stack
from infra.local.staff import Town


@dataclass(frozen=True)
class Firm:
    """A seeded firm: its owner's e-mail at Clio, its company at QuickBooks, the Stripe account that it has."""

    name: str
    owner: str
    realm: str
    operating: str


HARTWELL = Firm("Hartwell & Pine LLP", "olivia@hartwellpine.example", "9130350000000001", "acct_hartwell_operating")
BEXLEY = Firm("Bexley Corner Law", "bea@bexleycorner.example", "9130350000000002", "acct_bexley")


class Desk:
    """The owner's browser and what she does with it. Raises PageError where a page is not as she needs it."""

    def __init__(self, stack: Stack, firm: Firm) -> None:
        self.stack, self.firm = stack, firm
        self.browser = Browser(stack.url)
        self.town = Town(stack)
        self.secrets: set[str] = set()  # what was shown to her alone
        self.in_doubt = ""  # the first sync's page of the clients that she was asked about
        self._key = ""

    # --- in ---------------------------------------------------------------------------------------------------------
    def sign_in(self) -> None:
        """Through Clio's own consent page; at the first time to the setup."""
        page = self._consent(self.browser.submit(self.browser.get("/"), "/signin", {"region": "us"}))
        if urlsplit(page.url).path not in ("/setup", "/desk"):
            raise PageError(f"after signing in the owner is at {page.url}")

    def page(self, path: str) -> Shown:
        """A page of the desk; when days have passed she signs in again."""
        page = self.browser.get(path)
        if urlsplit(page.url).path != "/":
            return page
        self.sign_in()
        return self.browser.get(path)

    def _consent(self, page: Shown) -> Shown:
        """Clio's consent page: she picks herself and approves."""
        return self.browser.submit(page, "/oauth/authorize", {"decision": "approve", "email": self.firm.owner})

    # --- connecting -------------------------------------------------------------------------------------------------
    def set_up(self, start_on: date) -> None:
        """Every step of the set-up, to the first sync's end."""
        self.confirm_set_up(start_on)
        self._first_sync()

    def confirm_set_up(self, start_on: date) -> None:
        """Place, Clio, QuickBooks, accounts, both Stripe accounts, and the two ticks: all before the first sync."""
        b = self.browser
        b.submit(self.page("/setup"), "/setup/place")
        self.connect_clio()
        self.connect_quickbooks()
        b.submit(b.get("/setup"), "/setup/accounts")
        self._connect_stripe()
        ticks = {"sync_off": "yes", "reminders_off": "yes", "start_on": start_on.isoformat()}
        b.submit(b.get("/setup"), "/setup/confirm", ticks)

    def _first_sync(self) -> None:
        """Goes through the first sync: what is certain is confirmed, clients in doubt become new customers, and a bill
        whose number is another invoice's is left until it is renumbered."""
        for _ in range(120):
            page = self.page("/desk/first?show=bills&only=needs")
            forms = [f for f in page.forms if f.action == "/desk/first"]
            offered = {value for f in forms for name, value in f.buttons if name == "do"}
            row = next((f.fields["row"][0] for f in forms if "row" in f.fields), "")
            press = next((do for do in ("exact", "rest", "begin") if do in offered), "")
            if press == "rest":
                self.in_doubt = self.page("/desk/first?show=clients&only=needs").text
            if press:
                self.browser.submit(page, "/desk/first", {"do": press})
            elif row:
                self.browser.submit(page, "/desk/first", {"do": "leave"}, holding={"row": row})
            elif "Writing has begun" in page.text:
                return
            else:
                self.stack.pass_minutes(1)
        raise PageError("the first sync did not come to its end")

    def connect_clio(self) -> Shown:
        return self._consent(self.browser.submit(self.page("/setup"), "/connect/clio"))

    def connect_quickbooks(self) -> Shown:
        page = self.browser.submit(self.page("/setup"), "/connect/quickbooks")
        return self.browser.submit(page, "/connect/oauth2", {"realm": self.firm.realm, "action": "connect"})

    def _connect_stripe(self) -> None:
        """Operating by OAuth. For trust an account that pays its own fees stays off, and the page says why; the one
        that is opened through us takes payments."""
        b = self.browser
        page = b.submit(b.get("/setup"), "/connect/stripe", holding={"pot": "operating"})
        told = self.town.stripe.act("authorize", url=page.url, account=self.firm.operating)
        b.get(told["location"])
        page = b.submit(b.get("/setup"), "/connect/stripe/trust")
        form = next(f for f in page.forms if "/setup/finish/" in f.action)
        done = b.submit(page, form.action, {"name": f"{self.firm.name} trust"})
        if "/setup" not in done.url:
            raise PageError(f"after opening the trust account the owner is at {done.url}")

    # --- syncing ----------------------------------------------------------------------------------------------------
    def resync(self) -> Shown:
        """Presses Resync and reloads until it has finished. Returns its last page."""
        page = self.browser.submit(self.page("/desk/invoices"), "/desk/resync")
        for _ in range(40):
            self.stack.settle(60)
            page = self.browser.get(page.url)
            if "Resync finished" in page.text:
                return page
            self.stack.move_clock(60)
        raise PageError(f"Resync did not finish: {page.text[:500]}")

    # --- collecting -------------------------------------------------------------------------------------------------
    def collect_all(self, name: str, *, template: str) -> int:
        """Makes a reminder set of a supplied template, ticks every open invoice and starts collection with it. How
        many were ticked."""
        b = self.browser
        b.submit(self.page(f"/desk/sets/new?from={template}"), "/desk/sets", {"name": name, "do": "save"})
        page = self.page("/desk/invoices?tab=open&size=100")
        ids = re.findall(r'name="id"[^>]*value="(\d+)"|value="(\d+)"[^>]*name="id"', page.text)
        chosen = sorted({before or after for before, after in ids})
        page = b.submit(page, "/desk/invoices/chosen", {"id": chosen, "do": "collect"})
        own = re.search(r'value="(set-[^"]+)"', page.text)
        if own is None:
            raise PageError("the new reminder set is not offered")
        b.submit(page, "/desk/collect", {"set": own.group(1)})
        self.stack.settle(60)
        return len(chosen)

    # --- what needs her ---------------------------------------------------------------------------------------------
    def press(self, title: str, do: str, choice: str = "") -> None:
        """A button on one item under Needs attention, found by a text above its buttons."""
        page = self.page("/desk/attention")
        for form in page.forms:
            key = form.fields.get("key", [""])[0]
            if form.action.endswith("/desk/attention") and _above(page, key, title) and _offers(form, do, choice):
                self.browser.submit(page, "/desk/attention", {"do": do, "choice": choice}, holding={"key": key})
                self.stack.settle(60)
                return
        raise PageError(f"Needs attention shows no button {do} {choice} for {title}")

    def press_retry_where_asked(self, title: str) -> bool:
        """After a cause was mended: what Clio told of by itself has left the list; what still waits gets Retry. Whether
        it was pressed."""
        self.stack.settle(60)
        waits = any(title in item["title"] for item in self.attention())
        if waits:
            self.press(title, "retry")
        return waits

    def attention(self) -> list[Any]:
        """Every item under Needs attention, from the JSON API."""
        found: list[Any] = []
        cursor = ""
        while True:
            answer = self.api("GET", f"/attention?limit=100{cursor}")
            found += answer["items"]
            if not answer["next"]:
                return found
            cursor = f"&cursor={answer['next']}"

    # --- the JSON API -----------------------------------------------------------------------------------------------
    def api(self, method: str, path: str, body: Any = None) -> Any:
        """With a key that she makes on the settings page. Raises PageError for any answer but success."""
        answer = requests.request(
            method,
            f"{self.stack.url}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {self._api_key()}"},
            timeout=30,
        )
        if answer.status_code >= 300:
            raise PageError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.text else None

    def _api_key(self) -> str:
        if not self._key:
            page = self.browser.submit(self.page("/desk/settings"), "/desk/settings/keys", {"name": "at her desk"})
            found = re.search(r"\bfs_[A-Za-z0-9_-]{20,}", page.text)
            if found is None:
                raise PageError("the settings page shows no new key")
            self._key = found.group(0)
            self.secrets.add(self._key)
        return self._key

    def compare(self) -> list[tuple[str, str]]:
        """Presses Compare now; (number, kind) of every difference."""
        self.browser.submit(self.page("/desk/books"), "/desk/books")
        self.stack.settle(120)
        return [(d["number"], d["kind"]) for d in self.api("GET", "/drift")["differences"]]


def _above(page: Shown, key: str, title: str) -> bool:
    """Whether the item with this key bears the title: the text before its form."""
    at = page.text.find(html.escape(key, quote=True)) if key else -1
    return at >= 0 and title in html.unescape(page.text[max(0, at - 2500) : at])


def _offers(form: Form, do: str, choice: str) -> bool:
    if form.fields.get("do", [""])[0] != do and ("do", do) not in form.buttons:
        return False
    return not choice or choice in (form.fields.get("choice", [""])[0], *(value for _, value in form.buttons))
