#!/bin/sh
echo '{"msg": "a"}'
echo '{"msg": "b"}'
