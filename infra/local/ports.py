"""The four ports of a local stage, and where they may be changed."""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, dataclass

HOST = "127.0.0.1"
_MOVED_BY = {"front": "PORT", "aws": "AWS_PORT", "sandboxes": "SANDBOX_PORT", "post": "POST_PORT"}


class BadPort(Exception):
    """A port that is no number, or two parts on one port."""


@dataclass(frozen=True)
class Ports:
    """``front``: the one address people open. ``aws``: the emulator. ``sandboxes``: Clio, QuickBooks and Stripe.
    ``post``: where functions send mail, on its way to the emulator."""

    front: int = 8000
    aws: int = 4566
    sandboxes: int = 8001
    post: int = 8002

    @classmethod
    def from_environment(cls) -> Ports:
        """The defaults, moved by PORT, AWS_PORT, SANDBOX_PORT and POST_PORT. Raises BadPort."""
        moved = {}
        for part, variable in _MOVED_BY.items():
            if text := os.environ.get(variable):
                if not text.isdigit() or not 0 < int(text) < 65536:
                    raise BadPort(f"{variable}={text} is not a port; use a number from 1 to 65535.")
                moved[part] = int(text)
        ports = cls(**moved)
        if len(set(asdict(ports).values())) < len(_MOVED_BY):
            raise BadPort(
                "Two parts of the local stage are to use one port: "
                + ", ".join(f"{_MOVED_BY[part]}={number}" for part, number in asdict(ports).items())
            )
        return ports

    @classmethod
    def any_free(cls) -> Ports:
        """Four ports nobody uses at this moment, for tests that run beside each other."""
        held = [socket.create_server((HOST, 0)) for _ in range(4)]
        try:
            return cls(*(held_socket.getsockname()[1] for held_socket in held))
        finally:
            for held_socket in held:
                held_socket.close()

    def taken(self) -> list[str]:
        """A sentence for each port that somebody else listens on."""
        said = []
        for part, number in asdict(self).items():
            if not is_free(number):
                said.append(
                    f"Port {number} is in use by another program. Stop it, or choose another port: "
                    f"{_MOVED_BY[part]}={number + 1000 if number < 64000 else number - 1000} make run"
                )
        return said


def is_free(number: int) -> bool:
    """Whether this machine lets us listen on ``number``."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, number))
        except OSError:
            return False
    return True
