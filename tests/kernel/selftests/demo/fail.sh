#!/bin/sh
# Fails on purpose.
echo "TAP version 13"
echo "1..2"
echo "ok 1 the easy part"
echo "not ok 2 the hard part"
exit 1
