#!/bin/sh
# Says that it is up and stays
echo up > "$APP_HOME/state.new"
mv "$APP_HOME/state.new" "$APP_HOME/state"
exec sleep infinity
