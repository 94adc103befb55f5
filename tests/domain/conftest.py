"""Hypothesis without its clock, on a shared machine a slow example is no failure, and with the same examples in every
run: the branches that they cover are the same everywhere. Under mutation (mutate.py) there are fewer.

``HYPOTHESIS_PROFILE=search`` looks for new ones."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("search", deadline=None, max_examples=500)
settings.register_profile("any-machine", deadline=None, derandomize=True, database=None)
settings.register_profile("mutation", deadline=None, max_examples=10, derandomize=True, database=None)
usual = "mutation" if "MUTANT_UNDER_TEST" in os.environ else "any-machine"
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", usual))
