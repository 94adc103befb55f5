"""QuickBooks' ways to say no, read into our errors (reference/quickbooks.md 2.9 and 6). Pure.

Decided by code only: the texts are localised. Both spellings of Fault, and the XML of a throttled gateway, are known.
"""

from __future__ import annotations

import re

from chalicelib.domain.raw import Raw
from chalicelib.errors import Declined, Disconnected, Expired, Outside, Unavailable

Fault = tuple[str, str, str]  # code, message, detail

THROTTLE_SECONDS = 60.0  # 2.8
FAULT_SECONDS = 30.0
MAINTENANCE_SECONDS = 600.0

_THROTTLED = {"3001"}
_EXPIRED = {"100", "110", "3200"}
_LOST = {"120", "3100"}
_LATER = {"130": FAULT_SECONDS, "140": MAINTENANCE_SECONDS, "150": MAINTENANCE_SECONDS, "10000": FAULT_SECONDS}


def fault_of(body: Raw) -> Fault | None:
    """(code, message, detail) of the first error of a body that holds a fault, else None. A gateway's fault is in
    lower case, its code sometimes only in its message (``errorCode=003001``)."""
    fault = body.get("Fault") or body.get("fault")
    if not isinstance(fault, dict):
        return None
    errors = fault.get("Error") or fault.get("error") or [{}]
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    message = str(first.get("Message") or first.get("message") or "")
    detail = str(first.get("Detail") or first.get("detail") or "")
    code = plain(str(first.get("code") or "")) or _coded(f"{message} {detail}")
    return code, message, detail


def fault_in(text: str) -> Fault | None:
    """The fault in a body that is no JSON: QuickBooks answers XML where a gateway did not look at Accept (2.9)."""
    code = _coded(text)
    if not code:
        found = re.search(r"<(?:\w+:)?Error\b[^>]*\bcode=\"(\d+)\"", text)
        code = plain(found.group(1)) if found else ""
    if not code and "ThrottleExceeded" in text:
        code = "3001"
    return (code, "QuickBooks answered in XML", "") if code else None


def plain(code: str) -> str:
    """Codes come with and without leading zeros: 003001 and 3001 are one."""
    return code.lstrip("0") if code.isdigit() else code


def _coded(text: str) -> str:
    found = re.search(r"errorCode=(\d+)", text)
    return plain(found.group(1)) if found else ""


def error(status: int, fault: Fault | None, *, firm: str, write: bool, after: float | None, tid: str) -> Outside:
    """What an answer means that is no success. ``after``: seconds of its Retry-After, if it had one; ``tid``:
    intuit_tid, which Intuit's support asks for (2.1)."""
    code, message, detail = fault or ("", "", "")
    trace = f"{detail} (intuit_tid {tid})".strip() if tid else detail
    if status == 429 or code in _THROTTLED:
        return Unavailable("QuickBooks' rate limit", after=after or THROTTLE_SECONDS)
    if code in _LOST or (status == 403 and not code):
        return Disconnected(firm, "quickbooks", message or "the company no longer lets us in")
    if status == 401 or code in _EXPIRED:
        return Expired("QuickBooks refused the access token")
    if code in _LATER or status >= 500:
        wait = after or _LATER.get(code, FAULT_SECONDS)
        return Unavailable(f"QuickBooks answered {status} {code}".strip(), after=wait, maybe_done=write)
    return Declined(code or str(status), message or f"QuickBooks answered {status}", trace, status)
