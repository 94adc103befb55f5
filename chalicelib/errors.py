"""The error tree. Anything that is not in it is a bug and flies.

FeeSimpleError
├── Refused            a rule says no; the sentence is shown to the person
├── Unreadable         a neighbour's answer or a page's input cannot be understood; the item parks with its raw value
├── Conflict           the state moved since it was loaded; load and decide again
└── Outside            a neighbour did not do what was asked
    ├── Unavailable    later; maybe it was done all the same
    ├── Expired        the access token was refused; refresh once, then Disconnected
    ├── Disconnected   authorization lost; effects wait, the firm is told
    └── Declined       the neighbour understood and said no, with a code; asking again changes nothing
"""

from __future__ import annotations


class FeeSimpleError(Exception):
    """Root of all errors that the program raises on purpose."""


class Refused(FeeSimpleError):
    """A rule says no. ``reason`` is one sentence for the person: what happened and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unreadable(FeeSimpleError):
    """Something from outside does not have the shape it must have. ``what`` names the field, ``raw`` is its value."""

    def __init__(self, what: str, raw: object, remedy: str = "") -> None:
        super().__init__(f"{what}: {raw!r}")
        self.what = what
        self.raw = str(raw)[:200]
        self.remedy = remedy


class Conflict(FeeSimpleError):
    """A commit's condition failed: somebody else was first. Load and decide again, a bounded number of times."""


class Outside(FeeSimpleError):
    """A neighbour did not do what was asked."""


class Unavailable(Outside):
    """Try later. ``after``: seconds to wait at least. ``maybe_done``: the request may have been carried out. ``ours``:
    it is our own budget that is used up and nothing failed: it goes on after exactly so long."""

    def __init__(self, why: str, *, after: float = 30.0, maybe_done: bool = False, ours: bool = False) -> None:
        super().__init__(why)
        self.ours = ours
        self.why = why
        self.after = after
        self.maybe_done = maybe_done


class Expired(Outside):
    """The access token was refused (401). Whoever holds the tokens re-reads them, refreshes once, then gives up."""


class Disconnected(Outside):
    """Authorization is lost: effects wait, the firm is told, reconnecting resumes them."""

    def __init__(self, firm: str, neighbour: str, why: str = "") -> None:
        super().__init__(f"{neighbour}: {why or 'authorization lost'}")
        self.firm = firm
        self.neighbour = neighbour
        self.why = why


class Declined(Outside):
    """The neighbour understood and said no. ``code`` is its code as text, ``detail`` its words, shown one click
    away."""

    def __init__(self, code: str, message: str, detail: str = "", status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.detail = detail
        self.status = status
