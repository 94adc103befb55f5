"""Other people's libraries, unchanged, with their neighbour's own hosts answered by a sandbox in process."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

from infra.sandbox.kit import Sandbox, Wire


class Elsewhere(AssertionError):
    """A request to a host that no sandbox stands for."""


def wire(monkeypatch: pytest.MonkeyPatch, domain: str, box: Sandbox) -> None:
    """Every ``requests`` session of this process reaches ``box`` on the hosts of ``domain``, and nothing else."""
    carrier = Wire(box, f"https://{domain}")

    def adapter(_session: requests.Session, url: str) -> BaseAdapter:
        host = urlsplit(url).hostname or ""
        if host != domain and not host.endswith(f".{domain}"):
            raise Elsewhere(url)
        return carrier

    monkeypatch.setattr(requests.Session, "get_adapter", adapter)
