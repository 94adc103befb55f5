"""The settings of the local stage: the same names as in ``.env``, with values that point at the sandboxes.

These ids and secrets are no secrets: the sandboxes know no others, and nothing outside this machine does.
"""

from __future__ import annotations

from typing import Any

from infra.local.ports import HOST, Ports
from infra.settings import CLIO_REGIONS

CLIO_CLIENT = ("local-clio-client", "local-clio-secret")
QUICKBOOKS_CLIENT = ("local-quickbooks-client", "local-quickbooks-secret")
QUICKBOOKS_VERIFIER = "local-quickbooks-verifier"
STRIPE_KEY = "sk_test_local_platform"
STRIPE_CLIENT = "ca_local"
STRIPE_WEBHOOK_SECRET = "whsec_local"  # noqa: S105 - known to the sandbox on this machine only
# Routes of app.py, as they would be registered with the real neighbours.
CALLBACKS = {
    "clio": ["/oauth/clio"],
    "quickbooks": ["/oauth/quickbooks"],
    "stripe": ["/oauth/stripe"],
}
WEBHOOKS = {"clio": "/webhooks/clio", "quickbooks": "/webhooks/quickbooks", "stripe": "/webhooks/stripe"}
MAIL_FROM = "Fee Simple <billing@fee-simple.example>"
MAIL_IDENTITY = "fee-simple.example"


def public_url(ports: Ports) -> str:
    """The address that people open; its host is a name, so that cookies behave as under a domain."""
    return f"http://localhost:{ports.front}"


def sandboxes(ports: Ports) -> str:
    """Below this address the three sandboxes lie: /clio, /quickbooks and /stripe."""
    return f"http://{HOST}:{ports.sandboxes}"


def app(name: str, ports: Ports) -> dict[str, Any]:
    """How the sandbox ``name`` knows the program: the fields of infra/sandbox/serve.py's App."""
    client_id, client_secret, webhook_secret = {
        "clio": (*CLIO_CLIENT, ""),
        "quickbooks": (*QUICKBOOKS_CLIENT, QUICKBOOKS_VERIFIER),
        "stripe": (STRIPE_CLIENT, STRIPE_KEY, STRIPE_WEBHOOK_SECRET),
    }[name]
    return {
        "client_id": client_id,
        "client_secret": client_secret,
        "webhook_secret": webhook_secret,
        "redirect_uris": [public_url(ports) + path for path in CALLBACKS[name]],
        "webhook_url": public_url(ports) + WEBHOOKS[name],
    }


def settings(ports: Ports) -> dict[str, str]:
    """What the stage's secret holds: all four Clio regions are the one sandbox."""
    there = sandboxes(ports)
    clio_id, clio_secret = CLIO_CLIENT
    found: dict[str, str] = {}
    for region in CLIO_REGIONS:
        found[f"CLIO_{region}_CLIENT_ID"] = clio_id
        found[f"CLIO_{region}_CLIENT_SECRET"] = clio_secret
        found[f"CLIO_{region}_BASE"] = f"{there}/clio"
    quickbooks_id, quickbooks_secret = QUICKBOOKS_CLIENT
    return {
        **found,
        "QUICKBOOKS_CLIENT_ID": quickbooks_id,
        "QUICKBOOKS_CLIENT_SECRET": quickbooks_secret,
        "QUICKBOOKS_API_BASE": f"{there}/quickbooks",
        "QUICKBOOKS_AUTHORIZE_URL": f"{there}/quickbooks/connect/oauth2",
        "QUICKBOOKS_TOKEN_URL": f"{there}/quickbooks/oauth2/v1/tokens/bearer",
        "QUICKBOOKS_REVOKE_URL": f"{there}/quickbooks/v2/oauth2/tokens/revoke",
        "QUICKBOOKS_VERIFIER_TOKEN": QUICKBOOKS_VERIFIER,
        "STRIPE_SECRET_KEY": STRIPE_KEY,
        "STRIPE_CLIENT_ID": STRIPE_CLIENT,
        "STRIPE_API_BASE": f"{there}/stripe",
        "STRIPE_CONNECT_BASE": f"{there}/stripe",
        "STRIPE_WEBHOOK_SECRET": STRIPE_WEBHOOK_SECRET,
    }


def secrets() -> set[str]:
    """Those of the settings that must stand in no log; each is known to the sandboxes alone."""
    return {CLIO_CLIENT[1], QUICKBOOKS_CLIENT[1], QUICKBOOKS_VERIFIER, STRIPE_KEY, STRIPE_WEBHOOK_SECRET}


def parameters(ports: Ports) -> dict[str, str]:
    """The template's parameters, except Stage."""
    return {"PublicUrl": public_url(ports), "MailFrom": MAIL_FROM, "MailIdentity": MAIL_IDENTITY}
