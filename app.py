"""Every door in one file: routes, schedules, the work queue, mail events. It holds no rule.

The same module is every Lambda (aws.md section 2): only the one that serves pages brings in the web; what an event
handler does is imported when it is called.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chalice.app import Chalice, Cron, Rate, Response

from chalicelib.world import LiveWorld

if TYPE_CHECKING:
    from chalice.app import CloudWatchEvent, SNSEvent, SQSEvent

DRAIN_SECONDS = 60
HAND_ON_SECONDS = 15  # with less than this left of the Lambda's time, the lane is handed on to another message

app = Chalice(app_name="fee-simple", configure_logs=False)  # the logger is Powertools'
live = LiveWorld()
world: Callable[[], Any] = lambda: live  # noqa: E731 - replaced below where pages are served


def nothing_escapes(answer: Callable[[], Response], sorry: Callable[[str], Response]) -> Response:
    """The one place where a bug of a route is caught: logged whole, told to the person by its reference only."""
    try:
        return answer()
    except Exception:  # noqa: BLE001 - a page must answer; the bug flies into the log (design section 8)
        here = world()
        here.trouble("bug", where="route")
        here.count("bugs")
        return sorry(here.correlation)


gc.freeze()  # what is imported stays: no collection of a warm or a starting Lambda walks it again
if live.serves_pages:
    from chalicelib.web import routes

    routes.register(app, live, nothing_escapes)
    world = routes.world
    gc.freeze()


@app.schedule(Rate(1, unit=Rate.MINUTES))
def sweep(_event: CloudWatchEvent) -> None:
    """Every minute: tells workers which lanes have something due. Polls lie in the same index."""
    from chalicelib.flow.sweep import sweep as hint_what_is_due

    here = world()
    here.correlate()
    hint_what_is_due(here)
    here.flush()


@app.schedule(Cron("10", "7", "*", "*", "?", "*"))
def reconcile(_event: CloudWatchEvent) -> None:
    """Every night: the comparison of the books becomes owed for every firm."""
    from chalicelib.flow.reconciling import nightly

    here = world()
    here.correlate()
    nightly(here)
    here.flush()


@app.on_sqs_message(queue="fee-simple-work", batch_size=10)
def work(event: SQSEvent) -> dict[str, Any]:
    """Drains the lanes that the messages name, each once; a lane for which no time is left is handed on."""
    here = world()
    context: Any = event.context  # Chalice declares a dictionary; it is Lambda's own object
    failed = []
    seen: set[str] = set()
    for record in event.to_dict()["Records"]:
        told = json.loads(record["body"])
        lane = str(told["lane"])
        if lane in seen:
            continue
        seen.add(lane)
        here.correlate(str(told.get("correlation", "")))
        if not _drained(here, lane, context.get_remaining_time_in_millis() // 1000):
            failed.append({"itemIdentifier": record["messageId"]})
        here.flush()
    return {"batchItemFailures": failed}


def _drained(here: Any, lane: str, seconds_left: int) -> bool:
    from chalicelib.flow.drain import Place, crashed, drain

    seconds = min(DRAIN_SECONDS, seconds_left - HAND_ON_SECONDS)
    if seconds <= 0:
        here.queue.hint([lane])
        return True
    place = Place()
    try:
        drain(here, lane, seconds=seconds, place=place)
    except Exception as bug:  # noqa: BLE001 - one lane's bug must not hold up the other messages of the batch
        here.trouble("bug", where="work", effect=place.key)
        here.count("bugs")
        crashed(here, place, bug)
        return bool(place.key)
    return True


@app.on_sns_message(topic="fee-simple-mail")
def mail_events(event: SNSEvent) -> None:
    """What SES tells of a mail, to the envelope that its tag names."""
    from chalicelib.flow import mailing

    here = world()
    for record in event.to_dict()["Records"]:
        here.correlate(str(record["Sns"].get("MessageId", "")))
        told = here.hooks.mail_event(record["Sns"]["Message"])
        if told is not None:
            mailing.event_seen(here, told.tag, told.event)
        here.flush()
