"""Parts that are made only while they are open: what nobody looks at is neither worked out, sent nor drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.elements.lib.mutable_expander_container import ExpanderContainer


def folded(label: str, key: str, *, expanded: bool = False) -> ExpanderContainer:
    """A part to open and close; fill it only where it is `open`. Its key keeps it open while its label changes."""
    return st.expander(label, expanded, key=key, on_change="rerun")
