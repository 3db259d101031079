#!/bin/sh
sed 's/_ansible_[a-z_]*=[^ ]* *//g' "$1" > "$CASE_TMP/old.args"
. "$1"
echo "{\"changed\": true, \"msg\": \"${greeting:-Hello}, ${name:-World}\", \"check\": \"$_ansible_check_mode\", \"lst\": \"$lst\"}"
