-- Organizations that change, and everything of one organization without reading whole tables: it is exported,
-- imported and deleted in parts.

ALTER TABLE organization ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE device_code ADD COLUMN org TEXT NOT NULL DEFAULT '';
UPDATE device_code SET org = {member}(doc, '$.org');
CREATE INDEX device_code_by_org ON device_code (org);
CREATE INDEX floor_by_org ON floor (org_id, seq);
CREATE INDEX oauth_grant_by_org ON oauth_grant (org_id, id);
CREATE INDEX record_by_org ON record (org_id, kind, id);
