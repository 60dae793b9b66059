-- Purpose:    Note a snapshot file, or what is newly known of one.
-- Parameters: $1 location, $2 name, $3 file path, $4 type, $5 side, $6 id in the history or null, $7 created at,
--             $8 size in bytes, $9 record count or null, $10 sha256 or null, $11 whether it was found whole just now,
--             $12 mark (text of json) or null.
-- Result:     none. Null never replaces what is known; a file that was missing is back.
INSERT INTO cdc.snapshot AS s (location, name, filepath, type, side, history_id, created_at, size_bytes, record_count,
                               sha256, verified_at, mark)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $11 THEN clock_timestamp() END, $12::text::json)
ON CONFLICT (location, name) DO UPDATE
SET filepath = excluded.filepath, type = excluded.type, side = excluded.side, created_at = excluded.created_at,
    size_bytes = excluded.size_bytes, missing_at = NULL,
    history_id = coalesce(excluded.history_id, s.history_id),
    record_count = coalesce(excluded.record_count, s.record_count),
    sha256 = coalesce(excluded.sha256, s.sha256),
    verified_at = coalesce(excluded.verified_at, s.verified_at),
    mark = coalesce(excluded.mark, s.mark),
    tested_at = CASE WHEN coalesce(excluded.sha256 = s.sha256, true) THEN s.tested_at END,
    test_status = CASE WHEN coalesce(excluded.sha256 = s.sha256, true) THEN s.test_status END,
    fault = CASE WHEN $11 THEN NULL ELSE s.fault END
