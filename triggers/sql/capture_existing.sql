-- Purpose:    Record the rows that a table has when its capture begins beside running links, as if they were inserted now;
--             the table is locked against writers. Very large tables are left to be compared.
-- Parameters: {table} its qualified name, {id} its number in cdc.captured_table, {most} most rows.
-- Result:     one row of cdc.changelog per row. The settings are those of the capture functions.
SET LOCAL DateStyle = 'ISO, YMD';
SET LOCAL IntervalStyle = 'postgres';
SET LOCAL TimeZone = 'UTC';
SET LOCAL extra_float_digits = 3;
SET LOCAL bytea_output = 'hex';
SET LOCAL lc_monetary = 'C';
INSERT INTO cdc.changelog (table_id, op, columns, new)
SELECT {id}, 'I',
       ARRAY(SELECT json_object_keys(row_to_json(r.*))
             FROM (SELECT t.* FROM (SELECT 1) AS one LEFT JOIN {table} AS t ON false) AS r),
       n.image
FROM (SELECT (t.*)::text AS image FROM {table} AS t) AS n
WHERE NOT EXISTS (SELECT FROM {table} OFFSET {most});
SELECT cdc.wake()
