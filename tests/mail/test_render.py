from __future__ import annotations

import re
from typing import Any, cast

import pytest
from jinja2 import UndefinedError

from chalicelib.mail.render import PREHEADERS, Context, render


def a_context(**other: Any) -> Context:
    context: dict[str, Any] = {
        "firm_name": "Hartwell & Pine LLP",
        "paragraphs": ["Dear Ada,", "This is a friendly reminder.\nThank you."],
        "items": [
            {"what": "Invoice 1042", "due": "May 1, 2026", "amount": "$400.00"},
            {"what": "Invoice 1043", "due": "", "amount": "$1.00"},
        ],
        "total": "$401.00",
        "pay_url": "https://fee.example/pay/abc?a=1&b=2",
        "view_url": "https://fee.example/pay/abc/view",
        "reply_hint": "Questions? Just answer this mail.",
        "firm_address": "1 Main Street, Springfield",
    }
    return cast("Context", {**context, **other})


@pytest.mark.parametrize("kind", PREHEADERS)
def test_the_plain_text_says_everything(kind: str) -> None:
    text, html = render(kind, a_context())
    for said in ("Hartwell & Pine LLP", "friendly reminder", "Invoice 1042", "May 1, 2026", "$400.00", "$401.00"):
        assert said in text
        assert said.replace("&", "&amp;") in html
    assert "https://fee.example/pay/abc/view" in text
    assert "Questions? Just answer this mail." in text
    assert "1 Main Street, Springfield" in text


@pytest.mark.parametrize("kind", ["reminder", "failed"])
def test_a_letter_about_money_owed_says_where_to_pay(kind: str) -> None:
    text, html = render(kind, a_context())
    assert "https://fee.example/pay/abc?a=1&b=2" in text
    assert 'href="https://fee.example/pay/abc?a=1&amp;b=2"' in html


def test_a_receipt_asks_for_no_money() -> None:
    text, html = render("receipt", a_context())
    assert "pay/abc?a=1" not in text + html
    assert "Paid in all" in text


@pytest.mark.parametrize("kind", PREHEADERS)
def test_the_firm_stands_first_and_the_program_nowhere(kind: str) -> None:
    text, html = render(kind, a_context())
    assert text.startswith("Hartwell & Pine LLP\n")
    assert "fee simple" not in (text + html).lower()


@pytest.mark.parametrize("kind", PREHEADERS)
def test_what_the_firm_wrote_is_escaped_and_never_evaluated(kind: str) -> None:
    wrote = "{{ 7 * 7 }} {% for x in y %} <script>alert(1)</script>"
    text, html = render(kind, a_context(paragraphs=[wrote], firm_name="<b>Firm</b>"))
    assert wrote in text
    assert "{{ 7 * 7 }}" in html
    assert "49" not in text
    assert "<script>" not in html
    assert "<b>Firm" not in html


@pytest.mark.parametrize("kind", PREHEADERS)
def test_an_inbox_shows_a_sentence_that_reveals_no_matter(kind: str) -> None:
    _, html = render(kind, a_context(paragraphs=["Re: the divorce"]))
    shown = re.search(r"max-height:0[^>]*>([^<]*)<", html)
    assert shown
    assert shown.group(1) == PREHEADERS[kind]


@pytest.mark.parametrize("kind", PREHEADERS)
def test_the_html_needs_no_picture_script_or_other_host_and_knows_the_dark(kind: str) -> None:
    _, html = render(kind, a_context())
    assert not re.search(r"<(img|script|link|iframe)\b", html)
    assert set(re.findall(r"https?://([^/\"]+)", html)) == {"fee.example"}
    assert "prefers-color-scheme: dark" in html
    assert len(html) < 20_000


def test_a_table_without_due_dates_has_no_such_column() -> None:
    items = [{"what": "Invoice 1042", "due": "", "amount": "$400.00"}]
    text, html = render("receipt", a_context(items=items))
    assert ">Due<" not in html
    assert "due" not in text


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "/pay/abc"])
def test_a_button_leads_to_a_web_address_or_is_not_made(address: str) -> None:
    with pytest.raises(ValueError, match="web address"):
        render("reminder", a_context(pay_url=address))


def test_left_out_links_leave_nothing_behind() -> None:
    context = a_context()
    del context["pay_url"]
    del context["view_url"]
    text, html = render("reminder", context)
    assert "href=" not in html
    assert "here:" not in text


def test_an_accent_that_is_no_colour_is_ignored() -> None:
    _, html = render("reminder", a_context(accent="red;}</style>"))
    assert "#1f4e79" in html
    assert "red;" not in html


def test_an_unknown_letter_is_refused() -> None:
    with pytest.raises(ValueError, match="no such letter"):
        render("threat", a_context())


def test_a_context_that_lacks_something_is_an_error() -> None:
    context = a_context()
    del context["total"]  # type: ignore[misc]
    with pytest.raises(UndefinedError):
        render("reminder", context)


# --- the firm's own digest --------------------------------------------------------------------------------------------

WROTE = "Bill 7, <b>Ada & Sons</b> {{ 7 * 7 }}"


def a_digest(**other: Any) -> Any:
    row = {"title": WROTE, "cause": "It waits.", "remedy": "Press Retry.", "url": "https://fee.example/desk/invoices/7"}
    section = {
        "heading": "Waiting for you",
        "lead": "12 invoices.",
        "rows": [row],
        "rest": "And 11 more.",
        "url": "https://fee.example/desk/attention",
        "words": "Show all",
    }
    return {
        "firm_name": "Hartwell & Pine LLP",
        "paragraphs": ["Good morning."],
        "sections": [section, {**section, "rest": "", "url": "", "words": ""}],
        "settings_url": "https://fee.example/desk/settings#digest",
        **other,
    }


def test_both_parts_of_the_digest_say_everything_and_evaluate_nothing() -> None:
    text, html = render("digest", a_digest())
    assert WROTE in text and "&lt;b&gt;Ada &amp; Sons&lt;/b&gt; {{ 7 * 7 }}" in html
    for said in ("Good morning.", "12 invoices.", "It waits.", "Press Retry.", "And 11 more.", "/desk/attention"):
        assert said in text and said in html
    for said in ("https://fee.example/desk/invoices/7", "https://fee.example/desk/settings#digest"):
        assert said in text and said in html
    assert "None" not in text + html and "\n\n\n" not in text


def test_the_digest_needs_no_picture_script_or_other_host() -> None:
    _, html = render("digest", a_digest())
    assert "<img" not in html and "<script" not in html
    assert set(re.findall(r'(?:src|href)="(https?://[^/"]+)', html)) == {"https://fee.example"}
