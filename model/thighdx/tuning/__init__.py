"""Help with changing numbers: what moved between two models, a change as an overlay, and rows from what people know."""

from thighdx.tuning.diff import Difference, diff_models
from thighdx.tuning.elicit import Elicited, from_counts, from_likelihood_ratio, from_quantiles, from_sensitivity
from thighdx.tuning.overlay import overlay_text, save_overlay

__all__ = [
    "Difference",
    "Elicited",
    "diff_models",
    "from_counts",
    "from_likelihood_ratio",
    "from_quantiles",
    "from_sensitivity",
    "overlay_text",
    "save_overlay",
]
