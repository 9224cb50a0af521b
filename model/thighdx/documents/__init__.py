"""Documents generated from the knowledge: a worked page for each cause, and the model card."""
