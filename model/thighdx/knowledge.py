"""The knowledge: everything the priors say, checked as a whole, frozen, with functional updates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from thighdx import schema
from thighdx.checks import check
from thighdx.errors import Fault, KnowledgeError, UnknownNameError, unknown
from thighdx.reading import Document, document_of, read_document, read_toml, thawed
from thighdx.shape import faults_of_shape


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What the priors say. `digest` is the SHA-256 of the merged tables; it does not see their order, equality does."""

    content: schema.Content
    document: Document
    digest: str

    def __eq__(self, other: object) -> bool:
        """Same content, causes and findings in the same order."""
        return isinstance(other, Knowledge) and self._identity == other._identity

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as plain tables and built anew, for the workers of a cluster."""
        document = self.document
        return _rebuild, (thawed(document.tables), dict(document.stated_in), document.beneath)

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def _identity(self) -> tuple[object, ...]:
        return self.digest, self.causes, self.findings

    def __repr__(self) -> str:
        return f"Knowledge({len(self.causes)} causes, {len(self.findings)} findings, digest {self.digest[:12]})"

    @cached_property
    def causes(self) -> tuple[str, ...]:
        """Ids of the causes, in the order of the vocabulary."""
        return tuple(self.content.causes)

    @cached_property
    def findings(self) -> tuple[str, ...]:
        """Ids of the findings, in the order of the vocabulary."""
        return tuple(self.content.findings)

    @cached_property
    def origins(self) -> tuple[str, ...]:
        """Ids of the origins, in the order of the vocabulary."""
        return tuple(self.content.origins)

    @property
    def populations(self) -> tuple[str, ...]:
        """Ids of the populations."""
        return tuple(self.content.populations)

    def population(self, name: str | None = None) -> tuple[str, schema.Population]:
        """Id and entry of a population; without a name the default one. Raises `UnknownNameError`."""
        wanted = self.content.default_population if name is None else name
        if wanted not in self.content.populations:
            raise UnknownNameError("population", unknown(wanted, "a population", self.populations))
        return wanted, self.content.populations[wanted]

    def with_overlay(self, overlay: Mapping[str, Any] | Path | str) -> Knowledge:
        """A new `Knowledge` in which the overlay (tables, or a TOML file) replaces what it states.

        Raises `KnowledgeError` with every fault; this one is unchanged.
        """
        if isinstance(overlay, Mapping):
            return build(self.document.laid_over(document_of(overlay, "overlay")))
        return build(self.document.laid_over(document_of(read_toml(Path(overlay)), str(overlay))))

    def with_row(
        self,
        finding: str,
        cause: str | None,
        p: Mapping[str, float],
        *,
        weight: float,
        estimate: str | None = None,
        figures: Iterable[str] = (),
        sources: Iterable[str] = (),
    ) -> Knowledge:
        """A new `Knowledge` with another row P(state | cause); `cause` None is the background row.

        `p` may leave states out; they share the rest. A row rests on `figures` or is an `estimate` with its reason.
        """
        row = _row(p, weight, estimate, figures, sources)
        place = {"background": row} if cause is None else {"rows": {cause: row}}
        return self.with_overlay({"findings": {finding: place}})

    def with_origins(
        self, population: str, shares: Mapping[str, float], *, weight: float = 1, estimate: str = "set by the caller"
    ) -> Knowledge:
        """A new `Knowledge` with other shares of the origins (0 to 1) in one population.

        Origins left out share the rest in the proportion they had. Raises `KnowledgeError` where the population states
        shares of causes outright.
        """
        _, entry = self.population(population)
        before = {} if entry.origins is None else {name: p for name, p in entry.origins.p.items() if name not in shares}
        scale = (1 - sum(shares.values())) / sum(before.values()) if before else 0.0
        whole = {**{name: p * scale for name, p in before.items()}, **shares}
        row = _row(whole, weight, estimate, (), ())
        return self.with_overlay({"populations": {population: {"origins": row}}})

    def with_base_rates(
        self,
        population: str,
        within: Mapping[str, Mapping[str, float]],
        *,
        weight: float = 1,
        estimate: str = "set by the caller",
    ) -> Knowledge:
        """A new `Knowledge` with other shares of the causes within origins: origin -> cause -> share, each sum 1."""
        rows = {origin: _row(shares, weight, estimate, (), ()) for origin, shares in within.items()}
        return self.with_overlay({"populations": {population: {"within": rows}}})


def load_knowledge(*places: Path | str) -> Knowledge:
    """The shipped priors with folders or overlay files laid over them, later wins; see `thighdx.reading`.

    Raises `KnowledgeError` with every fault of all files at once; no half-built knowledge is ever returned.
    """
    return build(read_document(places))


def build(document: Document) -> Knowledge:
    """Check a merged document and freeze it. Raises `KnowledgeError` with every fault."""
    tables = thawed(document.tables)
    try:
        content = schema.Content.model_validate(tables)
    except ValidationError as error:
        raise KnowledgeError(faults_of_shape(document, error)) from None
    faults = [Fault(document.place(path), message) for path, message in check(content, document.beneath)]
    if faults:
        raise KnowledgeError(faults)
    return Knowledge(content, document.frozen(), document.digest())


def _rebuild(tables: dict[str, Any], stated_in: dict[tuple[str, ...], str], beneath: frozenset[Any]) -> Knowledge:
    return build(Document(tables, stated_in, beneath))


def _row(
    p: Mapping[str, float], weight: float, estimate: str | None, figures: Iterable[str], sources: Iterable[str]
) -> dict[str, Any]:
    row: dict[str, Any] = {"p": dict(p), "weight": weight, "figures": list(figures), "sources": list(sources)}
    return row if estimate is None else row | {"estimate": estimate}
