"""The three-way reconciliation as CSV, for a spreadsheet: text that one would run is kept from it."""

from __future__ import annotations

import csv
import io

from chalicelib.domain.carrying import Answer
from chalicelib.domain.money import decimal_of
from chalicelib.flow.trust_report import ThreeWay


def as_csv(report: ThreeWay) -> str:
    """The reconciliation with its trial balance, a line each."""
    out = io.StringIO()
    write = csv.writer(out).writerow
    s = report.statement
    write(["Three-way trust reconciliation", _safe(report.name), report.end.isoformat(), report.currency])
    write(["Bank statement, ending balance", "", "", _amount(s.ending)])
    for item in s.deposits:
        write(["Outstanding deposit", _safe(item.text), item.on or "", _amount(item.cents)])
    for item in s.checks:
        write(["Outstanding check", _safe(item.text), item.on or "", _amount(-item.cents)])
    write(["Adjusted bank statement", "", "", _amount(report.adjusted)])
    for word, items in (("Deposit", s.cleared_deposits), ("Check", s.cleared_checks)):
        for item in items:
            write([f"{word} cleared since {s.since}", _safe(item.text), item.on or "", _amount(item.cents)])
    for offer in report.offered.offers:
        if offer.answer is Answer.OPEN:
            what = f"{offer.side.capitalize()} outstanding on {report.offered.since}, no word yet"
            write([what, _safe(offer.item.text), offer.item.on or "", _amount(offer.item.cents)])
    write(["Trust journal", "", "", _amount(report.journal)])
    write(["Sum of client ledgers", "", "", _amount(report.ledgers)])
    write(["Clio", "", "", _amount(report.clio)])
    write(["QuickBooks", "", "", _amount(report.book)])
    if s.signed:
        write(["Signed off", _safe(s.signed.by), s.signed.at.isoformat(), ""])
    if s.note:
        write(["Note", _safe(s.note), "", ""])
    for line in report.lines:
        write(["Client ledger", _safe(line.name), "", _amount(line.cents)])
        for m in line.matters:
            write(["Matter ledger", _safe(line.name), _safe(m.label or "No matter"), _amount(m.cents)])
    for low in report.overdrawn:
        name = f"{low.name}, {low.label or 'no matter'}" if low.matter else low.name
        write(["Below zero", _safe(name), "", _amount(low.cents)])
    for late in report.late:
        name = f"{late.name}, {late.label or 'no matter'}" if late.matter else late.name
        write(["Changed since sign-off", _safe(name), _amount(late.signed), _amount(late.now)])
    if report.moved and not report.late:
        write(["Changed since sign-off", "Every balance is the same", "", ""])
    return out.getvalue()


def _amount(cents: int | None) -> str:
    return "" if cents is None else str(decimal_of(cents))


def _safe(text: str) -> str:
    runs = text[:1] in ("\t", "\r", "\n") or text.lstrip()[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # wide ones too
    return f"'{text}" if runs else text
