"""What a posterior rests on and what to do next: the functions that page, command line and notebooks share."""
