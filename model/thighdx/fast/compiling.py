"""How functions are compiled: without the interpreter's lock, and kept on disk wherever anything can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def part(function: Callable[..., Any]) -> Any:
    """A function that only compiled code calls."""
    return njit(nogil=True, error_model="numpy")(function)


def entry(function: Callable[..., Any]) -> Any:
    """What Python calls. Its compiled code is kept in `__pycache__`, or in the user's cache folder."""
    try:
        return njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError:  # no folder for the cache: compiled anew in each process
        return part(function)
