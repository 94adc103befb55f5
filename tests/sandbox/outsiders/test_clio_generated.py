"""Requests that schemathesis generates from Clio's OpenAPI document, for every operation the Clio sandbox serves.

None may be answered with a 5xx, nor with anything outside the document but for the slips, which are named with the
sections of reference/clio.md that tell of them: ``clio_document.SLIPS``. Ids that exist are put in place of half of
the generated ones, as a made-up id never gets past 404, and a generated version header is mostly left out, as any but
the present one is answered 410 (2.5).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.sandbox.clio_document import MISSING, check, document
from tests.sandbox.clio_wire import BASE, Office, an_office

pytestmark = pytest.mark.skipif(document() is None, reason=MISSING)

EXAMPLES = 10
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

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), real=st.booleans(), current=st.integers(0, 9), at=st.integers(0, 99))
    def ask(case: Any, real: bool, current: int, at: int) -> None:
        if real and case.path_parameters and ids:
            case.path_parameters["id"] = ids[at % len(ids)]
        sent = case.as_transport_kwargs(base_url=f"{BASE}/api/v4")
        headers = {k: v for k, v in sent.pop("headers", {}).items() if k.lower() != "x-api-version" or not current}
        office.clock.move(minutes=2)  # 50 calls a minute (2.6)
        answer = office.http.request(**sent, headers={**headers, "Authorization": f"Bearer {office.token}"})
        if answer.status_code >= 500:
            wrong[f"{answer.status_code}"] = f"{answer.request.url} {answer.request.body!r}"
        wrong.update(dict.fromkeys(check(answer, request=False), str(answer.request.url)))

    ask()
    assert wrong == {}


def _ids(office: Office, name: str) -> list[int]:
    """Some that exist, of the operation's kind of record."""
    path = name.partition(" /")[2].partition("/")[0].removesuffix(".json")
    if path == "webhooks":
        data = {"model": "bill", "url": "https://fee.example/h", "fields": "id"}
        office.ask("POST", "webhooks.json", json={"data": data})
    if "{id}" not in name:
        return []
    return [row["id"] for row in office.data(f"{path}.json")][:40]
