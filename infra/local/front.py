"""The one address of the local stage: stands where a custom domain stands on AWS.

Hands every request on to the deployed API, byte for byte, and answers ``/_local`` itself: a start page and the
mailbox, for a person who plays by hand. Its access log holds no secret: long opaque parts of paths and all values of
queries are masked.
"""

from __future__ import annotations

import http.client
import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path

from infra.local import pages
from infra.local.mailbox import Mailbox
from infra.local.ports import Ports
from infra.local.proxy import Answer, Asked, Server, hand_on

# API Gateway gives up after 29 seconds (aws.md section 3).
PATIENCE_SECONDS = 29.0
# Twelve characters of one alphabet with a digit among them, or twenty in any case: no word of a path looks so.
_OPAQUE = re.compile(r"(?=[A-Za-z0-9_~.-]*[0-9])[A-Za-z0-9_~.-]{12,}|[A-Za-z0-9_~.-]{20,}")


def masked(target: str) -> str:
    """A path for the log: opaque parts and query values become a dot each.

    >>> masked("/p/f3a9c0d1e2b3f4a5?x=secret")
    '/p/·?x=·'
    """
    path, question, query = target.partition("?")
    shown = "/".join("·" if _OPAQUE.fullmatch(part) else part for part in path.split("/"))
    names = "&".join(f"{pair.partition('=')[0]}=·" if "=" in pair else "·" for pair in query.split("&"))
    return f"{shown}?{names}" if question else shown


class Front(Server):
    """Serves the stage's public address. ``api_id`` is that of the deployed RestAPI; it may change with a deploy."""

    def __init__(self, ports: Ports, api_id: str, mailbox: Mailbox, log: Path) -> None:
        super().__init__(ports.front)
        self.ports, self.api_id, self.mailbox, self.log = ports, api_id, mailbox, log
        log.parent.mkdir(parents=True, exist_ok=True)

    def answer(self, asked: Asked) -> Answer:
        began = time.monotonic()
        path = asked.target.partition("?")[0]
        answer = self._local(path) if path == "/_local" or path.startswith("/_local/") else self._api(asked)
        self._note(asked, answer, time.monotonic() - began)
        return answer

    def _api(self, asked: Asked) -> Answer:
        target = f"/restapis/{self.api_id}/api/_user_request_{asked.target}"
        try:
            return hand_on(asked, self.ports.aws, target, patience_seconds=PATIENCE_SECONDS)
        except TimeoutError:
            return _problem(504, "Endpoint request timed out")
        except (OSError, http.client.HTTPException):
            return _problem(502, "The emulator does not answer")

    def _local(self, path: str) -> Answer:
        if path == "/_local":
            return _page(pages.start(self.ports, len(self.mailbox.all())))
        if path == "/_local/mail":
            return _page(pages.mails(self.mailbox.all()))
        number = path.removeprefix("/_local/mail/")
        mail = self.mailbox.find(number.removesuffix("/html"))
        if not mail:
            return _problem(404, "There is no such page")
        return (
            _page(pages.in_frame(mail.html) or pages.no_html()) if number.endswith("/html") else _page(pages.mail(mail))
        )

    def _note(self, asked: Asked, answer: Answer, seconds: float) -> None:
        line = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": asked.method,
            "path": masked(asked.target),
            "status": answer.status,
            "ms": round(seconds * 1000),
            "bytes": len(answer.body),
        }
        with self.log.open("a") as log:
            log.write(json.dumps(line) + "\n")


def _page(html: str) -> Answer:
    return Answer(200, [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")], html.encode())


def _problem(status: int, message: str) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps({"message": message}).encode())
