"""Saved designs, in SQLite or PostgreSQL. The only part of the service that knows SQL.

::

    Store (store.py)          awaited from the event loop; threads, and a bound on how many wait
      └── Designs (designs.py)    what can be asked and changed, one transaction each
            └── Database (database.py)   connections, transactions, migrations; faults in words
"""
