#!/bin/sh
echo '{"msg": "I fail", "failed": true, "extra": [1, {"a": null}]}'
