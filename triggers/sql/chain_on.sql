-- Purpose:    Put one more change of a row to those that an entry has, when they may arrive in another order than they
--             were made: a trigger's update of its own row is logged before the one that fired it.
-- Parameters: base and incoming: the row before and after the entry's changes; gap: null, or the two rows between which
--             changes are missing; before and after: the row at the change. Json texts, null where there is no row.
-- Result:     base, incoming and gap with the change; earlier: it went before all others. What fits into the gap
--             goes there first. One gap is remembered; what fits nowhere else is taken for the newest.
CREATE OR REPLACE FUNCTION cdc.chain_on(INOUT base text, INOUT incoming text, INOUT gap json, before text, after text,
                                        OUT earlier boolean)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $chain$
SELECT CASE WHEN w.way IN ('first', 'only') THEN before ELSE base END,
       CASE WHEN w.way IN ('last', 'apart', 'only') THEN after ELSE incoming END,
       CASE w.way WHEN 'closes' THEN NULL
                  WHEN 'narrows' THEN json_build_array(after::json, gap -> 1)
                  WHEN 'narrows its end' THEN json_build_array(gap -> 0, before::json)
                  WHEN 'apart' THEN coalesce(gap, json_build_array(incoming::json, before::json))
                  ELSE gap END,
       w.way = 'first'
FROM (
    SELECT CASE WHEN fits.start AND fits.stop THEN 'closes'
                WHEN fits.stop THEN 'narrows its end'
                WHEN fits.start THEN 'narrows'
                WHEN incoming IS NOT DISTINCT FROM before THEN 'last'
                WHEN base IS NOT DISTINCT FROM after THEN 'first'
                WHEN gap IS NULL AND base IS NOT DISTINCT FROM incoming THEN 'only'  -- the others come to nothing
                ELSE 'apart' END AS way
    FROM (SELECT gap IS NOT NULL AND gap ->> 0 IS NOT DISTINCT FROM before AS start,
                 gap IS NOT NULL AND gap ->> 1 IS NOT DISTINCT FROM after AS stop) fits
) w
$chain$
