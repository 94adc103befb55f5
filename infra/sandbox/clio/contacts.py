"""What the API may change of a contact (reference/clio.md 7, 2.5). Unknown keys and flat ``primary_*`` are dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .refuse import invalid
from .state import Contact

if TYPE_CHECKING:
    from .sandbox import ClioSandbox

MEMBERS_AT_MOST = 20


@dataclass(frozen=True)
class Members:
    """A list of a contact's: where it is kept, the words its ``name`` may be, the text fields of a member, and the
    key that makes one the primary (none: the first stays it)."""

    kept: str
    names: tuple[str, ...]
    texts: tuple[str, ...]
    default: str = ""


LISTS = {
    "email_addresses": Members("emails", ("Work", "Home", "Other"), ("address",), "default_email"),
    "phone_numbers": Members(
        "phones", ("Work", "Home", "Mobile", "Fax", "Pager", "Skype", "Other"), ("number",), "default_number"
    ),
    "addresses": Members(
        "addresses",
        ("Work", "Home", "Billing", "Other"),
        ("street", "city", "province", "postal_code", "country"),
    ),
}


def patch_contact(clio: ClioSandbox, contact: Contact, data: dict[str, Any]) -> None:
    """Raises Refusal(422), and changes nothing then."""
    name = _name(contact, data)
    lists = {where: _members(clio, contact, where, data[where]) for where in LISTS if where in data}
    for key, value in name.items():
        setattr(contact, key, value)
    for where, members in lists.items():
        setattr(contact, LISTS[where].kept, members)
    clio.changed(contact)


def _name(contact: Contact, data: dict[str, Any]) -> dict[str, Any]:
    """A company has its name; a person's is made of its parts, and a composed one that cannot be split is refused."""
    sent = {k: data[k] for k in ("name", "first_name", "middle_name", "last_name") if k in data}
    if any(v is not None and not isinstance(v, str) for v in sent.values()):
        raise invalid("A name must be text")
    if contact.type == "Company":
        if not (sent.get("name", contact.name) or "").strip():
            raise invalid("Name can't be blank")
        return {"name": sent.get("name", contact.name).strip()}
    if not sent:
        return {}
    if "name" in sent and not {"first_name", "last_name"} & set(sent):
        first, _, last = (sent["name"] or "").strip().rpartition(" ")
        if not first:
            raise invalid("Name cannot be split into first and last name")
        sent |= {"first_name": first, "last_name": last}
    first = (sent.get("first_name", contact.first_name) or "").strip()
    last = (sent.get("last_name", contact.last_name) or "").strip()
    middle = (sent.get("middle_name", contact.middle_name) or "").strip()
    if not (first or last):
        raise invalid("First name or last name must be given")
    whole = " ".join(p for p in (first, middle, last) if p)
    return {"first_name": first or None, "middle_name": middle or None, "last_name": last or None, "name": whole}


def _members(clio: ClioSandbox, contact: Contact, where: str, sent: Any) -> list[dict[str, Any]]:
    """Without an id added, with one changed, removed only with ``_destroy`` (7)."""
    kind = LISTS[where]
    if not isinstance(sent, list) or not all(isinstance(one, dict) for one in sent):
        raise invalid(f"{where} must be a list of objects")
    members = [dict(one) for one in getattr(contact, kind.kept)]
    for one in sent:
        members = _one(clio, members, kind, where, one)
    if len(members) > MEMBERS_AT_MOST:
        raise invalid(f"A contact can have at most {MEMBERS_AT_MOST} {where}")
    return [{**one, "primary": at == 0} for at, one in enumerate(members)]


def _one(
    clio: ClioSandbox, members: list[dict[str, Any]], kind: Members, where: str, one: dict[str, Any]
) -> list[dict[str, Any]]:
    here = next((m for m in members if m["id"] == one["id"]), None) if one.get("id") is not None else None
    if one.get("id") is not None and here is None:
        raise invalid(f"{where}: there is no member {one['id']} on this contact")
    if one.get("_destroy") in (True, "true"):
        if here is None:
            raise invalid(f"{where}: a member is removed by its id")
        return [m for m in members if m is not here]
    changes = {k: one[k] for k in (*kind.texts, "name") if k in one}
    if any(v is not None and not isinstance(v, str) for v in changes.values()):
        raise invalid(f"{where} must hold text")
    if changes.get("name", "Other") not in kind.names:
        raise invalid(f"{where}: name must be one of {', '.join(kind.names)}")
    stamp = f'"{where}-{clio.state.next_id()}"'
    if here is None:
        empty = dict.fromkeys(kind.texts)
        here = {"id": clio.state.next_id(), "name": "Other", **empty, **changes, "etag": stamp}
        members = [*members, here]
    else:
        here.update(changes, etag=stamp)
    if where == "email_addresses" and "@" not in (here["address"] or ""):
        raise invalid("Email address is invalid")
    if kind.default and one.get(kind.default) in (True, "true"):
        members = [here, *(m for m in members if m is not here)]
    return members
