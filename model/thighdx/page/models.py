"""What all sessions share: knowledge by its base rates, and draws made ready in the background. Nothing of a case."""

from __future__ import annotations

from threading import Thread

import streamlit as st

from thighdx.casereport.saved import Situation, in_force
from thighdx.knowledge import Knowledge
from thighdx.reasoning.draws import Draws, get_draws


def used(knowledge: Knowledge, situation: Situation) -> Knowledge:
    """The knowledge in force: with this case's own shares of the origins, where it has any."""
    if situation.origins is None:
        return knowledge
    return _with_origins(knowledge, knowledge.digest, situation.population, tuple(situation.origins.items()))


@st.cache_resource(max_entries=8, show_spinner=False)
def _with_origins(
    _knowledge: Knowledge,
    digest: str,  # noqa: ARG001 - the key in the cache
    population: str,
    shares: tuple[tuple[str, float], ...],
) -> Knowledge:
    return in_force(_knowledge, Situation({}, population, dict(shares)))


def draws(knowledge: Knowledge, population: str) -> Draws:
    """The draws behind the intervals; the first call for some numbers has all findings drawn in the background."""
    found = get_draws(knowledge, population)
    _prepare(found, knowledge.digest, population)
    return found


@st.cache_resource(max_entries=32, show_spinner=False)
def _prepare(_found: Draws, digest: str, population: str) -> None:  # noqa: ARG001 - the keys in the cache
    Thread(target=_found.prepare, name="draws", daemon=True).start()
