"""Alembic's environment: migrations run in the transaction that `service.store._migrate` has begun."""

from alembic import context

from service.store._tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
