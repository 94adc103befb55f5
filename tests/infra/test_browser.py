"""The plain browser of the demo reads forms as a real one does."""

from __future__ import annotations

from infra.local.browser import Shown

FORM = """<form method="post" action="/desk/sets"><input type="hidden" name="csrf" value="x">
<input name="days" value="3"><select name="when"><option value="after"><option value="before" selected></select>
<textarea name="body">First</textarea>
<input name="days" value="10"><select name="when"><option value="after"><option value="before"></select>
<textarea name="body">Second &amp; last</textarea>
<input type="checkbox" name="id" value="1"><input type="checkbox" name="id" value="2" checked>
<button name="do" value="save">Save</button></form>"""


def test_fields_of_one_name_are_all_sent_in_order() -> None:
    (form,) = Shown("http://x/desk", 200, FORM).forms
    assert form.fields == {
        "csrf": ["x"],
        "days": ["3", "10"],
        "when": ["before", "after"],
        "body": ["First", "Second & last"],
        "id": ["2"],
    }
    assert form.buttons == [("do", "save")]
