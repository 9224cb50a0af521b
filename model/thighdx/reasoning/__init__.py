"""Reasons: why this cause, what to ask next, when to stop asking, and whether the case fits.

Each module answers one of these questions for one case, exactly or with its error stated; page, command line and
notebooks call the same functions.
"""
