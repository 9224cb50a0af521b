"""Numbers learnt from cases: base rates, labelled or not, and rows P(state | cause), with the priors as cases seen."""

from thighdx.learning.base_rates import learn_base_rates
from thighdx.learning.learn import Learnt, learn, learn_file
from thighdx.learning.overlay import write_learnt

__all__ = ["Learnt", "learn", "learn_base_rates", "learn_file", "write_learnt"]
