"""What `thighdx app --priors ... --population ...` hands to the page, by environment variables."""

from __future__ import annotations

import json
import os

from thighdx.page.launch import POPULATION, PRIORS


def places() -> tuple[str, ...]:
    """Folders and overlay files to lay over the shipped priors, later wins."""
    return tuple(json.loads(os.environ.get(PRIORS) or "[]"))


def population() -> str | None:
    """The population a new page starts with, an id or a file; None for the priors' own default."""
    return os.environ.get(POPULATION) or None
