"""The exact engine for many cases: pattern tables planned by numpy (`plan`), multiplied by numba (`kernel`).

`compiled` joins the two; `adaptive` takes numpy's engine while the cases are few; `scan` reads the cells of long CSV
tables. Nothing here imports numba before it is needed.
"""
