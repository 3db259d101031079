#!/bin/sh
echo '{"ping": "from library"}'
