"""The JSON API over the in-memory world: keys, lists, errors, once-only POSTs, and the document that describes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

from chalicelib.flow import keys, links
from chalicelib.web import api_door, door
from chalicelib.web.api import doors
from tests.web.visit import a_firm_with_pages, an_app
from tests.world import Stage

DOCUMENT = json.loads((Path(__file__).parents[2] / "chalicelib" / "web" / "static" / "openapi.json").read_text())
STEPS = [{"days": 3, "subject": "Invoice {{invoice_number}}", "body": "Please pay."}]


@dataclass
class Answer:
    response: HTTPResponse

    @property
    def status(self) -> int:
        return int(self.response.status_code)

    @property
    def json(self) -> Any:
        return json.loads(self.response.body)

    def header(self, name: str) -> str:
        return str({k.lower(): v for k, v in self.response.headers.items()}.get(name.lower(), ""))


class Program:
    """A program with a key of one firm."""

    def __init__(self, stage: Stage, token: str | None = None) -> None:
        self.stage = stage
        self.token = keys.create(stage.world, stage.firm, "test", "Olivia") if token is None else token
        self.client = Client(an_app(stage.world))  # type: ignore[arg-type]

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.ask("POST", path, body, **headers)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent.update({k.replace("_", "-"): v for k, v in headers.items()})
        raw = b"" if body is None else json.dumps(body).encode()
        door.use(self.stage.world)  # type: ignore[arg-type]
        return Answer(self.client.http.request(method, f"/api/v1{path}", headers=sent, body=raw))


@pytest.fixture(scope="module")
def program() -> Program:
    """One firm after its first Resync; tests that change it make a world of their own."""
    return a_program()


def a_program() -> Program:
    stage, _ = a_firm_with_pages()
    return Program(stage)


def first_invoice(program: Program) -> str:
    rows = program.get("/invoices").json["items"]
    return str(next(r["id"] for r in rows if r["kind"] == "invoice" and not r["attention"]))


# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_request_without_a_key_is_not_allowed(program: Program) -> None:
    answer = Program(program.stage, token="").get("/invoices")
    assert answer.status == 401
    assert answer.header("Content-Type") == "application/problem+json"
    assert answer.header("WWW-Authenticate").startswith("Bearer")


def test_a_made_up_key_is_not_allowed(program: Program) -> None:
    assert Program(program.stage, token="fs_made-up").get("/invoices").status == 401


def test_a_revoked_key_stops_working_at_once() -> None:
    program = a_program()
    key = keys.listed(program.stage.world, program.stage.firm)[0]
    assert program.get("/connections").status == 200
    keys.revoke(program.stage.world, program.stage.firm, key.id)
    assert program.get("/connections").status == 401


def test_a_key_is_stored_only_as_its_hash(program: Program) -> None:
    store = program.stage.world.store
    kept = json.dumps(store.records(f"keys/{program.stage.firm}"))
    assert program.token not in kept


def test_a_session_cookie_opens_no_api(program: Program) -> None:
    _, visitor = a_firm_with_pages()
    page = visitor.get("/api/v1/invoices")
    assert page.status == 401


# --- lists ------------------------------------------------------------------------------------------------------------


def test_invoices_are_paged_by_a_cursor_without_gap_or_repeat(program: Program) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        page = program.get(f"/invoices?limit=25{cursor}").json
        seen += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    whole = [row["id"] for row in program.get("/invoices?limit=100").json["items"]]
    assert len(seen) > 25
    assert seen == whole


def test_amounts_are_integers_of_cents(program: Program) -> None:
    for row in program.get("/invoices").json["items"]:
        assert isinstance(row["open"], int)
        assert isinstance(row["total"], int)


def test_a_broken_cursor_is_unreadable(program: Program) -> None:
    answer = program.get("/invoices?cursor=nonsense")
    assert answer.status == 400


@pytest.mark.parametrize("query", ["limit=7", "limit=x", "limit=%C2%B2", "tab=secret"])
def test_a_list_that_is_not_offered_is_refused(program: Program, query: str) -> None:
    assert program.get(f"/invoices?{query}").status == 422


def test_an_invoice_comes_with_its_timeline(program: Program) -> None:
    told = program.get(f"/invoices/{first_invoice(program)}").json
    assert told["timeline"]
    assert told["row"]["number"]


def test_an_unknown_invoice_is_not_found(program: Program) -> None:
    assert program.get("/invoices/999999999").status == 404


def test_another_firms_invoice_is_not_found(program: Program) -> None:
    other, _ = a_firm_with_pages(second=True)
    theirs = first_invoice(Program(other))
    mine = {r["id"] for r in program.get("/invoices?limit=100").json["items"]}
    assert theirs not in mine
    assert program.get(f"/invoices/{theirs}").status == 404


def test_all_pay_links_of_an_invoice_are_made_useless() -> None:
    program = a_program()
    payable, world = first_invoice(program), program.stage.world
    token = links.make(world, links.PayLink(program.stage.firm, "c1", payable))
    assert program.ask("DELETE", f"/invoices/{payable}/links").status == 204
    assert links.opened_by(world, token) is None
    assert program.ask("DELETE", "/invoices/nothing/links").status == 404


def test_the_sync_status_says_whether_anything_needs_somebody(program: Program) -> None:
    told = program.get("/sync").json
    assert told["well"] == (not (told["broken"] or told["parked"] or told["settings"]))


def test_connections_tell_why_one_does_not_work(program: Program) -> None:
    items = program.get("/connections").json["items"]
    assert [c["id"] for c in items] == ["clio", "quickbooks", "stripe-operating", "stripe-trust"]


# --- doing ------------------------------------------------------------------------------------------------------------


def test_a_reminder_set_is_made_changed_and_archived() -> None:
    program = a_program()
    made = program.post("/reminder-sets", {"name": "Ours", "steps": STEPS})
    assert made.status == 201
    path = f"/reminder-sets/{made.json['id']}"
    changed = program.ask("PUT", path, {"name": "Ours, kinder", "steps": STEPS})
    assert changed.json["name"] == "Ours, kinder"
    assert program.ask("DELETE", path).status == 204
    kept = {s["id"]: s for s in program.get("/reminder-sets").json["items"]}
    assert kept[made.json["id"]]["archived"]


def test_a_set_that_would_not_work_is_refused_with_the_rules_sentence(program: Program) -> None:
    answer = program.post("/reminder-sets", {"name": "Empty", "steps": []})
    assert answer.status == 422
    assert "at least one e-mail" in answer.json["detail"]


def test_a_collection_starts_and_stops() -> None:
    program = a_program()
    invoice = first_invoice(program)
    told = program.post("/collections", {"invoices": [invoice, "999"], "reminder_set": "friendly"}).json["items"]
    assert [(t["invoice"], t["started"]) for t in told] == [(invoice, True), ("999", False)]
    assert invoice in {r["id"] for r in program.get("/invoices?tab=reminding").json["items"]}
    assert program.ask("DELETE", f"/collections/{invoice}").status == 204
    assert invoice not in {r["id"] for r in program.get("/invoices?tab=reminding").json["items"]}


def test_a_resync_is_started_and_watched() -> None:
    program = a_program()
    run = program.post("/resyncs").json["id"]
    program.stage.work()
    assert program.get(f"/resyncs/{run}").json["id"] == run
    assert program.get("/resyncs/made-up").status == 404


def test_a_comparison_is_started_and_its_drift_read() -> None:
    program = a_program()
    assert program.post("/reconciliations").status == 202
    program.stage.pass_time(minutes=3, step_minutes=1)  # Clio's calls of one minute may not be enough
    drift = program.get("/drift")
    assert drift.status == 200
    assert drift.json["checked"] > 0


def test_what_needs_a_person_has_an_id_that_retries_it() -> None:
    stage, _ = a_firm_with_pages(second=True)
    program = Program(stage)
    items = program.get("/attention?limit=100").json["items"]
    step = next(i for i in items if any(a["do"] == "retry" for a in i["actions"]))
    assert program.post(f"/attention/{step['id']}/retry", {}).status == 202


def test_an_item_that_is_not_there_is_refused(program: Program) -> None:
    assert program.post("/attention/bm9uZQ/retry", {}).status == 422
    assert program.post("/attention/%25/retry", {}).status in (404, 422)


# --- bodies and once-only keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [[], "text", {"name": 7, "steps": []}, {"name": "x"}, {"name": "x", "steps": [1]}, {"name": "x", "steps": 5}],
)
def test_a_body_of_another_shape_is_unreadable(program: Program, body: Any) -> None:
    answer = program.post("/reminder-sets", body)
    assert answer.status == 400
    assert answer.header("Content-Type") == "application/problem+json"


def test_a_body_that_is_not_json_is_turned_away(program: Program) -> None:
    assert program.post("/reminder-sets", {"name": "x"}, Content_Type="text/plain").status == 415


def test_the_same_key_gives_the_same_answer_and_does_it_once() -> None:
    program = a_program()
    body = {"name": "Once", "steps": STEPS}
    first = program.post("/reminder-sets", body, Idempotency_Key="k1")
    again = program.post("/reminder-sets", body, Idempotency_Key="k1")
    assert (again.status, again.json) == (first.status, first.json)
    assert again.header("Idempotency-Replayed") == "true"
    assert [s["name"] for s in program.get("/reminder-sets").json["items"]].count("Once") == 1


def test_the_same_key_with_another_body_is_refused() -> None:
    program = a_program()
    program.post("/reminder-sets", {"name": "One", "steps": STEPS}, Idempotency_Key="k1")
    assert program.post("/reminder-sets", {"name": "Two", "steps": STEPS}, Idempotency_Key="k1").status == 422


def test_a_key_is_free_again_after_a_refusal_and_after_a_day() -> None:
    program = a_program()
    assert program.post("/reminder-sets", {"name": "", "steps": STEPS}, Idempotency_Key="k1").status == 422
    assert program.post("/reminder-sets", {"name": "One", "steps": STEPS}, Idempotency_Key="k1").status == 201
    program.stage.world.clock.move(hours=25)
    assert program.post("/reminder-sets", {"name": "Two", "steps": STEPS}, Idempotency_Key="k1").status == 201


def test_one_firms_key_does_not_answer_for_another() -> None:
    stage, _ = a_firm_with_pages()
    program = Program(stage)
    program.post("/reminder-sets", {"name": "One", "steps": STEPS}, Idempotency_Key="k1")
    other = Program(a_firm_with_pages(second=True)[0])
    assert (
        other.post("/reminder-sets", {"name": "One", "steps": STEPS}, Idempotency_Key="k1").header(
            "Idempotency-Replayed"
        )
        == ""
    )


# --- the document -----------------------------------------------------------------------------------------------------


def test_the_document_names_every_route_and_no_other() -> None:
    served = {(m.lower(), path.removeprefix(api_door.ROOT)) for m, path, _, _ in doors.routes}
    told = {(m, path) for path, item in DOCUMENT["paths"].items() for m in item if m != "parameters"}
    assert told == served


def test_every_reference_in_the_document_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    for pointer in {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}:
        place: Any = DOCUMENT
        for name in pointer.split("/"):
            assert name in place, pointer
            place = place[name]


def test_every_path_parameter_is_declared() -> None:
    for path, item in DOCUMENT["paths"].items():
        named = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert named == {p["name"] for p in item.get("parameters", [])}, path


@pytest.mark.parametrize(
    "path", ["/invoices", "/attention", "/payments", "/unrecorded", "/connections", "/reminder-sets"]
)
def test_a_list_answers_as_the_document_says(program: Program, path: str) -> None:
    answer = program.get(path).json
    schema = _answer_of(path)
    assert set(answer) == set(schema["properties"])
    row = _followed(schema["properties"]["items"]["items"])
    for one in answer["items"]:
        assert set(one) == set(row["properties"])


def test_an_invoice_answers_as_the_document_says(program: Program) -> None:
    told = program.get(f"/invoices/{first_invoice(program)}").json
    schema = _answer_of("/invoices/{payable}")
    assert set(told) == set(schema["properties"])
    for event in told["timeline"]:
        assert set(event) == set(DOCUMENT["components"]["schemas"]["Event"]["properties"])


def test_a_run_answers_as_the_document_says() -> None:
    told = a_program().post("/resyncs").json
    assert set(told) == set(DOCUMENT["components"]["schemas"]["Run"]["properties"])


def test_the_document_is_served_to_anyone(program: Program) -> None:
    answer = Program(program.stage, token="").get("/openapi.json")
    assert answer.status == 200
    assert answer.json["openapi"] == "3.1.0"


def _answer_of(path: str) -> dict[str, Any]:
    content = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]
    return _followed(content["application/json"]["schema"])


def _followed(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found
