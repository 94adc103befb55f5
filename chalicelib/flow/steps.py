"""What each kind of step is called when it waits for a person: its title, with or without the thing's own."""

from __future__ import annotations

from chalicelib.domain.effects import Do

UNTITLED = {
    Do.LOOK_BILL: "A bill could not be brought in",
    Do.LOOK_GROUP: "A payment in Clio could not be brought in",
    Do.LOOK_CREDIT: "A credit note could not be brought in",
    Do.LOOK_CLIENT: "A client could not be read",
    Do.CUSTOMER: "A client could not be added to QuickBooks",
    Do.LOOK_CUSTOMER: "A customer could not be read in QuickBooks",
    Do.CHANGE_CLIENT: "A client could not be changed in Clio",
    Do.INVOICE: "An invoice could not be sent to QuickBooks",
    Do.POSTING: "A payment could not be posted to QuickBooks",
    Do.MARK_PAID: "A bill could not be marked as paid in Clio",
    Do.LOOK_MOVE: "A bank transaction in Clio could not be brought in",
    Do.JOURNAL: "A trust entry could not be written to QuickBooks",
    Do.HOLDER: "A client's trust account could not be made in QuickBooks",
    Do.TRUST_CHECK: "The trust accounts could not be compared",
    Do.TRUST_SWEEP: "A trust account could not be read in full",
    Do.REMIND: "A reminder could not be sent",
    Do.RECEIPT: "A receipt could not be sent",
}


STEP = {
    Do.CUSTOMER: "Client {}: not added to QuickBooks",
    Do.CHANGE_CLIENT: "Client {}: not changed in Clio",
    Do.INVOICE: "{}: not sent to QuickBooks",
    Do.BILL_MEMO: "{}: the pay link is not in its memo in Clio",
    Do.READ_LINES: "{}: its lines could not be read",
    Do.LOOK_BILL: "{}: not brought in",
    Do.REMIND: "{}: not sent",
    Do.RECEIPT: "{}: not sent",
    Do.POSTING: "{}: not posted to QuickBooks",
    Do.JOURNAL: "Trust entry {}: not written to QuickBooks",
    Do.HOLDER: "Account “{}”: not made in QuickBooks",
    Do.CREDIT: "{}: not in step in QuickBooks",
}
