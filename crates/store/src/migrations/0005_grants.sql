-- The grants of a person or a client, without reading all of them. A standing grant stays when its last token
-- has ended.

ALTER TABLE oauth_grant ADD COLUMN person TEXT NOT NULL DEFAULT '';
ALTER TABLE oauth_grant ADD COLUMN client_id TEXT;
ALTER TABLE oauth_grant ADD COLUMN standing BIGINT NOT NULL DEFAULT 0;
UPDATE oauth_grant SET
    person = {member}(doc, '$.person'),
    client_id = {member}(doc, '$.client_id'),
    standing = CASE WHEN {member}(doc, '$.activation') IS NULL THEN 0 ELSE 1 END;
CREATE INDEX oauth_grant_by_person ON oauth_grant (person, org_id);
CREATE INDEX oauth_grant_by_client ON oauth_grant (client_id, org_id);
