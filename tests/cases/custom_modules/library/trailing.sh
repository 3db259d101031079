#!/bin/sh
printf "%s\n" '{"msg": "lines",' ' "stdout": "a\\nb", "rc": 0}' "trailing junk"
