-- Purpose:    Say which side this database is, unless it has been said before.
-- Parameters: $1 side, MAIN or BACKUP.
-- Result:     the side that is stored now.
WITH claimed AS (
    INSERT INTO cdc.node (side) VALUES ($1) ON CONFLICT DO NOTHING RETURNING side
)
SELECT side FROM claimed UNION ALL SELECT side FROM cdc.node LIMIT 1
