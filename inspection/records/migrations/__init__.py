"""How the tables came to be, one module a step; inspection/records/migrate.py runs them.

A new step is a module versions/r0002_….py; its number becomes HEAD in migrate.py, and schema.py says what the tables
are after it. A step that was released is never edited: the stores it has shaped would not know.
"""
