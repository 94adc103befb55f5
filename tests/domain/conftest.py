"""Hypothesis without its clock: on a shared machine a slow example is no failure. Under mutation (mutate.py) there are
fewer examples, the same ones for every mutant."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("any-machine", deadline=None)
settings.register_profile("mutation", deadline=None, max_examples=25, derandomize=True, database=None)
settings.load_profile("mutation" if "MUTANT_UNDER_TEST" in os.environ else "any-machine")
