#!/bin/sh
args='<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>'
name=$(echo "$args" | sed -n 's/.*"name": "\([^"]*\)".*/\1/p')
echo "{\"msg\": \"json $name\", \"argc\": $#}"
