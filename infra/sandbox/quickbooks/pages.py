"""Pages for a person: look at a company's books and change them by hand. Plain HTML, no script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from infra.sandbox.quickbooks.clerk import Clerk
from infra.sandbox.quickbooks.faults import Refusal

if TYPE_CHECKING:
    from infra.sandbox.quickbooks.server import QuickBooksSandbox

MOST_SHOWN = 500
ACTS = (
    "add_customer",
    "add_employee",
    "add_invoice",
    "add_payment",
    "add_vendor",
    "change_email",
    "change_invoice_amount",
    "deactivate_customer",
    "delete_deposit",
    "delete_invoice",
    "delete_payment",
    "deposit_payment",
    "merge_customers",
    "reactivate_customer",
    "rename_customer",
    "rename_employee",
    "rename_vendor",
    "revoke_grants",
    "set_preferences",
    "void_invoice",
    "void_payment",
)
"""The acts that a form may ask for."""


def routes(app: Flask, box: QuickBooksSandbox) -> None:
    @app.get("/")
    def home() -> str:
        return render_template("home.html", companies=box.state.companies.values())

    @app.get("/company/<realm>")
    def company(realm: str) -> tuple[str, int]:
        if realm not in box.state.companies:
            return render_template("problem.html", said="There is no such company."), 404
        return _company_page(box, realm), 200

    @app.get("/company/<realm>/<entity>/<ident>")
    def one(realm: str, entity: str, ident: str) -> tuple[str, int]:
        from infra.sandbox.kit import dumps

        found = box.state.companies[realm].tables.get(entity, {}) if realm in box.state.companies else {}
        if ident not in found:
            return render_template("problem.html", said="There is no such object."), 404
        shown = Clerk(box, box.company(realm)).shown(entity, found[ident])
        return render_template("one.html", realm=realm, entity=entity, ident=ident, text=dumps(shown)), 200

    @app.post("/company/<realm>/do/<act>")
    def do(realm: str, act: str) -> Answer | tuple[str, int]:
        if act not in ACTS or realm not in box.state.companies:
            return render_template("problem.html", said="There is no such act."), 404
        form = {k: v for k, v in request.form.items() if v or k == "BookCloseDate"}
        flags = ("CustomTxnNumbers", "AllowDiscount", "AutoApplyCredit", "UsingSalesTax")
        given = {k: (v == "true") if k in flags else v for k, v in form.items()}
        try:
            getattr(box.people, act)(realm, **given)
        except Refusal as refusal:
            return render_template("problem.html", said=f"{refusal.code}: {refusal.detail}", realm=realm), 400
        except (TypeError, ArithmeticError) as error:
            return render_template("problem.html", said=f"The form is incomplete: {error}", realm=realm), 400
        return redirect(url_for("company", realm=realm), 303)


def _company_page(box: QuickBooksSandbox, realm: str) -> str:
    clerk = Clerk(box, box.company(realm))
    held = clerk.company

    def newest(entity: str) -> list[dict[str, object]]:
        rows = list(held.all(entity))[-MOST_SHOWN:]
        return [clerk.shown(entity, row) for row in reversed(rows)]

    return render_template(
        "company.html",
        company=held,
        customers=newest("Customer"),
        others=[("Vendor", newest("Vendor")), ("Employee", newest("Employee"))],
        invoices=newest("Invoice"),
        payments=newest("Payment"),
        memos=newest("CreditMemo"),
        deposits=newest("Deposit"),
        journals=newest("JournalEntry"),
        accounts=[clerk.shown("Account", a) for a in held.all("Account")],
        preferences=held.preferences,
        connected=[g for g in box.state.grants.values() if g.realm == realm and not g.revoked],
    )
