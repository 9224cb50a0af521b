"""Numbers learnt from cases: base rates, rows P(state | cause) and levels of mechanisms, with the priors as cases seen.

In stages, each with a log posterior of its own that never falls. Rows from cases of known cause count each answer by
its own margin, whatever else the case answered: the margins are what is published, and stay right where a template is
not. Levels, which only say how answers go together, are learnt with the margins held. This is inference functions for
margins (Joe 2005, Asymptotic efficiency of the two-stage estimation method for copula-based models).
"""

from thighdx.learning.base_rates import learn_base_rates
from thighdx.learning.draws import draw_base_rates
from thighdx.learning.learn import learn, learn_file
from thighdx.learning.overlay import write_learnt
from thighdx.learning.results import Learnt

__all__ = ["Learnt", "draw_base_rates", "learn", "learn_base_rates", "learn_file", "write_learnt"]
