#!/bin/sh
# A PostgreSQL for the cluster of the tests; its password is in PASSWORD_FILE.
set -eu
[ -d /data/pg ] || initdb -D /data/pg -U onetrigger --pwfile "$PASSWORD_FILE" -A scram-sha-256 -E UTF8 --locale=C >/dev/null
grep -q '^host all' /data/pg/pg_hba.conf.done 2>/dev/null || { echo 'host all all all scram-sha-256' >>/data/pg/pg_hba.conf; echo 'host all' >/data/pg/pg_hba.conf.done; }
exec postgres -D /data/pg -c listen_addresses='*' -c unix_socket_directories=
