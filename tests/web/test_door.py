"""The door itself: our errors as answers, forms of other sites, headers, cookies, and the last resort for bugs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from chalice.app import Chalice, Response
from chalice.test import Client

from chalicelib.errors import Conflict, Declined, Disconnected, Expired, Refused, Unavailable, Unreadable
from chalicelib.web import door, pages, statics
from chalicelib.web.answers import NotFound, Reply
from chalicelib.web.door import Ask, Door, policy
from tests.web.visit import Page, PagesWorld, Visitor
from tests.world import PUBLIC

PAYING = "https://checkout.neighbour.example"


def a_door(view: Callable[[Ask], Reply | str], **rule: Any) -> Door:
    """A door with one page at /x and one form at the same address."""
    doors = Door("test", who="anyone", **rule)
    doors.get("/x", forms_to="pay")(view)
    doors.post("/x")(view)
    return doors


class Guest(Visitor):
    """Somebody at the doors of one test."""

    def __init__(self, view: Callable[[Ask], Reply | str], **rule: Any) -> None:
        super().__init__(PagesWorld())
        app = Chalice("door")
        app.register_blueprint(a_door(view, **rule).blueprint)
        app.register_blueprint(statics.doors.blueprint)
        door.use(self.world)
        door.catch_with(told_by_reference)
        self.client = Client(app)

    def send(self, headers: dict[str, str], body: bytes) -> Page:
        return Page(self.client.http.post("/x", headers={**self._headers(), **headers}, body=body))

    def form(self, **headers: str) -> Page:
        """Our own form, with some headers as another browser or site would send them."""
        csrf = self.get("/x").text
        sent = {"Content-Type": door.FORM, **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.send(sent, f"csrf={csrf}".encode())


def told_by_reference(answer: Callable[[], Response], sorry: Callable[[str], Response]) -> Response:
    try:
        return answer()
    except ZeroDivisionError:
        return sorry("ref-123")


def token(ask: Ask) -> str:
    return ask.csrf


def raising(no: Exception) -> Callable[[Ask], str]:
    def view(_ask: Ask) -> str:
        raise no

    return view


# --- errors as answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("no", "status"),
    [
        (Refused("Choose a set."), 422),
        (Unreadable("date", "x"), 400),
        (Conflict("moved"), 503),
        (Unavailable("late", after=7), 503),
        (Disconnected("f", "quickbooks"), 409),
        (Expired(), 409),
        (Declined("6000", "It said no"), 422),
        (NotFound(), 404),
    ],
)
def test_each_error_of_ours_has_its_answer(no: Exception, status: int) -> None:
    assert Guest(raising(no)).get("/x").status == status


def test_a_refusal_shows_its_sentence() -> None:
    assert "Choose a set." in Guest(raising(Refused("Choose a set."))).get("/x").text


def test_a_refusals_words_cannot_become_markup() -> None:
    page = Guest(raising(Refused("<script>alert(1)</script>"))).get("/x")
    assert "<script>alert" not in page.html


def test_what_comes_later_says_when_to_try_again() -> None:
    page = Guest(raising(Unavailable("late", after=6.2))).get("/x")
    assert page.headers["retry-after"] == "7"


def test_the_neighbours_own_words_are_not_shown() -> None:
    page = Guest(raising(Unavailable("token endpoint says secret-word"))).get("/x")
    assert "secret-word" not in page.text


def test_the_api_gets_the_same_as_problem_json() -> None:
    page = Guest(raising(Refused("No.")), problems="json").get("/x")
    assert page.headers["content-type"] == "application/problem+json"


def test_a_bug_is_told_by_a_reference_and_nothing_else() -> None:
    page = Guest(lambda _ask: str(1 // 0)).get("/x")
    assert page.status == 500
    assert "ref-123" in page.text
    assert "division" not in page.text


# --- forms ------------------------------------------------------------------------------------------------------------


def test_our_own_form_is_taken() -> None:
    assert Guest(token).form(Origin=PUBLIC).status == 200


def test_a_form_from_another_site_is_turned_away() -> None:
    assert Guest(token).form(Origin="https://evil.example").status == 403
    assert Guest(token).form(Sec_Fetch_Site="cross-site").status == 403


def test_a_form_whose_origin_no_referrer_hides_is_judged_by_its_token() -> None:
    assert Guest(token).form(Origin="null", Sec_Fetch_Site="same-origin").status == 200


@pytest.mark.parametrize("body", [b"", b"csrf=", b"csrf=made-up", b"other=1"])
def test_a_form_without_our_token_is_turned_away(body: bytes) -> None:
    guest = Guest(token)
    guest.get("/x")
    assert guest.send({"Content-Type": door.FORM, "Origin": PUBLIC}, body).status in (400, 403)


def test_a_token_without_its_cookie_is_worth_nothing() -> None:
    guest = Guest(token)
    csrf = guest.get("/x").text
    guest.cookies = {}
    assert guest.send({"Content-Type": door.FORM, "Origin": PUBLIC}, f"csrf={csrf}".encode()).status == 403


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_a_form_of_another_content_type_is_not_read(kind: str) -> None:
    guest = Guest(token)
    guest.get("/x")
    assert guest.send({"Content-Type": kind, "Origin": PUBLIC}, b"csrf=1").status == 415


def test_a_form_over_the_limit_is_turned_away() -> None:
    guest = Guest(token)
    guest.get("/x")
    body = b"csrf=" + b"x" * door.BODY_AT_MOST
    assert guest.send({"Content-Type": door.FORM, "Origin": PUBLIC}, body).status == 413


def test_a_form_that_is_no_text_is_unreadable() -> None:
    guest = Guest(token)
    guest.get("/x")
    assert guest.send({"Content-Type": door.FORM, "Origin": PUBLIC}, b"csrf=\xff\xfe").status in (400, 403)


# --- headers and cookies ----------------------------------------------------------------------------------------------


def test_every_page_carries_the_strict_headers() -> None:
    headers = Guest(token).get("/x").headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "max-age" in headers["strict-transport-security"]
    csp = headers["content-security-policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "style-src 'self'"):
        assert part in csp
    assert "unsafe" not in csp


def test_only_pages_that_lead_on_name_other_hosts_for_their_forms() -> None:
    guest = Guest(token)
    assert isinstance(guest.world, PagesWorld)
    guest.world.payment_hosts = (PAYING,)
    assert f"form-action 'self' {PAYING};" in guest.get("/x").headers["content-security-policy"]
    assert "form-action 'self';" in policy(())


def test_a_browser_gets_its_cookie_once() -> None:
    guest = Guest(token)
    assert "set-cookie" in guest.get("/x").headers
    assert "set-cookie" not in guest.get("/x").headers


def test_a_local_cookie_is_not_secure_and_every_other_is() -> None:
    world = PagesWorld()
    assert "Secure" in door.cookie(world, "a", "b", 1)
    world.stage = "local"
    assert "Secure" not in door.cookie(world, "a", "b", 1)


def test_no_log_line_holds_the_path_that_was_asked_for() -> None:
    doors = Door("test", who="anyone")
    doors.get("/pay/{token}")(lambda _ask, token: raising(Refused(token))(_ask))
    world = PagesWorld()
    app = Chalice("door")
    app.register_blueprint(doors.blueprint)
    door.use(world)
    Client(app).http.get("/pay/unguessable-link")
    assert "unguessable-link" not in str(world.logs)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file_is_kept_for_ever_under_its_hashed_name() -> None:
    guest = Guest(token)
    page = guest.get(pages.asset("style.css"))
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/css")
    assert "immutable" in page.headers["cache-control"]
    assert "set-cookie" not in page.headers


@pytest.mark.parametrize("name", ["style.css", "style.000000000000.css", "..%2fdoor.py", "nothing.x.css"])
def test_a_file_under_another_name_is_not_found(name: str) -> None:
    assert Guest(token).get(f"/static/{name}").status == 404
