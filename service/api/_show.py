"""What the model's words look like as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from service import sms
from service.model import Account, Attempt, Delivery, InboundEvent, Item, Key, Policy, Step, Suppression, Version

if TYPE_CHECKING:
    from service.actions import Action
    from service.delivery.plans import Stage, Story
    from service.store.accounts import AccountState
    from service.store.feeds import Feed, Run
    from service.store.templates import TemplateInfo
    from service.sync.filling import Filled

Json = dict[str, Any]


def time(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def masked(recipient: str | None) -> str | None:
    """A recipient as lists show it: enough to recognise, too little to use.

    >>> masked("ada@example.com")
    'ad•••'
    """
    if recipient is None:
        return None
    return sms.mask(recipient) if recipient.startswith("+") else f"{recipient[:2]}•••"


def delivery_line(kept: Delivery) -> Json:
    """One line of the log."""
    return {
        "id": kept.id,
        "status": kept.status.value,
        "account": kept.account,
        "action": kept.action,
        "template": kept.template,
        "version": kept.version,
        "key": kept.key,
        "recipient": masked(kept.recipient),
        "idempotency_key": kept.idempotency_key,
        "reason": kept.reason,
        "problems": [each.as_dict() for each in kept.problems],
        "replay_of": kept.replay_of,
        **({} if kept.plan is None else {"plan": kept.plan, "step": kept.step}),
        "attempts_made": kept.attempts_made,
        "created_at": time(kept.created_at),
        "updated_at": time(kept.updated_at),
        "due_at": time(kept.due_at),
        "finished_at": time(kept.finished_at),
    }


def delivery(kept: Delivery, attempts: list[Attempt], story: Story | None) -> Json:
    """Everything that is known of one delivery; `story` is that of its plan, where it belongs to one."""
    return {
        **delivery_line(kept),
        "recipient": kept.recipient,
        "version_id": kept.version_id,
        "guarantee": kept.guarantee.value,
        "payload": None if kept.payload is None else json.loads(kept.payload),
        "digest": kept.digest,
        "context": None if kept.context is None else json.loads(kept.context),
        "warnings": [each.as_dict() for each in kept.warnings],
        "expires_at": time(kept.expires_at),
        "attempts": [attempt(each) for each in attempts],
        **({} if story is None else {"steps": [stage(each) for each in story.stages], "story": story.said}),
    }


def stage(step: Stage) -> Json:
    """One step of a plan as it stands; without a delivery where it was not reached."""
    kept = step.delivery
    return {
        "step": step.name,
        "action": step.action,
        "delivery": None if kept is None else kept.id,
        "status": None if kept is None else kept.status.value,
        "reason": None if kept is None else kept.reason,
    }


def attempt(made: Attempt) -> Json:
    """One try, with what the vendor said."""
    return {
        "number": made.number,
        "started_at": time(made.started_at),
        "finished_at": time(made.finished_at),
        "duration_ms": made.duration_ms,
        "worker": made.worker,
        "outcome": made.outcome,
        "status_code": made.status_code,
        "headers": dict(made.headers),
        "body": made.body,
        "error": made.error,
        "meaning": made.meaning,
    }


def action_line(known: Action) -> Json:
    """One line of the list of actions."""
    return {
        "name": known.name,
        "title": known.title,
        "destination": known.destination,
        "method": known.method,
        "path": known.path,
        "description": known.description,
    }


def action(known: Action) -> Json:
    """An action with its schema and examples."""
    return {
        **action_line(known),
        "schema": dict(known.schema),
        "examples": list(known.examples),
        "scope": known.scope,
        "rate": {"class": known.rate_class, "per_second": known.per_second},
    }


def template_line(info: TemplateInfo) -> Json:
    """One line of the list of templates."""
    return {
        "name": info.name,
        "title": info.title,
        "action": info.action,
        "account": info.account,
        "live": info.live,
        "newest": info.newest,
        "updated_at": time(info.updated_at),
    }


def version_line(kept: Version) -> Json:
    """One line of the list of versions."""
    return {
        "id": kept.id,
        "number": kept.number,
        "live": kept.live,
        "digest": kept.digest,
        "note": kept.note,
        "created_by": kept.created_by,
        "created_at": time(kept.created_at),
    }


def version(kept: Version) -> Json:
    """A version with all that it consists of."""
    made = kept.template
    return {
        **version_line(kept),
        "name": made.name,
        "title": made.title,
        "action": made.action,
        "account": made.account,
        "dialect": made.dialect,
        "source": made.source,
        "policy": _policy(made.policy),
        **({} if made.step is None else {"step": made.step, "then": [step(each) for each in made.then]}),
        "snippets": dict(made.snippets),
        "samples": {name: dict(sample) for name, sample in made.samples.items()},
    }


def step(made: Step) -> Json:
    """A later step of a plan."""
    return {"step": made.name, "action": made.action, "source": made.source, "policy": _policy(made.policy)}


def _policy(policy: Policy) -> Json:
    return {
        "guarantee": policy.guarantee.value if policy.guarantee is not None else None,
        "expires_after_s": policy.expires_after_s,
        "idempotency": policy.idempotency,
        "missing": dict(policy.missing),
        "quiet_hours": policy.quiet_hours,
        "stale_events": policy.stale_events,
        "shape": policy.shape,
    }


def key(kept: Key) -> Json:
    """A key without its secret."""
    return {
        "id": kept.id,
        "name": kept.name,
        "prefix": kept.prefix,
        "scopes": sorted(scope.value for scope in kept.scopes),
        "templates": sorted(kept.templates),
        "created_at": time(kept.created_at),
        "last_used_at": time(kept.last_used_at),
        "revoked_at": time(kept.revoked_at),
    }


def account(kept: Account, state: AccountState | None) -> Json:
    """An account and how sending goes; never its token."""
    blocked = [lane.blocked_until for lane in state.lanes if lane.blocked_until is not None] if state is not None else []
    return {
        "name": kept.name,
        "destination": kept.destination,
        "base_url": kept.base_url,
        "token_from": kept.token_from,
        "signing_from": kept.signing_from,
        "hears_for_all": kept.hears_for_all,
        "country": kept.country,
        "timezone": kept.timezone,
        "brand_prefix": kept.brand_prefix,
        "limits": dict(kept.limits),
        "circuit": state.circuit if state is not None else "closed",
        "blocked_until": time(max(blocked, default=None)),
    }


def item(kept: Item) -> Json:
    """An item of the content library."""
    return asdict(kept)


def _rows(counted: Filled | Run) -> Json:
    return {
        "rows": counted.rows,
        "created": counted.created,
        "changed": counted.changed,
        "unchanged": counted.unchanged,
        "repeated": counted.repeated,
        "removed": counted.removed,
        "problem_count": counted.problem_count,
        "problems": [each.as_dict() for each in counted.problems],
    }


def filled(done: Filled) -> Json:
    """What filling the library from a feed came to."""
    return {"kind": done.kind, **_rows(done), "kept_back": done.kept_back}


def feed(kept: Feed, url: str, last: Run | None) -> Json:
    """A feed, with its address as it may be shown and its last run."""
    return {
        "name": kept.name,
        "url": url,
        "kind": kept.kind,
        "mapping": dict(kept.mapping),
        "replace": kept.replaces,
        "schedule": kept.schedule,
        "next_run": time(kept.next_run),
        "last_run": None if last is None else feed_run(last),
    }


def feed_run(run: Run) -> Json:
    """One run of a feed."""
    return {
        "due_at": time(run.due_at),
        "started_at": time(run.started_at),
        "finished_at": time(run.finished_at),
        "outcome": run.outcome,
        "error": run.error,
        **_rows(run),
    }


def suppression(kept: Suppression) -> Json:
    """Who must not be texted, and why; the search and the list are for those who must answer that."""
    return {
        "id": kept.id,
        "who": kept.who,
        "account": kept.account,
        "type": kept.type.value,
        "source": kept.source,
        "reason": kept.reason,
        "said": kept.said(),
        "since": time(kept.since),
        "until": time(kept.until),
    }


def inbound_event(kept: InboundEvent) -> Json:
    """What a vendor told us, without the raw body."""
    return {
        "id": kept.id,
        "at": time(kept.at),
        "happened_at": time(kept.happened_at),
        "destination": kept.destination,
        "account": kept.account,
        "kind": kept.kind,
        "who": masked(kept.who),
        "said": kept.said,
        "effect": kept.effect,
        "delivery": kept.delivery,
    }
