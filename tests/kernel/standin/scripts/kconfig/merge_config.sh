#!/bin/sh
# merge_config.sh -m -O FOLDER .config FRAGMENT...: what comes later wins
shift 2
folder=$1
shift
cat "$@" | awk -F= '/^CONFIG_/ { if (!($1 in v)) n[++c] = $1; v[$1] = $0 }
    END { for (i = 1; i <= c; i++) if (v[n[i]] !~ /=n$/) print v[n[i]] }' > "$folder/.config.new"
mv "$folder/.config.new" "$folder/.config"
