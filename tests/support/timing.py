"""What a clock writes into the tables: the columns of runs that differ between two equal trainings."""

TIMING = ["seconds", "finished_at"]
