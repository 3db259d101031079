//! Tests of the `kdo` program as a user meets it, one file for each subject.
