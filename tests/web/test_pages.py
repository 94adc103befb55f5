"""Words, dates and escaping of the pages; what the static files' addresses promise."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.web import pages

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ZONE = "America/New_York"
TEMPLATES = sorted((pages.FOLDER / "templates").glob("*.html"))


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=2), "2 minutes ago"),
        (timedelta(minutes=1), "1 minute ago"),
        (-timedelta(minutes=30), "in 30 minutes"),
        (timedelta(hours=3), "today, 7:00 am"),
        (timedelta(hours=20), "yesterday, 2:00 pm"),
        (-timedelta(days=1), "tomorrow, 10:00 am"),
        (timedelta(days=4), "4 days ago"),
        (-timedelta(days=3), "in 3 days"),
        (timedelta(days=40), "Jan 21, 2026"),
    ],
)
def test_times_are_told_as_people_tell_them(ago: timedelta, words: str) -> None:
    assert pages.relative(NOW - ago, NOW, ZONE, "USD") == words


def test_the_exact_time_is_in_the_firm_s_zone_and_names_it() -> None:
    assert pages.exact(NOW, ZONE, "USD") == "Mar 2, 2026, 10:00 am EST"


@pytest.mark.parametrize(
    ("days", "words"),
    [(12, "12 days overdue"), (1, "1 day overdue"), (0, "due today"), (-1, "due tomorrow"), (-5, "due in 5 days")],
)
def test_due_dates_are_said_in_words(days: int, words: str) -> None:
    assert pages.due_words(date(2026, 3, 2) - timedelta(days=days), date(2026, 3, 2)) == words


def test_what_is_shown_is_escaped() -> None:
    html = pages.render("problem.html", title="<script>", sentence="a & b", status=400, reference="")
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html


def test_a_page_before_sign_in_needs_nothing_of_the_shell() -> None:
    html = pages.render("signin.html", regions=[("us", "United States")], csrf="t")
    assert 'value="us"' in html


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda p: p.name)
def test_no_template_holds_inline_script_or_style_or_names_another_host(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|<style|\son[a-z]+=|javascript:", text)
    assert "//" not in re.sub(r"\{#.*?#\}", "", text, flags=re.S)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda p: p.name)
def test_every_form_that_changes_something_carries_the_token(template: Path) -> None:
    text = template.read_text()
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", text, flags=re.S):
        assert "csrf_field()" in form, form


def test_a_static_address_changes_with_the_content_and_gives_the_file() -> None:
    name = pages.asset("style.css").rpartition("/")[2]
    assert re.fullmatch(r"style\.[0-9a-f]{12}\.css", name)
    assert pages.asset_body(name) == (pages.FOLDER / "static" / "style.css").read_bytes()


@pytest.mark.parametrize("name", ["style.css", "style.000000000000.css", "..%2fpages.py", "../pages.abc.py", "nothing"])
def test_only_current_static_files_are_given(name: str) -> None:
    assert pages.asset_body(name) is None


def test_style_and_script_stay_small() -> None:
    assert sum(len((pages.FOLDER / "static" / n).read_bytes()) for n in ("style.css", "script.js")) < 40_000
