#!/bin/sh
# A check for Nagios, Icinga and compatible systems: check_backuptools.sh STATUSFILE FOLDER... [OPTION...]
# Options are those of `backuptools report`, such as --recovery-point-objective 1.00:00 and --test-report FILE.
# Exit codes: 0 OK; 1 WARNING, late; 2 CRITICAL, damaged, incomplete or not there; 3 UNKNOWN, the check failed.
file=${1:?'STATUSFILE is missing'}
shift
said=$(backuptools report "$@" --format json --destination-path "$file" 2>&1) || { echo "UNKNOWN - $said"; exit 3; }
has() { grep -q "^  \"$1\": $2,\$" "$file"; }
if has IsHealthy true; then state=OK code=0
elif has InvalidCount 0 && has ProblemCount 0 && has NoteCount 0; then state=WARNING code=1
else state=CRITICAL code=2; fi
echo "$state - $said" | tr '|' '!'
exit $code
