"""Registers every Blueprint with the app. Only the Lambda that serves pages imports it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import Chalice, Response

from chalicelib.web import api, connect, desk, door, pay, statics, webhooks

world = door.current


def register(
    app: Chalice,
    world: door.DoorWorld,
    around: Callable[[Callable[[], Response], Callable[[str], Response]], Response],
) -> None:
    door.use(world)
    door.catch_with(around)
    for blueprint in _blueprints():
        app.register_blueprint(blueprint)


def _blueprints() -> list[Any]:
    return [d.blueprint for d in (statics.doors, connect.doors, desk.desk, pay.pay, api.doors, webhooks.doors)]
