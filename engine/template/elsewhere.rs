//! Plugins of well-known collections that kdo does not have: an error says so, and what Ansible needs for them.

/// Kind, full name, and the program or library that it needs, if it is known.
type Row = (&'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    ("filter", "ansible.netcommon.comp_type5", ""),
    ("filter", "ansible.netcommon.hash_salt", ""),
    ("filter", "ansible.netcommon.parse_cli", ""),
    (
        "filter",
        "ansible.netcommon.parse_cli_textfsm",
        "the Python library textfsm",
    ),
    ("filter", "ansible.netcommon.parse_xml", ""),
    ("filter", "ansible.netcommon.pop_ace", ""),
    ("filter", "ansible.netcommon.type5_pw", ""),
    ("filter", "ansible.netcommon.vlan_expander", ""),
    ("filter", "ansible.netcommon.vlan_parser", ""),
    ("filter", "ansible.utils.consolidate", ""),
    ("filter", "ansible.utils.from_xml", ""),
    ("filter", "ansible.utils.get_path", ""),
    ("filter", "ansible.utils.hwaddr", ""),
    ("filter", "ansible.utils.index_of", ""),
    ("filter", "ansible.utils.ip4_hex", ""),
    ("filter", "ansible.utils.ipcut", ""),
    ("filter", "ansible.utils.ipv6form", ""),
    ("filter", "ansible.utils.macaddr", ""),
    ("filter", "ansible.utils.param_list_compare", ""),
    ("filter", "ansible.utils.slaac", ""),
    ("filter", "ansible.utils.to_paths", ""),
    ("filter", "ansible.utils.to_xml", ""),
    ("filter", "ansible.utils.usable_range", ""),
    ("filter", "ansible.utils.validate", ""),
    ("filter", "ansible.windows.quote", ""),
    ("filter", "community.crypto.gpg_fingerprint", "the program gpg"),
    ("filter", "community.crypto.openssl_csr_info", ""),
    ("filter", "community.crypto.openssl_privatekey_info", ""),
    ("filter", "community.crypto.openssl_publickey_info", ""),
    ("filter", "community.crypto.x509_certificate_info", ""),
    ("filter", "community.crypto.x509_crl_info", ""),
    ("filter", "community.dns.get_public_suffix", ""),
    ("filter", "community.dns.get_registrable_domain", ""),
    ("filter", "community.dns.quote_txt", ""),
    ("filter", "community.dns.remove_public_suffix", ""),
    ("filter", "community.dns.remove_registrable_domain", ""),
    ("filter", "community.dns.reverse_pointer", ""),
    ("filter", "community.dns.unquote_txt", ""),
    ("filter", "community.general.jc", "the Python library jc"),
    (
        "filter",
        "community.general.json_diff",
        "the Python library jsonpatch",
    ),
    ("filter", "community.general.to_nice_yaml", ""),
    (
        "filter",
        "community.general.to_prettytable",
        "the Python library prettytable",
    ),
    ("filter", "community.general.to_yaml", ""),
    ("filter", "community.general.unicode_normalize", ""),
    ("filter", "community.hashi_vault.vault_login_token", ""),
    ("filter", "community.routeros.join", ""),
    ("filter", "community.routeros.list_to_dict", ""),
    ("filter", "community.routeros.quote_argument", ""),
    ("filter", "community.routeros.quote_argument_value", ""),
    ("filter", "community.routeros.split", ""),
    ("filter", "community.sops._latest_version", ""),
    ("filter", "community.sops.decrypt", "the program sops"),
    ("filter", "google.cloud.gcp_kms_decrypt", ""),
    ("filter", "google.cloud.gcp_kms_encrypt", ""),
    ("filter", "microsoft.ad.as_datetime", ""),
    ("filter", "microsoft.ad.as_guid", ""),
    ("filter", "microsoft.ad.as_sid", ""),
    ("filter", "microsoft.ad.dn_escape", ""),
    ("filter", "microsoft.ad.parse_dn", ""),
    ("filter", "microsoft.ad.split_dn", ""),
    ("test", "ansible.utils.in_any_network", ""),
    ("test", "ansible.utils.in_one_network", ""),
    ("test", "ansible.utils.ipv4_hostmask", ""),
    ("test", "ansible.utils.ipv4_netmask", ""),
    ("test", "ansible.utils.ipv6_ipv4_mapped", ""),
    ("test", "ansible.utils.ipv6_sixtofour", ""),
    ("test", "ansible.utils.ipv6_teredo", ""),
    ("test", "ansible.utils.loopback", ""),
    ("test", "ansible.utils.mac", ""),
    ("test", "ansible.utils.multicast", ""),
    ("test", "ansible.utils.private", ""),
    ("test", "ansible.utils.public", ""),
    ("test", "ansible.utils.reserved", ""),
    ("test", "ansible.utils.resolvable", ""),
    ("test", "ansible.utils.subnet_of", ""),
    ("test", "ansible.utils.supernet_of", ""),
    ("test", "ansible.utils.unspecified", ""),
    ("test", "ansible.utils.validate", ""),
    ("test", "community.general.a_module", ""),
    ("lookup", "amazon.aws.aws_account_attribute", ""),
    ("lookup", "amazon.aws.aws_collection_constants", ""),
    ("lookup", "amazon.aws.aws_service_ip_ranges", ""),
    ("lookup", "amazon.aws.secretsmanager_secret", ""),
    ("lookup", "amazon.aws.ssm_parameter", ""),
    ("lookup", "ansible.utils.get_path", ""),
    ("lookup", "ansible.utils.index_of", ""),
    ("lookup", "ansible.utils.to_paths", ""),
    ("lookup", "ansible.utils.validate", ""),
    ("lookup", "azure.azcollection.azure_keyvault_secret", ""),
    (
        "lookup",
        "azure.azcollection.azure_service_principal_attribute",
        "",
    ),
    ("lookup", "community.crypto.gpg_fingerprint", "the program gpg"),
    ("lookup", "community.dns.lookup", ""),
    ("lookup", "community.dns.lookup_as_dict", ""),
    ("lookup", "community.dns.lookup_rfc8427", ""),
    ("lookup", "community.dns.reverse_lookup", ""),
    ("lookup", "community.general.bitwarden", "the program bw"),
    (
        "lookup",
        "community.general.bitwarden_secrets_manager",
        "the program bws",
    ),
    (
        "lookup",
        "community.general.chef_databag",
        "the Python library pychef",
    ),
    (
        "lookup",
        "community.general.consul_kv",
        "the Python library python-consul",
    ),
    (
        "lookup",
        "community.general.credstash",
        "the Python library credstash",
    ),
    (
        "lookup",
        "community.general.cyberarkpassword",
        "the program clipasswordsdk",
    ),
    ("lookup", "community.general.dig", "the Python library dnspython"),
    (
        "lookup",
        "community.general.dnstxt",
        "the Python library dnspython",
    ),
    (
        "lookup",
        "community.general.dsv",
        "the Python library python-dsv-sdk",
    ),
    ("lookup", "community.general.etcd", "an etcd server"),
    ("lookup", "community.general.etcd3", "the Python library etcd3"),
    (
        "lookup",
        "community.general.github_app_access_token",
        "the Python library jwt",
    ),
    ("lookup", "community.general.hiera", "the program hiera"),
    (
        "lookup",
        "community.general.keyring",
        "the Python library keyring",
    ),
    ("lookup", "community.general.lastpass", "the program lpass"),
    ("lookup", "community.general.lmdb_kv", "the Python library lmdb"),
    ("lookup", "community.general.onepassword", "the program op"),
    ("lookup", "community.general.onepassword_doc", "the program op"),
    ("lookup", "community.general.onepassword_raw", "the program op"),
    (
        "lookup",
        "community.general.onepassword_ssh_key",
        "the program op",
    ),
    ("lookup", "community.general.passwordstore", "the program pass"),
    (
        "lookup",
        "community.general.random_pet",
        "the Python library petname",
    ),
    (
        "lookup",
        "community.general.random_words",
        "the Python library xkcdpass",
    ),
    ("lookup", "community.general.redis", "the Python library redis"),
    (
        "lookup",
        "community.general.revbitspss",
        "the Python library revbits_ansible",
    ),
    ("lookup", "community.general.shelvefile", "Python's shelve files"),
    (
        "lookup",
        "community.general.tss",
        "the Python library python-tss-sdk",
    ),
    ("lookup", "community.grafana.grafana_dashboard", ""),
    ("lookup", "community.hashi_vault.hashi_vault", ""),
    ("lookup", "community.hashi_vault.vault_ansible_settings", ""),
    ("lookup", "community.hashi_vault.vault_kv1_get", ""),
    ("lookup", "community.hashi_vault.vault_kv2_get", ""),
    ("lookup", "community.hashi_vault.vault_list", ""),
    ("lookup", "community.hashi_vault.vault_login", ""),
    ("lookup", "community.hashi_vault.vault_read", ""),
    ("lookup", "community.hashi_vault.vault_token_create", ""),
    ("lookup", "community.hashi_vault.vault_write", ""),
    ("lookup", "community.mongodb.mongodb", ""),
    ("lookup", "community.rabbitmq.rabbitmq", ""),
    ("lookup", "community.sops.sops", "the program sops"),
    ("lookup", "community.windows.laps_password", ""),
    ("lookup", "google.cloud.gcp_parameter_manager", ""),
    ("lookup", "google.cloud.gcp_secret_manager", ""),
    ("lookup", "kubernetes.core.k8s", "the Python library kubernetes"),
    ("lookup", "kubernetes.core.kustomize", "the program kustomize"),
    ("lookup", "netbox.netbox.nb_lookup", ""),
];

/// What to say of a name that is not registered; nothing for names that no known collection has.
pub(crate) fn notice(kind: &str, name: &str) -> Option<String> {
    let (_, full, needs) = ROWS.iter().find(|(k, full, _)| *k == kind && *full == name)?;
    Some(if needs.is_empty() {
        format!("The {kind} '{full}' exists in its collection but is not part of kdo.")
    } else {
        format!(
            "The {kind} '{full}' exists in its collection but is not part of kdo; in Ansible it needs {needs}."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::notice;

    #[test]
    fn what_needs_a_program_says_which() {
        let text = notice("lookup", "community.general.passwordstore").unwrap();
        assert!(
            text.contains("not part of kdo") && text.contains("the program pass"),
            "{text}"
        );
        assert_eq!(notice("lookup", "community.general.nosuch"), None);
    }
}
