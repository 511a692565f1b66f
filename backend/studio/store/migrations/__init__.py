"""Alembic's scripts. A change of the tables is a new one, a copy of the newest with the next number."""
