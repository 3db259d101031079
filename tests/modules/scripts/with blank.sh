#!/bin/bash
echo "blank ${1}${2-none}"
