-- Purpose:    Note a changing request before it is carried out; only the newest rows are kept.
-- Parameters: $1 actor; $2 way; $3 client; $4 method; $5 path; $6 body as JSON text or null; $7 request id;
--             $8 how many rows are kept.
-- Result:     id of the row.
WITH gone AS (DELETE FROM cdc.audit WHERE id <= (SELECT max(id) FROM cdc.audit) - $8::bigint)
INSERT INTO cdc.audit (actor, way, client, method, path, body, request_id)
VALUES ($1, $2, $3, $4, $5, $6::text::json, $7)
RETURNING id
