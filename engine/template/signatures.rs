//! The arguments that filters and tests take: what Python would refuse is refused before the filter runs.

use crate::{TemplateError, evaluator::Keywords};
use kdo_value::Value;
use std::{collections::HashMap, sync::LazyLock};

/// Names in order: `name?` may be left out, `name=` is a keyword only, `/name` cannot be a keyword, `*` and `**` take
/// any further arguments.
type Row = (&'static str, &'static str);

const FILTERS: &[Row] = &[
    ("ansible.builtin.abs", "/x"),
    ("ansible.builtin.attr", "obj name"),
    ("ansible.builtin.b64decode", "string encoding? urlsafe?"),
    ("ansible.builtin.b64encode", "string encoding? urlsafe?"),
    ("ansible.builtin.basename", "p"),
    ("ansible.builtin.batch", "value linecount fill_with?"),
    ("ansible.builtin.bool", "value"),
    ("ansible.builtin.capitalize", "s"),
    ("ansible.builtin.center", "value width?"),
    ("ansible.builtin.checksum", "data hash_func?"),
    ("ansible.builtin.combinations", "iterable r"),
    ("ansible.builtin.comment", "text style? **"),
    ("ansible.builtin.commonpath", "paths"),
    ("ansible.builtin.count", "/obj"),
    ("ansible.builtin.d", "value default_value? boolean?"),
    ("ansible.builtin.default", "value default_value? boolean?"),
    ("ansible.builtin.dict2items", "mydict key_name? value_name?"),
    ("ansible.builtin.dictsort", "value case_sensitive? by? reverse?"),
    ("ansible.builtin.difference", "a b"),
    ("ansible.builtin.dirname", "p"),
    ("ansible.builtin.e", "/s"),
    ("ansible.builtin.escape", "/s"),
    ("ansible.builtin.expanduser", "path"),
    ("ansible.builtin.expandvars", "path"),
    ("ansible.builtin.extract", "item container morekeys?"),
    ("ansible.builtin.fileglob", "pathname"),
    ("ansible.builtin.filesizeformat", "value binary?"),
    ("ansible.builtin.first", "seq"),
    ("ansible.builtin.flatten", "mylist levels? skip_nulls?"),
    ("ansible.builtin.float", "value default?"),
    ("ansible.builtin.forceescape", "value"),
    ("ansible.builtin.format", "value * **"),
    ("ansible.builtin.from_json", "a profile? **"),
    ("ansible.builtin.from_yaml", "data"),
    ("ansible.builtin.from_yaml_all", "data"),
    (
        "ansible.builtin.groupby",
        "value attribute default? case_sensitive?",
    ),
    ("ansible.builtin.hash", "data hashtype?"),
    ("ansible.builtin.human_readable", "size isbits? unit?"),
    ("ansible.builtin.human_to_bytes", "size default_unit? isbits?"),
    ("ansible.builtin.indent", "s width? first? blank?"),
    ("ansible.builtin.int", "value default? base?"),
    ("ansible.builtin.intersect", "a b"),
    ("ansible.builtin.items", "value"),
    ("ansible.builtin.items2dict", "mylist key_name? value_name?"),
    ("ansible.builtin.join", "value d? attribute?"),
    ("ansible.builtin.last", "seq"),
    ("ansible.builtin.length", "/obj"),
    ("ansible.builtin.list", "value"),
    ("ansible.builtin.log", "x base?"),
    ("ansible.builtin.lower", "s"),
    ("ansible.builtin.mandatory", "a msg?"),
    ("ansible.builtin.map", "value * **"),
    ("ansible.builtin.max", "value case_sensitive? attribute?"),
    ("ansible.builtin.md5", "data"),
    ("ansible.builtin.min", "value case_sensitive? attribute?"),
    ("ansible.builtin.normpath", "path"),
    (
        "ansible.builtin.password_hash",
        "password hashtype? salt? salt_size? rounds? ident?",
    ),
    ("ansible.builtin.path_join", "paths"),
    ("ansible.builtin.permutations", "iterable r?"),
    ("ansible.builtin.pow", "x y"),
    ("ansible.builtin.pprint", "value"),
    ("ansible.builtin.product", "/ * repeat="),
    ("ansible.builtin.quote", "a"),
    ("ansible.builtin.random", "end start? step? seed?"),
    ("ansible.builtin.realpath", "filename strict="),
    ("ansible.builtin.regex_escape", "string re_type?"),
    (
        "ansible.builtin.regex_findall",
        "value regex multiline? ignorecase?",
    ),
    (
        "ansible.builtin.regex_replace",
        "value? pattern? replacement? ignorecase? multiline? count? mandatory_count?",
    ),
    ("ansible.builtin.regex_search", "value regex * **"),
    ("ansible.builtin.reject", "value * **"),
    ("ansible.builtin.rejectattr", "value * **"),
    ("ansible.builtin.rekey_on_member", "data key duplicates?"),
    ("ansible.builtin.relpath", "path start?"),
    ("ansible.builtin.replace", "s old new count?"),
    ("ansible.builtin.reverse", "value"),
    ("ansible.builtin.root", "x base?"),
    ("ansible.builtin.round", "value precision? method?"),
    ("ansible.builtin.safe", "value"),
    ("ansible.builtin.select", "value * **"),
    ("ansible.builtin.selectattr", "value * **"),
    ("ansible.builtin.sha1", "data hash_func?"),
    ("ansible.builtin.shuffle", "mylist seed?"),
    ("ansible.builtin.slice", "value slices fill_with?"),
    (
        "ansible.builtin.sort",
        "value reverse? case_sensitive? attribute?",
    ),
    ("ansible.builtin.split", "/self sep? maxsplit?"),
    ("ansible.builtin.splitext", "p"),
    ("ansible.builtin.strftime", "string_format second? utc?"),
    ("ansible.builtin.string", "/s"),
    ("ansible.builtin.striptags", "value"),
    ("ansible.builtin.subelements", "obj subelements skip_missing?"),
    ("ansible.builtin.sum", "iterable attribute? start?"),
    ("ansible.builtin.symmetric_difference", "a b"),
    ("ansible.builtin.ternary", "value true_val false_val none_val?"),
    ("ansible.builtin.title", "s"),
    ("ansible.builtin.to_datetime", "string format?"),
    (
        "ansible.builtin.to_json",
        "a profile? vault_to_text? preprocess_unsafe? **",
    ),
    ("ansible.builtin.to_nice_json", "a indent? sort_keys? **"),
    (
        "ansible.builtin.to_nice_yaml",
        "a indent? * default_flow_style= **",
    ),
    ("ansible.builtin.to_uuid", "string namespace?"),
    ("ansible.builtin.to_yaml", "a * default_flow_style= **"),
    ("ansible.builtin.tojson", "value indent?"),
    ("ansible.builtin.trim", "value chars?"),
    ("ansible.builtin.truncate", "s length? killwords? end? leeway?"),
    ("ansible.builtin.type_debug", "obj"),
    ("ansible.builtin.union", "a b"),
    ("ansible.builtin.unique", "a case_sensitive? attribute?"),
    ("ansible.builtin.unvault", "vault secret vault_id? vaultid?"),
    ("ansible.builtin.upper", "s"),
    ("ansible.builtin.urldecode", "string encoding? errors?"),
    ("ansible.builtin.urlencode", "value"),
    (
        "ansible.builtin.urlize",
        "value trim_url_limit? nofollow? target? rel? extra_schemes?",
    ),
    ("ansible.builtin.urlsplit", "value query? alias?"),
    (
        "ansible.builtin.vault",
        "data secret salt? vault_id? wrap_object? vaultid?",
    ),
    ("ansible.builtin.win_basename", "p"),
    ("ansible.builtin.win_dirname", "p"),
    ("ansible.builtin.win_splitdrive", "p"),
    ("ansible.builtin.wordcount", "s"),
    (
        "ansible.builtin.wordwrap",
        "s width? break_long_words? wrapstring? break_on_hyphens?",
    ),
    ("ansible.builtin.xmlattr", "d autospace?"),
    ("ansible.builtin.zip", "/ * strict="),
    ("ansible.builtin.zip_longest", "/ * fillvalue="),
    ("community.crypto.gpg_fingerprint", "gpg_key_content"),
    ("community.crypto.openssl_csr_info", "data name_encoding?"),
    (
        "community.crypto.openssl_privatekey_info",
        "data passphrase? return_private_key_data?",
    ),
    ("community.crypto.openssl_publickey_info", "data"),
    ("community.crypto.parse_serial", "serial_str"),
    ("community.crypto.split_pem", "data"),
    ("community.crypto.to_serial", "serial_int"),
    ("community.crypto.x509_certificate_info", "data name_encoding?"),
    (
        "community.crypto.x509_crl_info",
        "data name_encoding? list_revoked_certificates?",
    ),
    ("community.general.accumulate", "sequence"),
    ("community.general.counter", "sequence"),
    ("community.general.crc32", "value"),
    ("community.general.dict", "sequence"),
    ("community.general.dict_kv", "value key"),
    (
        "community.general.from_csv",
        "data dialect? fieldnames? delimiter? skipinitialspace? strict?",
    ),
    ("community.general.from_ini", "obj"),
    ("community.general.groupby_as_dict", "sequence attribute"),
    (
        "community.general.hashids_decode",
        "hashid salt? alphabet? min_length?",
    ),
    (
        "community.general.hashids_encode",
        "nums salt? alphabet? min_length?",
    ),
    ("community.general.jc", "data parser quiet? raw?"),
    ("community.general.json_diff", "inp target"),
    ("community.general.json_patch", "inp op path value? **"),
    (
        "community.general.json_patch_recipe",
        "/inp /operations fail_test?",
    ),
    ("community.general.json_query", "data expr"),
    ("community.general.keep_keys", "data target? matching_parameter?"),
    ("community.general.random_mac", "value seed?"),
    (
        "community.general.remove_keys",
        "data target? matching_parameter?",
    ),
    (
        "community.general.replace_keys",
        "data target? matching_parameter?",
    ),
    ("community.general.reveal_ansible_type", "data alias?"),
    ("community.general.to_days", "human_time **"),
    ("community.general.to_hours", "human_time **"),
    ("community.general.to_ini", "obj"),
    ("community.general.to_milliseconds", "human_time **"),
    ("community.general.to_minutes", "human_time **"),
    ("community.general.to_months", "human_time **"),
    (
        "community.general.to_nice_yaml",
        "value redact_sensitive_values= indent= default_flow_style= **",
    ),
    ("community.general.to_prettytable", "data * **"),
    ("community.general.to_seconds", "human_time **"),
    ("community.general.to_time_unit", "human_time unit? **"),
    ("community.general.to_weeks", "human_time **"),
    (
        "community.general.to_yaml",
        "value redact_sensitive_values= default_flow_style= **",
    ),
    ("community.general.to_years", "human_time **"),
    ("community.general.unicode_normalize", "data form?"),
    ("community.general.version_sort", "value reverse?"),
    ("kubernetes.core.k8s_config_resource_name", "resource"),
];

const TESTS: &[Row] = &[
    ("ansible.builtin.abs", "s"),
    ("ansible.builtin.all", "/iterable"),
    ("ansible.builtin.any", "/iterable"),
    ("ansible.builtin.boolean", "value"),
    ("ansible.builtin.callable", "/obj"),
    ("ansible.builtin.change", "result"),
    ("ansible.builtin.changed", "result"),
    ("ansible.builtin.contains", "seq value"),
    ("ansible.builtin.defined", "value"),
    ("ansible.builtin.directory", "s"),
    ("ansible.builtin.divisibleby", "value num"),
    ("ansible.builtin.eq", "/a /b"),
    ("ansible.builtin.equalto", "/a /b"),
    ("ansible.builtin.escaped", "value"),
    ("ansible.builtin.even", "value"),
    ("ansible.builtin.exists", "path"),
    ("ansible.builtin.failed", "result"),
    ("ansible.builtin.failure", "result"),
    ("ansible.builtin.false", "value"),
    ("ansible.builtin.falsy", "value convert_bool?"),
    ("ansible.builtin.file", "path"),
    ("ansible.builtin.filter", "value"),
    ("ansible.builtin.finished", "result"),
    ("ansible.builtin.float", "value"),
    ("ansible.builtin.ge", "/a /b"),
    ("ansible.builtin.greaterthan", "/a /b"),
    ("ansible.builtin.gt", "/a /b"),
    ("ansible.builtin.in", "value seq"),
    ("ansible.builtin.integer", "value"),
    ("ansible.builtin.is_abs", "s"),
    ("ansible.builtin.is_dir", "s"),
    ("ansible.builtin.is_file", "path"),
    ("ansible.builtin.is_link", "path"),
    ("ansible.builtin.is_mount", "path"),
    ("ansible.builtin.is_same_file", "f1 f2"),
    ("ansible.builtin.isnan", "x"),
    ("ansible.builtin.issubset", "a b"),
    ("ansible.builtin.issuperset", "a b"),
    ("ansible.builtin.iterable", "value"),
    ("ansible.builtin.le", "/a /b"),
    ("ansible.builtin.lessthan", "/a /b"),
    ("ansible.builtin.link", "path"),
    ("ansible.builtin.link_exists", "path"),
    ("ansible.builtin.lower", "value"),
    ("ansible.builtin.lt", "/a /b"),
    ("ansible.builtin.mapping", "value"),
    ("ansible.builtin.match", "value pattern? ignorecase? multiline?"),
    ("ansible.builtin.mount", "path"),
    ("ansible.builtin.nan", "x"),
    ("ansible.builtin.ne", "/a /b"),
    ("ansible.builtin.none", "value"),
    ("ansible.builtin.number", "value"),
    ("ansible.builtin.odd", "value"),
    ("ansible.builtin.reachable", "result"),
    (
        "ansible.builtin.regex",
        "value? pattern? ignorecase? multiline? match_type?",
    ),
    ("ansible.builtin.same_file", "f1 f2"),
    ("ansible.builtin.sameas", "value other"),
    ("ansible.builtin.search", "value pattern? ignorecase? multiline?"),
    ("ansible.builtin.sequence", "value"),
    ("ansible.builtin.skip", "result"),
    ("ansible.builtin.skipped", "result"),
    ("ansible.builtin.started", "result"),
    ("ansible.builtin.string", "value"),
    ("ansible.builtin.subset", "a b"),
    ("ansible.builtin.succeeded", "result"),
    ("ansible.builtin.success", "result"),
    ("ansible.builtin.successful", "result"),
    ("ansible.builtin.superset", "a b"),
    ("ansible.builtin.test", "value"),
    ("ansible.builtin.timedout", "result"),
    ("ansible.builtin.true", "value"),
    ("ansible.builtin.truthy", "value convert_bool?"),
    ("ansible.builtin.undefined", "value"),
    ("ansible.builtin.unreachable", "result"),
    ("ansible.builtin.upper", "value"),
    ("ansible.builtin.uri", "value schemes?"),
    ("ansible.builtin.url", "value schemes?"),
    ("ansible.builtin.urn", "value"),
    ("ansible.builtin.vault_encrypted", "value"),
    ("ansible.builtin.vaulted_file", "value"),
    (
        "ansible.builtin.version",
        "value version operator? strict? version_type?",
    ),
    (
        "ansible.builtin.version_compare",
        "value version operator? strict? version_type?",
    ),
    ("community.general.a_module", "term"),
    ("community.general.ansible_type", "data dtype alias?"),
    (
        "community.general.fqdn_valid",
        "name min_labels? allow_underscores?",
    ),
];

#[derive(Default)]
struct Signature {
    positional: Vec<&'static str>,
    /// How many of `positional` are required.
    required: usize,
    keywords: Vec<&'static str>,
    any_positional: bool,
    any_keyword: bool,
}

impl Signature {
    fn read(text: &'static str) -> Self {
        let mut out = Self::default();
        for word in text.split_whitespace() {
            match word {
                "*" => out.any_positional = true,
                "**" => out.any_keyword = true,
                _ => {
                    if let Some(name) = word.strip_suffix('=') {
                        out.keywords.push(name);
                        continue;
                    }
                    let name = word.trim_end_matches('?');
                    out.required += usize::from(name.len() == word.len());
                    out.positional.push(name);
                }
            }
        }
        out
    }

    fn check(&self, name: &str, args: &[Value], kwargs: &Keywords) -> Result<(), TemplateError> {
        let short = name.rsplit('.').next().unwrap_or(name);
        let most = self.positional.len();
        if args.len() > most && !self.any_positional {
            return Err(format!(
                "{short}() takes {} positional argument{} but {} {} given",
                if self.required == most {
                    most.to_string()
                } else {
                    format!("from {} to {most}", self.required)
                },
                if most == 1 { "" } else { "s" },
                args.len(),
                if args.len() == 1 { "was" } else { "were" },
            )
            .into());
        }
        for (key, _) in kwargs {
            let at = self.positional.iter().position(|p| *p == key);
            if at.is_some_and(|at| at < args.len()) && !self.any_keyword {
                return Err(format!("{short}() got multiple values for argument '{key}'").into());
            }
            if at.is_none() && !self.any_keyword && !self.keywords.contains(&key.as_str()) {
                return Err(format!("{short}() got an unexpected keyword argument '{key}'").into());
            }
        }
        let lacking: Vec<String> = self
            .positional
            .iter()
            .take(self.required)
            .skip(args.len())
            .filter(|p| kwargs.iter().all(|(k, _)| k != *p))
            .map(|p| format!("'{}'", p.trim_start_matches('/')))
            .collect();
        if !lacking.is_empty() {
            return Err(format!(
                "{short}() missing {} required positional argument{}: {}",
                lacking.len(),
                if lacking.len() == 1 { "" } else { "s" },
                lacking.join(" and ")
            )
            .into());
        }
        Ok(())
    }
}

type Index = HashMap<&'static str, Signature>;

fn index(rows: &[Row]) -> Index {
    rows.iter()
        .map(|(name, text)| (*name, Signature::read(text)))
        .collect()
}

/// Fails in Python's words if the filter of this full name cannot be called so.
pub(crate) fn check_filter(name: &str, args: &[Value], kwargs: &Keywords) -> Result<(), TemplateError> {
    static INDEX: LazyLock<Index> = LazyLock::new(|| index(FILTERS));
    INDEX.get(name).map_or(Ok(()), |s| s.check(name, args, kwargs))
}

/// Fails in Python's words if the test of this full name cannot be called so.
pub(crate) fn check_test(name: &str, args: &[Value], kwargs: &Keywords) -> Result<(), TemplateError> {
    static INDEX: LazyLock<Index> = LazyLock::new(|| index(TESTS));
    INDEX.get(name).map_or(Ok(()), |s| s.check(name, args, kwargs))
}
