"""The names of all settings that differ from stage to stage, and how a ``.env`` file is read.

``.env.example`` documents each of them; a test keeps the two lists equal. This module holds no values and no defaults.
"""

from __future__ import annotations

from pathlib import Path

CLIO_REGIONS = ("US", "EU", "CA", "AU")

# Kept in the stage's secret as one JSON object with exactly these keys; the program reads them from there.
NEIGHBOURS = (
    *(f"CLIO_{region}_{part}" for region in CLIO_REGIONS for part in ("CLIENT_ID", "CLIENT_SECRET", "BASE")),
    "QUICKBOOKS_CLIENT_ID",
    "QUICKBOOKS_CLIENT_SECRET",
    "QUICKBOOKS_API_BASE",
    "QUICKBOOKS_AUTHORIZE_URL",
    "QUICKBOOKS_TOKEN_URL",
    "QUICKBOOKS_REVOKE_URL",
    "QUICKBOOKS_VERIFIER_TOKEN",
    "STRIPE_SECRET_KEY",
    "STRIPE_CLIENT_ID",
    "STRIPE_API_BASE",
    "STRIPE_CONNECT_BASE",
    "STRIPE_WEBHOOK_SECRET",
)

# Parameters of the template: not secret, visible in the functions' environment.
STAGE = ("PUBLIC_URL", "MAIL_FROM", "MAIL_IDENTITY", "ALARM_ADDRESS")

# A firm in a region without an application there cannot choose it; these parts may be left empty together.
OPTIONAL = frozenset(name for name in NEIGHBOURS if name.startswith("CLIO_")) | {"MAIL_IDENTITY", "ALARM_ADDRESS"}


class BadSettings(Exception):
    """A ``.env`` that cannot be used; the text says which line or name."""


def read_env(path: Path) -> dict[str, str]:
    """The settings in ``path``: lines ``NAME=value``, ``#`` comments, values optionally in quotes.

    Raises BadSettings for a missing file, a line that is not understood, and a name that is not a setting.
    """
    if not path.exists():
        raise BadSettings(f"{path.name} is missing: copy .env.example to {path.name} and fill it in.")
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            raise BadSettings(f"{path.name} line {number} is not of the form NAME=value.")
        if name not in NEIGHBOURS and name not in STAGE:
            raise BadSettings(f"{path.name} line {number}: there is no setting called {name}.")
        found[name] = _plain(value)
    return found


def _plain(value: str) -> str:
    text = value.strip()
    if text[:1] in {'"', "'"}:
        return text[1:].partition(text[0])[0]
    return text.partition(" #")[0].strip()


def check(found: dict[str, str]) -> None:
    """Raises BadSettings naming everything that is missing, so that one run shows it all."""
    missing = [name for name in (*NEIGHBOURS, *STAGE) if name not in OPTIONAL and not found.get(name)]
    given = {region: _parts(found, region) for region in CLIO_REGIONS}
    regions = [region for region, parts in given.items() if parts == {True}]
    half = [region for region, parts in given.items() if parts == {True, False}]
    problems = []
    if missing:
        problems.append("missing: " + ", ".join(missing))
    if half:
        problems.append("Clio needs CLIENT_ID, CLIENT_SECRET and BASE together for: " + ", ".join(half))
    if not regions and not half:
        problems.append("at least one Clio region needs its CLIENT_ID, CLIENT_SECRET and BASE")
    if problems:
        raise BadSettings("; ".join(problems) + ".")


def _parts(found: dict[str, str], region: str) -> set[bool]:
    """Which of a region's parts are given; an address alone, as .env.example has it, is none."""
    parts = {bool(found.get(f"CLIO_{region}_{part}")) for part in ("CLIENT_ID", "CLIENT_SECRET")}
    return parts if parts == {False} else parts | {bool(found.get(f"CLIO_{region}_BASE"))}
