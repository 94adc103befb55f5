"""A trust entry in values: what the ledgers count of it, what QuickBooks is owed, and what changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import firm as firms
from chalicelib.domain import generation, holding, journaled, trust
from chalicelib.domain.effects import Do, Lanes
from chalicelib.domain.firm import Firm, Policy, TrustChosen, TrustWordTaken
from chalicelib.domain.kernel import Decision
from chalicelib.domain.trust import (
    Entry,
    Journaled,
    JournalWritten,
    Move,
    MoveGone,
    MoveSeen,
    NothingLeft,
    RulesChanged,
    WriteAgain,
)
from chalicelib.domain.trust_books import TrustBank, TrustBooks
from chalicelib.errors import Refused
from tests.builders import FIRM, NOW, TODAY, a_firm
from tests.domain.given import one

BANK = TrustBank("7", "IOLTA", "91", "Trust bank")
BOOKS = TrustBooks(banks=(BANK,), liability="92", liability_type="Other Current Liability")


def a_move(**fields: Any) -> Move:
    usual: dict[str, Any] = {
        "transaction": "500",
        "allocation": "",
        "account": "7",
        "on": TODAY,
        "cents": 1000,
        "currency": "USD",
        "client_id": "c1",
        "client_name": "Ada Example",
        "matter_id": "m1",
        "matter": "00001-Example",
        "text": "Retainer",
        "word": "deposit",
        "etag": "e1",
    }
    return Move(**{**usual, **fields})


def a_policy(firm: Firm | None = None) -> Policy:
    return Policy(firm or a_firm(trust=BOOKS), 1, Lanes(FIRM, clio="us/1", realm="123"))


def see(state: Entry | None, policy: Policy | None = None, **fields: Any) -> Decision[Entry]:
    return trust.decide(state, MoveSeen(a_move(**fields)), policy or a_policy(), NOW)


def an_entry(**fields: Any) -> Entry:
    """Seen, and written to QuickBooks at its first revision."""
    return replace(see(None).state, posted=Journaled("8", 1), **fields)


def kinds(decided: Decision[Entry]) -> list[str]:
    return [str(e.kind) for e in decided.effects]


def test_a_new_entry_is_counted_and_written_once() -> None:
    decided = see(None)
    assert kinds(decided) == [Do.LEDGER, Do.JOURNAL]
    ledger, journal = decided.effects
    assert ledger.body["moves"] == [
        {
            "account": "7",
            "client": "c1",
            "name": "Ada Example",
            "matter": "m1",
            "label": "00001-Example",
            "on": TODAY.isoformat(),
            "cents": 1000,
            "rows": 1,
        }
    ]
    assert (decided.state.counted, decided.state.moved_at, decided.closes) == (1, NOW, ())
    assert journal.after == ("customer/c1",)
    assert journal.body == {"entry": "500", "revision": 1, "number": "T-500"}
    assert (decided.state.revision, decided.state.begun, decided.state.written) == (1, True, False)
    again = see(decided.state)
    assert (again.state, again.effects) == (decided.state, ())
    late = trust.decide(decided.state, MoveSeen(a_move(cents=1)), a_policy(), NOW + timedelta(hours=1))
    assert (late.state.counted, late.state.moved_at) == (2, NOW + timedelta(hours=1))
    assert one(late.effects, Do.LEDGER).key != ledger.key


def test_the_firms_own_money_has_no_client_to_wait_for() -> None:
    decided = see(None, client_id="", client_name="")
    assert decided.effects[1].after == ()
    assert decided.state.ledger == trust.OWN


@pytest.mark.parametrize(
    ("firm", "fields", "why"),
    [
        (a_firm(), {}, "accounts"),
        (a_firm(trust=BOOKS), {"account": "8"}, "accounts"),
        (a_firm(trust=replace(BOOKS, liability="")), {}, "accounts"),
        (a_firm(trust=replace(BOOKS, start_on=TODAY + timedelta(days=1))), {}, "before"),
        (a_firm(trust=replace(BOOKS, start_on=TODAY)), {}, ""),
        (a_firm(trust=BOOKS), {"word": "sweep_in"}, "word"),
        (a_firm(trust=replace(BOOKS, words=("sweep_in",))), {"word": "sweep_in"}, ""),
        (a_firm(trust=BOOKS, generation=2), {}, "accounts"),
    ],
)
def test_what_keeps_an_entry_from_being_written(firm: Firm, fields: dict[str, Any], why: str) -> None:
    decided = see(None, a_policy(firm), **fields)
    assert trust.waits(decided.state, firm) == why
    assert decided.state.begun is (why == "")
    expected = {"": [Do.LEDGER, Do.JOURNAL], "word": [Do.LEDGER, Do.TASK]}.get(why, [Do.LEDGER])
    assert kinds(decided) == expected


def test_what_waited_is_written_when_the_rules_allow_it() -> None:
    waiting = see(None, a_policy(a_firm())).state
    assert kinds(trust.decide(waiting, RulesChanged(), a_policy(), NOW)) == [Do.JOURNAL]
    assert kinds(trust.decide(an_entry(), RulesChanged(), a_policy(), NOW)) == []


def test_what_was_begun_is_kept_up_though_the_rules_would_not_begin_it() -> None:
    for firm in (a_firm(), a_firm(trust=replace(BOOKS, start_on=TODAY + timedelta(days=1)))):
        assert kinds(see(an_entry(), a_policy(firm), cents=2000)) == [Do.LEDGER, Do.JOURNAL]
    assert kinds(see(an_entry(), word="sweep_in", text="Swept")) == [Do.JOURNAL]


def test_a_word_that_is_not_known_is_asked_about_by_its_name() -> None:
    task = one(see(None, word="sweep_in").effects, Do.TASK)
    assert (task.key, task.about) == (f"{FIRM}/task/trust-word/sweep_in", "trust/500")
    assert task.body == {"word": "sweep_in"}
    assert task.title == "Clio calls a trust transaction “sweep_in”"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"cents": 2000}, [Do.LEDGER, Do.JOURNAL]),
        ({"on": TODAY - timedelta(days=1)}, [Do.LEDGER, Do.JOURNAL]),
        ({"client_id": "c2"}, [Do.LEDGER, Do.JOURNAL]),
        ({"client_name": "Ada E"}, [Do.LEDGER]),
        ({"text": "Second retainer"}, [Do.JOURNAL]),
        ({"etag": "e2"}, []),
    ],
)
def test_a_change_goes_where_it_shows(fields: dict[str, Any], expected: list[str]) -> None:
    decided = see(an_entry(), **fields)
    assert kinds(decided) == expected
    written = Do.JOURNAL in expected
    assert decided.state.revision == (2 if written else 1)
    assert decided.closes == ((trust.journal_key(an_entry()),) if written else ())


def test_a_changed_amount_takes_the_old_one_back_in_the_ledgers() -> None:
    moves = see(an_entry(), cents=2500).effects[0].body["moves"]
    assert [m["cents"] for m in moves] == [-1000, 2500]


def test_what_is_gone_leaves_the_ledgers_and_quickbooks() -> None:
    decided = trust.decide(an_entry(), MoveGone(), a_policy(), NOW)
    assert kinds(decided) == [Do.LEDGER, Do.JOURNAL]
    assert [m["cents"] for m in decided.effects[0].body["moves"]] == [-1000]
    assert not decided.state.stands
    removed = trust.decide(decided.state, JournalWritten("8", "123", 2, removed=True), a_policy(), NOW)
    assert removed.state.written
    back = see(removed.state)
    assert kinds(back) == [Do.LEDGER, Do.JOURNAL]


def test_what_is_gone_before_anything_was_to_be_written_owes_nothing() -> None:
    waiting = see(None, a_policy(a_firm())).state
    assert kinds(trust.decide(waiting, MoveGone(), a_policy(), NOW)) == [Do.LEDGER]


def test_an_entry_of_nothing_is_never_written_and_one_that_becomes_nothing_is_taken_out() -> None:
    assert kinds(see(None, cents=0)) == [Do.LEDGER]
    decided = see(an_entry(), cents=0)
    assert kinds(decided) == [Do.LEDGER, Do.JOURNAL]
    assert not decided.state.stands


def test_the_line_on_the_account_is_the_truth_and_the_allocation_fills_in() -> None:
    alone = see(None, transaction="", allocation="9", bill_id="b1").state
    assert alone.id == "a9"
    both = see(alone, transaction="500", allocation="9", bill_id="b1", bill_number="1042").state
    assert both.id == "a9"
    assert both.move.transaction == "500"
    again = see(both, transaction="", allocation="9")
    assert (again.state, again.effects) == (both, ())
    told = see(alone, transaction="500", allocation="9", bill_id="b1").effects[0].body["moves"]
    assert [m["rows"] for m in told] == [0, 1]  # Clio counts lines
    assert see(replace(both, gone=True), transaction="", allocation="9").state.move.transaction == ""


def test_answers_to_older_revisions_and_earlier_generations_change_nothing() -> None:
    state = replace(an_entry(), revision=2, posted=Journaled("8", 2))
    assert trust.decide(state, JournalWritten("8", "123", 1), a_policy(), NOW).state == state
    same = trust.decide(state, JournalWritten("8", "123", 2, told="500/2026-03-01"), a_policy(), NOW).state
    assert same.posted == Journaled("8", 2, told="500/2026-03-01"), "a person accepts what it shows"
    lines = (("92", -1000, "c1"), ("91", 1000, ""))
    written = trust.decide(state, JournalWritten("8", "123", 2, lines=lines), a_policy(), NOW).state
    assert written.posted == Journaled("8", 2, lines=(("91", 1000, ""), ("92", -1000, "c1")))
    assert trust.decide(written, JournalWritten("8", "123", 2), a_policy(), NOW).state == written, "they are kept"
    gone = trust.decide(state, JournalWritten("8", "123", 2, removed=True), a_policy(), NOW).state
    assert gone.posted == Journaled("8", 2, removed=True)
    later = replace(state, generation=2)
    assert trust.decide(later, JournalWritten("9", "123", 2), a_policy(), NOW).state == later


def test_a_journal_entry_belongs_to_one_entry_only() -> None:
    [guard] = trust.decide(see(None).state, JournalWritten("8", "123", 1), a_policy(), NOW).guards
    assert (guard.key, guard.holder) == ("quickbooks/123/journal/8", f"{FIRM}/500")


def test_a_person_may_have_a_deleted_journal_entry_written_again() -> None:
    decided = trust.decide(an_entry(), WriteAgain(), a_policy(), NOW)
    assert kinds(decided) == [Do.JOURNAL]
    assert decided.state.posted is None
    changed = replace(an_entry(), posted=Journaled("8", 1, told="1/x"))
    over = trust.decide(changed, WriteAgain(over=True), a_policy(), NOW)
    assert (over.state.posted, over.state.revision, kinds(over)) == (Journaled("8", 1), 2, [Do.JOURNAL])
    never = trust.decide(replace(an_entry(), posted=None), WriteAgain(over=True), a_policy(), NOW)
    assert never.state.posted is None


def test_nothing_happens_to_an_entry_that_is_not_held() -> None:
    with pytest.raises(ValueError, match="not held"):
        trust.decide(None, MoveGone(), a_policy(), NOW)


def test_a_clients_own_account_is_owed_with_the_entry() -> None:
    policy = a_policy(a_firm(trust=replace(BOOKS, sub_accounts=True)))
    decided = see(None, policy, client_name='Ada: "Example"')
    assert kinds(decided) == [Do.LEDGER, Do.JOURNAL, Do.HOLDER]
    assert decided.effects[2].body == {"client": "c1", "name": "Ada Example (Clio c1)"}
    assert holding.account_name("c2", "Xavier\tX. Xu\n") == "Xavier X. Xu (Clio c2)"
    assert kinds(see(None, policy, client_id="")) == [Do.LEDGER, Do.JOURNAL]
    held = holding.held_in("c1", "Ada Example (Clio c1)", "95", policy)
    assert held.state.account == "95"
    assert held.guards[0].key == "quickbooks/123/account/95"


def test_the_sides_come_to_zero_with_the_client_on_the_liability() -> None:
    bank, held = trust.sides(see(None).state, "91", "92", "63")
    assert (bank.account, bank.cents, bank.customer) == ("91", 1000, "")
    assert (held.account, held.cents, held.customer) == ("92", -1000, "63")
    assert bank.text == "Trust deposit, 00001-Example, Retainer"
    assert trust.words(see(None, cents=1, matter="").state) == "Trust deposit, Retainer"
    out = see(None, cents=-500, bill_number="1042", matter="", text="").state
    assert trust.words(out) == "Paid from trust, bill 1042"


def test_numbers_fit_quickbooks_and_places_in_the_index_keep_clios_order() -> None:
    assert see(None, transaction="9" * 30).state.number == "T-" + "9" * 19
    state = see(None).state
    assert trust.listing(state).list == (f"{FIRM}/trust/7/c1", f"{TODAY.isoformat()}#500")
    assert trust.listing(state).group == (f"{FIRM}/moves/7", "500".zfill(20))
    there = replace(state, gone=True, posted=Journaled("5", 1))
    assert trust.listing(there).group == (f"{FIRM}/leaving-moves/7", "500".zfill(20))
    assert trust.listing(replace(there, posted=None, stood="5")).group == trust.listing(there).group
    for left in (replace(there, posted=None), replace(there, posted=Journaled("5", 1, removed=True))):
        assert trust.listing(left).group is None
    alone = see(None, transaction="", allocation="9").state
    assert trust.listing(alone).group == (f"{FIRM}/moves/7", "~9")


# --- generations ------------------------------------------------------------------------------------------------------


def test_in_a_new_generation_an_entry_waits_for_its_accounts_and_is_written_anew() -> None:
    state, purged = an_entry(), a_firm(trust=BOOKS, generation=2)
    assert see(None, a_policy(purged)).state.generation == 2
    renewed = generation.renewed(state, a_policy(purged), NOW)
    assert (renewed.state.posted, renewed.state.begun, renewed.effects) == (None, False, ())
    assert renewed.state.generation == 2
    assert renewed.closes == (trust.journal_key(state),)
    chosen = a_firm(trust=replace(BOOKS, generation=2), generation=2)
    anew = generation.renewed(state, a_policy(chosen), NOW)
    assert [e.body["revision"] for e in anew.effects] == [2]
    again = generation.renewed(replace(renewed.state, generation=1), a_policy(purged), NOW).state
    assert (renewed.state.stood, again.stood) == ("8", "8")
    written = JournalWritten("8", "realm-1~2", 2, generation=2)
    assert trust.decide(anew.state, written, a_policy(chosen), NOW).state.stood == ""
    gone = replace(state, gone=True)
    assert [e.body["revision"] for e in generation.renewed(gone, a_policy(chosen), NOW).effects] == [2], "to be deleted"
    for nowhere in (replace(gone, posted=None), replace(gone, posted=Journaled("5", 1, removed=True))):
        assert generation.renewed(nowhere, a_policy(chosen), NOW).effects == ()
    nothing = trust.decide(generation.renewed(gone, a_policy(chosen), NOW).state, NothingLeft(), a_policy(chosen), NOW)
    assert (nothing.state.written, nothing.state.stood, nothing.effects) == (True, "", ())
    quiet = generation.renewed(see(None, a_policy(a_firm())).state, a_policy(purged), NOW)
    assert quiet.closes == ()
    holder = holding.Holder(FIRM, "c1", "Ada", "95")
    stood = replace(holder, account="", stood="95")
    for known in (holder, stood):
        assert generation.renewed(known, a_policy(purged), NOW).state == replace(stood, generation=2)


# --- the firm's choice ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("books", "said"),
    [
        (replace(BOOKS, liability=""), "liability account"),
        (replace(BOOKS, banks=()), "at least one"),
        (replace(BOOKS, liability="91"), "twice"),
        (replace(BOOKS, banks=(BANK, replace(BANK, clio="8"))), "twice"),
        (replace(BOOKS, banks=(replace(BANK, book="35"),)), "Payments of invoices"),
    ],
)
def test_trust_money_never_shares_an_account(books: TrustBooks, said: str) -> None:
    with pytest.raises(Refused, match=said):
        firms.decide(a_firm(), TrustChosen(books))


def test_a_choice_keeps_the_words_that_were_taken_and_counts_itself() -> None:
    taken = firms.decide(a_firm(generation=3), TrustWordTaken("sweep_in")).state
    chosen = firms.decide(taken, TrustChosen(BOOKS)).state
    assert (chosen.trust.words, chosen.trust.choices, chosen.trust.generation) == (("sweep_in",), 2, 3)
    assert chosen.trust_books.book_of("7") == "91"
    later = replace(chosen, generation=4).trust_books
    assert later == TrustBooks(words=("sweep_in",), choices=2, generation=4), "its accounts are not chosen yet"


def test_accounts_that_are_not_chosen_any_more_are_remembered_while_entries_stand_in_them() -> None:
    first = firms.decide(a_firm(), TrustChosen(replace(BOOKS, liability_name="Held"))).state
    assert (first.trust.earlier, first.trust.earlier_liabilities) == ((), ())
    other = replace(BOOKS, banks=(replace(BANK, book="95"),), liability="96", liability_name="Held anew")
    second = firms.decide(first, TrustChosen(other)).state
    assert [(b.clio, b.book) for b in second.trust.earlier] == [("7", "91")]
    assert [b.book for b in second.trust.standing] == ["95", "91"]
    assert second.trust.earlier_liabilities == ((BOOKS.liability, "Held"),)
    unnamed = firms.decide(firms.decide(a_firm(), TrustChosen(BOOKS)).state, TrustChosen(other)).state
    assert unnamed.trust.earlier_liabilities == ((BOOKS.liability, ""),)
    again = firms.decide(second, TrustChosen(other)).state
    assert again.trust.earlier == second.trust.earlier
    assert again.trust.earlier_liabilities == second.trust.earlier_liabilities
    back = firms.decide(second, TrustChosen(BOOKS)).state
    assert [b.book for b in back.trust.earlier] == ["95"]
    assert back.trust.earlier_liabilities == (("96", "Held anew"),)
    apart = firms.decide(second, TrustChosen(other, ("91", BOOKS.liability))).state
    assert (apart.trust.earlier, apart.trust.earlier_liabilities) == ((), ())
    purged = firms.decide(replace(second, generation=2), TrustChosen(BOOKS)).state
    assert (purged.trust.earlier, purged.trust.earlier_liabilities) == ((), ()), "they were in another company"


def test_what_people_did_to_a_journal_entry_is_asked_about_once() -> None:
    state = replace(an_entry(), begun=True, revision=1, posted=trust.Journaled("9", 1))
    mine = journaled.figures(state.move.cents, state.move.on)

    def noticed(state: Entry, shows: str, mark: str = "", id: str = "9", firm: Firm | None = None) -> Decision[Entry]:
        return trust.decide(state, trust.JournalNoticed(id, shows, mark), a_policy(firm), NOW)

    for nothing in (
        noticed(state, mine),
        noticed(state, "1/x", id="8"),
        noticed(replace(state, posted=None), "1/x"),
        noticed(replace(state, posted=trust.Journaled("9", 1, removed=True)), "1/x"),
        noticed(replace(state, posted=trust.Journaled("9", 1, told="1/x")), "1/x"),
        noticed(replace(state, revision=2), "1/x"),
        noticed(replace(state, gone=True), "1/x"),
        noticed(state, "1/x", firm=a_firm(generation=2)),
    ):
        assert not nothing.effects
    asked = noticed(state, trust.DELETED)
    [step] = asked.effects
    assert (step.body["noticed"], step.body["revision"]) == (True, 2)
    assert asked.state.posted == trust.Journaled("9", 1, told=trust.DELETED)
    lines = (("91", 1000, ""), ("92", -1000, "c1"))
    written = replace(state, posted=trust.Journaled("9", 1, lines=lines))
    assert not noticed(written, mine, journaled.mark(lines)).effects
    moved = noticed(written, mine, "m").state
    assert moved.posted == trust.Journaled("9", 1, told=f"{mine}/m", lines=lines)
    assert not noticed(replace(moved, posted=replace(moved.posted, revision=2)), mine, "m").effects, "told already"
