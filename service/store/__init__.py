"""What is kept, one noun a file, on SQLite or PostgreSQL; the database's URL is the only switch."""

from __future__ import annotations

from datetime import datetime

from service.settings import Settings
from service.store import _migrate
from service.store._database import Database
from service.store._times import from_ms
from service.store.accounts import Accounts
from service.store.audit import Audit
from service.store.content import Content, ContentPage, Put
from service.store.contexts import Contexts
from service.store.deliveries import Deliveries, DeliveryFilter, Inserted, Page
from service.store.drafts import Drafts
from service.store.feeds import Feeds
from service.store.figures import Figures
from service.store.inbound import Inbound
from service.store.keys import Keys
from service.store.presence import Workers
from service.store.queue import Queue
from service.store.sessions import Sessions
from service.store.snippets import Snippets
from service.store.suppressions import Suppressions
from service.store.templates import Templates
from service.store.users import Users

__all__ = ["ContentPage", "DeliveryFilter", "Inserted", "Page", "Put", "Store"]


class Store:
    """Everything that is kept. Making one opens nothing; the first use connects, and a forked process connects anew.

    Every method may raise `errors.Unavailable`; what was to be written is then not kept.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings)
        self.deliveries = Deliveries(self.database, settings)
        self.queue = Queue(self.database, self.deliveries)
        self.workers = Workers(self.database)
        self.templates = Templates(self.database)
        self.drafts = Drafts(self.database)
        self.contexts = Contexts(self.database)
        self.content = Content(self.database, settings)
        self.feeds = Feeds(self.database, self.workers)
        self.snippets = Snippets(self.database)
        self.keys = Keys(self.database)
        self.accounts = Accounts(self.database, settings)
        self.suppressions = Suppressions(self.database)
        self.inbound = Inbound(self.database)
        self.figures = Figures(self.database, self.deliveries)
        self.users = Users(self.database)
        self.sessions = Sessions(self.database)
        self.audit = Audit(self.database)

    def migrate(self) -> None:
        """Make or update the tables. Doing it again changes nothing; many processes may do it at once."""
        _migrate.migrate(self.database)

    def now(self) -> datetime:
        """The present by the clock that all processes share, which is the database's."""
        with self.database.read() as connection:
            return from_ms(self.database.now(connection))

    def close(self) -> None:
        """Give the connections back. The store may be used again, and then connects again."""
        self.database.close()
