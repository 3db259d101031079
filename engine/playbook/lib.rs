//! kdo-playbook
