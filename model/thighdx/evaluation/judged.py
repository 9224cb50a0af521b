"""Cases judged against their true cause: ranks, red flags, and what is known at each stage of a visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from thighdx.assess import TIE, Assessment, Model, assess
from thighdx.cases import Cases
from thighdx.evidence import Evidence
from thighdx.knowledge import Knowledge
from thighdx.rows import Array
from thighdx.schema import ROUTINE, Kind

ALWAYS, *LATER = get_args(Kind)  # context is known from the start; the other kinds follow in this order


@dataclass(frozen=True)
class Judged:
    """Cases beside their true causes, all arrays (cases, ...).

    truth: position of the true cause. probability: P(cause | e). rank: place of the true cause, from 1; ties go by the
    vocabulary's order. top: position of the leading cause. urgency: place among `urgencies` of the highest urgency of
    the red flags that fire, possibly or for certain; routine where none does. suspected: (cases, causes), whether one
    that fires may be that cause. answers: number of findings known. grades: grade -> (cases,), its probability given
    its cause.
    """

    truth: NDArray[np.intp]
    probability: Array
    rank: NDArray[np.intp]
    top: NDArray[np.intp]
    urgency: NDArray[np.integer]
    urgencies: tuple[str, ...]
    suspected: NDArray[np.bool_]
    answers: NDArray[np.intp]
    grades: Mapping[str, Array]

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Whether any red flag fires, (cases,)."""
        return np.asarray(self.urgency < self.urgencies.index(ROUTINE))

    @property
    def of_truth(self) -> Array:
        """P(true cause | e), (cases,)."""
        return np.asarray(self.probability[np.arange(len(self.truth)), self.truth])

    @property
    def named(self) -> NDArray[np.bool_]:
        """Whether a red flag that fires may be the true cause, (cases,)."""
        return np.asarray(self.suspected[np.arange(len(self.truth)), self.truth])


def stages(knowledge: Knowledge) -> dict[str, tuple[str, ...]]:
    """Last kind of finding known -> all kinds known, from history alone on; kinds without findings are passed over."""
    used = {finding.kind for finding in knowledge.content.findings.values()}
    kinds = [kind for kind in LATER if kind in used] or [ALWAYS]
    return {kind: (ALWAYS, *LATER[: LATER.index(kind) + 1]) if kind in LATER else (ALWAYS,) for kind in kinds}


def only_kinds(knowledge: Knowledge, cases: Cases, kinds: Sequence[str]) -> Cases:
    """The cases with every finding of another kind hidden."""
    kept = np.array([finding.kind in kinds for finding in knowledge.content.findings.values()], dtype=bool)
    names = {name for name, keep in zip(knowledge.findings, kept, strict=True) if keep}
    answers = {name: read for name, read in cases.answers.items() if name in names}
    return replace(cases, answers=answers, evidence=only(cases.evidence, kept))


def only(evidence: Evidence, kept: NDArray[np.bool_]) -> Evidence:
    """The evidence of the findings that are `kept`, (findings,); the others are not known."""
    soft = kept[evidence.soft_finding]
    return Evidence(
        np.where(kept, evidence.codes, 0).astype(np.uint8),
        evidence.soft_case[soft],
        evidence.soft_finding[soft],
        evidence.soft_likelihood[soft],
    )


def judge(model: Model, cases: Cases, truth: NDArray[np.intp], rows: NDArray[np.intp]) -> Judged:
    """Some `rows` of the cases, whose true causes `truth` are given for every case."""
    found = assess(model, cases)
    probability, right = found.probability[rows], truth[rows]
    return Judged(
        right,
        probability,
        rank_of(probability, right),
        np.asarray(found.top[rows], dtype=np.intp),
        found.flags.urgency.codes[rows],
        found.flags.urgency.texts,
        _suspected(model.knowledge, found)[rows],
        answers_of(cases.evidence)[rows],
        {grade: share[rows] for grade, share in found.grades.items()},
    )


def rank_of(probability: Array, truth: NDArray[np.intp]) -> NDArray[np.intp]:
    """Place of the true cause, from 1, (cases,)."""
    mine = probability[np.arange(len(truth)), truth][:, None]
    before = np.arange(probability.shape[1]) < truth[:, None]
    ahead = (probability > mine + TIE) | (before & (probability >= mine - TIE))
    return np.asarray(1 + ahead.sum(axis=1), dtype=np.intp)


def answers_of(evidence: Evidence) -> NDArray[np.intp]:
    """Number of findings that say something, (cases,)."""
    soft = np.bincount(evidence.soft_case, minlength=evidence.cases)
    return np.asarray((evidence.codes > 0).sum(axis=1) + soft, dtype=np.intp)


def _suspected(knowledge: Knowledge, found: Assessment) -> NDArray[np.bool_]:
    """Whether a red flag that fires may be each of the causes, (cases, causes)."""
    flags = [knowledge.content.red_flags[name] for name in found.flags.ids]
    may_be = np.array([[cause in flag.may_be for cause in knowledge.causes] for flag in flags], dtype=bool)
    may_be = may_be.reshape(len(flags), len(knowledge.causes))
    return np.asarray((found.flags.fired > 0).astype(np.float32) @ may_be.astype(np.float32) > 0)
