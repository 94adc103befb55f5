"""``/_sandbox/...``: JSON control for tests, the simulator and the demo (beside the kit's faults, switches, counts)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, cast

from flask import Flask, Response, jsonify, request

from .box import Box
from .refusals import Refusal
from .seed import seed

if TYPE_CHECKING:
    from .server import StripeSandbox


def mount(box: Box, app: Flask) -> None:
    sandbox = cast("StripeSandbox", box)

    @app.post("/_sandbox/people/<verb>")
    def people(verb: str) -> Response:
        act = None if verb.startswith("_") else getattr(sandbox.people, verb, None)
        if act is None:
            return _error(f"Nobody here can {verb}.", 404)
        try:
            return jsonify(act(**(request.get_json(silent=True) or {})))
        except Refusal as no:
            answer = jsonify(no.body())
            answer.status_code = no.status
            return answer
        except TypeError as wrong:
            return _error(str(wrong), 400)

    @app.post("/_sandbox/seed")
    def sow() -> Response:
        given = (request.get_json(silent=True) or {}).get("today")
        seed(sandbox, date.fromisoformat(given) if given else sandbox.now().date())
        return jsonify({"accounts": list(sandbox.state.accounts)})

    @app.get("/_sandbox/books")
    def books() -> Response:
        return jsonify(sandbox.books())

    @app.post("/_sandbox/advance")
    def advance() -> Response:
        return jsonify({"happened": sandbox.advance()})

    @app.post("/_sandbox/deliver")
    def deliver() -> Response:
        return jsonify({"tried": sandbox.deliver_due(), "next_due_at": sandbox.next_due_at()})

    @app.get("/_sandbox/deliveries")
    def deliveries() -> Response:
        waiting = [
            {"event": d.event, "account": d.account, "due_at": d.due_at, "tries": d.tries, "held_back": d.held_back}
            for d in sandbox.state.waiting
        ]
        return jsonify(waiting)


def _error(text: str, status: int) -> Response:
    answer = jsonify({"error": {"message": text}})
    answer.status_code = status
    return answer
