-- Purpose:    What the capture functions print values under, so that images do not depend on a session's settings.
-- Parameters: none.
-- Result:     a part of each of them (see triggers/functions.py). Generic plans: the functions' own are made once.
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET TimeZone = 'UTC'
SET extra_float_digits = 3
SET bytea_output = 'hex'
SET lc_monetary = 'C'
SET quote_all_identifiers = off
SET plan_cache_mode = force_generic_plan
