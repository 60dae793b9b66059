-- Purpose:    Switch off limits of a session that not every version has, so that they cannot be given as it begins.
-- Parameters: none.
-- Result:     a row for each that was on.
SELECT set_config(name, '0', false) FROM unnest(ARRAY['idle_session_timeout', 'transaction_timeout']) AS name
WHERE current_setting(name, true) <> '0'
