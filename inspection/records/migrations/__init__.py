"""How the tables came to be, one module a step; inspection/records/migrate.py runs them."""
