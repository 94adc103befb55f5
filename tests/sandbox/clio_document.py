"""Clio's own OpenAPI document, where this machine has it, held against requests and answers.

Only what the document uses is understood: $ref, allOf, object, array, plain types, enum, format. A name that the
document does not have is a problem too. ``SLIPS`` names where the document is known to differ from what Clio does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

DOCUMENT = Path(__file__).parents[2].parent / "shared" / "reference" / "clio-openapi.json"
MISSING = "Clio's OpenAPI document is not beside this repository"

# What may differ, as a pattern over a problem's text, and why (sections of reference/clio.md).
SLIPS: dict[str, tuple[str, str]] = {
    "no value is nullable": (
        r": null is not ",
        "a void allocation's opposite is null, as are dates not set (3.1, 5.1)",
    ),
    "meta is absent": (r"200 meta: unknown name", "paging links stand in meta, which no schema has (2.2)"),
    "401 with a string": (
        r" 401 error(_description)?: ",
        "a bad token gets error as a string, a missing one as an object (1, 9.1)",
    ),
    "nested records have associations": (
        r"\.(client|account|contact|bill|matter|recipient|email_addresses|user|matters): unknown name",
        "nested schemas are the bare ones, yet a bare association name is allowed at the second level (2.1)",
    ),
    "money declared integer": (r"taxable_sub_total: .* is not integer", "money in fact (3.1, 9.6)"),
    "parent_type declared integer": (r"parent_type: ", "its description takes the words Payment and CreditMemo (5.1)"),
    "query declared integer": (r"GET /bills\.json query query: ", "a search on invoice numbers, which are text (3.3)"),
    "offset is absent": (r" query offset: unknown name", "described in the guide to paging (2.2)"),
    "unknown keys": (
        r" body data\.nonsense: unknown name",
        "unknown keys are dropped: one is sent (2.3)",
    ),
    "read-only names in a PATCH": (r"PATCH /bills/\{id\}\.json body data\.(balance|paid): unknown name", "as above"),
    "read-only names of a contact": (
        r"PATCH /contacts/\{id\}\.json body data\.primary_email_address: unknown name",
        "flat primary fields cannot be written: one is sent (7)",
    ),
    "names of numbers": (
        r"phone_numbers\[\]\.name: '(Mobile|Home|Fax|Pager|Skype)' is not one of",
        "the answer's schema takes fewer words than the request's (7)",
    ),
    "unknown parameters": (r" query (sate|q): unknown name", "unknown parameters do nothing: two are sent (2.3)"),
    "order where there is none": (r"GET /line_items\.json query order: unknown name", "sent to see it ignored (2.2)"),
    "410 is absent": (r": 410 is not documented", "an unknown API version (2.5)"),
    "406 is absent": (r"preview\.json: 406 is not documented", "the preview's refusal of JSON (3.4)"),
    "422 of a list is absent": (r"GET /bills\.json: 422 is not documented", "offsets beyond 10,000 (2.2)"),
    "a DELETE documents 204 and 403": (r"DELETE /\S+: (401|404|422|429) is not documented", "as for the others (2.7)"),
    "the model's number": (r"webhooks\S* body data\.model: '3'", "numbers are accepted too (8)"),
    "activate is absent": (r"PUT /webhooks/\{id\}/activate: no such operation", "the delayed handshake (8)"),
    "payments are absent": (r"(GET|POST) /payments\.json: no such operation", "refused with 403 (5.2 D)"),
    "bad input": (r"'(in_review|mystery_kind)' is not one of", "the second firm's bad input, on purpose"),
}


@cache
def document() -> dict[str, Any] | None:
    if not DOCUMENT.exists():
        return None
    held: dict[str, Any] = json.loads(DOCUMENT.read_text())
    return held


def schema(name: str) -> dict[str, Any]:
    """A named schema with its $refs and allOfs resolved one level."""
    held = document()
    assert held is not None
    return opened(held["components"]["schemas"][name])


def opened(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the document with its reference followed, and the parts that it is made of put together."""
    if "$ref" in part:
        return schema(part["$ref"].rsplit("/", 1)[-1])
    if "allOf" in part:
        merged: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
        for one in map(opened, part["allOf"]):
            merged["properties"] |= one.get("properties", {})
            merged["required"] += one.get("required", [])
        return merged
    return part


def operation(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """The document's template of a path below /api/v4, and the operation; None where it has none."""
    held = document()
    assert held is not None
    plain = path if path.endswith(".json") else f"{path}.json"
    for template, operations in held["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", r"\\d+", re.escape(template))
        if method.lower() in operations and re.fullmatch(pattern, plain):
            return template, operations[method.lower()]
    return None


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def problems(value: Any, part: dict[str, Any], at: str) -> Iterator[str]:
    """Where ``value`` differs from the schema ``part``."""
    part = opened(part)
    kind = part.get("type", "object")
    if value is None:
        yield f"{at}: null is not {kind}"
    elif not _is(value, kind):
        yield f"{at}: {value!r} is not {kind}"
    elif kind == "object":
        yield from _object_problems(value, part, at)
    elif kind == "array":
        for one in value:
            yield from problems(one, part["items"], f"{at}[]")
    elif "enum" in part and value not in part["enum"]:
        yield f"{at}: {value!r} is not one of {part['enum']}"
    elif kind == "string":
        yield from _format_problems(value, part.get("format"), at)


def _object_problems(value: dict[str, Any], part: dict[str, Any], at: str) -> Iterator[str]:
    known: dict[str, Any] = part.get("properties", {})
    for name in part.get("required", []):
        if name not in value:
            yield f"{at}.{name}: missing"
    for name, held in value.items() if known else ():
        where = f"{at}.{name}".lstrip(".") if not at.endswith(" ") else f"{at}{name}"
        if name not in known:
            yield f"{where}: unknown name"
        else:
            yield from problems(held, known[name], where)


def _format_problems(value: str, form: str | None, at: str) -> Iterator[str]:
    try:
        if form == "date":
            date.fromisoformat(value)
        elif form == "date-time" and datetime.fromisoformat(value).tzinfo is None:
            yield f"{at}: {value!r} has no offset"
    except ValueError:
        yield f"{at}: {value!r} is not a {form}"


def check(answer: requests.Response, *, request: bool = True) -> list[str]:
    """What in this request (where it was taken, and is not left out) and its answer the document does not allow, slips
    aside."""
    sent = answer.request
    parts = urlsplit(str(sent.url))
    if document() is None or "/api/v4/" not in parts.path:
        return []
    path = parts.path.partition("/api/v4")[2]
    found = operation(str(sent.method), path)
    template = re.sub(r"/\d+", "/{id}", path)
    if found is None:
        # Paths that neither side has are answered 404.
        told = [] if answer.status_code == 404 else [f"{sent.method} {template}: no such operation"]
    else:
        told = list(_answer_problems(answer, f"{sent.method} {found[0]}", found[1]))
        if request and answer.status_code < 400:
            told += _request_problems(sent, parts.query, f"{sent.method} {found[0]}", found[1])
    return [one for one in told if not any(re.search(pattern, one) for pattern, _ in SLIPS.values())]


def _answer_problems(answer: requests.Response, at: str, op: dict[str, Any]) -> Iterator[str]:
    told = op["responses"].get(str(answer.status_code))
    if told is None:
        yield f"{at}: {answer.status_code} is not documented"
        return
    for content_type, content in told.get("content", {}).items():
        if answer.headers["Content-Type"] != content_type:
            yield f"{at} {answer.status_code}: {answer.headers['Content-Type']} is not {content_type}"
        yield from problems(answer.json(), content["schema"], f"{at} {answer.status_code} ")


def _request_problems(sent: requests.PreparedRequest, query: str, at: str, op: dict[str, Any]) -> Iterator[str]:
    known = {p["name"]: p["schema"] for p in op.get("parameters", []) if p["in"] == "query"}
    for name, text in parse_qsl(query):
        if name not in known:
            yield f"{at} query {name}: unknown name"
        else:
            yield from problems(_typed(text, known[name]["type"]), known[name], f"{at} query {name}")
    content = op.get("requestBody", {}).get("content", {})
    if sent.body and "json" in str(sent.headers.get("Content-Type")):
        yield from problems(json.loads(sent.body), content["application/json"]["schema"], f"{at} body ")


def _typed(text: str, kind: str) -> Any:
    if kind == "integer" and text.lstrip("-").isdigit():
        return int(text)
    return {"true": True, "false": False}.get(text, text) if kind == "boolean" else text
