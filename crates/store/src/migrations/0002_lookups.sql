-- The sweep of ended tokens, and the devices of a person, without reading whole tables.

CREATE INDEX token_by_end ON token (expires);
CREATE INDEX device_by_person ON device (person_id, seq);
