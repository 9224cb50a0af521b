"""The knowledge: everything the priors say, checked as a whole, frozen, with functional updates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from thighdx import schema
from thighdx.checks import check
from thighdx.errors import Fault, KnowledgeError, UnknownNameError, unknown
from thighdx.reading import Document, document_of, read_document, read_toml

TABLES: dict[str, tuple[type[schema.Table], ...]] = {
    "": (schema.Content,),
    "causes.*": (schema.Cause,),
    "causes.*.grading": (schema.Grading,),
    "causes.*.care": (schema.Care,),
    "findings.*": (schema.Finding,),
    "findings.*.from_number": (schema.FromNumber,),
    "findings.*.background": (schema.Row,),
    "findings.*.rows.*": (schema.Row, schema.RatioRow),
    "mechanisms.*": (schema.Mechanism,),
    "mechanisms.*.background": (schema.Row,),
    "mechanisms.*.rows.*": (schema.Row,),
    "mechanisms.*.templates.*": (schema.Template,),
    "populations.*": (schema.Population,),
    "populations.*.origins": (schema.Shares,),
    "populations.*.causes": (schema.Shares,),
    "populations.*.within.*": (schema.Shares,),
    "populations.*.mix.*": (schema.Row,),
    "red_flags.*": (schema.RedFlag,),
    "thresholds": (schema.Thresholds,),
    "sources.*": (schema.Source,),
    "figures.*": (schema.Figure,),
    "studies.*": (schema.Study,),
    "combinations.*": (schema.Combination,),
}  # which table stands where; only to name the accepted keys of a misspelt one


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What the priors say. Equal and hashed by `digest`, the SHA-256 of the merged tables."""

    content: schema.Content
    document: Document
    digest: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Knowledge) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

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
        wanted = name or self.content.default_population
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
        """A new `Knowledge` with other shares of the origins (0 to 1, sum 1) in one population."""
        row = _row(shares, weight, estimate, (), ())
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
    try:
        content = schema.Content.model_validate(document.tables)
    except ValidationError as error:
        raise KnowledgeError([_fault(document, detail) for detail in error.errors(include_url=False)]) from None
    faults = [Fault(document.place(path), message) for path, message in check(content, document.beneath)]
    if faults:
        raise KnowledgeError(faults)
    return Knowledge(content, document, document.digest())


def _row(
    p: Mapping[str, float], weight: float, estimate: str | None, figures: Iterable[str], sources: Iterable[str]
) -> dict[str, Any]:
    row: dict[str, Any] = {"p": dict(p), "weight": weight, "figures": list(figures), "sources": list(sources)}
    return row if estimate is None else row | {"estimate": estimate}


def _fault(document: Document, detail: Mapping[str, Any]) -> Fault:
    """One pydantic error in this project's words: place, found, accepted, nearest."""
    path = tuple(str(part) for part in detail["loc"] if not str(part).startswith("row:"))
    place = document.place(path)
    if detail["type"] == "extra_forbidden":
        return Fault(place, unknown(path[-1], "a key here", _accepted_keys(path[:-1])))
    if detail["type"] == "missing":
        return Fault(place, "is missing")
    message = str(detail["msg"])
    found = detail["input"]
    shown = repr(found) if isinstance(found, str | int | float | bool) else type(found).__name__
    return Fault(place, f"found {shown[:80]}; accepted: {message[0].lower()}{message[1:]}")


def _accepted_keys(path: tuple[str, ...]) -> list[str]:
    dotted = ".".join(path)
    for pattern, tables in TABLES.items():
        if fnmatchcase(dotted, pattern) and pattern.count(".") == dotted.count("."):
            return list(dict.fromkeys(key for table in tables for key in table.model_fields))
    return []
