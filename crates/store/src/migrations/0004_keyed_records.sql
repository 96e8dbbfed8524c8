-- Records of every kind that has no table of its own: found by id, by a place in an index, or by a claim.

CREATE TABLE record (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    org_id {bytes} NOT NULL,
    revision BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);

-- Reads of an index go through its key alone, in order.
CREATE TABLE record_key (
    kind TEXT NOT NULL,
    org_id {bytes} NOT NULL,
    index_name TEXT NOT NULL,
    key_value TEXT NOT NULL,
    position TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (kind, org_id, index_name, key_value, position, id)
) {clustered};
CREATE INDEX record_key_by_id ON record_key (kind, id);

CREATE TABLE record_claim (
    kind TEXT NOT NULL,
    org_id {bytes} NOT NULL,
    name TEXT NOT NULL,
    claim_value TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (kind, org_id, name, claim_value)
) {clustered};
CREATE INDEX record_claim_by_id ON record_claim (kind, id);
