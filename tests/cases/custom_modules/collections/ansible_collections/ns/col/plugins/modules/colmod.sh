#!/bin/sh
echo '{"msg": "of the collection"}'
