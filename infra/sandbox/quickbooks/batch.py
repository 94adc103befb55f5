"""Batches: up to 30 members, each with its own answer or Fault, none seeing what the others made (reference 2.6)."""

from __future__ import annotations

from typing import Any

from infra.sandbox.quickbooks import query
from infra.sandbox.quickbooks.books import Obj
from infra.sandbox.quickbooks.clerk import Clerk, Options
from infra.sandbox.quickbooks.faults import Refusal, missing
from infra.sandbox.quickbooks.schema import SCHEMAS

MOST_MEMBERS = 30
OPERATIONS = ("create", "update", "delete", "void")


def run(clerk: Clerk, raw: Any, requestid: str) -> Obj:
    """``{"BatchItemResponse": [...]}``. Raises Refusal only where the batch as a whole is refused."""
    members = _members(raw, requestid)
    # Queries answer from before the batch, since a member cannot see the results of earlier ones.
    found = {m["bId"]: _attempt(clerk, m) for m in members if "Query" in m}
    answers = []
    for member in members:
        answer = found[member["bId"]] if "Query" in member else _attempt(clerk, member)
        answers.append({"bId": member["bId"], **answer})
    clerk.hidden.clear()
    return {"BatchItemResponse": answers}


def _members(raw: Any, requestid: str) -> list[Obj]:
    if not isinstance(raw, dict) or not isinstance(raw.get("BatchItemRequest"), list):
        raise missing("BatchItemRequest")
    members: list[Obj] = raw["BatchItemRequest"]
    if len(members) > MOST_MEMBERS:
        raise Refusal("1040", f"Batch too big : at most {MOST_MEMBERS} items, supplied {len(members)}")
    seen = set()
    for member in members:
        if not isinstance(member, dict) or not isinstance(member.get("bId"), str | int) or not member["bId"]:
            raise missing("bId")
        if member["bId"] in seen:
            raise Refusal("2010", f"bId {member['bId']} is used twice", element="bId")
        seen.add(member["bId"])
        if requestid and len(str(member["bId"])) > 10:
            raise Refusal("2050", "With requestid a bId can have at most 10 characters", element="bId")
    return members


def _attempt(clerk: Clerk, member: Obj) -> Obj:
    try:
        return _member(clerk, member)
    except Refusal as refusal:
        clerk.box.note("batch_members_refused")
        return refusal.fault()


def _member(clerk: Clerk, member: Obj) -> Obj:
    known = ("bId", "operation", "optionsData", "Query")
    entities = [k for k in member if k not in known]
    if "Query" in member:
        return {"QueryResponse": query.run(clerk, str(member["Query"]))}
    if len(entities) != 1 or entities[0] not in SCHEMAS:
        raise Refusal("2010", f"Property Name:{', '.join(entities) or 'none'} specified is unsupported or invalid")
    entity = entities[0]
    if member.get("operation") not in OPERATIONS:
        raise Refusal("500", f"Operation {member.get('operation')} is not supported", element="operation")
    if clerk.box.state.refuse_members:
        raise Refusal(clerk.box.state.refuse_members.pop(0), "An unexpected error occurred. Please try again.")
    return {entity: _write(clerk, entity, member)}


def _write(clerk: Clerk, entity: str, member: Obj) -> Obj:
    asked = [o.strip() for o in str(member.get("optionsData") or "").split(",")]
    clerk.options = Options(allow_duplicate_number="allowduplicatedocnum" in asked, void="void" in asked)
    operation, body = member["operation"], member[entity]
    if operation == "delete":
        return clerk.delete(entity, body)
    if operation == "void":
        return clerk.void(entity, body)
    if operation == "update":
        return clerk.update(entity, body)
    if isinstance(body, dict) and body.get("Id"):
        raise Refusal("2010", "Property Name:Id must not be sent with operation create", element="Id")
    made = clerk.create(entity, body)
    clerk.hidden.add((entity, made["Id"]))
    return made
