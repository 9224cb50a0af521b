"""What matters: how a posterior moves with each number of the priors, one at a time (Laskey 1995, IEEE SMC 25:901)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from thighdx.assess import TIE
from thighdx.errors import UnknownNameError, unknown
from thighdx.knowledge import Knowledge
from thighdx.reasoning.look import Look, look_at
from thighdx.reasoning.numbers import Number, numbers_of, respond
from thighdx.reasoning.resolve import CaseView, leading
from thighdx.rows import Array

SIDE = 4  # points of a number's range on either side of it, evenly in log-odds
SECTIONS = 8  # points that cut an interval each time a change of the leading cause is looked for in it
ROUNDS = 6  # so often; 9^6 makes it 2e-6 of a quarter of the range


@dataclass(frozen=True)
class Influence:
    """One bar of a tornado: a number of the priors, its range, and the posterior at the ends of it.

    path: where it stands in the priors; source: what it rests on. lowest, highest: of the posterior over the range,
    which may lie inside it.
    """

    path: str
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


@dataclass(frozen=True)
class Curve:
    """The posterior as a function of one number: values (n,), probability (n, causes) in the vocabulary's order."""

    path: str
    name: str
    value: float
    low: float
    high: float
    values: Array
    probability: Array


def sensitivity(
    case: Mapping[str, object],
    cause: str | None = None,
    *,
    knowledge: Knowledge | None = None,
    population: str | None = None,
) -> Sensitivity:
    """How the posterior of a cause (default: the leading one) moves with each number it rests on.

    Each number runs over its 95 % range while the others stay; conditional tables are solved anew at each of nine
    points, so the bars agree with the engine on changed knowledge. The smallest change is the least in log-odds (Chan and
    Darwiche 2002, Journal of Artificial Intelligence Research 17:265), looked for between the same points. Raises
    `UnknownNameError` for an unknown cause, else as `diagnose` does.
    """
    return sensitivity_of(look_at(case, knowledge, population), cause)


def sensitivity_of(look: Look, cause: str | None = None) -> Sensitivity:
    """`sensitivity` of a case already looked at."""
    causes = look.model.tables.causes
    if cause is not None and cause not in causes:
        raise UnknownNameError("cause", unknown(cause, "a cause", causes))
    chosen = look.leading if cause is None else causes.index(cause)
    view = CaseView(look.model, look.evidence)
    numbers = numbers_of(view)
    values = np.array([_grid(number) for number in numbers]).reshape(len(numbers), 2 * SIDE)
    found = respond(view, numbers, values)
    point = float(look.probability[chosen])
    influences = [
        _influence(number, row[:, chosen], point) for number, row in zip(numbers, found, strict=True)
    ]
    name = look.knowledge.content.causes[causes[chosen]].name
    return Sensitivity(
        causes[chosen],
        name,
        look.model.population,
        point,
        tuple(sorted(influences, key=lambda bar: (-bar.swing, bar.path, bar.name))),
        _smallest_change(view, look.leading, numbers, values, found),
        f"Probability of {name} as each number alone runs over its 95 % range, all tables solved anew; "
        f"{len(numbers)} numbers, population {look.model.population}",
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

    path: the keys of the row, as in `Influence.path` (`findings.slump.rows.strain`, `populations.X.origins`); entry: the
    share or the level meant, where the row has several. Raises `UnknownNameError` where the posterior does not rest on it.
    """
    look = look_at(case, knowledge, population)
    view = CaseView(look.model, look.evidence)
    numbers = numbers_of(view)
    fitting = [number for number in numbers if number.path == path]
    if not fitting:
        raise UnknownNameError("number", unknown(path, "a number of this case", [one.path for one in numbers]))
    named = {_entry(look, number): number for number in fitting}
    wanted = entry if entry is not None else next(iter(named))
    if wanted not in named:
        raise UnknownNameError("entry", unknown(wanted, f"an entry of {path}", list(named)))
    number = named[wanted]
    values = np.linspace(number.low, number.high, points)
    probability = respond(view, [number], values[None])[0]
    return Curve(number.path, number.name, number.value, number.low, number.high, values, probability)


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
    `UnknownNameError` for a word that is neither.
    """
    look = look_at(case, knowledge, population)
    causes, origins = look.model.tables.causes, look.knowledge.origins
    if name not in causes and name not in origins:
        raise UnknownNameError("cause or origin", unknown(name, "a cause or origin", (*causes, *origins)))
    content, prior = look.knowledge.content, look.model.tables.prior
    inside = np.array([cause == name or content.causes[cause].origin == name for cause in causes])
    at = np.linspace(0.0, 1.0, 101) if values is None else np.asarray(values, dtype=np.float64)
    share = float(prior[inside].sum())
    priors = at[:, None] * np.where(inside, prior, 0.0) / share
    priors = priors + (1 - at[:, None]) * np.where(inside, 0.0, prior) / (1 - share)
    log = look.model.engine.log_likelihood(look.evidence)[0]
    joint = priors * np.exp(log - log.max())
    total = joint.sum(axis=1, keepdims=True)
    title = content.causes[name].name if name in causes else content.origins[name]
    return Curve(
        f"base rate of {name}", title, share, float(at.min()), float(at.max()), at, joint / np.where(total > 0, total, 1)
    )


def _entry(look: Look, number: Number) -> str:
    """The name of a number within its row."""
    knowledge = look.knowledge
    if number.kind == "row":
        names: Sequence[str] = knowledge.content.findings[knowledge.findings[number.position]].states
    elif number.kind == "level":
        names = look.model.tables.mechanisms[number.position].levels
    else:
        return number.name.split()[2]
    return "|".join(np.array(names)[number.entries])


def _grid(number: Number) -> Array:
    """From the low end of a number's range up to it, and from it up to the high end; the number itself left out."""
    low, point, high = (_log_odds(value) for value in (number.low, number.value, number.high))
    steps = np.arange(1, SIDE + 1) / SIDE
    logs = np.concatenate([low + (point - low) * (steps - 1 / SIDE), point + (high - point) * steps])
    values = 1 / (1 + np.exp(-logs))
    values[0], values[-1] = number.low, number.high
    return np.asarray(values)


def _log_odds(value: float) -> float:
    return float(np.log(value) - np.log1p(-value))


def _influence(number: Number, at: Array, point: float) -> Influence:
    """The bar of one number; `at`: the posterior on its grid."""
    return Influence(
        number.path,
        number.name,
        number.value,
        number.low,
        number.high,
        number.weight,
        float(at[0]),
        float(at[-1]),
        min(float(at.min()), point),
        max(float(at.max()), point),
        number.source,
    )


def _smallest_change(
    view: CaseView, first: int, numbers: Sequence[Number], values: Array, found: Array
) -> Change | None:
    """The least change in log-odds, of one number, after which another cause leads."""
    cells = []  # how near it may be at best and is at worst; the number; the interval, its side nearer the point first
    other = leading(found, TIE) != first
    for place, number in enumerate(numbers):
        middle = _log_odds(number.value)
        logs = np.log(values[place]) - np.log1p(-values[place])
        for side, steps in ((logs[:SIDE][::-1], other[place, :SIDE][::-1]), (logs[SIDE:], other[place, SIDE:])):
            if steps.any():
                at = int(steps.argmax())
                near = middle if at == 0 else side[at - 1]
                cells.append((abs(near - middle), abs(side[at] - middle), place, near, side[at]))
    if not cells:
        return None
    best = min(cell[1] for cell in cells)
    kept = [cell for cell in cells if cell[0] <= best]
    chosen = [numbers[cell[2]] for cell in kept]
    near, far = np.array([cell[3] for cell in kept]), np.array([cell[4] for cell in kept])
    for _ in range(ROUNDS):
        cuts = near[:, None] + (far - near)[:, None] * np.arange(1, SECTIONS + 1) / (SECTIONS + 1)
        over = leading(respond(view, chosen, 1 / (1 + np.exp(-cuts))), TIE) != first
        edges = np.concatenate([near[:, None], cuts, far[:, None]], axis=1)
        at = np.where(over.any(axis=1), over.argmax(axis=1), SECTIONS) + 1
        near, far = np.take_along_axis(edges, np.stack([at - 1, at], axis=1), axis=1).T
    step = far - np.array([_log_odds(number.value) for number in chosen])
    least = int(np.abs(step).argmin())
    number, to = chosen[least], float(1 / (1 + np.exp(-far[least])))
    after = int(leading(respond(view, [number], np.array([[to]])), TIE)[0, 0])
    cause = view.model.tables.causes[after]
    return Change(number.path, number.name, number.value, to, float(step[least]), cause, number.source)
