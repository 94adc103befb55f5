"""One actor for each kind of effect. Dumb on purpose: what is to be done was decided when it was owed."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect
from chalicelib.flow import contacts, looking, memoing, noticing, noting, renaming, subscribing, summing
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach

TASK_RESTS = timedelta(days=365)


def perform(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Performs one effect and settles it. Raises what its neighbour raises; see flow/drain.py for what follows."""
    do = Do(effect.kind)
    match do:
        case Do.LOOK_BILL:
            looking.look_at_bill(world, reach, policy, effect)
        case Do.LOOK_GROUP:
            looking.look_at_group(world, reach, policy, [effect])
        case Do.LOOK_CREDIT:
            for _, bad in noting.look(world, reach, policy, [effect]):
                if bad is not None:
                    raise bad
        case Do.LOOK_CLIENT:
            _look_at_client(world, reach, policy, effect)
        case Do.LOOK_MATTER:
            for _, no in renaming.look(world, reach, policy, [effect]):
                if no is not None:
                    raise no
        case Do.CHANGE_CLIENT:
            contacts.change_client(world, reach, policy, effect)
        case Do.READ_LINES:
            looking.read_lines(world, reach.paced if effect.body.get("paced") else reach, policy, effect)
        case Do.BILL_MEMO:
            memoing.write(world, reach, policy, effect)
        case Do.MARK_PAID:
            looking.mark_paid(world, reach, policy, effect)
        case Do.KEEP_HOOKS:
            subscribing.keep(world, reach, policy, effect)
        case Do.REPOST:
            noticing.repost(world, policy, effect)
        case Do.ITEM_MATCHED:
            looking.item_matched(world, policy, effect)
        case Do.OPEN_SESSION | Do.LOOK_SESSION | Do.LOOK_INTENT | Do.LOOK_ACCOUNT | Do.EXPIRE_SESSION:
            _stripe(world, reach, policy, effect, do)
        case Do.REMIND | Do.RECEIPT | Do.WATCH_MAIL | Do.DIGEST:
            _mail(world, reach, policy, effect, do)
        case (
            Do.POLL_CLIO
            | Do.POLL_STRIPE
            | Do.RESYNC
            | Do.RECONCILE
            | Do.PREFLIGHT
            | Do.RENEW
            | Do.REDRAW
            | Do.TRY_ALL
            | Do.FIRST_SYNC
        ):
            _runs(world, reach, policy, effect, do)
        case Do.LOOK_MOVE | Do.TRUST_CHECK | Do.TRUST_SWEEP | Do.LEDGER | Do.TRUST_BEGIN:
            _trust(world, reach, policy, effect, do)
        case Do.CUSTOMER | Do.SUB_CUSTOMER | Do.INVOICE | Do.POSTING | Do.CREDIT | Do.HOLDER | Do.JOURNAL:
            raise AssertionError("QuickBooks is written in batches: flow/booking.py")
        case Do.LOOK_CUSTOMER | Do.LOOK_SUB_CUSTOMER | Do.LOOK_BOOKED | Do.POLL_BOOKS:
            raise AssertionError("QuickBooks is looked at in its lane: flow/booking.py")
        case Do.FOLD:
            summing.fold(world, policy.firm.id, [effect])
        case Do.TASK:
            world.store.postpone(effect.key, world.now() + TASK_RESTS, cause="It waits for a person.")
        case _:
            assert_never(do)


def _look_at_client(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    for _, bad in contacts.look_at_clients(world, reach, policy, [effect]):
        if bad is not None:
            raise bad


def _stripe(world: World, reach: Reach, policy: Policy, effect: Effect, do: Do) -> None:
    from chalicelib.flow import striping

    if do is Do.OPEN_SESSION:
        striping.open_session(world, reach, policy, effect)
    elif do is Do.LOOK_SESSION:
        striping.look_at_session(world, reach, policy, effect)
    elif do is Do.LOOK_INTENT:
        striping.look_at_intent(world, reach, policy, effect)
    elif do is Do.LOOK_ACCOUNT:
        striping.look_at_account(world, reach, policy, effect)
    else:
        striping.expire_session(world, reach, policy, effect)


def _mail(world: World, reach: Reach, policy: Policy, effect: Effect, do: Do) -> None:
    from chalicelib.flow import digesting, mailing

    if do is Do.DIGEST:
        digesting.tell(world, reach.paced, policy, effect)
    elif do is Do.REMIND:
        mailing.remind(world, reach, policy, effect)
    elif do is Do.RECEIPT:
        mailing.receipt(world, reach, policy, effect)
    else:
        mailing.watch(world, policy, effect)


def _trust(world: World, reach: Reach, policy: Policy, effect: Effect, do: Do) -> None:
    from chalicelib.flow import ledgers, trust_check, trusting

    if do is Do.LOOK_MOVE:
        trusting.look_at_move(world, reach, policy, effect)
    elif do is Do.LEDGER:
        ledgers.fold(world, policy, [effect])
    elif do is Do.TRUST_BEGIN:
        trusting.begin(world, policy, effect)
    elif do is Do.TRUST_CHECK:
        trust_check.check(world, reach, policy, effect)
    else:
        trust_check.sweep(world, reach, policy, effect)


def _runs(world: World, reach: Reach, policy: Policy, effect: Effect, do: Do) -> None:
    from chalicelib.flow import drawing, first_sync, polling, preflight, reconciling, renewing, resync, retrying

    if do is Do.PREFLIGHT:
        preflight.run(world, reach, policy, effect)
    elif do is Do.FIRST_SYNC:
        first_sync.run(world, reach, policy, effect)
    elif do is Do.RENEW:
        renewing.run(world, policy, effect)
    elif do is Do.RECONCILE:
        reconciling.reconcile(world, reach, policy, effect)
    elif do is Do.REDRAW:
        drawing.run(world, policy, effect)
    elif do is Do.TRY_ALL:
        retrying.run(world, effect)
    elif do is Do.RESYNC:
        resync.run(world, policy, effect)
    else:
        polling.poll(world, policy, effect)
