"""numpy's engine while the cases are few, compiled code once there are many."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from thighdx.engine import Engine, Posterior
from thighdx.evidence import Evidence
from thighdx.rows import Array
from thighdx.tables import Tables

if TYPE_CHECKING:
    from thighdx.fast.compiled import CompiledEngine

# Importing numba and loading the compiled code takes 0.7 s, in which numpy's engine does so many cases.
COMPILED_FROM = 20_000


class AdaptiveEngine(Engine):
    """`Engine` that turns to compiled code once it has been asked for `COMPILED_FROM` cases, in one call or in many.

    Where numba cannot be imported it stays with numpy.
    """

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self._lock = Lock()
        self._asked = 0
        self._compiled: CompiledEngine | None = None

    def posterior(self, evidence: Evidence) -> Posterior:
        """P(cause | evidence) of every case."""
        self._count(evidence.cases)
        if self._compiled is None:
            return super().posterior(evidence)
        return self._compiled.posterior(evidence)

    def level_posterior(self, evidence: Evidence, mechanism: str, cause: str) -> Array:
        """P(level | cause, evidence), (cases, levels); rows of 0 where the evidence is impossible under the cause."""
        if self._compiled is None:
            return super().level_posterior(evidence, mechanism, cause)
        return self._compiled.level_posterior(evidence, mechanism, cause)

    def log_margins(self, evidence: Evidence) -> Array:
        """sum_f log P(e_f), (cases,): the log-probability of the answers were they independent."""
        if self._compiled is None:
            return super().log_margins(evidence)
        return self._compiled.log_margins(evidence)

    def __reduce__(self) -> tuple[type[AdaptiveEngine], tuple[Tables]]:
        """Pickled as what it was made of, for the workers of a cluster."""
        return AdaptiveEngine, (self.tables,)

    def _count(self, cases: int) -> None:
        with self._lock:  # several threads may ask; one of them compiles and the others wait for it
            before, self._asked = self._asked, self._asked + cases
            if before < COMPILED_FROM <= self._asked:
                try:
                    from thighdx.fast.compiled import CompiledEngine
                except ImportError:
                    return
                self._compiled = CompiledEngine(self.tables)
