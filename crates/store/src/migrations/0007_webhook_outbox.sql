-- Deliveries of webhooks that are not done yet: `seq` is the order of the commits and never used twice.

CREATE TABLE webhook_outbox (
    seq {serial},
    webhook_id {bytes} NOT NULL,
    delivery_id {bytes} NOT NULL,
    at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX webhook_outbox_by_webhook ON webhook_outbox (webhook_id, seq);

-- The last attempts of each webhook: a ring of a fixed number of slots.
CREATE TABLE webhook_attempt (
    webhook_id {bytes} NOT NULL,
    slot BIGINT NOT NULL,
    number BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (webhook_id, slot)
) {clustered};
