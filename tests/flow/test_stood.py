"""After a purge, what is ours in the same company is met wherever people moved it, and nothing stands there twice."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.firm import Invoicing, InvoicingChosen
from chalicelib.domain.kernel import Kind, Ref
from chalicelib.domain.pairing import Answer
from chalicelib.flow import broken, connecting, contacts, credits, pairing, signing, trust_check
from chalicelib.flow.budget import Floor
from chalicelib.flow.prepared import renew_state
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of
from infra.sandbox.quickbooks import REALM_B
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.flow.acts import STAFF, a_synced_stage, booked, invoice, payable, posted_on
from tests.flow.test_adoption import pay_in_quickbooks
from tests.flow.test_changed_payments import _void_part
from tests.flow.test_first_money import listed
from tests.flow.test_first_sync import FREIGHT, a_new_stage, prepare, rows, run_as_listed
from tests.flow.test_pairing import SAME_DAY, beside, in_clio, linked
from tests.flow.test_purge import a_cheque, begin_anew, connect, purge, read_anew, standing, told
from tests.world import Stage


def change(stage: Stage, entity: str, id: str, **changes: Any) -> None:
    stage.world.quickbooks_box.people.change(stage.realm, entity, id, **changes)


def test_an_invoice_that_people_gave_another_number_is_met_and_gets_its_number_back() -> None:
    stage = a_synced_stage()
    before, id = standing(stage), invoice(stage, "1046")["Id"]
    change(stage, "Invoice", id, DocNumber="X-1")
    purge(stage)
    begin_anew(stage, stage.realm)
    assert standing(stage) == before
    assert invoice(stage, "1046")["Id"] == id
    assert payable(stage, "1046").stood == ""


def test_the_first_syncs_list_shows_it_as_what_it_is() -> None:
    stage = a_synced_stage()
    id = invoice(stage, "1046")["Id"]
    change(stage, "Invoice", id, DocNumber="X-1")
    purge(stage)
    begin_anew(stage, stage.realm, matched=False)
    prepare(stage)
    found = rows(stage, "bills")
    row = found.pop("1046")
    assert (row.link, row.fate, row.why) == (id, "change", "It was made by us")
    assert "X-1" in row.there
    assert not [r.title for r in found.values() if r.fate == "change"]


def test_a_bill_that_got_another_number_in_clio_meanwhile_meets_its_invoice() -> None:
    stage = a_synced_stage()
    before, id = standing(stage), invoice(stage, "1046")["Id"]
    purge(stage)
    stage.world.clio_box.people.edit_bill("1046", number="1046-B")
    read_anew(stage, stage.realm)
    assert standing(stage) == before
    assert invoice(stage, "1046-B")["Id"] == id


def test_two_purges_in_a_row_forget_nothing() -> None:
    stage = a_synced_stage()
    before = standing(stage)
    change(stage, "Invoice", invoice(stage, "1046")["Id"], DocNumber="X-1")
    purge(stage)
    connect(stage, stage.realm)
    purge(stage)
    begin_anew(stage, stage.realm)
    assert standing(stage) == before


def test_in_another_company_the_same_id_is_somebody_elses() -> None:
    stage = a_synced_stage()
    purge(stage)
    first, stage.realm = stage.realm, REALM_B
    theirs = {i["Id"] for i in booked(stage, "Invoice")}
    begin_anew(stage, REALM_B)
    assert invoice(stage, "1046")["Id"] not in theirs
    stage.realm = first


def test_an_invoice_that_was_deleted_since_is_made_anew() -> None:
    stage = a_synced_stage()
    before, id = standing(stage), invoice(stage, "1046")["Id"]
    purge(stage)
    stage.world.quickbooks_box.people.delete_invoice(stage.realm, id)
    begin_anew(stage, stage.realm)
    assert standing(stage) == before
    assert invoice(stage, "1046")["Id"] != id


def test_a_payment_that_people_gave_another_day_is_met() -> None:
    stage = a_synced_stage()
    a_cheque(stage)
    before = standing(stage)
    [paid] = acts.payments_on(stage, "1046")
    assert paid.posted
    change(stage, "Payment", paid.posted.id, TxnDate="2026-02-20")
    purge(stage)
    begin_anew(stage, stage.realm)
    assert standing(stage) == before
    assert posted_on(stage, "1046") == [50000]


def written_since(stage: Stage) -> None:
    """The invoice that was there is written for once more, and bears our mark from then on."""
    stage.world.clio_box.people.edit_bill("1042", subject="Changed")
    stage.resync()
    stage.pass_time(5, hours=1)
    assert "feesimple:" in invoice(stage, "1042")["PrivateNote"]


def pair(stage: Stage, number: str) -> None:
    """A person says that the one payment on each side is the same."""
    b = beside(stage, number)
    said = Answer(b.invoice, ((b.theirs[0].payment.id, b.ours[0].payment.id),))
    pairing.answer(stage.world, stage.firm, b.payable, said, STAFF)
    stage.pass_time(5, minutes=20)


@pytest.mark.parametrize("how", ["clear", "by a person", "linked to another"])
def test_a_payment_that_people_entered_and_that_was_linked_is_not_posted_beside_itself(how: str) -> None:
    """Neither the invoice that we wrote nor a mark says that it is there: it is compared as on any linked invoice."""
    stage, number = acts.a_stage(), "1042"
    if how == "linked to another":
        stage, number = a_synced_stage(), "1046"
        a_cheque(stage)
        [paid] = acts.payments_on(stage, number)
        assert paid.posted
        stage.world.quickbooks_box.people.delete_payment(stage.realm, paid.posted.id)
        stage.pass_time(5, hours=1)
        pay_in_quickbooks(stage, number, "500.00", "2026-02-28")
        [task] = acts.tasks(stage, "broken")
        broken.decide(stage.world, stage.firm, task.key, "link", "2026-02-28", STAFF)
    else:
        pay_in_quickbooks(stage, number, "150.00", SAME_DAY)
        in_clio(stage, 15000, SAME_DAY if how == "clear" else "2026-02-25")
        linked(stage)
        if how == "by a person":
            pair(stage, number)
        written_since(stage)
    stage.pass_time(5, hours=1)
    stood = posted_on(stage, number)
    purge(stage)
    begin_anew(stage, stage.realm)
    stage.pass_time(5, hours=1)
    assert posted_on(stage, number) == stood
    [x] = acts.payments_on(stage, number)
    if how == "clear":
        assert x.posted
    else:
        assert not x.posted and acts.tasks(stage, "payments")
        pair(stage, number)
        assert posted_on(stage, number) == stood
        assert acts.payments_on(stage, number)[0].posted


def test_a_payment_of_ours_on_another_day_is_listed_as_standing_and_nobody_is_asked() -> None:
    stage = a_synced_stage()
    a_cheque(stage)
    [paid] = acts.payments_on(stage, "1046")
    assert paid.posted
    change(stage, "Payment", paid.posted.id, TxnDate="2026-02-20")
    purge(stage)
    begin_anew(stage, stage.realm, matched=False)
    prepare(stage)
    row = rows(stage, "bills")["1046"]
    assert (row.payments, row.unmatched, row.paired) == (1, "", (paid.id,))
    assert listed(stage, "payments")[paid.id].fate == "link"


def test_credits_and_trust_money_that_stand_from_before_are_listed_so_and_nothing_is_made() -> None:
    stage = a_synced_stage()
    trust.choose(stage)
    stage.world.clio_box.people.issue_credit("1046", 2500)
    stage.resync()
    stage.pass_time(5, hours=1)
    before = {e: len(booked(stage, e)) for e in ("CreditMemo", "JournalEntry")}
    assert all(before.values())
    purge(stage)
    begin_anew(stage, stage.realm, matched=False)
    trust.choose(stage)
    stage.pass_time(5, hours=1)
    prepare(stage)
    told = [r for what in ("credits", "trust") for r in listed(stage, what).values()]
    assert len(told) == sum(before.values())
    assert {r.fate for r in told} == {"link"}
    run_as_listed(stage)
    assert {e: len(booked(stage, e)) for e in before} == before


def test_a_payment_on_another_day_that_is_taken_back_before_it_is_met_leaves_quickbooks() -> None:
    stage = a_synced_stage()
    made = a_cheque(stage)
    before = standing(stage)
    [paid] = acts.payments_on(stage, "1046")
    assert paid.posted
    change(stage, "Payment", paid.posted.id, TxnDate="2026-02-20")
    purge(stage)
    stage.world.clio_box.people.remove_payment(made)
    told(stage)
    read_anew(stage, stage.realm)
    assert standing(stage)["Payment"] == before["Payment"] - 1


def memos(stage: Stage) -> list[dict[str, Any]]:
    return [m for m in booked(stage, "CreditMemo") if m["TotalAmt"]]


def a_credited_stage() -> tuple[Stage, int]:
    stage = a_synced_stage()
    made = stage.world.clio_box.people.issue_credit("1046", 2500, description="Courtesy")
    acts.poll(stage)
    stage.pass_time(1, minutes=5)
    return stage, made


def customers(stage: Stage) -> set[str]:
    return {c["DisplayName"] for c in booked(stage, "Customer")}


def test_a_sub_customer_that_people_gave_another_name_is_met_and_keeps_it() -> None:
    stage = a_new_stage()
    invoicing = Invoicing(sub_customers=True)
    signing.settle_firm(stage.world, stage.firm, InvoicingChosen(invoicing), by=STAFF)
    prepare(stage)
    run_as_listed(stage)
    sub = acts.invoice(stage, "1046")["CustomerRef"]["value"]
    stage.world.quickbooks_box.people.rename_customer(stage.realm, sub, "Project X")
    before = customers(stage)
    purge(stage)
    begin_anew(stage, stage.realm, matched=False)
    prepare(stage)
    assert [r.title for r in rows(stage, "bills").values() if r.matter] == []
    assert "Project X" in [r.under for r in rows(stage, "bills").values()]
    run_as_listed(stage)
    assert customers(stage) == before
    assert acts.invoice(stage, "1046")["CustomerRef"]["value"] == sub
    [held] = [m for m in acts.all_states(stage, Kind.MATTER) if m.customer == sub]
    assert (held.written, held.stood) == ((), "")


def test_a_customer_that_a_person_linked_though_nothing_spoke_for_it_is_its_clients_still() -> None:
    stage = a_new_stage()
    other = stage.world.quickbooks_box.people.add_customer(stage.realm, "Freight account 17", "")
    prepare(stage)
    client = acts.contact(stage, FREIGHT).id
    contacts.link_by_name(stage.world, stage.firm, client, "Freight account 17", STAFF)
    prepare(stage)
    run_as_listed(stage)
    before = customers(stage)
    purge(stage)
    begin_anew(stage, stage.realm, matched=False)
    prepare(stage)
    row = rows(stage, "clients")[FREIGHT]
    assert (row.fate, row.link, row.exact, row.why) == (
        "link",
        other["Id"],
        True,
        "It was linked to this client before",
    )
    run_as_listed(stage)
    assert customers(stage) == before
    held = acts.contact(stage, FREIGHT)
    assert (held.customer, held.stood, held.stood_as) == (other["Id"], "", "")


def test_a_customer_that_a_person_chose_over_the_one_that_we_made_is_its_clients_still() -> None:
    stage = a_new_stage()
    prepare(stage)
    run_as_listed(stage)
    other = stage.world.quickbooks_box.people.add_customer(stage.realm, "Freight account 17", "")
    contacts.link_by_name(stage.world, stage.firm, acts.contact(stage, FREIGHT).id, "Freight account 17", STAFF)
    stage.pass_time(5, hours=1)
    purge(stage)
    begin_anew(stage, stage.realm, matched=False)
    prepare(stage)
    assert rows(stage, "clients")[FREIGHT].link == other["Id"]


def test_a_credit_memo_that_people_gave_another_number_is_met() -> None:
    stage, made = a_credited_stage()
    before = len(memos(stage))
    [memo] = [m for m in memos(stage) if m["DocNumber"] == f"CN-{made}"]
    change(stage, "CreditMemo", memo["Id"], DocNumber="OURS-1")
    purge(stage)
    begin_anew(stage, stage.realm)
    stage.pass_time(5, hours=1)
    assert len(memos(stage)) == before
    [credit] = [c for c in acts.all_states(stage, Kind.CREDIT) if c.id == str(made)]
    assert credit.memo.id == memo["Id"]
    assert credit.stood == ""


def test_a_credit_that_is_met_where_quickbooks_may_apply_it_by_itself_is_applied_in_the_end() -> None:
    """Nobody knows since when it stands there (simulator, seed 1105063: it was looked at for ever)."""
    stage, made = a_credited_stage()
    people = stage.world.quickbooks_box.people
    [tie] = [p for p in booked(stage, "Payment") if f"applied:{made}" in p.get("PrivateNote", "")]
    purge(stage)
    people.delete_payment(stage.realm, tie["Id"])
    people.set_preferences(stage.realm, AutoApplyCredit=True)
    begin_anew(stage, stage.realm)
    stage.pass_time(5, hours=1)
    [credit] = [c for c in acts.all_states(stage, Kind.CREDIT) if c.id == str(made)]
    assert credit.current
    assert len([p for p in booked(stage, "Payment") if f"applied:{made}" in p.get("PrivateNote", "")]) == 1


def test_a_credit_whose_memo_was_to_be_taken_back_when_the_links_were_purged_leaves_quickbooks() -> None:
    stage, made = a_credited_stage()
    before = len(memos(stage))
    connecting.disconnect(stage.world, stage.firm, "quickbooks", acts.STAFF)
    stage.world.clio_box.people.remove_credit(made)
    acts.poll(stage)
    stage.pass_time(1, minutes=5)
    purge(stage)
    read_anew(stage, stage.realm)
    assert len(memos(stage)) == before - 1
    again = acts.all_states(stage, Kind.CREDIT)
    assert all(c.current for c in again)


def test_a_credit_whose_invoice_is_not_met_again_yet_stays_applied() -> None:
    stage, made = a_credited_stage()
    before = [p["Id"] for p in booked(stage, "Payment")]
    purge(stage)
    connect(stage, stage.realm)
    policy = policy_of(stage.world, stage.firm)
    credit = renew_state(stage.world, policy, Ref(stage.firm, Kind.CREDIT, str(made)))
    assert payable(stage, "1046").generation == 1
    [step] = [e for e in acts.all_effects(stage) if e.key.endswith(f"/{credit.id}/{credit.wanted}")]
    reach = Reach(stage.world, stage.firm, policy.lanes, Floor.PERSON)
    told = credits.prepare(stage.world, reach, policy, [step])
    assert [cause for _, cause in told.blocked] == ["It waits for invoice 1046 in QuickBooks."]
    assert [p["Id"] for p in booked(stage, "Payment")] == before
    assert not told.write


def a_journal(stage: Stage) -> tuple[int, dict[str, Any]]:
    made = trust.move(stage, "Ada Example", 5000)
    stage.pass_time(5, minutes=10)
    return made, trust.journals(stage)[trust.entry(stage, made).number]


def chosen_again(stage: Stage, realm: str) -> None:
    begin_anew(stage, realm)
    trust.choose(stage)
    stage.pass_time(5, hours=2)


def test_a_journal_entry_that_people_gave_another_number_is_met() -> None:
    stage = trust.a_trust_stage()
    made, journal = a_journal(stage)
    before = set(trust.journals(stage))
    change(stage, "JournalEntry", journal["Id"], DocNumber="OURS-1")
    purge(stage)
    chosen_again(stage, stage.realm)
    assert set(trust.journals(stage)) == before
    entry = trust.entry(stage, made)
    assert entry.posted
    assert (entry.posted.id, entry.stood) == (journal["Id"], "")


def deleted_and_purged(stage: Stage, made: int) -> None:
    """Its removal is owed when the links are purged."""
    connecting.disconnect(stage.world, stage.firm, "quickbooks", acts.STAFF)
    stage.world.clio_box.people.delete_transaction(made)
    trust_check.start(stage.world, stage.firm)
    stage.pass_time(10, hours=3)
    assert trust.entry(stage, made).gone
    purge(stage)


def test_trust_money_that_is_deleted_in_clio_around_a_purge_leaves_quickbooks() -> None:
    stage = trust.a_trust_stage()
    made, journal = a_journal(stage)
    before = set(trust.journals(stage))
    deleted_and_purged(stage, made)
    chosen_again(stage, stage.realm)
    assert set(trust.journals(stage)) == before - {journal["DocNumber"]}


def test_trust_money_that_is_deleted_in_clio_is_nobodys_in_another_company() -> None:
    stage = trust.a_trust_stage()
    made, _ = a_journal(stage)
    deleted_and_purged(stage, made)
    chosen_again(stage, REALM_B)
    entry = trust.entry(stage, made)
    assert entry.posted is None
    assert not acts.parked(stage, about=f"trust/{entry.id}")


# --- a client's own account below the trust liability -----------------------------------------------------------------


def own_accounts(stage: Stage) -> list[dict[str, Any]]:
    ending = f"(Clio {acts.contact(stage, 'Ada Example').id})"
    return [a for a in booked(stage, "Account") if a["Name"].endswith(ending)]


def with_own_accounts() -> tuple[Stage, dict[str, Any]]:
    stage = trust.a_trust_stage(sub_accounts=True)
    trust.move(stage, "Ada Example", 50000)
    stage.pass_time(5, hours=1)
    [account] = own_accounts(stage)
    return stage, account


def begun_anew(stage: Stage) -> None:
    begin_anew(stage, stage.realm)
    trust.choose(stage, sub_accounts=True)
    stage.pass_time(5, hours=1)


@pytest.mark.parametrize("where", ["Clio", "QuickBooks"])
def test_a_clients_own_account_that_was_renamed_is_met_and_not_made_a_second_time(where: str) -> None:
    stage, account = with_own_accounts()
    id = acts.contact(stage, "Ada Example").id
    purge(stage)
    if where == "QuickBooks":
        change(stage, "Account", account["Id"], Name=f"Ada's money (Clio {id})")
    else:
        stage.world.clio_box.people.change_client("Ada Example", name="Ada Newname")
    begun_anew(stage)
    found = [a for a in booked(stage, "Account") if a["Name"].endswith(f"(Clio {id})")]
    assert [a["Id"] for a in found] == [account["Id"]]
    [holder] = [h for h in acts.all_states(stage, Kind.HOLDER) if h.id == id]
    assert (holder.account, holder.stood) == (account["Id"], "")


def test_what_bears_that_id_in_another_company_is_not_the_clients_own_account() -> None:
    stage, account = with_own_accounts()
    purge(stage)
    change(stage, "Account", account["Id"], Name="Something else")
    begun_anew(stage)
    [made] = own_accounts(stage)
    assert made["Id"] != account["Id"]


@pytest.mark.parametrize("other", [False, True])
def test_of_two_payments_that_changed_places_neither_waits_for_what_stands_nowhere(*, other: bool) -> None:
    """Around a purge each lost its part on one bill; of neither anything stands, in another company or since people
    deleted it."""
    stage = a_synced_stage()
    made = [acts.record(stage, {"1046": 10000, "1047": 5000}), acts.record(stage, {"1046": 3000, "1047": 2000})]
    stood = [id for x in acts.all_states(stage, Kind.PAYMENT) if x.posted for id in x.posted.ids]
    purge(stage)
    parts = list(stage.world.clio_box.state.rows["allocations"].values())
    for group, cents in zip(made, (10000, 2000), strict=True):
        _void_part(stage, next(a for a in parts if a.parent_id == group and a.amount == cents))
    if not other:
        for id in stood:
            stage.world.quickbooks_box.people.delete_payment(stage.realm, id)
    told(stage, "1046")
    told(stage, "1047")
    read_anew(stage, REALM_B if other else stage.realm)
    assert (posted_on(stage, "1046"), posted_on(stage, "1047")) == ([3000], [5000])
