"""The steps that the tables have come by, oldest first; `database.migrate` applies them, on both databases."""
