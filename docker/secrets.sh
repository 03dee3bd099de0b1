#!/bin/sh
# Writes .env.example with a random secret, of 64 hexadecimal digits, behind each name that has none.
set -eu
while IFS= read -r line; do
  case $line in
    \#*) printf '%s\n' "$line" ;;
    *=) printf '%s%s\n' "$line" "$(od -An -vtx1 -N32 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
  esac
done <"$(dirname "$0")/.env.example"
