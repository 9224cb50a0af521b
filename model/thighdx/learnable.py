"""What can be learnt from cases, by name. Apart from `thighdx.learning`, which the command line imports late."""

BASE_RATES, ROWS, LEVELS = "base_rates", "rows", "levels"
WHAT = (BASE_RATES, ROWS, LEVELS)
LABELLED, ALL = "labelled", "all"
ROWS_FROM = (LABELLED, ALL)
