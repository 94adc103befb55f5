"""Reminder sets, and starting and stopping collections."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain.dates import day
from chalicelib.domain.money import show
from chalicelib.domain.reminders import FIELDS, STEPS_AT_MOST, SUPPLIED, ReminderSet, Step, fill
from chalicelib.errors import Refused
from chalicelib.web.answers import NotFound, Reply
from chalicelib.web.desk_shell import back, desk, ids_in, own_path, page
from chalicelib.web.door import Ask, whole

INVOICES = "/desk/invoices"


@desk.post("/desk/invoices/chosen")
def chosen(ask: Ask) -> Reply:
    """The bar of actions under the list: go on to Start collection, or stop the reminders."""
    ids = ask.many("id")[:100]
    if not ids:
        raise Refused("Tick at least one invoice first.")
    if ask.one("do") == "stop":
        return _stop(ask, ids)
    return back("/desk/collect", ids=",".join(ids))


def _stop(ask: Ask, ids: list[str]) -> Reply:
    from chalicelib.flow import collecting

    for id in ids:
        collecting.stop(ask.world, ask.firm, id, ask.by)
    return back(own_path(ask.one("back"), INVOICES), "stopped", len(ids), tab="open")


@desk.get("/desk/collect")
def collect(ask: Ask) -> str:
    """Choose a reminder set; shows for each invoice when its first mail would go out."""
    from chalicelib.flow import forecast
    from chalicelib.flow.firms import sets

    ids = ids_in(ask.query.get("ids", ""))
    if not ids:
        raise Refused("Tick at least one invoice first.")
    own = [s for s in sets(ask.world, ask.firm).values() if not s.archived and s not in SUPPLIED]
    choices = [*sorted(own, key=lambda s: s.name.lower()), *SUPPLIED]
    picked = ask.query.get("set", "") or choices[0].id
    shown = forecast.first_mails(ask.world, ask.firm, ids, picked)
    return page(
        ask, "collect.html", "invoices", ids=ids, choices=choices, picked=picked, shown=shown, supplied=SUPPLIED
    )


@desk.post("/desk/collect")
def start(ask: Ask) -> Reply | str:
    from chalicelib.flow import collecting

    ids = ids_in(ask.one("ids"))
    outcome = collecting.start(ask.world, ask.firm, ids, ask.one("set"), ask.by)
    refused = [(id, why) for id, why in outcome if why]
    if not refused:
        return back(INVOICES, "started", len(outcome), tab="reminding")
    from chalicelib.flow import views

    rows = {r.id: r for r in views.chosen(ask.world, ask.firm, [id for id, _ in refused]).rows}
    left = [(rows.get(id), why) for id, why in refused]
    return page(ask, "collect_refused.html", "invoices", left=left, started=len(outcome) - len(refused))


# --- reminder sets ----------------------------------------------------------------------------------------------------


@desk.get("/desk/sets")
def list_sets(ask: Ask) -> str:
    from chalicelib.flow.firms import sets

    supplied = {s.id for s in SUPPLIED}
    own = sorted((s for s in sets(ask.world, ask.firm).values() if s.id not in supplied), key=lambda s: s.name.lower())
    live, old = [s for s in own if not s.archived], [s for s in own if s.archived]
    return page(ask, "sets.html", "sets", sets=live, archived=old, supplied=SUPPLIED)


BLANK = ReminderSet("", "", (Step(1, "", ""),))


@desk.get("/desk/sets/new")
def new_set(ask: Ask) -> str:
    """A form filled from a supplied set, or a blank one."""
    wanted = ask.query.get("from", "blank")
    template = next((s for s in SUPPLIED if s.id == wanted), BLANK)
    return _form(ask, "", template.name, list(template.steps))


@desk.get("/desk/sets/{set_id}")
def one_set(ask: Ask, set_id: str) -> str:
    from chalicelib.flow.firms import sets

    found = sets(ask.world, ask.firm).get(set_id)
    if found is None or found in SUPPLIED:
        raise NotFound
    return _form(ask, found.id, found.name, list(found.steps), archived=found.archived)


@desk.post("/desk/sets")
def save_set(ask: Ask) -> Reply | str:
    """Saves, or gives the form back with one e-mail more or less. What was typed is never lost."""
    from chalicelib.flow import collecting

    set_id, name, steps, do = ask.one("set"), ask.one("name"), _steps(ask), ask.one("do", "save")
    if do == "add":
        steps = [*steps, Step(steps[-1].days + 7 if steps else 1, "", "")][:STEPS_AT_MOST]
        return _form(ask, set_id, name, steps)
    if do.startswith("remove-"):
        return _form(ask, set_id, name, [s for n, s in enumerate(steps) if do != f"remove-{n}"] or list(BLANK.steps))
    if do == "preview":
        return _form(ask, set_id, name, steps)
    try:
        collecting.save_set(ask.world, ask.firm, id=set_id or None, name=name, steps=steps, by=ask.by)
    except Refused as no:
        return _form(ask, set_id, name, steps, problem=no.reason)
    return back("/desk/sets", "saved")


@desk.post("/desk/sets/{set_id}/archive")
def archive(ask: Ask, set_id: str) -> Reply:
    from chalicelib.flow import collecting

    collecting.archive_set(ask.world, ask.firm, set_id, ask.by)
    return back("/desk/sets", "archived")


def _steps(ask: Ask) -> list[Step]:
    """The form's e-mails in order. Raises Refused for a number of days that is none, and for half a form, of which
    e-mails would be lost without a word."""
    columns = [ask.form.get(n, []) for n in ("days", "when", "subject", "body")]
    if len({len(column) for column in columns}) > 1:
        raise Refused("The form did not arrive whole, so nothing was saved. Reload the page and try again.")
    steps = []
    for days, when, subject, body in zip(*columns, strict=True):
        number = whole(days.strip() or "0")
        if not 0 <= number < 1000:
            raise Refused("Give the days as a whole number, for example 7.")
        steps.append(Step(-number if when == "before" else number, subject, body.replace("\r\n", "\n")))
    return steps[:STEPS_AT_MOST]


def _form(ask: Ask, set_id: str, name: str, steps: list[Step], *, archived: bool = False, problem: str = "") -> str:
    """The editor, with each e-mail filled in for an invented client beside it."""
    from chalicelib.flow.firms import firm_of

    firm = firm_of(ask.world, ask.firm)
    if firm is None:
        raise NotFound
    today = firm.today(ask.world.now())
    previews, values = [], []
    for step in steps:
        filled = {
            "client_name": "Maria Jensen",
            "firm_name": firm.name,
            "invoice_number": "1042",
            "amount_due": show(123450, firm.currency),
            "due_date": day(today - timedelta(days=step.days), firm.currency),
            "days_overdue": str(max(0, step.days)),
        }
        values.append(filled)
        previews.append((fill(step.subject, filled), fill(step.body, filled)))
    return page(
        ask,
        "set_form.html",
        "sets",
        set_id=set_id,
        name=name,
        steps=list(zip(steps, previews, values, strict=True)),
        fields=FIELDS,
        archived=archived,
        more=len(steps) < STEPS_AT_MOST,
        problem=problem,
    )
