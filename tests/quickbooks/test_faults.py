"""Every way that QuickBooks says no (reference/quickbooks.md 2.9, 6)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Declined, Disconnected, Expired, Unavailable
from chalicelib.quickbooks import faults


def a_fault(code: str, message: str = "said") -> dict[str, Any]:
    return {"Fault": {"Error": [{"Message": message, "Detail": "more", "code": code, "element": ""}], "type": "V"}}


def a_gateway_fault(code: str, number: str) -> dict[str, Any]:
    message = f"message=Said; errorCode={number}; statusCode=403"
    return {"fault": {"error": [{"message": message, "detail": None, "code": code}], "type": "SERVICE"}}


def error(status: int, fault: faults.Fault | None, *, write: bool = False) -> Exception:
    return faults.error(status, fault, firm="f1", write=write, after=None, tid="1-abc")


def test_both_spellings_are_one_fault() -> None:
    assert faults.fault_of(a_fault("5010")) == ("5010", "said", "more")
    fault = faults.fault_of(a_gateway_fault("003100", "003100"))
    assert fault
    assert fault[0] == "3100"


def test_a_code_that_stands_only_in_the_words_is_found() -> None:
    fault = faults.fault_of(a_gateway_fault("", "003001"))
    assert fault
    assert fault[0] == "3001"


def test_a_body_without_a_fault_has_none() -> None:
    assert faults.fault_of({"Invoice": {}}) is None


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?><IntuitResponse><Fault type="SERVICE"><Error code="3001"/></Fault></IntuitResponse>',
        "<x>message=ThrottleExceeded; errorCode=003001; statusCode=429</x>",
        "<x>ThrottleExceeded</x>",
    ],
)
def test_a_throttle_in_xml_is_a_throttle(text: str) -> None:
    fault = faults.fault_in(text)
    assert fault
    assert isinstance(error(200, fault), Unavailable)


def test_a_page_without_a_code_has_no_fault() -> None:
    assert faults.fault_in("<html>Sorry</html>") is None


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "3200", Expired),
        (401, "", Expired),
        (401, "100", Expired),
        (401, "120", Disconnected),
        (403, "3100", Disconnected),
        (403, "", Disconnected),
        (429, "3001", Unavailable),
        (429, "", Unavailable),
        (400, "3001", Unavailable),
        (400, "140", Unavailable),
        (400, "10000", Unavailable),
        (500, "", Unavailable),
        (503, "", Unavailable),
        (400, "5010", Declined),
        (400, "6140", Declined),
        (200, "6000", Declined),
        (404, "", Declined),
    ],
)
def test_each_refusal_has_its_meaning(status: int, code: str, kind: type[Exception]) -> None:
    assert type(error(status, (code, "m", "d"))) is kind


def test_only_intuits_own_faults_leave_a_write_in_doubt() -> None:
    throttled, broken = error(429, None, write=True), error(500, None, write=True)
    assert isinstance(throttled, Unavailable)
    assert isinstance(broken, Unavailable)
    assert (throttled.maybe_done, broken.maybe_done) == (False, True)
    assert throttled.after == 60


def test_a_refusal_keeps_its_code_its_detail_and_the_trace_id() -> None:
    refused = error(400, ("6140", "Duplicate", "TxnId=17984"))
    assert isinstance(refused, Declined)
    assert (refused.code, refused.message, refused.detail) == ("6140", "Duplicate", "TxnId=17984 (intuit_tid 1-abc)")
