"""From a call that was accepted to a request that was answered: accept, worker, retry, replay, guards."""
