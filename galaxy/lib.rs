//! Roles and collections of others: what is required, from where it comes, which versions fit together, what is
//! locked, what is harmless, and how it gets to its place. Knows nothing of running them.

mod auth;
mod building;
mod collection_spec;
mod content;
mod digest;
mod directives;
mod download;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod http;
mod inspect;
mod install;
mod installed;
mod limits;
mod lock;
mod login;
mod manifest;
mod member;
mod oci;
mod pack;
mod package;
mod proxy;
mod publish;
mod published;
mod range;
mod refusal;
mod release;
mod requirement;
mod requirements;
mod resolve;
mod role_meta;
mod role_spec;
mod sign;
mod skeleton;
mod source;
mod static_tree;
mod store;
mod tree;
mod trust;
mod unpack;
mod version;

pub use auth::Auth;
pub use building::Building;
pub use digest::Digest;
pub use download::{Downloaded, archive_name, download, mirror};
pub use error::{Cause, Failure, Result};
pub use http::{Authority, Call, Http, HttpOptions};
pub use install::{Done, Installer, Mode, Paths, lock, remove};
pub use installed::{Installed, about_installed, installed};
pub use limits::Limits;
pub use lock::{Lock, Locked, requirements_digest};
pub use login::{forget_token, keep_token, login, logout};
pub use manifest::{Manifest, check_collection};
pub use package::{Kind, Package};
pub use proxy::Proxies;
pub use publish::{Publication, Published, SignBy, Target, Wish};
pub use published::{check_signatures, manifest_digest, published_manifest};
pub use range::Range;
pub use release::{Artifact, Release};
pub use requirement::{Location, Requirement};
pub use requirements::Requirements;
pub use resolve::{Choice, Resolved, resolve, resolve_locked};
pub use role_meta::role_dependencies;
pub use sign::Signatures;
pub use skeleton::Skeleton;
pub use source::{
    Found, Overrides, Query, Repository, RoleImport, RoleImports, Server, Signature, Source, Sources,
};
pub use static_tree::StaticTree;
pub use store::{Incoming, Store};
pub use tree::tree_digest;
pub use version::Version;
