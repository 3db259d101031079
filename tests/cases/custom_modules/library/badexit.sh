#!/bin/sh
echo '{"msg": "rc is not zero", "changed": true}'
exit 4
