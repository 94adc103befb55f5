"""The sandbox's tables of parameters against the typed parameters of the installed ``stripe`` package."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
import stripe.params
import stripe.params.checkout
from stripe._request_options import RequestOptions

from infra.sandbox.stripe.kinds import Kind
from infra.sandbox.stripe.params import METHODS, TYPED

OPTIONS = set(RequestOptions.__annotations__)


def typed(name: str) -> Any:
    where, _, cls = name.rpartition(".")
    return getattr(stripe.params.checkout if where == "checkout" else stripe.params, cls)


@pytest.mark.parametrize(("table", "name"), TYPED, ids=[name for _, name in TYPED])
def test_a_table_names_exactly_what_the_typed_package_takes(table: Mapping[str, Kind], name: str) -> None:
    assert set(table) == set(typed(name).__annotations__) - OPTIONS


@pytest.mark.parametrize(("table", "name"), TYPED, ids=[name for _, name in TYPED])
def test_what_the_typed_package_requires_is_required_here(table: Mapping[str, Kind], name: str) -> None:
    # Annotations are kept as text or forward references: what is not marked NotRequired is required.
    required = {n for n, t in typed(name).__annotations__.items() if n not in OPTIONS and "NotRequired" not in str(t)}
    assert required <= {n for n, kind in table.items() if kind.required}


def test_the_methods_of_the_filter_are_those_of_the_typed_package() -> None:
    annotation = str(typed("checkout.SessionCreateParams").__annotations__["allowed_payment_method_types"])
    assert set(METHODS) == set(re.findall(r"'(\w+)'", annotation))
