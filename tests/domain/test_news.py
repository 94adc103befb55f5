"""What is read of a webhook subscription."""

from __future__ import annotations

from chalicelib.domain.news import HookReading


def test_the_secret_of_a_subscription_never_stands_in_what_is_printed() -> None:
    hook = HookReading("7", "https://fee.test/hooks", "enabled", ("created",), None, secret="s3cret")
    assert hook.secret == "s3cret"
    assert "s3cret" not in repr(hook)
