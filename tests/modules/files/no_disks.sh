#!/bin/sh
# Gives the loop devices of disks.sh back to the machine.
for loop in $(cat /t/loops); do
    losetup -d "$loop"
done
