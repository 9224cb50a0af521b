"""What matters: how a posterior moves with each number of the priors, one at a time (Laskey 1995, IEEE SMC 25:901)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from thighdx.assess import leading
from thighdx.causenames import unknown_cause
from thighdx.errors import UnknownNameError, unknown
from thighdx.knowledge import Knowledge
from thighdx.reasoning.numbers import Number
from thighdx.reasoning.opened import OpenCase, open_case
from thighdx.reasoning.resolve import CaseView, posterior
from thighdx.reasoning.respond import SIDE, Response, from_log_odds, log_odds, respond, respond_on_grid
from thighdx.rows import Array

SECTIONS = 25  # of a quarter of a number's range, in which the first change of the leading cause is looked for
CLOSER = (0.05, 0.0025)  # of a section, then of what is left: how near a straight line is taken to say where it changes


@dataclass(frozen=True)
class Influence:
    """One bar of a tornado: a number of the priors, its range, and the posterior at the ends of it.

    path, entry: where it stands in the priors; source: what it rests on. probability_low, probability_high: the
    posterior at the ends of the range; lowest, highest: over all of it.
    """

    path: str
    entry: str
    name: str
    value: float
    low: float
    high: float
    weight: float
    probability_low: float
    probability_high: float
    lowest: float
    highest: float
    source: str

    @property
    def swing(self) -> float:
        """How far the posterior moves over the range."""
        return self.highest - self.lowest


@dataclass(frozen=True)
class Change:
    """The smallest change of one number that changes the leading cause: from `value` to `to`, in log-odds `step`."""

    path: str
    entry: str
    name: str
    value: float
    to: float
    step: float
    leading: str
    source: str


@dataclass(frozen=True)
class Sensitivity:
    """What matters for the posterior of one cause in one case; `influences` from the largest swing to the least.

    smallest_change is None where no single number within its range changes the leading cause; `caption` says what is
    shown and how it was had.
    """

    cause: str
    name: str
    population: str
    probability: float
    influences: tuple[Influence, ...]
    smallest_change: Change | None
    caption: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Curve:
    """The posterior as a function of one number: values (n,), probability (n, causes) in the order of `causes`."""

    path: str
    entry: str
    name: str
    value: float
    low: float
    high: float
    values: Array
    causes: tuple[str, ...]
    probability: Array

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists."""
        return asdict(self) | {"values": self.values.tolist(), "probability": self.probability.tolist()}


def sensitivity(
    case: Mapping[str, object],
    cause: str | None = None,
    *,
    knowledge: Knowledge | None = None,
    population: str | None = None,
) -> Sensitivity:
    """How the posterior of a cause (default: the leading one) moves with each number it rests on.

    Each number runs over its 95 % range while the others stay; conditional tables are solved anew at each of nine
    points, so the bars agree with the engine on changed knowledge. The smallest change is the least in log-odds (Chan
    and Darwiche 2002, Journal of Artificial Intelligence Research 17:265), looked for between the same points. Raises
    `UnknownNameError` for an unknown cause, else as `diagnose` does.
    """
    return sensitivity_of(open_case(case, knowledge, population), cause)


def sensitivity_of(opened: OpenCase, cause: str | None = None) -> Sensitivity:
    """`sensitivity` of a case already opened."""
    causes = opened.model.tables.causes
    if cause is not None and cause not in causes:
        raise UnknownNameError("cause", unknown_cause(opened.knowledge, cause))
    chosen = opened.leading if cause is None else causes.index(cause)
    view = opened.view
    found = respond_on_grid(view)
    point = float(opened.assessment.probability[0, chosen])
    influences = _influences(found, chosen, point)
    name = opened.knowledge.content.causes[causes[chosen]].name
    return Sensitivity(
        causes[chosen],
        name,
        opened.model.population,
        point,
        influences,
        _smallest_change(view, opened.leading, found),
        f"Probability of {name} as each number alone runs over its 95 % range, all tables solved anew; "
        f"{len(influences)} numbers, population {opened.model.population}",
    )


def number_curve(
    case: Mapping[str, object],
    path: str,
    entry: str | None = None,
    *,
    knowledge: Knowledge | None = None,
    population: str | None = None,
    points: int = 41,
) -> Curve:
    """The posterior of every cause as one number runs over its range.

    path: the keys of the row, as in `Influence.path` (`findings.slump.rows.strain`, `populations.X.origins`); entry:
    the share or the level meant, where the row has several. Raises `UnknownNameError` where the posterior does not
    rest on such a number.
    """
    opened = open_case(case, knowledge, population)
    view = opened.view
    numbers = respond_on_grid(view).numbers
    named = {number.entry: number for number in numbers if number.path == path}
    if not named:
        raise UnknownNameError("number", unknown(path, "a number of this case", [one.path for one in numbers]))
    wanted = entry if entry is not None else next(iter(named))
    if wanted not in named:
        raise UnknownNameError("entry", unknown(wanted, f"an entry of {path}", list(named)))
    number = named[wanted]
    values = np.linspace(number.low, number.high, points)
    probability = respond(view, number, values)
    place = number.path, number.entry, number.name, number.value, number.low, number.high
    return Curve(*place, values, view.tables.causes, probability)


def base_rate_curve(
    case: Mapping[str, object],
    name: str,
    *,
    knowledge: Knowledge | None = None,
    population: str | None = None,
    values: Sequence[float] | None = None,
) -> Curve:
    """The posterior of every cause as the base rate of a cause, or the share of an origin, runs from 0 to 1.

    The others keep their proportion: for a cause the other causes, for an origin the other origins. Raises
    `UnknownNameError` for a word that is neither, `ValueError` for values outside 0 to 1, or none.
    """
    opened = open_case(case, knowledge, population)
    causes, origins = opened.model.tables.causes, opened.knowledge.origins
    if name not in causes and name not in origins:
        raise UnknownNameError("cause or origin", unknown(name, "a cause or origin", (*causes, *origins)))
    content, prior = opened.knowledge.content, opened.model.tables.prior
    at = np.linspace(0.0, 1.0, 101) if values is None else np.asarray(values, dtype=np.float64)
    if not at.size or not ((at >= 0) & (at <= 1)).all():
        raise ValueError(f"values: {at.tolist()}; accepted: base rates between 0 and 1, one at least")
    inside = np.array([cause == name or content.causes[cause].origin == name for cause in causes])
    share, others = float(prior[inside].sum()), np.where(inside, 0.0, prior)
    priors = at[:, None] * np.where(inside, prior, 0.0) / share
    if others.any():
        priors = priors + (1 - at[:, None]) * others / others.sum()
    log = opened.view.log_likelihood
    joint = priors * np.exp(log - log.max())
    total = joint.sum(axis=1, keepdims=True)
    title = content.causes[name].name if name in causes else content.origins[name]
    found = joint / np.where(total > 0, total, 1.0)
    return Curve("base rate", name, title, share, float(at.min()), float(at.max()), at, causes, found)


def _influences(found: Response, chosen: int, point: float) -> tuple[Influence, ...]:
    """The bar of each number, the largest swing first, from the posterior of one cause on the grids and as it is."""
    at = found.probability[:, :, chosen]
    lowest = np.minimum(at.min(axis=1), point) if at.size else np.zeros(0)
    highest = np.maximum(at.max(axis=1), point) if at.size else np.zeros(0)
    ends = zip(at[:, 0].tolist(), at[:, -1].tolist(), lowest.tolist(), highest.tolist(), strict=True)
    bars = [
        Influence(
            number.path,
            number.entry,
            number.name,
            number.value,
            number.low,
            number.high,
            number.weight,
            *four,
            number.source,
        )
        for number, four in zip(found.numbers, ends, strict=True)
    ]
    return tuple(sorted(bars, key=lambda bar: (-bar.swing, bar.path, bar.name)))


@dataclass(frozen=True)
class _Cell:
    """Where on a number's grid the leading cause first changes, in log-odds: `near` it still leads, `far` no more.

    crossing: where the lead would be lost were its log-odds a straight line between the two.
    """

    number: Number
    near: float
    far: float
    crossing: float

    def step(self, place: float) -> float:
        """How far a place is from the number as it stands, in log-odds."""
        return abs(place - float(log_odds(np.array(self.number.value))))


def _smallest_change(view: CaseView, first: int, found: Response) -> Change | None:
    """The least change in log-odds, of one number, after which another cause leads."""
    best: Change | None = None
    for cell in sorted(_cells(view, first, found), key=lambda cell: cell.step(cell.crossing)):
        far = cell.far
        if best is not None and cell.step(far) > abs(best.step):
            # only a change smaller than the best so far is of interest
            far = float(log_odds(np.array(cell.number.value))) + abs(best.step) * float(np.sign(cell.far - cell.near))
            if cell.step(cell.near) >= abs(best.step):
                continue
        change = _change(view, first, cell.number, cell.near, far)
        best = change if change is not None and (best is None or abs(change.step) < abs(best.step)) else best
    return best


def _cells(view: CaseView, first: int, found: Response) -> list[_Cell]:
    other = leading(found.probability) != first
    if not other.any():
        return []
    logs = log_odds(found.values)
    point = _lead(posterior(view.log_likelihood, view.tables.prior), first)
    leads = _lead(found.probability, first)
    cells = []
    for place in np.flatnonzero(other.any(axis=1)).tolist():
        number = found.numbers[place]
        middle = float(log_odds(np.array(number.value)))
        for side in (slice(SIDE - 1, None, -1), slice(SIDE, None)):
            flips = other[place, side]
            if flips.any():
                at = int(flips.argmax())
                line = [middle, *logs[place, side].tolist()][at : at + 2]
                lead = [float(point), *leads[place, side].tolist()][at : at + 2]
                share = lead[0] / (lead[0] - lead[1]) if lead[0] > lead[1] else 0.0
                cells.append(_Cell(number, line[0], line[1], line[0] + share * (line[1] - line[0])))
    return cells


def _lead(probability: Array, first: int) -> Array:
    """Log-odds of the leading cause against the best other, (...,)."""
    others = np.delete(probability, first, axis=-1).max(axis=-1)
    tiny = np.finfo(np.float64).tiny
    return np.asarray(np.log(np.maximum(probability[..., first], tiny)) - np.log(np.maximum(others, tiny)))


def _change(view: CaseView, first: int, number: Number, near: float, far: float) -> Change | None:
    """The least change of one number from `near` to `far`, in log-odds, after which another cause leads, if any."""
    edges = np.linspace(near, far, SECTIONS + 1)
    after = first
    for closer in (*CLOSER, None):
        found = respond(view, number, from_log_odds(edges))
        leads = leading(found)
        at = int((leads != first).argmax())
        if leads[at] == first:
            # only before the first look: afterwards the last edge is one where another led
            return None
        after, at = int(leads[at]), max(at, 1)
        near, far = float(edges[at - 1]), float(edges[at])
        if closer is not None:
            before, beyond = _lead(found[at - 1 : at + 1], first).tolist()
            share = before / (before - beyond) if before > beyond else 0.5
            shares = np.clip([0.0, share - closer, share + closer, 1.0], 0.0, 1.0)
            edges = near + (far - near) * shares
    step = far - float(log_odds(np.array(number.value)))
    cause = view.tables.causes[after]
    return Change(
        number.path,
        number.entry,
        number.name,
        number.value,
        float(from_log_odds(np.array(far))),
        step,
        cause,
        number.source,
    )
