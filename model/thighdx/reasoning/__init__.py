"""Reasons: why, what to ask next, when to stop, does the case fit, how sure, what matters, two causes at once.

Each module answers one of these questions for one case, exactly or with its error stated; page, command line and
notebooks call the same functions.
"""
