#!/bin/sh
echo '{"ansible_facts": {"my_fact": "yes", "ansible_other": 5}, "changed": false, "warnings": ["careful"]}'
