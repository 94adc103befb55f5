"""All that the program can touch: clock, randomness, environment, store, queue, neighbours. Nothing else reads these.

Everything is made on first use, once per container: a request that shows a page must not pay for Stripe's package.
It must hold no rule, and must never log a token, a link or a client's data.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import requests
    from aws_lambda_powertools import Logger, Metrics

    from chalicelib.clio.client import ClioClient
    from chalicelib.domain.readings import EventPointer
    from chalicelib.mail.client import SesMail
    from chalicelib.mail.webhook import MailEvent
    from chalicelib.quickbooks.client import QuickBooksClient
    from chalicelib.store.dynamo import DynamoStore
    from chalicelib.store.seal import KmsSeal
    from chalicelib.stripe.client import StripeClient
    from chalicelib.stripe.webhook import Webhook as StripeHook

LOCAL = "local"
REGIONS = ("us", "eu", "ca", "au")  # Clio's, each with an app of its own (reference/clio.md 1)
HINTS_AT_ONCE = 10  # what SQS takes in one batch
LONGEST_DELAY = 900  # seconds: what SQS lets a message wait at most


@dataclass(frozen=True, slots=True)
class Hooks:
    """The neighbours' webhook signatures. An empty secret closes the door: nothing is signed with it."""

    world: LiveWorld

    def stripe_signed(self, raw: bytes, signature: str) -> bool:
        return bool(self.world.setting("STRIPE_WEBHOOK_SECRET")) and self._stripe.signed(raw, signature)

    def stripe_pointer(self, raw: bytes) -> EventPointer | None:
        """None for an event of the other mode (test or live). Raises Unreadable."""
        return self._stripe.pointer(raw)

    def quickbooks_signed(self, raw: bytes, signature: str) -> bool:
        from chalicelib.quickbooks.webhook import signed

        return signed(raw, signature, self.world.setting("QUICKBOOKS_VERIFIER_TOKEN"))

    def quickbooks_pointers(self, raw: bytes) -> list[EventPointer]:
        """Raises Unreadable."""
        from chalicelib.domain.readings import EventPointer
        from chalicelib.quickbooks.webhook import pointers

        return [EventPointer(p.event, p.realm, p.entity, p.entity, p.id) for p in pointers(raw)]

    def clio_signed(self, raw: bytes, signature: str, shared_secret: str) -> bool:
        """``shared_secret`` is the subscription's own (reference/clio.md 8)."""
        from chalicelib.clio.webhook import signed

        return signed(raw, signature, shared_secret)

    def clio_pointers(self, raw: bytes, account: str, kind: str) -> list[EventPointer]:
        """``account``, ``kind``: the subscription's, for the message names neither. Raises Unreadable."""
        from chalicelib.clio.webhook import pointers

        return pointers(raw, account, kind)

    def mail_event(self, message: str) -> MailEvent | None:
        from chalicelib.mail.webhook import mail_event

        return mail_event(message)

    @property
    def _stripe(self) -> StripeHook:
        from chalicelib.stripe.webhook import Webhook

        world = self.world
        livemode = "_live_" in world.setting("STRIPE_SECRET_KEY")
        return Webhook(world.setting("STRIPE_WEBHOOK_SECRET"), livemode=livemode, clock=world.now)


class LiveWorld:
    """Satisfies ``flow.ports.World`` and ``web.door.DoorWorld``. ``environ``: the process' environment unless given."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self.correlation = ""

    # --- clock, randomness, names -----------------------------------------------------------------------------------
    def now(self) -> datetime:
        """UTC. On the local stage a file holds an offset in seconds, so that a demo can let days pass."""
        return datetime.now(UTC) + self._offset()

    def _offset(self) -> timedelta:
        file = self._environ.get("CLOCK_FILE", "")
        if self.stage != LOCAL or not file:
            return timedelta(0)
        try:
            return timedelta(seconds=int(Path(file).read_text().strip().split(".")[0] or 0))
        except (FileNotFoundError, ValueError):
            return timedelta(0)

    def secret(self, bytes: int = 32) -> str:
        return secrets.token_urlsafe(bytes)

    @property
    def stage(self) -> str:
        return self._environ.get("STAGE", LOCAL)

    @property
    def public_url(self) -> str:
        return self._environ["PUBLIC_URL"].rstrip("/")

    @property
    def hooks_url(self) -> str:
        """The public address if it is https, as Clio demands (reference/clio.md 8). The local stage's is http, which
        the sandbox takes for this machine; any other stage without https does without Clio's webhooks, and polls."""
        safe = self.public_url.startswith("https://") or self.stage == LOCAL
        return self.public_url if safe else ""

    @property
    def serves_pages(self) -> bool:
        """Whether this process is the Lambda of the routes, or no Lambda at all (a test, ``chalice package``)."""
        name = self._environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        return not name or name.endswith("api_handler")

    # --- store, seal, queue -----------------------------------------------------------------------------------------
    @cached_property
    def store(self) -> DynamoStore:
        from chalicelib.store.dynamo import DynamoStore
        from chalicelib.store.tables import Tables

        names = ("states", "journal", "effects", "calls", "documents", "records")
        tables = Tables(**{name: self._environ[f"TABLE_{name.upper()}"] for name in names})
        return DynamoStore(tables, region=self._region, clock=self.now, nonce=self.secret)

    @cached_property
    def seal(self) -> KmsSeal:
        from chalicelib.store.seal import KmsSeal

        return KmsSeal(self._environ["KMS_KEY_ID"])

    @cached_property
    def queue(self) -> WorkQueue:
        return WorkQueue(self, self._environ["WORK_QUEUE_URL"])

    @property
    def _region(self) -> str:
        return self._environ.get("AWS_REGION") or self._environ.get("AWS_DEFAULT_REGION") or "us-east-1"

    def aws(self, name: str) -> Any:
        """A botocore client that gives up soon: a request ends within 29 seconds (design section 5)."""
        from botocore.config import Config
        from botocore.session import get_session

        config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
        return get_session().create_client(name, region_name=self._region, config=config)

    # --- settings: the neighbours' ids and secrets ------------------------------------------------------------------
    def setting(self, name: str) -> str:
        """A value of the stage's secret; empty when it is not there."""
        return self._settings.get(name, "")

    @cached_property
    def _settings(self) -> dict[str, str]:
        client = self.aws("secretsmanager")
        told = json.loads(client.get_secret_value(SecretId=self._environ["SETTINGS_SECRET"])["SecretString"])
        return {str(name): str(value) for name, value in told.items()}

    @property
    def regions(self) -> tuple[str, ...]:
        """Clio's regions in which an app is registered."""
        return tuple(r for r in REGIONS if self.setting(f"CLIO_{r.upper()}_CLIENT_ID"))

    def form_hosts(self, where: str) -> tuple[str, ...]:
        """Where a form's answer may send the browser on to: ``connect`` or ``pay``. Chromium holds every redirect that
        follows a form's POST against ``form-action``, so the neighbours' own next pages are in it too."""
        if where == "pay":
            return places([self.setting("STRIPE_CONNECT_BASE")])
        clio = [self.setting(f"CLIO_{r.upper()}_BASE") for r in REGIONS]
        return places([*clio, self.setting("QUICKBOOKS_AUTHORIZE_URL"), self.setting("STRIPE_CONNECT_BASE")])

    # --- neighbours -------------------------------------------------------------------------------------------------
    @cached_property
    def _http(self) -> requests.Session:
        import requests

        session = requests.Session()
        session.trust_env = False  # no proxy, no .netrc: a token goes to its neighbour or nowhere
        session.headers["User-Agent"] = "FeeSimple/1"
        return session

    @property
    def _patience(self) -> dict[str, float]:
        """Time-outs in seconds. Where pages are served somebody waits: Pay has 12 seconds in all (flow/reach.py)."""
        return {"connect_seconds": 1.5, "read_seconds": 3.5} if self.serves_pages else {}

    @cached_property
    def clio(self) -> ClioClient:
        from chalicelib.clio.client import ClioClient, Region

        regions = {}
        for name in self.regions:
            at = f"CLIO_{name.upper()}"
            regions[name] = Region(
                self.setting(f"{at}_CLIENT_ID"), self.setting(f"{at}_CLIENT_SECRET"), self.setting(f"{at}_BASE")
            )
        return ClioClient(regions, session=self._http, clock=self.now, **self._patience)

    @cached_property
    def quickbooks(self) -> QuickBooksClient:
        from chalicelib.quickbooks.client import QuickBooksClient

        return QuickBooksClient(
            client_id=self.setting("QUICKBOOKS_CLIENT_ID"),
            secret=self.setting("QUICKBOOKS_CLIENT_SECRET"),
            api_base=self.setting("QUICKBOOKS_API_BASE"),
            authorize_url=self.setting("QUICKBOOKS_AUTHORIZE_URL"),
            token_url=self.setting("QUICKBOOKS_TOKEN_URL"),
            revoke_url=self.setting("QUICKBOOKS_REVOKE_URL"),
            session=self._http,
            clock=self.now,
        )

    @cached_property
    def stripe(self) -> StripeClient:
        from chalicelib.stripe.client import StripeClient

        return StripeClient(
            secret_key=self.setting("STRIPE_SECRET_KEY"),
            client_id=self.setting("STRIPE_CLIENT_ID"),
            api_base=self.setting("STRIPE_API_BASE"),
            connect_base=self.setting("STRIPE_CONNECT_BASE"),
            session=self._http,
            **self._patience,
        )

    @cached_property
    def mail(self) -> SesMail:
        from chalicelib.mail.client import SesMail

        return SesMail(
            sender=self._environ["MAIL_FROM"], configuration_set=self._environ.get("MAIL_CONFIGURATION_SET", "")
        )

    @cached_property
    def hooks(self) -> Hooks:
        return Hooks(self)

    # --- being watched ----------------------------------------------------------------------------------------------
    @cached_property
    def _logger(self) -> Logger:
        from aws_lambda_powertools import Logger

        return Logger(service="fee-simple")

    @cached_property
    def _metrics(self) -> Metrics:
        from aws_lambda_powertools import Metrics

        return Metrics(namespace="FeeSimple", service="fee-simple")

    def correlate(self, id: str = "") -> str:
        """Begins one request, message or sweep: what is logged until the next carries this id. Gives the id."""
        self.correlation = id or secrets.token_hex(8)
        return self.correlation

    def log(self, event: str, **fields: object) -> None:
        """One JSON line. Never a token, a link, an address or a name."""
        self._logger.info(event, extra={"correlation_id": self.correlation, **fields})

    def trouble(self, event: str, **fields: object) -> None:
        """A bug, with its traceback: only where an exception is being handled."""
        self._logger.error(event, extra={"correlation_id": self.correlation, **fields}, exc_info=True)

    def count(self, metric: str, value: float = 1, **dimensions: str) -> None:
        """Counted together and written by ``flush``. A firm is never a dimension."""
        from aws_lambda_powertools.metrics import MetricUnit, single_metric

        if not dimensions:
            self._metrics.add_metric(metric, MetricUnit.Count, value)
            return
        with single_metric(metric, MetricUnit.Count, value, namespace="FeeSimple") as one:
            for name, text in dimensions.items():
                one.add_dimension(name, text)

    def flush(self) -> None:
        """Writes what was counted: at the end of each request or event."""
        if "_metrics" in self.__dict__ and self._metrics.metric_set:
            self._metrics.flush_metrics()


class WorkQueue:
    """SQS. A message says only that a lane has something due: {"lane": ..., "correlation": ...}."""

    def __init__(self, world: LiveWorld, url: str) -> None:
        self.world = world
        self.url = url

    @cached_property
    def _sqs(self) -> Any:
        return self.world.aws("sqs")

    def hint(self, lanes: Iterable[str], after: float = 0) -> None:
        """Best effort: what is lost here the sweep finds. The firm is the group of a fair queue, so that one firm's
        thousand lanes' work does not hold up another's (reference/aws.md 9)."""
        from botocore.exceptions import BotoCoreError, ClientError

        wanted = list(dict.fromkeys(lanes))
        for at in range(0, len(wanted), HINTS_AT_ONCE):
            entries = [self._entry(n, lane, after) for n, lane in enumerate(wanted[at : at + HINTS_AT_ONCE])]
            try:
                told = self._sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
            except (BotoCoreError, ClientError) as lost:
                self.world.log("hints_lost", count=len(entries), why=type(lost).__name__)
                continue
            if told.get("Failed"):
                self.world.log("hints_lost", count=len(told["Failed"]), why="refused")

    def _entry(self, n: int, lane: str, after: float) -> dict[str, Any]:
        body = json.dumps({"lane": lane, "correlation": self.world.correlation})
        entry = {"Id": str(n), "MessageBody": body, "MessageGroupId": group_of(lane)}
        return {**entry, "DelaySeconds": min(ceil(after), LONGEST_DELAY)} if after > 0 else entry


def group_of(lane: str) -> str:
    """The lane's firm in characters that SQS takes."""
    firm = lane.split("|")[0]
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in firm)[:128] or "none"


def places(addresses: Iterable[str]) -> tuple[str, ...]:
    """The origins of these addresses for a Content-Security-Policy, and for https names their whole domain."""
    found: list[str] = []
    for address in addresses:
        parts = urlsplit(address)
        if not parts.hostname:
            continue
        found.append(f"{parts.scheme}://{parts.netloc}")
        labels = parts.hostname.split(".")
        if parts.scheme == "https" and len(labels) > 2 and not labels[-1].isdigit():
            found.append(f"https://*.{'.'.join(labels[-2:])}")
    return tuple(dict.fromkeys(found))
