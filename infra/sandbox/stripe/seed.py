"""The story's Stripe accounts: what the two firms have before anybody connects anything."""

from __future__ import annotations

from datetime import date

from . import accounts
from .box import DAY, Box, day_start


def seed(sandbox: Box, today: date) -> None:
    """Adds the Standard accounts that exist already, made some years before ``today`` (UTC). Does nothing twice."""
    for account_id, name, email, last4, ach, age_days in (
        ("acct_hartwell_operating", "Hartwell & Pine LLP", "billing@hartwellpine.example", "6789", True, 1500),
        ("acct_hartwell_old", "Hartwell & Pine (old account)", "office@hartwellpine.example", "1122", False, 3200),
        ("acct_bexley", "Bexley Corner Law", "books@bexleycorner.example", "4455", True, 700),
    ):
        if account_id in sandbox.state.accounts:
            continue
        made = accounts.add_standard(sandbox, account_id, name=name, email=email, last4=last4, ach=ach)
        made.object["created"] = day_start(today) - age_days * DAY
    sandbox.save()
