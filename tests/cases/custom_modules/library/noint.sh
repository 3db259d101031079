#!/bin/nothere
echo '{"msg": "a"}'
