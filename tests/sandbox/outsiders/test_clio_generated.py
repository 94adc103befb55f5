"""Requests that schemathesis generates from Clio's OpenAPI document, for every operation the Clio sandbox serves.

None may be answered with a 5xx, nor with anything outside the document but for the slips, which are named with the
sections of reference/clio.md that tell of them: ``clio_document.SLIPS``. Ids that exist are put in place of most of
the generated ones, as a made-up id never gets past 404, and a generated version header is mostly left out, as any but
the present one is answered 410 (2.5). Half of the requests are tamed, so that each operation succeeds at least once:
else its answers to what is right would never be held against the document.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from infra.sandbox.clio.shapes import SHAPES
from tests.sandbox.clio_document import MISSING, check, document, opened
from tests.sandbox.clio_wire import BASE, Office, an_office

pytestmark = pytest.mark.skipif(document() is None, reason=MISSING)

EXAMPLES = 20
# Changes that Clio takes.
TAME: dict[str, dict[str, Any]] = {
    "PATCH /bills/{id}.json": {},
    "PATCH /contacts/{id}.json": {"last_name": "Newname", "phone_numbers": [{"name": "Mobile", "number": "555-0100"}]},
    "PATCH /line_items/{id}.json": {"note": "As discussed"},
    "PATCH /webhooks/{id}.json": {"events": ["created"]},
}
# Records of which some fields are not served (test_clio_contract.py says which).
PARTIAL = {"/contacts": "Contact", "/matters": "Matter", "/users": "User"}
# Served, and not in the document: see SLIPS.
UNDOCUMENTED = {("PUT", "/webhooks/{id}/activate.json"), ("POST", "/payments.json")}


def served() -> set[tuple[str, str]]:
    """Method and path, as the document writes it, of every operation of the sandbox."""
    rules = an_office().clio.app.url_map.iter_rules()
    return {
        (method, re.sub(r"<int:\w+>", "{id}", rule.rule.removeprefix("/api/v4")))
        for rule in rules
        if rule.rule.startswith("/api/v4") and rule.rule.endswith(".json")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


@cache
def operations() -> dict[str, Any]:
    """schemathesis' operations by "GET /bills.json"."""
    import schemathesis

    held = document()
    if held is None:
        return {}
    known = served()
    paths = {
        path: {method: told for method, told in ops.items() if (method.upper(), path) in known}
        for path, ops in held["paths"].items()
    }
    small = {**held, "paths": {path: ops for path, ops in paths.items() if ops}}
    results: Any = schemathesis.openapi.from_dict(small).get_all_operations()
    found = [result.ok() for result in results]
    return {f"{op.method.upper()} {op.path}": op for op in found}


NAMES = sorted(f"{method} {path}" for method, path in served() - UNDOCUMENTED)


def test_every_operation_served_is_generated() -> None:
    assert set(operations()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_generated_requests_are_answered_as_documented(name: str) -> None:
    operation = operations()[name]
    office = an_office()
    ids = _ids(office, name)
    wrong: dict[str, str] = {}
    seen: set[int] = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(),
        real=st.integers(0, 3),
        tame=st.booleans(),
        current=st.integers(0, 9),
        at=st.integers(0, 99),
    )
    def ask(case: Any, real: int, tame: bool, current: int, at: int) -> None:
        if real and case.path_parameters and ids:
            case.path_parameters["id"] = ids[at % len(ids)]
        if tame:
            _tame(case, name)
        sent = case.as_transport_kwargs(base_url=f"{BASE}/api/v4")
        headers = {k: v for k, v in sent.pop("headers", {}).items() if k.lower() != "x-api-version" or not current}
        office.clock.move(minutes=2)  # 50 calls a minute (2.6)
        answer = office.http.request(**sent, headers={**headers, "Authorization": f"Bearer {office.token}"})
        if answer.status_code >= 500:
            wrong[f"{answer.status_code}"] = f"{answer.request.url} {answer.request.body!r}"
        wrong.update(dict.fromkeys(check(answer, request=False), str(answer.request.url)))
        seen.add(answer.status_code)

    ask()
    assert wrong == {}
    assert [status for status in seen if status < 300], seen


def _tame(case: Any, name: str) -> None:
    """Without what made-up values of are nearly always refused: names of fields, an ETag, values of filters, and an
    address that Clio would call. Every field is asked for."""
    case.query = {k: v for k, v in (case.query or {}).items() if k in ("limit", "order")} | _whole(name)
    case.headers = {k: v for k, v in (case.headers or {}).items() if k.lower() != "if-match"}
    if name == "POST /webhooks.json":
        case.body = {"data": {"model": "contact", "url": "https://fee.example/h", "fields": "id,etag"}}
        case.media_type = "application/json"
    elif name.startswith("PATCH"):
        case.body, case.media_type = {"data": TAME[name]}, "application/json"


@cache
def _whole(name: str) -> dict[str, str]:
    """The parameter for all of the record's fields, where the operation has one."""
    method, _, path = name.partition(" ")
    held = document()
    told: dict[str, Any] = held["paths"][path][method.lower()] if held else {}
    if not any(p.get("name") == "fields" for p in told.get("parameters", ())):
        return {}
    answer = next(told["responses"][status] for status in ("200", "201") if status in told["responses"])
    record = opened(opened(answer["content"]["application/json; charset=utf-8"]["schema"])["properties"]["data"])
    record = opened(record["items"]) if record.get("type") == "array" else record
    kept = next((SHAPES[shape] for begins, shape in PARTIAL.items() if path.startswith(begins)), None)
    return {"fields": ",".join(n for n in record["properties"] if kept is None or n in kept.own or n in kept.parts)}


def _ids(office: Office, name: str) -> list[int]:
    """Some that exist, of the operation's kind of record."""
    path = name.partition(" /")[2].partition("/")[0].removesuffix(".json")
    if path == "webhooks":
        data = {"model": "bill", "url": "https://fee.example/h", "fields": "id"}
        office.ask("POST", "webhooks.json", json={"data": data})
    if "{id}" not in name:
        return []
    return [row["id"] for row in office.data(f"{path}.json")][:40]
