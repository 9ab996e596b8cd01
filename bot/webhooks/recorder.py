"""Puts events and audit rows into the queues of the webhooks, in the transaction that saves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Any

import structlog

from bot.config.projects import Projects
from bot.config.webhooks import ALL, Format, Webhook
from bot.dms.model import Job, parse_name
from bot.policy.subscriptions import topics
from bot.runtime import metrics
from bot.runtime.one_by_one import concerns_all, pass_over
from bot.store import Store
from bot.store.records import EVERY_JOB, AuditEntry, WebhookDelivery
from bot.watch.recipients import SavedEvent
from bot.webhooks import cloud_events, pagerduty

log = structlog.get_logger(__name__)


class Recorder:
    """Called inside the transactions of others, which a StoreError undoes. No other error gets out: nothing
    about a webhook may keep an action from its audit row."""

    def __init__(self, store: Store, webhooks: Sequence[Webhook], projects: Projects) -> None:
        self._store = store
        self._projects = projects
        self._of_events = tuple(each for each in webhooks if each.events)
        self._of_audit = tuple(each for each in webhooks if each.audit)
        self._of_alerts = tuple(each for each in webhooks if each.format is Format.PAGERDUTY)

    def attach(self) -> None:
        """Record each row of the audit, and who acknowledges alerts, from now on."""
        if self._of_audit or self._of_alerts:
            self._store.follow_audit(self.record_audit)

    def record_events(self, saved: Sequence[SavedEvent]) -> None:
        if not self._of_events:
            return
        for each in saved:
            try:
                self._record_event(each)
            except Exception as error:
                if concerns_all(error):
                    raise
                metrics.count_error()
                log.exception("event_not_recorded_for_webhooks", event_id=each.event.id)

    def record_audit(self, entry: AuditEntry) -> None:
        try:
            self._record_audit(entry)
        except Exception as error:
            if concerns_all(error):
                raise
            metrics.count_error()
            log.exception("audit_row_not_recorded_for_webhooks", seq=entry.seq)

    def _record_event(self, saved: SavedEvent) -> None:
        body = cloud_events.of_event(saved, self._projects)
        for webhook in self._of_events:
            wanted = _is_about(webhook, saved.event.job, saved.snapshot.job) and (
                webhook.events == (ALL,) or not topics(saved.event).isdisjoint(webhook.events)
            )
            if webhook.format is Format.PAGERDUTY:
                self._record_alerts(webhook, saved, body, wanted=wanted)
            elif wanted and saved.event.id:  # without an ID, all that is known is that incidents are over
                self._add(webhook, body)

    def _record_audit(self, entry: AuditEntry) -> None:
        webhooks = [each for each in self._of_audit if self._is_of_audit(each, entry)]
        if webhooks:
            body = cloud_events.of_audit(entry)
            for webhook in webhooks:
                self._add(webhook, body)
        if entry.event == "acknowledged":
            self._record_acknowledgement(entry)

    def _record_acknowledgement(self, entry: AuditEntry) -> None:
        """Whoever acknowledges in Slack works on it, so its open alerts need nobody else."""
        id = cloud_events.of_audit(entry)["id"]
        for webhook, alert in product(self._of_alerts, pagerduty.ALERTS):
            key = pagerduty.dedup_key(entry.job, alert)
            if self._store.last_action(webhook.name, key) == pagerduty.TRIGGER:
                body = pagerduty.acknowledgement(entry.job, alert)
                self._add(webhook, body, f"{id}-{alert}", key, pagerduty.ACKNOWLEDGE)

    def _is_of_audit(self, webhook: Webhook, entry: AuditEntry) -> bool:
        if not webhook.filtered or entry.job == EVERY_JOB:
            return True
        if "/" not in entry.job:
            return False
        return _is_about(webhook, entry.job, self._job_of(entry) if webhook.labels else None)

    def _job_of(self, entry: AuditEntry) -> Job | None:
        """The job as it was last seen, or when it was asked for; None where neither is known."""
        known = self._store.known_job(entry.job, pass_over)
        if known is not None:
            return known.job
        request = self._store.request(entry.request, pass_over) if entry.request else None
        jobs = request.jobs if request is not None else ()
        return next((each for each in jobs if each.name == entry.job), None)

    def _record_alerts(
        self, webhook: Webhook, saved: SavedEvent, cloud_event: Mapping[str, Any], *, wanted: bool
    ) -> None:
        """What is open is closed by any event that ends it, whether or not the webhook wants the event."""
        for step in pagerduty.steps(saved.event):
            alert = pagerduty.dedup_key(saved.event.job, step.alert)
            if not (wanted if step.action == pagerduty.TRIGGER else self._is_open(webhook, alert)):
                continue
            body = pagerduty.body(step, saved.event, cloud_event, saved.snapshot.job)
            self._add(webhook, body, f"{cloud_event['id']}-{step.alert}", alert, step.action)

    def _is_open(self, webhook: Webhook, alert: str) -> bool:
        return self._store.last_action(webhook.name, alert) in pagerduty.OPEN

    def _add(
        self, webhook: Webhook, body: Mapping[str, Any], event: str = "", alert: str = "", action: str = ""
    ) -> None:
        delivery = WebhookDelivery(
            webhook=webhook.name,
            format=webhook.format.value,
            event=event or str(body["id"]),
            body=body,
            created=datetime.now(UTC),
            alert=alert,
            action=action,
        )
        self._store.add_delivery(delivery)


def _is_about(webhook: Webhook, name: str, job: Job | None) -> bool:
    """Whether the webhook gets what is about the job. A job whose labels are not known has none."""
    if webhook.projects and parse_name(name)[0] not in webhook.projects:
        return False
    labels = dict(job.labels) if job is not None else {}
    return all(labels.get(key) == value for key, value in webhook.labels)
