-- Purpose:    Of the file's rows, those that the table lacks or has otherwise.
-- Parameters: {stage} the place, made already; {values} of s; {file}; {difference}; {stage_match} s and d.
-- Result:     none.
INSERT INTO {stage}
SELECT {values} FROM {file} AS s JOIN {difference} AS d ON {stage_match} WHERE d.kind <> 'h'
