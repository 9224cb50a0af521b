"""A program run over many cases: the compiled sum over causes of P(cause) P(e | cause), and each cause's share of it.

Products of probabilities are formed as they are, not as logarithms. All factors are at most 1, so a sum over causes
that ends well above the smallest number lost nothing on the way; the others are named as unsure.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from thighdx.evidence import Evidence
from thighdx.fast import kernel
from thighdx.fast.plan import plan
from thighdx.fast.soft import combinations
from thighdx.rows import Array
from thighdx.tables import Tables

SHARE = 4 * kernel.BLOCK  # cases a thread takes at a time, where there are several
SOFT_SHARE = 4096  # cases whose soft cells are combined at a time; bounds memory at some 70 MB
COMBINATIONS = 64  # of the states of a case's soft cells; a case with more of them is unsure here
SAFE = {np.dtype(np.float64): 1e-290, np.dtype(np.float32): 1e-28}  # a P(e) below may have lost terms to underflow

Codes = NDArray[np.uint8]
Numbers = NDArray[Any]  # float64 or float32


class Found(NamedTuple):
    """shares: (cases, causes). log_total: (cases,), log P(e). unsure: the rows of both that are to be worked out again.

    Unsure are cases whose P(e) is 0 or may have underflowed, and those with too many combinations of soft cells.
    """

    shares: Numbers
    log_total: Array
    unsure: NDArray[np.intp]


class Mixture:
    """One set of tables in compiled form. Read-only once made, safe to share between threads."""

    def __init__(self, tables: Tables, dtype: np.dtype[Any]) -> None:
        self.dtype, self._tables = dtype, tables
        self._findings = [finding.id for finding in tables.findings]
        self._causes = len(tables.causes)
        self._program = plan(tables, kernel.LANES[dtype], dtype.type)
        self._scratch: deque[kernel.Scratch] = deque()  # each thread takes one and puts it back

    def __reduce__(self) -> tuple[type[Mixture], tuple[Tables, np.dtype[Any]]]:
        """Pickled as what it was made of: a copy of the program's tables would not start at a cache line."""
        return Mixture, (self._tables, self.dtype)

    def infer(self, told: Evidence, out: Numbers | None = None, threads: int = 1) -> Found:
        """Every case's shares (written to `out`, if given) and total."""
        shares = self._room(out, told.cases)
        total = self._infer(told.codes, shares, threads)
        sure = total >= SAFE[self.dtype]
        with np.errstate(divide="ignore"):
            log_total = np.log(total, dtype=np.float64)
        if told.soft_case.size:
            sure[told.soft_case] = False
            soft = np.unique(told.soft_case)
            for start in range(0, len(soft), SOFT_SHARE):
                cases = soft[start : start + SOFT_SHARE]
                done, *found = self._infer_soft(told.take(cases), threads)
                shares[cases[done]], log_total[cases[done]], sure[cases[done]] = found
        return Found(shares, log_total, np.flatnonzero(~sure))

    def _room(self, out: Numbers | None, cases: int) -> Numbers:
        shape = cases, self._causes
        if out is None:
            return np.empty(shape, dtype=self.dtype)
        if out.shape != shape or out.dtype != self.dtype or not (out.flags.c_contiguous and out.flags.writeable):
            raise ValueError(f"out: {out.dtype}, {out.shape}; accepted: {self.dtype}, {shape}, in row order, writeable")
        return out

    def _infer(self, codes: Codes, shares: Numbers, threads: int) -> Numbers:
        """P(e) of each case, (cases,); `shares` is filled."""
        cases = len(codes)
        if codes.dtype != np.uint8 or codes.shape != (cases, len(self._findings)):
            raise ValueError(f"codes: {codes.dtype}, {codes.shape}; accepted: uint8, (cases, {len(self._findings)})")
        total = np.empty(cases, dtype=self.dtype)
        work = partial(self._infer_share, _laid_out(codes), shares, total)
        if threads > 1 and cases > SHARE:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(work, range(0, cases, SHARE), range(SHARE, cases + SHARE, SHARE)))
        else:
            work(0, cases)
        return total

    def _infer_share(
        self, codes: tuple[Codes, bool, int], shares: Numbers, total: Numbers, start: int, stop: int
    ) -> None:
        try:
            scratch = self._scratch.pop()
        except IndexError:
            scratch = kernel.make_scratch(self._program)
        end = min(stop, len(total))
        bad = kernel.infer(self._program, *codes, start, end, shares.reshape(-1), self._causes, total, scratch)
        self._scratch.append(scratch)
        if bad >= 0:
            highest = self._program.highest[bad]
            raise ValueError(f"{self._findings[bad]}: a code above {highest}; accepted: 0 (not known) to {highest}")

    def _infer_soft(self, told: Evidence, threads: int) -> tuple[NDArray[np.intp], Numbers, Array, NDArray[np.bool_]]:
        """Of cases with soft cells: those with few enough combinations, their shares, log P(e), and which are sure."""
        cases, first, codes, weight = combinations(told, COMBINATIONS)
        if not cases.size:
            return cases, np.empty((0, self._causes)), np.empty(0), np.empty(0, dtype=bool)
        shares = np.empty((len(codes), self._causes), dtype=self.dtype)
        total = self._infer(codes, shares, threads)
        mass = np.add.reduceat(weight * total, first)
        joint = np.add.reduceat(shares * (weight * total)[:, None], first, axis=0)
        sure = np.minimum(np.minimum.reduceat(total, first), mass) >= SAFE[self.dtype]
        with np.errstate(divide="ignore", invalid="ignore"):
            return cases, joint / mass[:, None], np.log(mass), sure


def _laid_out(codes: Codes) -> tuple[Codes, bool, int]:
    """The codes flat; whether each finding's (else each case's) lie side by side; and how far one is from the next."""
    cases, findings = codes.shape
    if not codes.flags.writeable:
        codes = codes.copy(order="K")  # for numba a type of its own, to be compiled anew
    if cases > 1 and codes.strides[0] == 1 and codes.strides[1] >= cases:  # in columns, perhaps some rows of many
        step = codes.strides[1]
        return as_strided(codes, (step * (findings - 1) + cases,), (1,)), True, step
    return np.ascontiguousarray(codes).reshape(-1), False, findings
