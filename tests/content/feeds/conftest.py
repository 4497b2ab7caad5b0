"""A host that serves feeds."""

from tests.feedhost import feed_host  # noqa: F401
