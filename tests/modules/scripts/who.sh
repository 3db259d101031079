#!/bin/sh
id -un
echo "$HOME"
