#!/bin/sh
mkdir -p "${1%/*}" && echo made > "$1"
