"""`.env`: the settings of stages that talk to real services."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local import values
from infra.local.ports import Ports
from infra.settings import NEIGHBOURS, STAGE, BadSettings, check, read_env

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def full_settings(**changed: str) -> dict[str, str]:
    return {**dict.fromkeys((*NEIGHBOURS, *STAGE), "something"), **changed}


def an_env(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text)
    return path


def test_the_example_names_every_setting_and_no_other() -> None:
    assert set(read_env(EXAMPLE)) == {*NEIGHBOURS, *STAGE}


def test_the_local_stage_gives_every_setting_of_the_neighbours() -> None:
    assert set(values.settings(Ports())) == set(NEIGHBOURS)
    assert all(values.settings(Ports()).values())


def test_values_may_be_quoted_and_followed_by_a_comment(tmp_path: Path) -> None:
    path = an_env(tmp_path, '# hello\nMAIL_FROM="A <a@example.com>"\nPUBLIC_URL=https://x.example  # ours\n\n')
    assert read_env(path) == {"MAIL_FROM": "A <a@example.com>", "PUBLIC_URL": "https://x.example"}


def test_a_missing_file_says_what_to_copy(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"copy \.env\.example"):
        read_env(tmp_path / ".env")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PUBLIC_URL", "line 1 is not of the form"),
        ("\nSTRIPE_SECRET=x", "line 2: there is no setting called STRIPE_SECRET"),
    ],
)
def test_a_line_that_is_not_understood_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        read_env(an_env(tmp_path, text))


def test_all_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(BadSettings, match="missing: QUICKBOOKS_CLIENT_ID, STRIPE_SECRET_KEY"):
        check(full_settings(QUICKBOOKS_CLIENT_ID="", STRIPE_SECRET_KEY=""))


def test_a_region_of_clio_may_be_left_out() -> None:
    check(full_settings(CLIO_AU_CLIENT_ID="", CLIO_AU_CLIENT_SECRET=""))


def test_half_a_region_of_clio_is_refused() -> None:
    with pytest.raises(BadSettings, match="together for: AU"):
        check(full_settings(CLIO_AU_CLIENT_SECRET=""))


def test_one_region_of_clio_is_needed() -> None:
    none = {
        f"CLIO_{region}_{part}": "" for region in ("US", "EU", "CA", "AU") for part in ("CLIENT_ID", "CLIENT_SECRET")
    }
    with pytest.raises(BadSettings, match="at least one Clio region"):
        check(full_settings(**none))
