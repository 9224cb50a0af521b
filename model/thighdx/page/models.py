"""What all sessions share: knowledge by its base rates, and draws made ready in the background. Nothing of a case."""

from __future__ import annotations

from threading import Event, Thread

import streamlit as st

from thighdx.casereport.saved import Situation, in_force
from thighdx.evidence import Evidence
from thighdx.knowledge import Knowledge
from thighdx.reasoning.draws import Draws, get_draws

PATIENCE = 30  # seconds


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


class Drawn:
    """The draws of a population in the making: built, then finding by finding, by a thread of their own."""

    def __init__(self, knowledge: Knowledge, population: str) -> None:
        self._built = Event()
        self._draws: Draws | None = None
        Thread(target=self._make, args=(knowledge, population), name="draws", daemon=True).start()

    def is_ready(self, case: Evidence) -> bool:
        """Whether the intervals of a case are a matter of milliseconds."""
        return self._draws is not None and self._draws.is_ready(case)

    def wait(self) -> None:
        """Return once the draws are built, so that nobody builds them a second time."""
        self._built.wait(PATIENCE)

    def _make(self, knowledge: Knowledge, population: str) -> None:
        try:
            self._draws = get_draws(knowledge, population)
        finally:
            self._built.set()
        self._draws.prepare()


def drawn(knowledge: Knowledge, population: str) -> Drawn:
    """The draws behind the intervals; the first call for some numbers starts making them."""
    return _drawn(knowledge, knowledge.digest, population)


@st.cache_resource(max_entries=16, show_spinner=False)  # some 15 MB each
def _drawn(_knowledge: Knowledge, digest: str, population: str) -> Drawn:  # noqa: ARG001 - the digest is the key
    return Drawn(_knowledge, population)
