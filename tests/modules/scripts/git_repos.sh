#!/bin/sh
# Repositories that are the same each time: /srv/main with branches, tags and a submodule, /srv/lib, /srv/other.
set -e
exec 2>&1
export HOME=/root GIT_AUTHOR_NAME=Ann GIT_AUTHOR_EMAIL=ann@example.org GIT_COMMITTER_NAME=Ann GIT_COMMITTER_EMAIL=ann@example.org
count=0
commit() {
    count=$((count + 1))
    GIT_AUTHOR_DATE="2020-01-01T00:00:0$count+0000" GIT_COMMITTER_DATE="2020-01-01T00:00:0$count+0000" git "$@"
}
git config --global init.defaultBranch master
git config --global protocol.file.allow always
git config --global advice.detachedHead false

git init -q /srv/lib; cd /srv/lib
echo lib > lib.txt; git add .; commit commit -q -m 'lib'

git init -q /srv/main; cd /srv/main
echo one > file; git add .; commit commit -q -m 'first'
git tag light
echo two > file; echo x > other; git add .; commit commit -q -m 'second'
commit tag -a annotated -m 'an annotated tag'
git checkout -q -b feature
echo feature > feature; git add .; commit commit -q -m 'on feature'
git checkout -q master
git checkout -q -b withsub
git submodule add -q /srv/lib lib; commit commit -q -m 'a submodule'
git checkout -q -f master; rm -rf lib
echo three > file; commit commit -q -a -m 'third'
git update-ref refs/review/1 refs/heads/feature

git clone -q --bare /srv/main /srv/bare
git init -q /srv/other; cd /srv/other
echo other > file; git add .; commit commit -q -m 'another repository'
git init -q /srv/empty
echo made
