-- Purpose:    The snapshot files that are known of one store, the newest first.
-- Parameters: $1 location.
-- Result:     a file each.
SELECT name, filepath, type, side, history_id, created_at, size_bytes, record_count, sha256, verified_at, tested_at,
       test_status, fault, pinned_by, missing_at, mark::text AS mark
FROM cdc.snapshot WHERE location = $1 ORDER BY created_at DESC, name DESC
