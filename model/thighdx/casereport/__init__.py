"""One case on paper: its report as data, as a page to print and as PDF, and the file it is taken up from again."""
