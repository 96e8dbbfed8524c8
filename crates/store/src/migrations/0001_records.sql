-- Each table: `seq` is the order of creation, `doc` the record as JSON, the rest is what it is found by.

CREATE TABLE organization (
    seq {seq},
    id {bytes} NOT NULL UNIQUE,
    doc TEXT NOT NULL
);

CREATE TABLE person (
    seq {seq},
    id {bytes} NOT NULL UNIQUE,
    org_id {bytes} NOT NULL,
    doc TEXT NOT NULL
);
CREATE INDEX person_by_org ON person (org_id, seq);

CREATE TABLE location (
    seq {seq},
    id {bytes} NOT NULL UNIQUE,
    org_id {bytes} NOT NULL,
    doc TEXT NOT NULL
);
CREATE INDEX location_by_org ON location (org_id, seq);

CREATE TABLE floor (
    seq {seq},
    id {bytes} NOT NULL UNIQUE,
    org_id {bytes} NOT NULL,
    location_id {bytes} NOT NULL REFERENCES location (id),
    doc TEXT NOT NULL
);
CREATE INDEX floor_by_location ON floor (location_id, seq);

CREATE TABLE workspace (
    seq {seq},
    id {bytes} NOT NULL UNIQUE,
    org_id {bytes} NOT NULL,
    location_id {bytes},
    floor_id {bytes},
    doc TEXT NOT NULL
);
CREATE INDEX workspace_by_org ON workspace (org_id, seq);
CREATE INDEX workspace_by_location ON workspace (location_id, seq);

CREATE TABLE device (
    seq {seq},
    id {bytes} NOT NULL UNIQUE,
    org_id {bytes} NOT NULL,
    workspace_id {bytes} REFERENCES workspace (id),
    person_id {bytes},
    doc TEXT NOT NULL
);
CREATE INDEX device_by_org ON device (org_id, seq);
CREATE INDEX device_by_workspace ON device (workspace_id, seq);

CREATE TABLE configured (
    seq {seq},
    device_id {bytes} NOT NULL REFERENCES device (id),
    config_key TEXT NOT NULL,
    doc TEXT NOT NULL,
    UNIQUE (device_id, config_key)
);

CREATE TABLE device_code (
    hash {bytes} NOT NULL PRIMARY KEY,
    doc TEXT NOT NULL
);

CREATE TABLE integration (
    seq {seq},
    org_id {bytes} NOT NULL,
    app_id {bytes} NOT NULL,
    client_id TEXT NOT NULL UNIQUE,
    doc TEXT NOT NULL,
    UNIQUE (org_id, app_id)
);

CREATE TABLE activation (
    seq {seq},
    id {bytes} NOT NULL UNIQUE,
    org_id {bytes} NOT NULL,
    app_id {bytes} NOT NULL,
    revision BIGINT NOT NULL,
    doc TEXT NOT NULL,
    UNIQUE (org_id, app_id)
);

-- `grant` is a word of SQL.
CREATE TABLE oauth_grant (
    id {bytes} NOT NULL PRIMARY KEY,
    org_id {bytes} NOT NULL,
    doc TEXT NOT NULL
);

CREATE TABLE token (
    hash {bytes} NOT NULL PRIMARY KEY,
    grant_id {bytes} NOT NULL REFERENCES oauth_grant (id),
    kind TEXT NOT NULL,
    expires BIGINT NOT NULL,
    doc TEXT NOT NULL
);
CREATE INDEX token_by_grant ON token (grant_id, kind);

CREATE TABLE signing_key (
    seq {seq},
    kid TEXT NOT NULL UNIQUE,
    doc TEXT NOT NULL
);

CREATE TABLE audit_event (
    seq {seq},
    id TEXT NOT NULL UNIQUE,
    org_id {bytes} NOT NULL,
    doc TEXT NOT NULL
);
CREATE INDEX audit_event_by_org ON audit_event (org_id, seq);
