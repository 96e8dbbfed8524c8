-- The activations of an integration in every organization, page by page.

CREATE INDEX activation_by_app ON activation (app_id, id);
