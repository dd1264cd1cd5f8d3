#!/bin/sh
# Runs for each complete file; the event is in EVENT and on standard input. Exit code 0: done, 65: never again, others: again later.
set -eu
case "$STORAGE_OBJECT_KEY" in
  *.tmp) exit 65 ;;
esac
printf '%s %s bytes, model %s\n' "$STORAGE_OBJECT_KEY" "$ONETRIGGER_SIZE" "$MODEL"
