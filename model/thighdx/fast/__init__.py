"""The exact engine for many cases: pattern tables planned by numpy (`plan`), multiplied by numba (`kernel`).

`compiled` joins the two; `adaptive` takes numpy's engine while the cases are few. Nothing here imports numba before
it is needed.
"""
