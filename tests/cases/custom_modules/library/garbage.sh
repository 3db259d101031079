#!/bin/sh
echo "no json at all"
echo "on stderr" >&2
exit 3
