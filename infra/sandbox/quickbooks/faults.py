"""How QuickBooks says no: one exception, rendered as the Fault body of reference/quickbooks.md 2.9."""

from __future__ import annotations

from typing import Any

MESSAGES = {
    "500": "Unsupported Operation",
    "600": "Duplicate Request ID",
    "610": "Object Not Found",
    "620": "Transaction cannot be linked",
    "800": "Cannot delete, dependencies exist",
    "1040": "Batch too big",
    "1050": "Invalid content type",
    "2010": "Request has invalid or unsupported property",
    "2020": "Required param missing, need to supply the required value for the API",
    "2030": "Invalid ID",
    "2040": "Invalid String",
    "2050": "String length is either shorter or longer than supported by specification",
    "2090": "Invalid number",
    "2170": "Invalid Enumeration",
    "2210": "Email Address does not conform to the syntax rules of RFC 822",
    "2500": "Invalid Reference Id",
    "4000": "Error parsing query",
    "4001": "Invalid query",
    "5010": "Stale Object Error",
    "5020": "Permission Denied Error",
    "5030": "Feature Not Supported Error",
    "6000": "A business validation error has occurred while processing your request",
    "6070": "Amount is not equal to UnitPrice * Qty",
    "6080": "No name provided",
    "6090": "Discount line lacks amount or percent",
    "6100": "Invalid Line Tax Code",
    "6140": "Duplicate Document Number Error",
    "6190": "Invalid Company Status",
    "6210": "Account Period Closed",
    "6240": "Duplicate Name Exists Error",
    "6430": "Invalid Account Type",
    "6540": "Deposited Transaction cannot be changed",
    "10000": "An application error has occurred while processing your request",
}


class Refusal(Exception):
    """A request that is refused. ``code`` as in reference/quickbooks.md 6; ``status`` is the HTTP status."""

    def __init__(
        self, code: str, detail: str = "", *, element: str = "", status: int = 400, kind: str = "ValidationFault"
    ) -> None:
        super().__init__(f"{code} {detail}")
        self.code = code
        self.detail = detail or MESSAGES.get(code, "")
        self.element = element
        self.status = status
        self.kind = kind

    def fault(self) -> dict[str, Any]:
        """The ordinary spelling, also used for one member of a batch."""
        error = {
            "Message": MESSAGES.get(self.code, self.detail),
            "Detail": self.detail,
            "code": self.code,
            "element": self.element,
        }
        return {"Fault": {"Error": [error], "type": self.kind}}

    def body(self, spelling: str) -> dict[str, Any]:
        """``spelling``: ``upper`` or ``lower``; only the gateway's faults (401, 403, 429) ever come in lower case."""
        if self.kind not in GATEWAY or spelling != "lower":
            return self.fault()
        error = {"message": self.detail, "detail": None, "code": self.code, "element": None}
        return {"fault": {"error": [error], "type": self.kind}}


GATEWAY = ("AUTHENTICATION", "SERVICE")


def unauthenticated() -> Refusal:
    """Access token missing, unknown, expired or revoked (2.9)."""
    said = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    return Refusal("3200", said, status=401, kind="AUTHENTICATION")


def foreign_realm() -> Refusal:
    """The token is not for this company (2.9)."""
    said = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
    return Refusal("3100", said, status=403, kind="SERVICE")


def throttled() -> Refusal:
    """Over a limit of 2.8."""
    return Refusal("3001", "message=ThrottleExceeded; errorCode=003001; statusCode=429", status=429, kind="SERVICE")


def missing(name: str) -> Refusal:
    return Refusal("2020", f"Required parameter {name} is missing in the request", element=name)


def stale() -> Refusal:
    return Refusal("5010", "Stale Object Error : You and another user were working on this at the same time.")
