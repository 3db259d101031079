#!/bin/sh
# Hangs on purpose, and so does what it started.
echo "# begun"
sleep 98765 &
trap "" TERM
while :; do sleep 98765; done
