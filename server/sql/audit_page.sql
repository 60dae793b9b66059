-- Purpose:    What was changed over HTTP, the newest first, a page at a time.
-- Parameters: $1 id that the page before ended with or null; $2 actor or null; $3 most rows.
-- Result:     a row each, the body as JSON text.
SELECT id, at, actor, way, client, method, path, body::text AS body, request_id, status, result, detail
FROM cdc.audit
WHERE ($1::bigint IS NULL OR id < $1) AND ($2::text IS NULL OR actor = $2)
ORDER BY id DESC
LIMIT $3
