-- The audit trail by time, by who did it and by what it is about: a page costs what it holds. Entries about
-- signing in are a trail of their own.

ALTER TABLE audit_event ADD COLUMN trail TEXT NOT NULL DEFAULT 'admin';
ALTER TABLE audit_event ADD COLUMN created TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_event ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_event ADD COLUMN category TEXT NOT NULL DEFAULT '';
UPDATE audit_event SET
    created = {member}(doc, '$.created'),
    actor = COALESCE({member}(doc, '$.actorId'), ''),
    category = CASE
        WHEN {member}(doc, '$.event') LIKE 'device.%' THEN 'DEVICES'
        WHEN {member}(doc, '$.event') LIKE 'workspace.%' THEN 'WORKSPACES'
        WHEN {member}(doc, '$.event') LIKE 'location.%' THEN 'LOCATIONS'
        WHEN {member}(doc, '$.event') LIKE 'floor.%' THEN 'LOCATIONS'
        WHEN {member}(doc, '$.event') LIKE 'integration.%' THEN 'INTEGRATIONS'
        WHEN {member}(doc, '$.event') LIKE 'token.%' THEN 'TOKENS'
        WHEN {member}(doc, '$.event') LIKE 'keys.%' THEN 'ORG_SETTINGS'
        WHEN {member}(doc, '$.event') LIKE 'organization.%' THEN 'ORG_SETTINGS'
        ELSE 'OTHERS' END;
DROP INDEX audit_event_by_org;
CREATE INDEX audit_event_by_time ON audit_event (org_id, trail, created, seq);
CREATE INDEX audit_event_by_actor ON audit_event (org_id, trail, actor, created, seq);
CREATE INDEX audit_event_by_category ON audit_event (org_id, trail, category, created, seq);
CREATE INDEX audit_event_by_age ON audit_event (created);
