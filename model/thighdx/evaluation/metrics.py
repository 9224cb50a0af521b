"""Figures from sums. Every function takes arrays whose first axis is the draws (1 for the figure itself)."""

from __future__ import annotations

import numpy as np

from thighdx.rows import Array


def ratio(part: Array, whole: Array) -> Array:
    """part / whole, NaN where there is nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan))


def brier_parts(count: Array, forecast: Array, true: Array, brier: Array, cases: Array) -> dict[str, Array]:
    """Reliability, resolution and uncertainty summed over causes, and the rest within bins.

    count, forecast, true: sums by cause and bin, (draws, causes, bins); brier: sum over cases, (draws,); cases:
    (draws,). Murphy 1973, A new vector partition of the probability score, one cause against the others; what the bins
    leave over as in Stephenson, Coelho and Jolliffe 2008.
    """
    share, mean = ratio(true, count), ratio(forecast, count)
    weight = count / cases[:, None, None]
    rate = true.sum(axis=2, keepdims=True) / cases[:, None, None]
    reliability = np.nansum(weight * (mean - share) ** 2, axis=(1, 2))
    resolution = np.nansum(weight * (share - rate) ** 2, axis=(1, 2))
    uncertainty = (rate * (1 - rate)).sum(axis=(1, 2))
    within = brier / cases - (reliability - resolution + uncertainty)
    return {"reliability": reliability, "resolution": resolution, "uncertainty": uncertainty, "within_bins": within}


def calibration_error(count: Array, forecast: Array, true: Array) -> Array:
    """Mean distance of forecast and share over bins, weighted by their forecasts; (draws, bins) -> (draws,).

    Expected calibration error: Naeini, Cooper and Hauskrecht 2015, Obtaining well calibrated probabilities.
    """
    return np.asarray(np.abs(forecast - true).sum(axis=-1) / count.sum(axis=-1))


def net_benefit(true_positive: Array, false_positive: Array, cases: Array, threshold: float) -> Array:
    """TP/n - FP/n * t/(1 - t), in true positives per case. Vickers and Elkin 2006, Decision curve analysis."""
    return np.asarray((true_positive - false_positive * threshold / (1 - threshold)) / cases)


def wilson(share: float, count: float, z: float = 1.959963984540054) -> tuple[float, float]:
    """The 95 % score interval of a share seen in `count` cases (Wilson 1927)."""
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * float(np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)))
    return max(0.0, middle - half), min(1.0, middle + half)
