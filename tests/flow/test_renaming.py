"""A matter's number changes in Clio: its sub-customer is renamed once, never made again, and a person's name stands."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain import effects
from chalicelib.domain import matters as rules
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Kind, Neighbour, Ref, Status
from chalicelib.domain.matters import Matter, id_of
from chalicelib.domain.news import MatterReading
from chalicelib.domain.readings import Broken, EventPointer
from chalicelib.errors import Conflict, Declined
from chalicelib.flow import attention, broken, drain, inbox, reconciling, renaming, states
from chalicelib.flow.budget import Floor
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of
from infra.sandbox.kit import Fault
from tests.flow import acts, races
from tests.flow.acts import STAFF, a_synced_stage, booked, payable
from tests.flow.test_subcustomers import ONE, TWO_MATTERS, a_new_bill, a_stage_by_matter, customer, people, switch
from tests.world import Stage

NEW, FALLBACK = "77777-Renamed", "77777-Renamed (Clio {})"


def a_stage(*, hooks: bool = False) -> Stage:
    """Bill ONE stands below its matter's sub-customer."""
    stage = a_stage_by_matter(hooks=hooks)
    stage.resync()
    stage.pass_time(2, minutes=15)
    return stage


def matter(stage: Stage, number: str = ONE) -> Matter:
    p = payable(stage, number)
    body = stage.world.store.load(Ref(stage.firm, Kind.MATTER, id_of(p.client_id, p.matter_ids[0]))).body
    found: Matter = states.decode(Kind.MATTER, body)
    return found


def rename(stage: Stage, name: str = NEW, *, number: str = ONE) -> None:
    """At Clio, and news of it comes, if webhooks work."""
    stage.world.clio_box.people.rename_matter(int(payable(stage, number).matter_ids[0]), name)
    stage.work()


def told(stage: Stage, name: str = NEW) -> None:
    """As ``rename``, and a bill tells of it: it is edited."""
    rename(stage, name)
    stage.world.clio_box.people.edit_bill(ONE, memo=f"now {name}")
    acts.poll(stage)


def pointed(stage: Stage, name: str = NEW) -> None:
    """As ``rename``, and news of it comes."""
    rename(stage, name)
    renaming.point(stage.world, stage.firm, acts.lane(stage, Neighbour.CLIO), matter(stage).id)
    stage.work()


def subs(stage: Stage) -> list[str]:
    return sorted(c["DisplayName"] for c in booked(stage, "Customer") if c.get("Job"))


def steps(stage: Stage) -> list[Effect]:
    return [e for e in acts.all_effects(stage) if e.kind == Do.SUB_CUSTOMER and "rename" in e.body]


def fallback(stage: Stage, name: str = FALLBACK) -> str:
    return name.format(payable(stage, ONE).matter_ids[0])


# --- how it is seen ---------------------------------------------------------------------------------------------------


def test_news_of_a_matter_renames_its_sub_customer_at_once_and_makes_no_other() -> None:
    stage = a_stage(hooks=True)
    before, others = customer(stage, ONE), subs(stage)
    rename(stage)
    after = customer(stage, ONE)
    assert (after["Id"], after["DisplayName"]) == (before["Id"], NEW)
    assert {k: v for k, v in after.items() if k in ("ParentRef", "Job", "Notes", "Active")} == {
        k: v for k, v in before.items() if k in ("ParentRef", "Job", "Notes", "Active")
    }
    assert len(subs(stage)) == len(others)
    assert (matter(stage).name, matter(stage).written) == (NEW, (NEW,))
    a_new_bill(stage, "9001")
    assert customer(stage, "9001")["Id"] == before["Id"]
    assert acts.about(acts.compare(stage), ONE) == []


def test_a_bill_that_is_read_anyway_tells_of_it() -> None:
    stage = a_stage()
    rename(stage)
    stage.pass_time(5, minutes=40)
    assert customer(stage, ONE)["DisplayName"] != NEW, "without news, nothing is asked for each matter"
    stage.world.clio_box.people.edit_bill(ONE, memo="another word")
    acts.poll(stage)
    stage.pass_time(1, minutes=2)
    assert customer(stage, ONE)["DisplayName"] == NEW


def test_a_new_bill_of_the_matter_tells_of_it_and_goes_to_the_same_sub_customer() -> None:
    stage = a_stage()
    before = customer(stage, ONE)["Id"]
    rename(stage)
    a_new_bill(stage, "9001")
    stage.pass_time(1, minutes=2)
    assert (customer(stage, "9001")["Id"], customer(stage, "9001")["DisplayName"]) == (before, NEW)


def test_a_page_of_bills_tells_of_it_also_where_the_bill_itself_did_not_change() -> None:
    stage = a_stage()
    stage.world.clio_box.people.edit_bill(ONE, memo="another word")
    acts.poll(stage)
    rename(stage)
    acts.poll(stage)
    stage.pass_time(1, minutes=2)
    assert payable(stage, ONE).matters == (NEW,)
    assert customer(stage, ONE)["DisplayName"] == NEW


def test_where_no_news_came_the_nightly_comparison_tells_of_it() -> None:
    stage = a_stage()
    stage.world.clio_box.switches["since_inclusive"] = False
    rename(stage)
    reconciling.start(stage.world, stage.firm, STAFF)
    stage.pass_time(1, minutes=3)
    assert customer(stage, ONE)["DisplayName"] == NEW


def lists_of_matters(stage: Stage, before: dict[str, int]) -> int:
    """While nothing is renamed: no look reads any."""
    return len([p for _, _, p in acts.requests_since(stage, before) if "matters" in p])


@pytest.mark.parametrize("hooks", [True, False])
def test_where_the_news_is_lost_the_daily_list_of_matters_tells_of_it(hooks: bool) -> None:
    stage = a_stage(hooks=hooks)
    stage.pass_time(60, hours=12)
    stage.world.clio_box.people.rename_matter(int(payable(stage, ONE).matter_ids[0]), NEW)
    stage.world.clio_box.state.deliveries.clear()
    stage.pass_time(60, hours=32)
    assert customer(stage, ONE)["DisplayName"] == NEW
    assert matter(stage).name == NEW


def test_what_changed_of_matters_is_asked_for_once_a_day_and_by_whoever_reads_everything() -> None:
    stage = a_stage()
    stage.pass_time(60, hours=24)
    before = acts.calls(stage)
    stage.pass_time(60, days=4)
    assert 3 <= lists_of_matters(stage, before) <= 4
    before = acts.calls(stage)
    stage.resync()
    assert lists_of_matters(stage, before) == 1


def test_without_sub_customers_no_matter_is_asked_for() -> None:
    stage = a_synced_stage()
    before = acts.calls(stage)
    stage.pass_time(60, days=2)
    stage.resync()
    assert lists_of_matters(stage, before) == 0


def test_a_list_of_matters_that_clio_does_not_let_us_read_holds_nothing_up() -> None:
    stage = a_stage()
    stage.world.clio_box.faults.append(Fault("status", path="matters", status=403, body="{}", times=50))
    stage.resync()
    reach = Reach(stage.world, stage.firm, policy_of(stage.world, stage.firm).lanes, Floor.POLL)
    assert renaming.changed(reach, None, None).items == ()
    stage.world.clio_box.faults[:] = [Fault("status", path="matters", status=422, body="{}", times=1)]
    with pytest.raises(Declined):
        renaming.changed(reach, None, None)


def test_a_page_of_matters_points_only_at_sub_customers_of_another_number() -> None:
    stage = a_stage()
    policy, m = policy_of(stage.world, stage.firm), matter(stage)
    same, stranger = MatterReading(m.matter, m.client, m.name), MatterReading("424242", m.client, NEW)
    broken, nobodys = Broken("1", "", "id", ""), MatterReading(m.matter, "", NEW)
    assert not renaming.take_page(stage.world, policy, [same, stranger, broken, nobodys])
    assert renaming.take_page(stage.world, policy, [same, MatterReading(m.matter, m.client, NEW)])


def test_news_of_a_matter_without_a_sub_customer_asks_for_nothing() -> None:
    stage = a_synced_stage(hooks=True)
    before = acts.calls(stage)
    stage.world.clio_box.people.rename_matter(int(payable(stage, ONE).matter_ids[0]), NEW)
    stage.deliver()
    stage.work()
    assert not [path for _, _, path in acts.requests_since(stage, before) if "matters" in path]


def test_news_of_a_matter_whose_link_was_let_go_asks_for_nothing() -> None:
    stage = a_stage()
    people(stage).deactivate_customer(stage.realm, customer(stage, ONE)["Id"])
    a_new_bill(stage, "9001")
    people(stage).add_vendor(stage.realm, fallback(stage, f"{matter(stage).name} (Clio {{}})"))
    [task] = acts.tasks(stage, "broken")
    broken.decide(stage.world, stage.firm, task.key, "anew", "", STAFF)
    stage.pass_time(1, minutes=1)
    assert not matter(stage).customer
    account = policy_of(stage.world, stage.firm).lanes.clio
    news = EventPointer("1", account, "updated", "matter", matter(stage).id)
    assert inbox.point(stage.world, Neighbour.CLIO, [news]) == 0


def test_many_matters_are_read_with_one_call() -> None:
    stage = a_stage()
    for m in acts.all_states(stage, Kind.MATTER):
        stage.world.clio_box.people.rename_matter(int(m.matter), f"{m.name}-B")
        renaming.point(stage.world, stage.firm, acts.lane(stage, Neighbour.CLIO), m.id)
    before = acts.calls(stage)
    stage.work()
    assert len([p for _, _, p in acts.requests_since(stage, before) if "matters" in p]) == 1
    assert subs(stage) and all(name.endswith("-B") for name in subs(stage))


def test_as_many_as_one_call_takes_are_read_though_the_lane_is_read_in_parts() -> None:
    stage = a_stage()
    stage.work()
    lane, now = acts.lane(stage, Neighbour.CLIO), stage.world.now()
    for n in range(130):
        stage.world.store.arrive(effects.look_matter(stage.firm, lane, "1", str(n + 1), now))
    before = acts.calls(stage)
    stage.work()
    assert len([p for _, _, p in acts.requests_since(stage, before) if "matters" in p]) == 1
    assert not [e for e in acts.all_effects(stage) if e.kind == Do.LOOK_MATTER and e.status is not Status.DONE]


def test_in_a_batch_one_that_moved_meanwhile_is_read_again_alone() -> None:
    stage = a_stage()
    for number in (ONE, TWO_MATTERS):
        client, ids = payable(stage, number).client_id, payable(stage, number).matter_ids
        look = effects.look_matter(stage.firm, acts.lane(stage, Neighbour.CLIO), client, ids[0], stage.world.now())
        stage.world.store.arrive(look)
    with races.before(stage.world.store, "commit", races.taken):
        drain.drain(stage.world, look.lane)
    looks = [e for e in acts.all_effects(stage) if e.kind == Do.LOOK_MATTER and e.status is Status.OWED]
    assert [e.cause for e in looks] == ["It moved meanwhile."]
    stage.pass_time(1, minutes=1)
    assert not [e for e in acts.all_effects(stage) if e.kind == Do.LOOK_MATTER and e.status is Status.OWED]


def test_a_matter_that_clio_does_not_let_us_read_has_the_number_that_its_bill_tells() -> None:
    stage = a_stage()
    stage.world.clio_box.faults.append(Fault("status", path="matters", status=403, body="{}", times=50))
    told(stage)
    stage.pass_time(1, minutes=2)
    assert customer(stage, ONE)["DisplayName"] == NEW
    assert not acts.parked(stage, kind=Do.LOOK_MATTER)


def test_a_matter_that_clio_shows_no_number_of_stays_as_it_is() -> None:
    stage = a_stage()
    m = matter(stage)
    stage.world.clio_box.state.rows["matters"][int(m.matter)].display_number = ""
    renaming.point(stage.world, stage.firm, acts.lane(stage, Neighbour.CLIO), m.id)
    renaming.hear(stage.world, policy_of(stage.world, stage.firm), m.client, [(m.matter, " ")])
    stage.work()
    assert matter(stage) == m


@pytest.mark.parametrize("many", [False, True])
def test_a_matter_that_cannot_be_read_is_shown_to_a_person(many: bool) -> None:
    stage = a_stage()
    clio = stage.world.clio_box
    clio.faults.append(Fault("status", path="matters", status=422, body="{}", times=1))
    for m in acts.all_states(stage, Kind.MATTER)[: 2 if many else 1]:
        renaming.point(stage.world, stage.firm, acts.lane(stage, Neighbour.CLIO), m.id)
    stage.work()
    assert len(acts.parked(stage, kind=Do.LOOK_MATTER)) == 1 + many


def test_a_reading_counts_only_if_the_matter_has_not_moved_since() -> None:
    stage = a_stage()
    rename(stage)
    renaming.point(stage.world, stage.firm, acts.lane(stage, Neighbour.CLIO), matter(stage).id)
    [look] = [e for e in acts.all_effects(stage) if e.kind == Do.LOOK_MATTER and e.status is Status.OWED]
    policy = policy_of(stage.world, stage.firm)
    reach = Reach(stage.world, stage.firm, policy.lanes, Floor.WEBHOOK)
    plain = reach.clio

    def meanwhile(ask: Any) -> Any:
        shown = plain(ask)
        rename(stage, "88888-Later")
        renaming.hear(stage.world, policy, matter(stage).client, [(matter(stage).matter, "88888-Later")])
        drain.drain(stage.world, look.lane)
        return shown

    reach.clio = meanwhile  # type: ignore[method-assign, assignment]
    [(_, moved)] = renaming.look(stage.world, reach, policy, [look])
    assert isinstance(moved, Conflict)
    assert matter(stage).name == "88888-Later"


# --- the step ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["drop_answer", "drop_request"])
def test_after_a_lost_answer_the_name_is_looked_up(do: str) -> None:
    stage = a_stage()
    before = customer(stage, ONE)["Id"]
    stage.pass_time(2, minutes=20)
    rename(stage)
    stage.world.quickbooks_box.faults.append(Fault(do, "/batch", times=2, skip=1))
    renaming.point(stage.world, stage.firm, acts.lane(stage, Neighbour.CLIO), matter(stage).id)
    stage.pass_time(1, minutes=14)
    assert (customer(stage, ONE)["Id"], customer(stage, ONE)["DisplayName"]) == (before, NEW)
    assert matter(stage).written == (NEW,)
    assert {e.status for e in steps(stage)} == {Status.DONE}


def test_a_number_that_changes_again_before_the_answer_is_known_is_written_after_it() -> None:
    stage = a_stage()
    stage.pass_time(2, minutes=20)
    stage.world.quickbooks_box.faults.append(Fault("drop_answer", "/batch", times=2, skip=1))
    for name in (NEW, "88888-Later"):
        pointed(stage, name)
    assert matter(stage).name == "88888-Later"
    stage.pass_time(1, minutes=14)
    assert customer(stage, ONE)["DisplayName"] == "88888-Later"
    assert [e.status for e in steps(stage)] == [Status.DONE, Status.DONE]


def test_a_stale_token_is_read_and_decided_again() -> None:
    stage = a_stage()
    people(stage).refuse_members(["5010"])
    pointed(stage)
    assert customer(stage, ONE)["DisplayName"] == NEW


def test_a_name_that_a_person_gave_stands_and_is_told_to_nobody() -> None:
    stage = a_stage()
    people(stage).rename_customer(stage.realm, customer(stage, ONE)["Id"], "As the partner calls it")
    told(stage)
    stage.pass_time(1, minutes=2)
    assert customer(stage, ONE)["DisplayName"] == "As the partner calls it"
    assert [e.status for e in steps(stage)] == [Status.DONE]
    told(stage, "88888-Later")
    a_new_bill(stage, "9001")
    stage.pass_time(1, minutes=2)
    assert customer(stage, "9001")["DisplayName"] == "As the partner calls it"


def test_a_name_that_a_person_gave_and_took_back_goes_with_the_number_again() -> None:
    stage = a_stage()
    sub = customer(stage, ONE)
    people(stage).rename_customer(stage.realm, sub["Id"], "As the partner calls it")
    told(stage)
    people(stage).rename_customer(stage.realm, sub["Id"], sub["DisplayName"])
    a_new_bill(stage, "9001")
    stage.pass_time(1, minutes=2)
    assert customer(stage, ONE)["DisplayName"] == NEW


def test_a_person_who_was_faster_with_the_same_name_is_taken_at_their_word() -> None:
    stage = a_stage()
    people(stage).rename_customer(stage.realm, customer(stage, ONE)["Id"], NEW)
    told(stage)
    stage.pass_time(1, minutes=2)
    assert matter(stage).written == (NEW,)
    told(stage, "88888-Later")
    stage.pass_time(1, minutes=2)
    assert customer(stage, ONE)["DisplayName"] == "88888-Later"


# --- names that are used ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["customer", "vendor"])
def test_a_name_that_is_anothers_gets_clios_id_with_it(kind: str) -> None:
    stage = a_stage()
    getattr(people(stage), f"add_{kind}")(stage.realm, NEW)
    told(stage)
    stage.pass_time(1, minutes=2)
    assert customer(stage, ONE)["DisplayName"] == fallback(stage)


def test_a_name_that_quickbooks_refuses_though_it_shows_nobody_gets_clios_id_with_it() -> None:
    stage = a_stage()
    people(stage).refuse_members(["6240"])
    pointed(stage)
    assert customer(stage, ONE)["DisplayName"] == fallback(stage)


@pytest.mark.parametrize("shown", [True, False])
def test_where_both_names_are_used_a_person_is_told_and_the_old_name_stays(shown: bool) -> None:
    stage = a_stage()
    old = customer(stage, ONE)["DisplayName"]
    held = [people(stage).add_vendor(stage.realm, name) for name in (NEW, fallback(stage)) if shown]
    people(stage).refuse_members([] if shown else ["6240", "6240"])
    pointed(stage)
    [step] = acts.parked(stage, kind=Do.SUB_CUSTOMER)
    assert NEW in step.reason and "both used" in step.reason and "a name of your own" in step.remedy
    assert customer(stage, ONE)["DisplayName"] == old
    a_new_bill(stage, "9001")
    assert customer(stage, "9001")["DisplayName"] == old, "invoices go on"
    for vendor in held[:1]:
        people(stage).rename_vendor(stage.realm, vendor["Id"], "Somebody")
    attention.retry(stage.world, stage.firm, step.key, STAFF)
    stage.pass_time(1, minutes=2)
    assert customer(stage, ONE)["DisplayName"] == NEW


def test_a_sub_customer_that_is_to_be_made_tries_the_other_name_too() -> None:
    stage = a_synced_stage()
    switch(stage)
    stage.pass_time(2, minutes=20)
    people(stage).refuse_members(["6240"])
    a_new_bill(stage, "9001")
    stage.pass_time(1, minutes=2)
    name = payable(stage, "9001").matters[0]
    assert customer(stage, "9001")["DisplayName"] == fallback(stage, f"{name} (Clio {{}})")


def test_and_where_quickbooks_refuses_both_a_person_is_told() -> None:
    stage = a_synced_stage()
    switch(stage)
    stage.pass_time(2, minutes=20)
    people(stage).refuse_members(["6240", "6240"])
    a_new_bill(stage, "9001")
    [step] = acts.parked(stage, kind=Do.SUB_CUSTOMER)
    assert "both used" in step.reason and "then press Retry" in step.remedy


def test_any_other_refusal_is_shown_as_quickbooks_says_it() -> None:
    stage = a_stage()
    people(stage).refuse_members(["2010"])
    pointed(stage)
    [step] = acts.parked(stage, kind=Do.SUB_CUSTOMER)
    assert step.detail.startswith("2010")


def test_two_matters_that_change_their_numbers_with_each_other_end_with_names_of_their_own() -> None:
    stage = a_stage()
    one, two = acts.all_states(stage, Kind.MATTER)[:2]
    for m, name in ((one, two.name), (two, one.name)):
        stage.world.clio_box.people.rename_matter(int(m.matter), name)
        renaming.point(stage.world, stage.firm, acts.lane(stage, Neighbour.CLIO), m.id)
    stage.pass_time(1, minutes=2)
    assert {f"{two.name} (Clio {one.matter})", f"{one.name} (Clio {two.matter})"} <= set(subs(stage))


# --- inactive, merged, moved ------------------------------------------------------------------------------------------


def test_an_inactive_sub_customer_is_let_be_and_renamed_with_the_next_invoice_once_it_is_back() -> None:
    stage = a_stage()
    sub = customer(stage, ONE)
    people(stage).deactivate_customer(stage.realm, sub["Id"])
    told(stage)
    stage.pass_time(1, minutes=2)
    assert not [c for c in booked(stage, "Customer") if NEW in c["DisplayName"]]
    people(stage).reactivate_customer(stage.realm, sub["Id"])
    a_new_bill(stage, "9001")
    stage.pass_time(1, minutes=2)
    assert (customer(stage, "9001")["Id"], customer(stage, "9001")["DisplayName"]) == (sub["Id"], NEW)


def test_one_that_stands_below_another_customer_is_let_be() -> None:
    stage = a_stage()
    sub = customer(stage, ONE)
    other = next(c for c in booked(stage, "Customer") if not c.get("Job") and c["Id"] != sub["ParentRef"]["value"])
    people(stage).change_name(stage.realm, "Customer", sub["Id"], ParentRef={"value": other["Id"]})
    told(stage)
    stage.pass_time(1, minutes=2)
    assert customer(stage, ONE)["DisplayName"] == sub["DisplayName"]
    assert {e.status for e in steps(stage)} == {Status.DONE}


def test_one_that_is_gone_is_let_be_and_a_late_step_has_nothing_to_do() -> None:
    stage = a_stage()
    m = matter(stage)
    lane = acts.lane(stage, Neighbour.QUICKBOOKS)
    now = stage.world.now()
    for customer_, count, rename_ in (("990099", "1.1.8", 8), (m.customer, "1.1.9", 9)):
        to = (customer_, rename_)
        stage.world.store.arrive(rules.owed(stage.firm, lane, m.client, m.matter, NEW, count, now, to))
    stage.work()
    assert {e.status for e in steps(stage)} == {Status.DONE}
    assert matter(stage) == m


# --- before there is one ----------------------------------------------------------------------------------------------


def test_a_number_that_changes_while_the_sub_customer_waits_is_the_one_it_is_made_under() -> None:
    stage = a_synced_stage()
    p = payable(stage, ONE)
    for name in rules.names(p.matter_ids[0], p.matters[0]):
        people(stage).add_vendor(stage.realm, name)
    switch(stage)
    a_new_bill(stage, "9001")
    assert acts.parked(stage, kind=Do.SUB_CUSTOMER)
    own = acts.contact(stage, p.client_name).customer
    there = people(stage).add_customer(stage.realm, NEW, ParentRef={"value": own}, Job=True)
    rename(stage)
    a_new_bill(stage, "9002")
    stage.pass_time(2, minutes=20)
    assert customer(stage, "9001")["Id"] == customer(stage, "9002")["Id"] == there["Id"], "taken by the name it has now"


def test_what_was_made_under_the_older_number_in_a_lost_answer_is_found_and_renamed() -> None:
    stage = a_synced_stage()
    switch(stage)
    stage.pass_time(2, minutes=20)
    stage.world.quickbooks_box.faults.append(Fault("drop_answer", "/batch", times=2, skip=1))
    a_new_bill(stage, "9001")
    old = payable(stage, "9001").matters[0]
    rename(stage)
    a_new_bill(stage, "9002")
    stage.pass_time(1, minutes=30)
    assert customer(stage, "9001")["Id"] == customer(stage, "9002")["Id"]
    assert NEW in subs(stage) and old not in subs(stage)


def test_a_number_that_changed_unheard_before_the_link_is_read_after_it() -> None:
    stage = a_synced_stage()
    switch(stage)
    box = stage.world.clio_box
    held = next(b for b in box.state.rows["bills"].values() if b.number == ONE)
    box.people.add_bill(held.firm, held.client_id, "9001", [{"note": "More", "price": 9000}], matters=held.matters)
    stage.world.quickbooks_box.faults.append(Fault("status", "/batch", status=500, times=3))
    acts.poll(stage)
    rename(stage)
    stage.pass_time(1, minutes=20)
    assert customer(stage, "9001")["DisplayName"] == NEW


def test_a_matter_of_a_bill_over_several_is_renamed_too() -> None:
    stage = a_stage()
    one = int(payable(stage, TWO_MATTERS).matter_ids[0])
    a_new_bill(stage, "9001", like=TWO_MATTERS, matters=(one,))
    stage.world.clio_box.people.rename_matter(one, NEW)
    stage.world.clio_box.people.edit_bill(TWO_MATTERS, memo="again")
    acts.poll(stage)
    stage.pass_time(1, minutes=2)
    assert customer(stage, "9001")["DisplayName"] == NEW
