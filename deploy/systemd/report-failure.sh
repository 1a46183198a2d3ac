#!/bin/sh
# Report a failed unit with the end of its journal: report-failure.sh UNIT
#   COINSPARK_MAILTO   address for a mail (needs the command `mail`); without it the report goes to the journal
set -eu
unit=$1
subject="$unit failed on $(uname -n)"
text=$(journalctl --unit="$unit" --lines=30 --no-pager --output=cat 2>&1) || text="journalctl: $text"
if [ -n "${COINSPARK_MAILTO:-}" ]; then
    command -v mail > /dev/null \
        || { echo "<3>$subject; no mail was sent: the command mail is missing (Debian: apt-get install bsd-mailx)" >&2; exit 1; }
    printf '%s\n' "$text" | mail -s "$subject" "$COINSPARK_MAILTO"
else
    # <3> is the priority `err` of the journal.
    printf '<3>%s\n' "$subject" >&2
    printf '%s\n' "$text" | sed 's/^/<3>/' >&2
fi
