"""The mails that the local stage has delivered, each a file, readable by people and by the demo."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Mail:
    """One delivered mail. ``at`` is the stage's time (UTC, ISO); ``tags`` and ``headers`` are as they were sent."""

    id: str
    at: str
    sender: str
    to: list[str]
    subject: str
    text: str
    html: str
    tags: dict[str, str] = field(default_factory=dict)
    headers: list[tuple[str, str]] = field(default_factory=list)
    configuration_set: str = ""

    @property
    def links(self) -> list[str]:
        """Every address in the plain text, in order, without the punctuation that ends a sentence."""
        return [found.rstrip(".,;)>") for found in re.findall(r"https?://\S+", self.text)]


class Mailbox:
    """A folder of mails, oldest first. Safe to read while mails arrive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, mail: Mail) -> None:
        part = self.folder / f"{mail.id}.part"
        part.write_text(json.dumps(asdict(mail), ensure_ascii=False))
        part.rename(self.folder / f"{mail.at.replace(':', '')}_{mail.id.partition('@')[0]}.json")

    def all(self) -> list[Mail]:
        """Every mail, oldest first by the stage's time."""
        return [_read(path) for path in sorted(self.folder.glob("*.json"))]

    def to_clients(self) -> list[Mail]:
        """... but for the firm's own mail of the morning, whose tag says so."""
        return [mail for mail in self.all() if not any("--digest-" in tag for tag in mail.tags.values())]

    def to(self, address: str) -> list[Mail]:
        """The mails to one address, oldest first."""
        return [mail for mail in self.all() if any(address.lower() in to.lower() for to in mail.to)]

    def find(self, number: str) -> Mail | None:
        """The mail whose id begins with ``number`` (at least eight characters), or None."""
        return next((mail for mail in self.all() if len(number) >= 8 and mail.id.startswith(number)), None)


def _read(path: Path) -> Mail:
    kept = json.loads(path.read_text())
    return Mail(**{**kept, "headers": [(name, value) for name, value in kept["headers"]]})
