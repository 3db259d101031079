#!/bin/sh
for w; do echo "<$w>"; done
pwd
