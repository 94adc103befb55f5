"""The accounts and items in QuickBooks that we write to, in the JSON API, as the setup page has them. The page lets an
owner alone choose; so does this, for keys are made by owners."""

from __future__ import annotations

from typing import Any

from chalicelib.web.api_door import Asked, get, put

PURPOSES = ("clearing", "services", "expenses", "interest", "tax", "discount", "credit")


@get("/accounts")
def accounts(ask: Asked) -> Any:
    """What QuickBooks offers for each purpose, and what is chosen, or proposed before anything is. One read of it."""
    from chalicelib.flow import setup

    return setup.choices(ask.world, ask.firm)


@put("/accounts")
def choose_accounts(ask: Asked) -> Any:
    """What is left out is booked as the page does it: under the item of services, discounts under none."""
    from chalicelib.flow import setup

    ids = {name: ask.json.text(name, "") for name in PURPOSES}
    setup.choose_accounts(ask.world, ask.firm, ids, ask.by)
    return setup.choices(ask.world, ask.firm)
