-- Two changes of a device at once are noticed.

ALTER TABLE device ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
