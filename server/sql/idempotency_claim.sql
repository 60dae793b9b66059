-- Purpose:    Take a key for a request that is about to begin something; keys of yesterday are free again, and one
--             whose request never got as far as beginning something is free after a while.
-- Parameters: $1 actor; $2 key; $3 digest of the request; $4 seconds a key is kept; $5 seconds a request may take to begin.
-- Result:     claimed: whether the key is ours now; request, operation: of the one that has it otherwise.
WITH gone AS (
    DELETE FROM cdc.idempotency i
    WHERE i.at < now() - make_interval(secs => $4::float8) AND (i.actor, i.key) <> ($1, $2)
), taken AS (
    INSERT INTO cdc.idempotency AS i (actor, key, request)
    VALUES ($1, $2, $3)
    ON CONFLICT (actor, key) DO UPDATE SET request = excluded.request, operation = NULL, at = excluded.at
        WHERE i.at < now() - make_interval(secs => $4::float8)
           OR i.operation IS NULL AND i.at < now() - make_interval(secs => $5::float8)
    RETURNING true
)
SELECT EXISTS (SELECT FROM taken) AS claimed,
       (SELECT i.request FROM cdc.idempotency i WHERE i.actor = $1 AND i.key = $2) AS request,
       (SELECT i.operation FROM cdc.idempotency i WHERE i.actor = $1 AND i.key = $2) AS operation
