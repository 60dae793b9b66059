-- Purpose:    What the target has applied of a source for certain: behind its link and behind every held table.
-- Parameters: $1 source.
-- Result:     seen and last_change (the link's own), once per position of that source; none before first contact.
SELECT seen::text AS seen, last_change FROM cdc.position WHERE source = $1
