"""The local stage as a library: up, down, time, the functions, the mail and the logs.

    with Stack(folder, ports=Ports.any_free()) as stack:
        stack.settle(30)

``make run``, the demo and the tests marked ``local`` all stand on this class; each has its own folder and ports.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from infra import deploy as deployment
from infra.local import clock, preflight, values
from infra.local.emulator import Emulator
from infra.local.front import Front
from infra.local.mailbox import Mailbox
from infra.local.neighbours import Neighbours
from infra.local.ports import Ports
from infra.local.postman import Postman
from infra.package import ROOT, package

STAGE = "local"
FUNCTIONS = ("api_handler", "sweep", "reconcile", "work", "mail_events")
# The longest the work queue may look empty while a message is on its way to a function.
_QUIET_SECONDS = 0.3
# Longer than any call to a neighbour takes, and where the emulator has told of a failure; see ``_forget_failed``.
_FAILED_AFTER_SECONDS = 20.0
_TOLD_FAILED_AFTER_SECONDS = 1.0
_STEP_MINUTES = 3
_LINES_AT_ONCE = 10_000
_BATCH_FAILED = b" partial failures)"


class FunctionFailed(Exception):
    """A function raised; the text is its error."""


class Stack:
    """One local stage in one folder. Methods other than ``up`` need it to be up, here or in another process."""

    def __init__(
        self,
        root_dir: Path | None = None,
        *,
        ports: Ports | None = None,
        project: Path = ROOT,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.state = (root_dir or ROOT / ".local").resolve()
        self.ports = ports or Ports.from_environment()
        self.project, self.say = project, say
        self.url = values.public_url(self.ports)
        self.sandboxes = values.sandboxes(self.ports)
        self.clock_file = self.state / "clock"
        self.mailbox = Mailbox(self.state / "mail")
        self.emulator = Emulator(ROOT, self.state, self.ports)
        self.neighbours = Neighbours(self.state, self.ports)
        self._front: Front | None = None
        self._postman: Postman | None = None
        self._queues: dict[str, str] = {}
        self._events_before = 0
        self._failed = 0  # messages taken by batches that failed
        self._told = 0  # failures that the emulator had told of by then
        self._taken = (0, 0.0)  # how many were taken, and since when so many

    # --- up and down ------------------------------------------------------------------------------------------------
    def up(self) -> Stack:
        """Brings everything up, or nothing. Raises NotReady, CannotPackage or CannotDeploy with clear sentences."""
        preflight.claim(self.state, self.ports, ROOT)
        try:
            self.say("Packaging ...")
            built = package(self.project)
            self.say("Starting the emulator ...")
            self.emulator.start()
            self._postman = Postman(self.ports, self.emulator.account, self.mailbox, self.now, self._events_taken)
            self._postman.start()
            self.neighbours.start()
            preflight.write_mark(self.state, running=True, children=[self.emulator.pid, self.neighbours.pid])
            self.say("Deploying the template ...")
            outputs = deployment.deploy(self.emulator.account, built, STAGE, values.parameters(self.ports))
            deployment.put_settings(self.emulator.account, STAGE, values.settings(self.ports))
            self._verify_sender()
            self._spare_processors()
            self._events_before = self._events_taken()
            self._failed = self._depth("work")[1]  # taken by batches that failed before a restart
            self._told = self.emulator.log.read_bytes().count(_BATCH_FAILED)
            self._front = Front(self.ports, outputs["RestAPIId"], self.mailbox, self.state / "logs" / "front.log")
            self._front.start()
        except BaseException:
            self.down()
            raise
        return self

    def down(self) -> None:
        """Stops everything in order; data stays."""
        if self._front:
            self._front.stop()
        self.neighbours.stop()
        self.emulator.stop()
        if self._postman:
            self._postman.stop()
        self._front = self._postman = None
        preflight.release(self.state)

    def __enter__(self) -> Stack:
        return self.up()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.down()

    @property
    def is_up(self) -> bool:
        """Whether any part of it runs here."""
        return self.emulator.runs() or self.neighbours.runs() or self._front is not None

    def watch(self) -> str:
        """The name of a part that has ended by itself, or nothing."""
        if not self.emulator.runs():
            return "The emulator"
        return "" if self.neighbours.runs() else "The sandboxes' server"

    # --- time -------------------------------------------------------------------------------------------------------
    def now(self) -> datetime:
        """The stage's time, UTC."""
        return datetime.now(UTC) + timedelta(seconds=clock.read(self.clock_file))

    def move_clock(self, seconds: int) -> None:
        """Moves the stage's time on and runs one sweep."""
        clock.move(self.clock_file, seconds)
        self.sweep()

    def pass_minutes(self, minutes: int, *, settle_seconds: float = 90.0) -> None:
        """Minutes pass as they would by themselves: whatever falls due in them is done at its minute, as by the sweep.

        Minutes in which nothing falls due are passed over at once, but for one in three: neighbours have dates too.
        """
        left = minutes
        while left > 0:
            step = min(left, self._quiet_minutes(), _STEP_MINUTES)
            self.move_clock(60 * step)
            self.settle(settle_seconds)
            left -= step

    def _quiet_minutes(self) -> int:
        """Whole minutes, at least one, until the first effect falls due."""
        first = min((at for at in self._due_times()), default="9999")
        if first >= "9999":
            return _STEP_MINUTES
        wait = datetime.fromisoformat(first).replace(tzinfo=UTC) - self.now()
        return max(1, -int(-wait.total_seconds() // 60))

    # --- the functions ----------------------------------------------------------------------------------------------
    def invoke(self, function: str, payload: dict[str, Any]) -> Any:
        """Runs one function by its name in app.py and returns its answer. Raises FunctionFailed."""
        answer = self.emulator.account.client("lambda").invoke(
            FunctionName=f"fee-simple-{STAGE}-{function}", Payload=json.dumps(payload).encode()
        )
        text = answer["Payload"].read().decode()
        if answer.get("FunctionError"):
            raise FunctionFailed(f"{function}: {text}")
        return json.loads(text or "null")

    def sweep(self) -> Any:
        """Runs the sweep now, as its schedule would."""
        return self.invoke("sweep", self._tick("sweep"))

    def reconcile(self) -> Any:
        """Runs the nightly reconciliation now, as its schedule would."""
        return self.invoke("reconcile", self._tick("reconcile"))

    def settle(self, max_seconds: float = 60.0) -> float:
        """Sweeps until nothing is due, queued, in work or in the post. Returns the seconds it took.

        Raises TimeoutError, naming what is left, after ``max_seconds`` of real time.
        """
        began = time.monotonic()
        while True:
            self.sweep()
            delivered = self.neighbours.deliver()
            while waiting := self._waiting():
                if time.monotonic() - began > max_seconds:
                    raise TimeoutError(f"After {max_seconds:.0f} seconds: {waiting}")
                time.sleep(0.05)
            due = self._due()
            if not due and not delivered:
                return time.monotonic() - began
            if time.monotonic() - began > max_seconds:
                raise TimeoutError(f"After {max_seconds:.0f} seconds {due} effects are still due.")

    # --- what it left behind ----------------------------------------------------------------------------------------
    def logs(self) -> dict[str, str]:
        """All text that functions, front, emulator and sandboxes have logged, by source, for secret searches."""
        client = self.emulator.account.client("logs")
        found = {name: "\n".join(_events(client, f"/aws/lambda/fee-simple-{STAGE}-{name}")) for name in FUNCTIONS}
        for file in sorted((self.state / "logs").glob("*.log")):
            found[file.stem] = file.read_text(errors="replace")
        return found

    def dead_letters(self) -> int:
        """How many messages failed five times."""
        return sum(self._depth("dead"))

    # --- its own ----------------------------------------------------------------------------------------------------
    def _tick(self, schedule: str) -> dict[str, Any]:
        return {
            "version": "0",
            "id": f"local-{time.time_ns()}",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "000000000000",
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": "us-east-1",
            "resources": [f"arn:aws:events:us-east-1:000000000000:rule/{schedule}"],
            "detail": {},
        }

    def _waiting(self) -> str:
        """What keeps the stage from being calm, in words; looked at twice, as a message may just be on its way."""
        for _ in range(2):
            ready, taken = self._depth("work")
            self._failed = min(self._failed, taken)
            if ready or taken > self._failed:
                self._forget_failed(taken)
                return f"{ready} messages are queued, {taken} are in work."
            if events := self._events_under_way():
                return f"{events} events of mails are on their way."
            time.sleep(_QUIET_SECONDS / 2)
        return ""

    def _forget_failed(self, taken: int) -> None:
        """A message whose batch failed stays invisible for nine minutes: it is not waited for.

        Nothing is lost by that; the sweep finds what it pointed at (design section 2).
        """
        if taken != self._taken[0]:
            self._taken = (taken, time.monotonic())
        told = self.emulator.log.read_bytes().count(_BATCH_FAILED)
        patience = _FAILED_AFTER_SECONDS if told == self._told else _TOLD_FAILED_AFTER_SECONDS
        if time.monotonic() - self._taken[1] > patience:
            self._failed, self._told = taken, told

    def _events_under_way(self) -> int:
        """Events of mails that were published, or will be, and that the function has not yet taken."""
        if not self._postman:
            return 0
        if not self._postman.idle():
            return 1
        return max(0, self._events_before + self._postman.published - self._events_taken())

    def _events_taken(self) -> int:
        group = f"/aws/lambda/fee-simple-{STAGE}-mail_events"
        return len(_events(self.emulator.account.client("logs"), group, "REPORT"))

    def _depth(self, queue: str) -> tuple[int, int]:
        """Messages that wait, and messages that somebody has taken and not yet deleted."""
        sqs = self.emulator.account.client("sqs")
        if queue not in self._queues:
            self._queues[queue] = sqs.get_queue_url(QueueName=f"fee-simple-{STAGE}-{queue}")["QueueUrl"]
        url = self._queues[queue]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(counts[names[0]]), int(counts[names[1]])

    def _due(self) -> int:
        """Effects whose time has come, as the sweep would find them. Reads as the owner of the emulator."""
        now = self.now().strftime("%Y-%m-%dT%H:%M:%S")
        return sum(1 for due_at in self._due_times() if due_at <= now)

    def _due_times(self) -> list[str]:
        """When each effect that is owed falls due, UTC to the second."""
        table = self.emulator.account.client("dynamodb")
        found = table.scan(
            TableName=f"fee-simple-{STAGE}-effects",
            IndexName="due",
            ProjectionExpression="due_at",
            Select="SPECIFIC_ATTRIBUTES",
        )["Items"]
        return [item["due_at"]["S"][:19] for item in found]

    def _spare_processors(self) -> None:
        """Two batches at once instead of the template's twenty: each would be a process of its own here."""
        functions = self.emulator.account.client("lambda")
        name = f"fee-simple-{STAGE}-work"
        for mapping in functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
            functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": 2})

    def _verify_sender(self) -> None:
        ses = self.emulator.account.client("sesv2")
        try:
            ses.create_email_identity(EmailIdentity=values.MAIL_IDENTITY)
        except ses.exceptions.AlreadyExistsException:
            return


def _events(client: Any, group: str, pattern: str = "") -> list[str]:
    """What a function logged, all of it or the lines with ``pattern``. The emulator gives 10,000 lines at a time and
    no token for the next."""
    found: list[str] = []
    since = 0
    while True:
        page = client.filter_log_events(logGroupName=group, filterPattern=pattern, startTime=since)["events"]
        if len(page) < _LINES_AT_ONCE:
            return found + [event["message"] for event in page]
        last = page[-1]["timestamp"]  # there may be more of that moment: they come again, from there on
        found += [event["message"] for event in page if event["timestamp"] < max(last, since + 1)]
        since = max(last, since + 1)
