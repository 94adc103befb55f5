"""``make demo``: the main job on the deployed template with nobody watching. Told by what the neighbours' own books and
the delivered mails show, never by our tables. The last line is JSON; exits 0 only if the books agree.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from typing import Any

from infra.local.ports import Ports
from infra.local.preflight import NotReady
from infra.local.stack import Stack
from infra.local.story import Story
from infra.package import ROOT

FOLDER = ROOT / ".local" / "demo"


class Teller:
    """Prints what happens, with the seconds it took."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)


def main() -> int:
    """Plays the story in a folder of its own, which it empties first."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    teller = Teller()
    try:
        with Stack(FOLDER, ports=Ports.any_free(), say=teller.say) as stack:
            figures = play(stack, teller.say)
    except NotReady as no:
        print(no)
        return 1
    figures["seconds"] = round(time.monotonic() - teller.began, 1)
    failed = verdict(figures)
    table(figures, failed)
    print(json.dumps({**figures, "failed": failed}))
    return 1 if failed else 0


def play(stack: Stack, say: Callable[[str], None]) -> dict[str, Any]:
    """Every part of the story in order, then the figures."""
    story = Story(stack, say)
    for part in (
        story.sign_in,
        story.set_up,
        story.bring_in,
        story.nothing_new,
        story.start_collection,
        story.first_mails,
        story.clients_pay,
        story.money_arrives,
        story.a_refund,
        story.books_before_staff,
        story.staff_record,
        story.a_cheque,
        story.later_steps,
        story.books_agree,
        story.behind_our_back,
    ):
        part()
    return story.figures()


WANTED: dict[str, Callable[[dict[str, Any]], bool]] = {
    "bills_approved": lambda f: f["bills_approved"] >= 20,
    "quickbooks_invoices": lambda f: f["quickbooks_invoices"] == f["bills_due_there"],
    "mails": lambda f: f["mails"] >= 10,
    "payments_posted": lambda f: f["payments_posted"] == f["payments_due_there"] and f["payments_posted"] >= 6,
    "drift": lambda f: f["drift"] == 0,
    "drift_found": lambda f: f["drift_found"] == 1,
    "reminders_after_payment": lambda f: (
        f["reminders_after_payment"] == 0 and f["later_steps_due"] == f["paid_reminded"]
    ),
    "last_steps_sent": lambda f: f["last_steps_sent"] >= 1,  # to those who have not paid
    "doubled_numbers": lambda f: f["doubled_numbers"] == 0,
    "rate_limited": lambda f: f["rate_limited"] >= 1,
    "tokens_rotated": lambda f: f["tokens_rotated"] >= 1,
    "batch_members_refused": lambda f: f["batch_members_refused"] >= 1,
    "events_late": lambda f: f["events_late"] >= 1,
    "events_doubled": lambda f: f["events_doubled"] >= 1,
    "answers_lost": lambda f: f["answers_lost"] >= 1,
    "secrets_in_logs": lambda f: f["secrets_in_logs"] == 0,
    "trust_fees": lambda f: f["trust_fees"] == 0,
}


def verdict(figures: dict[str, Any]) -> list[str]:
    """The names of the figures that are not as they must be."""
    return [name for name, good in WANTED.items() if not good(figures)]


def table(figures: dict[str, Any], failed: list[str]) -> None:
    """The figures for a person."""
    print()
    for name, value in figures.items():
        mark = "NOT AS IT MUST BE" if name in failed else "ok" if name in WANTED else ""
        print(f"  {name.replace('_', ' '):28} {value!s:>12}  {mark}")
    print("\n  The books agree.\n" if not failed else f"\n  Not right: {', '.join(failed)}\n")


if __name__ == "__main__":
    sys.exit(main())
