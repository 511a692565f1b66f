"""What Alembic runs: the migrations, within the transaction that `studio.store.migrate` has begun."""

from alembic import context

from studio.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,  # SQLite cannot alter most things in place
)
context.run_migrations()
